#!/usr/bin/env bats
# What README, the map, the manual pages and the completions say is what the program does. No peer is asked.
#
# documents.py has the rules, as tables, and says which line of which document is wrong.

load helper

setup()
{
	T=$(mktemp -d /tmp/bt-it.XXXXXX)
	need_command python3 python3
	[ -x "$BT_BIN/build" ] || fail "no $BT_BIN/build: run make first"
}

teardown() { rm -rf "$T"; }

# documents ROOT CHECK...
documents()
{
	local root=$1
	shift
	run python3 "$BATS_TEST_DIRNAME/documents.py" "$root" "$BT_BIN" "$@"
}

agree()
{
	documents "$ROOT" "$1"
	[ "$status" -eq 0 ] || fail "$output"
}

@test "every flag is in manual pages and completions, and no other" { agree flags; }

@test "every variable that is read is in the manual pages, and no other" { agree environment; }

@test "every key of the configuration is in its manual page, and examples are valid" { agree config; }

@test "exit codes of documents are those of the program" { agree codes; }

@test "files, make targets and commands that documents name are there" { agree files; }

@test "links of documents lead somewhere" { agree links; }

@test "every room of the source is on the map" { agree map; }

@test "numbers that documents promise are true" { agree numbers; }

@test "what is wrong in documents is found, with file and line" {
	cp -R "$ROOT"/{README.md,Makefile,Dockerfile,ci,man,src,vendor} "$T"
	printf '%s\n' '' '`build --frobnicate` `NO_SUCH_VARIABLE` `cache.frob: x` [x](no/such.md) `make frob` `ci/frob`' \
		'The binary has at most 0.1 MiB.' '' 'Frobs take 17 MiB.' '' '| code | |' '| --- | --- |' '| 17 | |' \
		'```yaml' 'registry: {frob: {}}' '```' >"$T/README.md"
	sed -i 's/^\.It Fl Fl iidfile .*/.It Fl Fl iidfiles/; s/^\.It Cm 255/.It Cm 77/; s/^\.It Pa exported$/.It Pa frob/' "$T/man/build.1"
	sed -i 's/Ev CIRRUS_PR /Ev CIRRUS_FROB /' "$T/man/buildtools-environment.7"
	sed -i 's/Cm cache\.s3$/Cm cache.frob/' "$T/man/buildtools.yaml.5"
	sed -i 's/`base\/`/`frob\/`/' "$T/src/README.md"

	documents "$T" flags environment config codes files links map numbers
	expect_status 1
	expect_in "$output" "^man/build\.1: 'build --iidfile' is missing"
	expect_in "$output" "^man/build\.1:[0-9]+: 'build' has no flag '--iidfiles'"
	expect_in "$output" "^README\.md:2: there is no flag '--frobnicate'"
	expect_in "$output" "^src/ci/providers\.c: the variable 'CIRRUS_PR' is on no manual page"
	expect_in "$output" "^man/buildtools-environment\.7:[0-9]+: the program knows no variable 'CIRRUS_FROB'"
	expect_in "$output" "^README\.md:2: 'NO_SUCH_VARIABLE' is known neither"
	expect_in "$output" "^man/buildtools\.yaml\.5: the key 'cache\.s3' is missing"
	expect_in "$output" "^man/buildtools\.yaml\.5:[0-9]+: the configuration has no key 'cache\.frob'"
	expect_in "$output" "^README\.md:2: the configuration has no key 'cache\.frob'"
	expect_in "$output" "^README\.md:10: the program refuses this example: .*'frob'"
	expect_in "$output" "^man/build\.1: exit status 255 is missing"
	expect_in "$output" "^man/build\.1:[0-9]+: the program has no exit status 77"
	expect_in "$output" "^README\.md:9: the program has no exit status 17"
	expect_in "$output" "^man/build\.1:[0-9]+: .* the file 'frob'"
	expect_in "$output" "^README\.md:2: there is no 'ci/frob'"
	expect_in "$output" "^README\.md:2: make has no target 'frob'"
	expect_in "$output" "^README\.md:2: the link leads to 'no/such\.md'"
	expect_in "$output" "^src/README\.md: the room 'base/' is not on the map"
	expect_in "$output" "^src/README\.md:[0-9]+: src/ has no room 'frob/'"
	expect_in "$output" "^README\.md:3: '0\.1 MiB' is not true: it is [0-9]+"
	expect_in "$output" "^README\.md:5: nothing checks '17 MiB'"
}

@test "manual pages are well-formed" {
	need_command mandoc mandoc
	cd "$ROOT/man"
	run mandoc -T lint -W style -- *.[157]
	[ "$status" -eq 0 ] || fail "$output"
}

# completes SHELL LINE WANT...: Tab at the end of LINE makes WANT of it
completes()
{
	local shell=$1 lines=() wants=()
	shift
	while [ $# -gt 0 ]; do
		lines+=("$1")
		wants+=("$2")
		shift 2
	done
	need_command "$shell" "$shell"
	touch "$T/Dockerfile"
	mkdir -p "$T/sub"
	cd "$T" || return
	run timeout -k 5 120 python3 "$BATS_TEST_DIRNAME/complete.py" "$shell" "$BT_BIN" "${lines[@]}"
	[ "$status" -eq 0 ] || fail "$output"
	expect_equal "$output" "$(printf '%s\n' "${wants[@]}")"
}

@test "bash completes commands, flags and their values" {
	completes bash 'build --metad' 'build --metadata-file=' 'push --env' 'push --env-file=' \
		'build --network h' 'build --network host' 'build --network=h' 'build --network=host' \
		'build --provenance=mode=mi' 'build --provenance=mode=min' 'build --file=Dock' 'build --file=Dockerfile' \
		'build -f Dock' 'build -f Dockerfile' 'build su' 'build sub/' 'buildtools inf' 'buildtools info' \
		'buildtools info --js' 'buildtools info --json' 'buildtools help do' 'buildtools help doctor' \
		'buildtools completion z' 'buildtools completion zsh'
}

@test "zsh completes commands, flags and their values" {
	completes zsh 'build --metad' 'build --metadata-file' 'push --env' 'push --env-file' \
		'build --network h' 'build --network host' 'build --network=h' 'build --network=host' \
		'build --provenance=mode=mi' 'build --provenance=mode=min' 'build --file=Dock' 'build --file=Dockerfile' \
		'build -f Dock' 'build -f Dockerfile' 'build su' 'build sub' 'buildtools inf' 'buildtools info' \
		'buildtools info --js' 'buildtools info --json' 'buildtools help do' 'buildtools help doctor' \
		'buildtools completion z' 'buildtools completion zsh'
}

@test "fish completes commands, flags and their values" {
	completes fish 'build --metad' --metadata-file 'push --env' --env-file 'build --network h' host \
		'build --network=h' --network=host 'build --provenance=mode=mi' --provenance=mode=min \
		'build --file=Dock' --file=Dockerfile 'build -f Dock' Dockerfile 'build su' sub/ 'buildtools inf' info \
		'buildtools info --js' --json 'buildtools help do' doctor 'buildtools completion z' zsh
}
