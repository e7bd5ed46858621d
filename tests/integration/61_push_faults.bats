#!/usr/bin/env bats
# A push that is disturbed at every single request, in every way: nothing is lost, and nothing wrong is published.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

setup()
{
	common_setup
	start_peers mirror
}

# run_script: what one run does, from standard input; $1 is its registry
run_script()
{
	{
		printf '#!/bin/bash\nset -e\n'
		cat
	} >"$T/one"
	chmod 755 "$T/one"
}

# struck OPTION...: all runs; each of them must end well
struck()
{
	run --separate-stderr python3 "$ROOT/tests/integration/faults.py" "$BT_MIRROR" --repository "group/$NAME" \
		--tags "$SHA,feature" "$@" -- "$T/one" 3>&-
	expect_status 0
}

# shellcheck disable=SC2016 # $1 is for the script
# program_env: words before the program, for the script
program_env()
{
	printf 'exec env -i -C %q PATH=%q HOME=%q DOCKER_HOST=%q CI_PROJECT_NAME=%q CI_COMMIT_SHA=%q ' \
		"$CTX" "$BT_BIN:/usr/bin:/bin" "$T/home" "$DOCKER_HOST" "$NAME" "$SHA"
	printf 'CI_COMMIT_REF_NAME=feature CI_REGISTRY="$1" CI_REGISTRY_IMAGE="$1/group/%s" %s ' "$NAME" "$*"
}

# engine_run OPTION...: a run has the Engine push an image, under a name that it does not know yet
engine_run()
{
	gitlab feature
	dockerfile <<-'END'
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok
	run_script <<-END
		untag()
		{
			for tag in $SHA feature; do
				curl -s --unix-socket $SOCKET -X DELETE "http://engine/images/\$1/group/$NAME:\$tag" >/dev/null
			done
		}
		for tag in $SHA feature; do
			curl -sS --fail --unix-socket $SOCKET -X POST \
				"http://engine/images/$IMAGE:\$tag/tag?repo=\$1/group/$NAME&tag=\$tag"
		done
		trap 'untag "\$1"' EXIT
		( $(program_env push "$@") )
	END
}

@test "F-14 P-08 Engine: one accident at any request of a push costs a retry and nothing else" {
	engine_run --retry-for 60s
	struck --kinds cut,lost,short,429,503 --each 3
}

@test "P-07 Engine: a registry that refuses for good at any request is a failure in its own words, and no tag is wrong" {
	engine_run --retry-for 0
	struck --kinds 401 --lasting --codes 249,253
}

# --- BuildKit --------------------------------------------------------------------------------------------------------

# buildkit_run OPTION...: a run builds and pushes with the standalone daemon, which has built the same before
buildkit_run()
{
	[ -n "${BT_BUILDKIT:-}" ] || use_peers buildkit
	file one
	dockerfile <<-'END'
		FROM scratch
		COPY one /
	END
	run_script <<-END
		$(program_env "BUILDKIT_HOST=$BT_BUILDKIT" build --build-arg BUILDKIT_INLINE_CACHE=0 --progress plain "$@")
	END
}

@test "F-14 BuildKit: one accident at any request of a push costs a retry and nothing else" {
	buildkit_run --retry-for 60s
	struck --kinds cut,lost,short,429,503 --each 3
}

@test "BuildKit: a registry that refuses for good at any request is a failure in its own words, and no tag is wrong" {
	buildkit_run --retry-for 0
	struck --kinds 403 --lasting --codes 255
}

# --- our own client --------------------------------------------------------------------------------------------------

# own_run OPTION...: a run publishes an image layout that BuildKit has written
own_run()
{
	buildkit_run --retry-for 0
	gitlab feature
	given "BUILDKIT_HOST=$BT_BUILDKIT"
	bt_build_ok -o "type=oci,dest=$T/image.tar"
	run_script <<-END
		$(program_env push --from "$T/image.tar" "$@")
	END
}

@test "push --from: one accident at any request costs a retry and nothing else" {
	own_run --retry-for 60s
	struck --kinds cut,lost,short,slow,429,503 --each 4
}

@test "push --from: a registry that fails for good at any request is a failure in its own words, and no tag is wrong" {
	own_run --retry-for 0
	struck --kinds cut,401,503 --each 1 --lasting --codes 249,253
}
