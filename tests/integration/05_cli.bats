#!/usr/bin/env bats
# Rows of the command line that take a whole run: exit statuses, hostile input, standard input.

load helper

simple() { dockerfile <<<'FROM busybox:test'; }

# The first failure decides; each line repairs one thing.
@test "C-14 F-C20 every failure of build is 255, and push says by its exit status which step failed" {
	file .buildtools.yaml 'nonsense: true'
	bt_build
	expect_failure 255 'nonsense'
	bt_push
	expect_failure 254 'nonsense'

	rm "$CTX/.buildtools.yaml"
	given CI_REGISTRY=127.0.0.1:1 DOCKER_AUTH_CONFIG='{"auths": 1}'
	bt_push
	expect_failure 253 'DOCKER_AUTH_CONFIG'

	given DOCKER_AUTH_CONFIG= CI_REGISTRY=
	bt_push
	expect_failure 251 'Dockerfile'

	simple
	bt_push
	expect_failure 250 'Commit and/or branch information is missing'

	gitlab main
	bt_push
	expect_failure 249 'push not supported by registry'
	expect_error '^hint: no registry is configured'

	bt_push --no-such-flag
	expect_failure 255 'unknown flag --no-such-flag'
	given DOCKER_HOST=bogus
	bt_push
	expect_failure 255 'unable to parse docker host'
}

@test "doctor names what a build would lack: commit, Dockerfile; and how large the context is" {
	run_clean "$BT_BIN/buildtools" doctor
	expect_status 1
	expect_in "$output" '^problem  commit: neither a commit nor a branch'
	expect_in "$output" "^problem  Dockerfile: '$CTX/Dockerfile' is not there"
	expect_in "$output" '^ +what to do: -f FILE'

	gitlab main
	simple
	file a/b '12345'
	file exported/old 'is never sent'
	run_clean "$BT_BIN/buildtools" doctor
	expect_status 0
	expect_in "$output" '^ok +Dockerfile: Dockerfile'
	expect_in "$output" "^ok +context: 2 files, 1 folders, 0 links, $(($(stat -c %s "$CTX/Dockerfile") + $(stat -c %s "$CTX/a/b"))) bytes"
}

@test "the verbs of buildtools name themselves as users call them" {
	run_clean "$BT_BIN/buildtools" doctor --help
	expect_status 0
	expect_in "$output" '^Usage: buildtools doctor '
	run_clean "$BT_BIN/buildtools" info --nothing
	expect_failure 2 'buildtools info: error: unknown flag --nothing'
	expect_error '^hint: buildtools info --help'
	run_clean "$BT_BIN/buildtools" help nothing
	expect_failure 2 'buildtools help: error: '
}

@test "a result file that cannot be written is told before anything is built or pushed" {
	local flag
	gitlab main
	simple
	for flag in --metadata-file --iidfile --env-file; do
		bt_build "$flag" "$T/none/x"
		expect_failure 255 "$flag: write '$T/none/x': No such file or directory"
		expect_not_in "$stderr" '#1 '
	done
	bt_build_ok -o "$T/made" --metadata-file "$T/made/x"
	given CI_REGISTRY=127.0.0.1:1 CI_REGISTRY_IMAGE=127.0.0.1:1/x
	bt_push --retry-for 0 --no-login --env-file "$T"
	expect_failure 249 "--env-file: write '$T': Is a directory"
}

@test "errors of the configuration and the command line reach the CI, and give it no commands" {
	given TF_BUILD=True
	file .buildtools.yaml '"##vso[task.setvariable variable=x]y": 1'
	bt_build
	expect_failure 255 "unknown key '\*\*vso\[task"
	expect_error '^##vso\[task\.logissue type=error\].*unknown key'
	bt_build --nothing
	expect_failure 255 'unknown flag --nothing'
	expect_error '^##vso\[task\.logissue type=error\]unknown flag --nothing'
	run_clean "$BT_BIN/build" --version
	expect_status 0
	expect_equal "$stderr" ''
}

@test "-q leaves everything but the result out" {
	gitlab main
	simple
	bt_build_stdin "$CTX/Dockerfile" --no-pull -q -f -
	expect_status 0
	expect_equal "$stderr" ''
	expect_in "$output" '^sha256:[0-9a-f]{64}$'
	given BUILDKIT_HOST=tcp://127.0.0.1:1
	bt_push -q
	expect_status 0
	expect_equal "$output$stderr" ''
}

@test "C-15 no input leads to a crash" {
	local long value
	long=$(printf 'x%.0s' {1..5000})
	gitlab main
	simple
	for value in --build-arg= --build-arg== '--platform=,' '--platform=//' --platform="$long" --file= --tag=: \
		--tag="$long" --cache-from=type= '--cache-to=,' --label== --add-host=: --ulimit== --shm-size=-1 --shm-size=9e9 \
		--retry-for=-1s --retry-for=1e99h --builder=:// --builder="unix://$long" --progress=x --target=/ \
		'--secret=,' --ssh== --output== --network= "--$long" -- -"$long" "$long"; do
		bt_build --dry-run "$value"
		[ "$status" -eq 0 ] || [ "$status" -eq 255 ] || fail "'${value:0:60}' ends with status $status"
	done
	for value in 'registry: [' '- a' "a: &a [*a]" $'\xff\xfe' "$long: $long" 'registry: {ecr: {url: [x]}}' $'\t'; do
		given "BUILDTOOLS_CONTENT=$value"
		bt_build --config
		[ "$status" -eq 0 ] || [ "$status" -eq 255 ] || fail "configuration '${value:0:60}' ends with status $status"
	done
	given BUILDTOOLS_CONTENT=
	for value in 'FROM' 'FROM a b c' 'FROM x AS' $'FROM x\nRUN <<E' $'# escape=x\nFROM y' $'\x00\x01' "FROM $long AS $long"; do
		printf '%s\n' "$value" >"$CTX/Dockerfile"
		bt_build --dry-run
		[ "$status" -eq 0 ] || [ "$status" -eq 255 ] || fail "Dockerfile '${value:0:60}' ends with status $status"
	done
}

@test "C-18 nothing is read from standard input unless -f - asks for it" {
	gitlab main
	simple
	printf 'FROM scratch AS fromstdin\n' >"$T/stdin"
	# what the program leaves is there for whoever reads next
	run --separate-stderr in_clean_env sh -c '"$0" --no-login --dry-run >plan && cat' "$BT_BIN/build" <"$T/stdin"
	expect_status 0
	expect_equal "$output" 'FROM scratch AS fromstdin'
	expect_not_in "$(cat "$CTX/plan")" fromstdin

	bt_build_stdin "$T/stdin" --dry-run -f -
	expect_status 0
	expect_in "$output" '"name": "fromstdin"'
}

@test "I-19 CI_COMMIT and CI_BRANCH are build arguments; their values are those of the tags" {
	gitlab 'feature/Foo bar#1'
	dockerfile <<-'END'
		FROM busybox:test
		ARG CI_COMMIT
		ARG CI_BRANCH
		ARG CI_BRANCH_RAW
		RUN printf '%s|%s|%s' "$CI_COMMIT" "$CI_BRANCH" "$CI_BRANCH_RAW" >/args
	END
	bt_build_ok
	expect_equal "$(image_file "$IMAGE:$SHA" /args)" "$SHA|feature_Foo_bar#1|feature/Foo bar#1"
}
