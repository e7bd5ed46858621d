#!/usr/bin/env bats
# Is there a program, and does it build the example?

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

@test "C-02 build and push say their version" {
	local tool
	for tool in build push; do
		run_clean "$BT_BIN/$tool" --version
		expect_status 0
		expect_in "$output" '^Version: [^ ,]+, commit [^ ,]+, built at [^ ]+'
	done
}

@test "C-01 build and push list their flags" {
	local tool
	for tool in build push; do
		run_clean "$BT_BIN/$tool" --help
		expect_status 0
		expect_in "$output" "^Usage: $tool"
		expect_in "$output" '--version'
		expect_in "$output" '--verbose'
		expect_in "$output" '--config'
		expect_in "$output" '--file'
	done
	run_clean "$BT_BIN/build" --help
	expect_in "$output" '--build-arg'
	expect_in "$output" '--no-login'
	expect_in "$output" '--no-pull'
	expect_in "$output" '--platform'
}

@test "the example project builds" {
	cp -R "$ROOT/tests/data/example/." "$CTX"
	gitlab main
	bt_build_ok
	expect_tags "$SHA compile latest main test"
	expect_in "$output" "^$IMAGE:$SHA\$"
	expect_in "$output" "^$IMAGE:main\$"
	expect_in "$output" "^$IMAGE:latest\$"
	expect_equal "$(cat "$CTX/exported/version.txt")" "$(printf 'commit %s\nbranch main' "$SHA")"
	expect_file "$IMAGE:latest" /usr/local/share/banner.txt 'Hello from the example project.'
	expect_equal "$(image_get "$IMAGE:latest" '.Config.Cmd | join(" ")')" \
		'/usr/local/bin/greet /usr/local/share/banner.txt'
}
