#!/usr/bin/env bash
# test.sh: installs what the tests need and runs them all. Exit status 0 only when everything passed.
#
#   ci/test.sh                             everything
#   ci/test.sh lint|unit|integration...    only these parts
#
# The last line is "N passed, N failed", counted over unit test cases and integration tests; a failure anywhere else
# (lint, make, fuzz, another architecture, a peer that does not start) counts as one. Peers that this run started are
# stopped at its end, however it ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# peers, mounts and users of the tests need root
if [ "$(id -u)" != 0 ]; then
	exec sudo -E "${BASH_SOURCE[0]}" "$@"
fi

integration_tools=(bats curl fish git jq mandoc openssh-client openssl python3 python3-venv python3-yaml qemu-user-static skopeo time wget zsh)
jobs=$(nproc)
passed=0
failed=0
began=$SECONDS
summary=()
started=()
preparing=
log=$(mktemp)
aside_log=$(mktemp)
aside_pid=

finish()
{
	local peer
	[ -z "$preparing" ] || kill "$preparing" 2>/dev/null || true
	# a group of its own, with the compilers below it
	[ -z "$aside_pid" ] || kill -- "-$aside_pid" 2>/dev/null || true
	rm -f "$log" "$aside_log"
	for peer in "${started[@]}"; do
		ci/peers.sh stop "$peer" || true
	done
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# part NAME COMMAND...: runs it, and notes how long it took and how it ended
part()
{
	local name=$1 at=$SECONDS result=ok
	shift
	printf '\n== %s\n' "$name"
	if ! "$@"; then
		result=FAILED
	fi
	summary+=("$(printf '%-14s %4d s  %s' "$name" $((SECONDS - at)) "$result")")
	[ "$result" = ok ]
}

# whole NAME COMMAND...: a part that counts as one failure
whole() { part "$@" || { failed=$((failed + 1)); return 1; }; }

# add OK BAD: to the totals
add()
{
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# aside COMMAND...: runs parts beside the others; the tests that wait for peers leave processor time unused
# shellcheck disable=SC2030 # the copies are reported by the log
aside()
{
	set -m
	(
		set +m
		summary=()
		failed=0
		"$@"
		# what `joined` reads
		printf 'summary %s\n' "${summary[@]}"
		printf 'failures %d\n' "$failed"
	) </dev/null >"$aside_log" 2>&1 &
	aside_pid=$!
	set +m
}

# joined: waits for what runs aside, shows its output and takes its results
# shellcheck disable=SC2031 # as above
joined()
{
	wait "$aside_pid" || true
	aside_pid=
	grep -vE '^(summary|failures) ' "$aside_log" || true
	mapfile -t -O "${#summary[@]}" summary < <(sed -n 's/^summary //p' "$aside_log")
	failed=$((failed + $(sed -n 's/^failures //p' "$aside_log" | grep . || echo 1)))
}

# The counts of a part are named, so that the last line of all is the only one of its kind.
make_unit()
{
	local status=0 counts
	make -j "$jobs" unit 2>&1 | tee "$log" | sed -u 's/^\([0-9]* passed, [0-9]* failed\)$/unit: \1/' || status=1
	counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 | tr -d 'a-z,' || true)
	if [ -z "$counts" ]; then
		# it did not even build
		add 0 1
		return 1
	fi
	# shellcheck disable=SC2086 # two numbers
	add $counts
	return $status
}

make_fuzz()
{
	make -j "$jobs" FUZZ_SECONDS="${FUZZ_SECONDS:-2}" fuzz 2>&1 | sed -u 's/^\([0-9]* passed, [0-9]* failed\)$/fuzz: \1/'
}

cross()
{
	# a test makes images of this architecture meanwhile
	mkdir -p out
	flock "out/$1.lock" make -j "$jobs" ARCH="$1" all rootfs && make ARCH="$1" check-binary
}

# Peers that are made from source take minutes, during which other parts run.
prepare()
{
	mkdir -p out
	ci/peers.sh prepare >out/prepare.log 2>&1 &
	preparing=$!
}

peers()
{
	local peer
	if [ -n "$preparing" ] && ! wait "$preparing"; then
		cat out/prepare.log
		return 1
	fi
	preparing=
	for peer in $(ci/peers.sh list); do
		# one that runs already is not ours to stop
		if ! ci/peers.sh status "$peer" >/dev/null; then
			started+=("$peer")
			ci/peers.sh start "$peer" || return 1
		fi
		ci/peers.sh env "$peer" >"$log" || return 1
		# shellcheck disable=SC1090 # what the line above wrote
		. "$log"
	done
}

bats_all()
{
	local status=0 ok bad
	bats --formatter tap --timing tests/integration 2>&1 | tee "$log" || status=1
	ok=$(grep -c '^ok ' "$log" || true)
	bad=$(grep -c '^not ok ' "$log" || true)
	# a skipped test has shown nothing; nor has a run without tests
	bad=$((bad + $(grep -c '^ok .* # skip' "$log" || true)))
	if [ "$ok" -eq 0 ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		bad=$((bad + 1))
	fi
	add "$ok" "$bad"
	[ "$bad" -eq 0 ]
}

do_lint() { whole lint make lint || true; }

do_slow_compilers()
{
	do_lint
	jobs=1
	whole tests make tests || true
	whole aarch64 cross aarch64 || true
	whole armv7 cross armv7 || true
	whole release make release IMAGES= || true
}

do_unit()
{
	part unit make_unit || true
	whole fuzz make_fuzz || true
}

do_integration()
{
	local packages
	packages=$(ci/peers.sh packages)
	# shellcheck disable=SC2086 # words
	whole 'packages' ci/apt-install $packages "${integration_tools[@]}" || return 0
	prepare
	whole 'make' make -j "$jobs" all rootfs || return 0
	whole 'peers' peers || return 0
	part integration bats_all || true
}

do_all()
{
	local packages
	packages=$(ci/peers.sh packages)
	# shellcheck disable=SC2086 # words
	whole packages ci/apt-install build cross-arm64 cross-arm test $packages "${integration_tools[@]}" || return 0
	prepare
	whole make make -j "$jobs" all rootfs || return 0
	whole check-binary make check-binary || true
	aside do_slow_compilers
	if whole peers peers; then
		part integration bats_all || true
	fi
	joined
	do_unit
}

if [ $# -eq 0 ]; then
	do_all
fi
for name in "$@"; do
	case $name in
	lint | unit) whole packages ci/apt-install build test && "do_$name" ;;
	integration) whole packages ci/apt-install build cross-arm64 cross-arm && do_integration ;;
	*) echo "no part '$name', there are: lint, unit, integration" >&2; exit 2 ;;
	esac || true
done

printf '\n== how long it took\n'
printf '%s\n' "${summary[@]}"
printf '%-14s %4d s\n\n' all $((SECONDS - began))
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
