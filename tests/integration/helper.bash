# shellcheck shell=bash
# What the integration tests share. `load helper` at the top of a .bats file; setup and teardown are defined here.
#
# A test owns: a temporary folder $T (with home/ and the context ctx/), an image name $NAME (so $IMAGE is noregistry/$NAME),
# and whatever it starts through the functions below. teardown takes all of it away.
#
# The program under test runs with an environment of its own: nothing but PATH, HOME, DOCKER_HOST and what the test names
# with `given`. A CI system around the tests must not be seen.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
BT_BIN=${BT_BIN:-$ROOT/out/bin}
PROXY=$ROOT/tests/integration/proxy.py
SHA=0123456789abcdef0123456789abcdef01234567
# Longest time one run of the program may take. Only a guard against hanging: no test asserts on time.
LIMIT=120

setup() { common_setup; }
teardown() { common_teardown; }

common_setup()
{
	T=$(mktemp -d /tmp/bt-it.XXXXXX)
	chmod 755 "$T"
	mkdir -p "$T/home" "$T/ctx" "$T/bin"
	CTX=$T/ctx
	NAME=it-$(basename "$T" | tr 'A-Z.' 'a-z-')
	IMAGE=noregistry/$NAME
	GIVEN=()
	FLAGS=(--no-login --no-pull --retry-for 0)
	PIDS=()
	MOUNTS=()
	CLEANED=("$IMAGE")
	OWN_PEERS=
	[ -x "$BT_BIN/build" ] || fail "no $BT_BIN/build: run make first"
	need_engine
}

common_teardown()
{
	local pid point name
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	if [ -n "$OWN_PEERS" ]; then
		own_peers clean
	fi
	for name in "${CLEANED[@]}"; do
		remove_images "$name"
	done
	for point in "${MOUNTS[@]}"; do
		umount -l "$point"
	done
	rm -rf "$T"
}

# --- failing ---------------------------------------------------------------------------------------------------------

# fail TEXT: with what the last run printed
fail()
{
	printf '%s\n' "$@" | cut -b 1-400 | tail -n 100 >&2
	if [ -n "${status+x}" ]; then
		printf -- '--- status %s\n--- stdout\n%s\n--- stderr\n%s\n' "$status" "${output-}" "${stderr-}" |
			cut -b 1-400 | tail -n 60 >&2
	fi
	return 1
}

expect_status() { [ "$status" -eq "$1" ] || fail "exit status is $status, want $1"; }

# expect_in TEXT PATTERN: TEXT has a match of the extended regular expression
expect_in() { grep -qE -- "$2" <<<"$1" || fail "no match of '$2' in:" "$1"; }
expect_not_in() { ! grep -qE -- "$2" <<<"$1" || fail "unwanted match of '$2' in:" "$1"; }
expect_error() { expect_in "$stderr" "$1"; }
expect_equal() { [ "$1" = "$2" ] || fail "got:" "$1" "want:" "$2"; }

# a failure as the user must see it: exit status, the cause on standard error, nothing on standard output, no crash
expect_failure()
{
	expect_status "$1"
	expect_error "$2"
	[ -z "$output" ] || fail "a failed run printed results: $output"
	expect_not_in "$stderr" 'Sanitizer|Segmentation|assert'
}

need_command() { command -v "$1" >/dev/null 2>&1 || fail "'$1' is missing: install the package '$2'"; }

# exports_of COMMAND PEER...: into this shell. The output is kept first: eval of a command that failed succeeds
exports_of()
{
	local command=$1 exports
	shift
	exports=$("$command" env "$@") || { fail "no $*: ci/peers.sh start $* brings it up"; return 1; }
	eval "$exports"
}

# use_peers PEER...: sets what these peers of ci/peers.sh are reached by; fails unless all of them run
use_peers() { exports_of "$ROOT/ci/peers.sh" "$@"; }

# start_peers PEER...: the same, and starts those that do not run
start_peers()
{
	"$ROOT/ci/peers.sh" start "$@" >"$T/peers.log" 2>&1 || { fail "$* does not start" "$(cat "$T/peers.log")"; return 1; }
	use_peers "$@"
}

need_engine()
{
	need_command curl curl
	need_command jq jq
	need_command python3 python3
	need_command git git
	[ -n "${BT_ENGINE_SOCKET:-}" ] || use_peers engine
	api GET /_ping >/dev/null || fail "the Engine at $BT_ENGINE_SOCKET does not answer (package 'docker.io')"
	DOCKER_HOST=unix://$BT_ENGINE_SOCKET
	SOCKET=$BT_ENGINE_SOCKET
}

# --- running the program ---------------------------------------------------------------------------------------------

# given KEY=VALUE...: environment of the runs that follow
given() { GIVEN+=("$@"); }

# gitlab BRANCH: a CI environment that fixes name, commit and branch
gitlab() { given "CI_PROJECT_NAME=$NAME" "CI_COMMIT_SHA=$SHA" "CI_COMMIT_REF_NAME=$1"; }

# clean_env: sets CLEAN, the words before a command that is to run in the context folder with that environment
clean_env()
{
	CLEAN=(env -i -C "$CTX" '--default-signal=INT,TERM,HUP,PIPE')
	CLEAN+=(PATH="$BT_BIN:/usr/bin:/bin" HOME="$T/home" DOCKER_HOST="$DOCKER_HOST" "${GIVEN[@]}")
}

# in_clean_env COMMAND...: standard input as it is
in_clean_env()
{
	clean_env
	"${CLEAN[@]}" "$@"
}

# run_clean COMMAND...: sets status, output (standard output) and stderr
run_clean() { run --separate-stderr in_clean_env timeout -k 5 "$LIMIT" "$@" </dev/null; }

bt_build() { run_clean "$BT_BIN/build" "${FLAGS[@]}" "$@"; }
bt_push() { run_clean "$BT_BIN/push" "$@"; }

# bt_build_stdin FILE ARG...: with FILE as standard input
bt_build_stdin()
{
	local file=$1
	shift
	run --separate-stderr in_clean_env timeout -k 5 "$LIMIT" "$BT_BIN/build" "${FLAGS[@]}" "$@" <"$file"
}

# bt_build_ok ARG...: that must work
bt_build_ok()
{
	bt_build "$@"
	expect_status 0
}

# bt_build_as_nobody ARG...: an unprivileged user, with his own copy of the program
bt_build_as_nobody()
{
	cp -L "$BT_BIN/build" "$T/bin/build"
	chmod 755 "$T/bin/build"
	run_clean setpriv --reuid 65534 --regid 65534 --clear-groups "$T/bin/build" "${FLAGS[@]}" "$@"
}

# bt_start ARG...: build in the background; BT_PID is the program itself, for signals
bt_start()
{
	clean_env
	"${CLEAN[@]}" "$BT_BIN/build" "${FLAGS[@]}" "$@" </dev/null >"$T/bg.out" 2>"$T/bg.err" 3>&- &
	BT_PID=$!
	PIDS+=("$BT_PID")
}

# bt_wait: until it has ended; sets status, output, stderr
bt_wait()
{
	await "$LIMIT" gone "$BT_PID" || fail "the program does not end" "$(cat "$T/bg.err")"
	status=0
	wait "$BT_PID" || status=$?
	output=$(cat "$T/bg.out")
	stderr=$(cat "$T/bg.err")
}

# gone PID: a zombie that waits for us counts
gone() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in ''|Z*) ;; *) return 1 ;; esac; }

# await SECONDS COMMAND...: asks again until it succeeds; fails after SECONDS
await()
{
	local until=$((SECONDS + $1))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.05
	done
}

# --- the Engine ------------------------------------------------------------------------------------------------------

# api METHOD PATH [curl option]...
api()
{
	local method=$1 path=$2
	shift 2
	curl -sS --fail --max-time 60 --unix-socket "${SOCKET:-$BT_ENGINE_SOCKET}" -X "$method" "$@" "http://engine$path"
}

has_image() { api GET "/images/$1/json" >/dev/null 2>&1; }
image_id() { api GET "/images/$1/json" | jq -r .Id; }

# image_get REF FILTER: jq over the inspection
image_get() { api GET "/images/$1/json" | jq -r "$2"; }

# tags_of NAME: its tags in the Engine, sorted, on one line
tags_of()
{
	api GET /images/json -G --data-urlencode "filters={\"reference\":[\"$1\"]}" |
		jq -r '[.[].RepoTags[]?] | sort | join(" ")' | sed "s|$1:||g"
}

expect_image() { has_image "$1" || fail "the Engine has no image '$1'"; }
expect_no_image() { ! has_image "$1" || fail "the Engine has an image '$1'"; }
expect_tags() { expect_equal "$(tags_of "$IMAGE")" "$1"; }

# image_config REF: the config blob itself, which holds more than the inspection shows
image_config()
{
	local tar=$T/save.tar
	api GET "/images/$1/get" -o "$tar"
	tar -xOf "$tar" "$(tar -xOf "$tar" manifest.json | jq -r '.[0].Config')"
	rm -f "$tar"
}

# image_tar REF PATH: tar of a path, out of a container that is made and never started
image_tar()
{
	local id
	id=$(api POST /containers/create -H 'Content-Type: application/json' \
		-d "{\"Image\":\"$1\",\"Cmd\":[\"/none\"]}" | jq -r .Id)
	api GET "/containers/$id/archive" -G --data-urlencode "path=$2"
	api DELETE "/containers/$id?force=1"
}

# image_file REF PATH: its content
image_file() { image_tar "$1" "$2" | tar -xO; }

# image_list REF PATH: names below PATH, sorted, on one line, folders with a slash at the end
image_list() { image_tar "$1" "$2" | tar -t | sed 's|^[^/]*/||' | grep -v '^$' | LC_ALL=C sort | paste -sd ' '; }

expect_file() { expect_equal "$(image_file "$1" "$2")" "$3"; }

# remove_images NAME: all tags, then what they named
remove_images()
{
	local ref
	[ -S "${SOCKET:-}" ] || return 0
	for ref in $(api GET /images/json -G --data-urlencode "filters={\"reference\":[\"$1\"]}" 2>/dev/null |
		jq -r '.[].RepoTags[]?' 2>/dev/null); do
		api DELETE "/images/$ref?force=1" >/dev/null 2>&1
	done
	return 0
}

# cleaned NAME: one more image name that teardown removes
cleaned() { CLEANED+=("$1"); }

# own_engine: a second Engine for this test alone, to be killed; later runs and `api` talk to it
own_engine()
{
	OWN_PEERS=$T/peers
	own_peers start engine
	SOCKET=$(own_peers env engine | sed -n 's/^export BT_ENGINE_SOCKET=//p')
	[ -n "$SOCKET" ] || fail 'the second Engine does not run'
	DOCKER_HOST=unix://$SOCKET
}

own_peers() { BUILDTOOLS_PEERS=$OWN_PEERS "$ROOT/ci/peers.sh" "$@"; }

# running MARK: whether a process on this machine, so also one of a build step, has MARK as an argument
# (the mark comes by standard input, so that the search does not find itself)
# shellcheck disable=SC2062 # names of files, not a pattern
running() { grep -qszxF --file=/dev/stdin /proc/[0-9]*/cmdline <<<"$1"; }
not_running() { ! running "$1"; }

# end_running MARK: ends it
end_running()
{
	local file
	# shellcheck disable=SC2062 # as above
	while IFS= read -r file; do
		file=${file#/proc/}
		kill "${file%/*}"
	done < <(grep -slzxF --file=/dev/stdin /proc/[0-9]*/cmdline <<<"$1")
}

# unique_seconds: an argument for sleep that no other test uses
unique_seconds() { printf '%d.%d\n' 86400 "$$$RANDOM"; }

# --- contexts --------------------------------------------------------------------------------------------------------

# dockerfile [FILE]: from standard input, into the context
dockerfile() { cat >"$CTX/${1:-Dockerfile}"; }

# file PATH [TEXT]: into the context
file()
{
	mkdir -p "$(dirname "$CTX/$1")"
	printf '%s\n' "${2:-$1}" >"$CTX/$1"
}

# git_repo BRANCH: makes the context a repository with one commit, always of the same hash for the same files; sets COMMIT
git_repo()
{
	git_in init -q
	git_in symbolic-ref HEAD "refs/heads/$1"
	git_in add -A
	git_in commit -q --allow-empty -m first
	# shellcheck disable=SC2034 # for the tests
	COMMIT=$(git_in rev-parse HEAD)
}

git_in()
{
	env -i PATH=/usr/bin:/bin HOME="$T/home" GIT_CONFIG_NOSYSTEM=1 \
		GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.com GIT_AUTHOR_DATE='2024-01-02T03:04:05Z' \
		GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.com GIT_COMMITTER_DATE='2024-01-02T03:04:05Z' \
		git -C "$CTX" "$@"
}

# state_of FOLDER: everything that changes when something is written there
state_of() { (cd "$1" && find . -printf '%p %y %m %U:%G %s %T@ %C@\n' | LC_ALL=C sort); }

# --- proxy -----------------------------------------------------------------------------------------------------------

# proxied OPTION...: later runs reach the Engine through proxy.py with these options
proxied()
{
	local name=proxy$RANDOM
	python3 "$PROXY" serve "unix://$T/$name.sock" "unix://$SOCKET" --ready "$T/$name" "$@" \
		</dev/null >"$T/$name.log" 2>&1 3>&- &
	PROXY_PID=$!
	disown "$PROXY_PID"
	PIDS+=("$PROXY_PID")
	await 20 test -s "$T/$name" || fail "the proxy does not start: $(cat "$T/$name.log")"
	DOCKER_HOST=$(cat "$T/$name")
}

# unproxied: straight to the Engine again
unproxied()
{
	kill -KILL "$PROXY_PID"
	DOCKER_HOST=unix://$SOCKET
}

# recorded: later runs are written down in $T/rec
recorded()
{
	rm -rf "$T/rec"
	mkdir "$T/rec"
	proxied --record "$T/rec" "$@"
}

# sent KEY: values sent under KEY in the string maps of the requests (frontend and exporter attributes)
sent() { python3 "$PROXY" attrs "$T/rec" "$1"; }
requests() { python3 "$PROXY" requests "$T/rec"; }
sent_bytes() { python3 "$PROXY" count "$T/rec" up; }
answered_bytes() { python3 "$PROXY" count "$T/rec" down; }
