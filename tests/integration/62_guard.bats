#!/usr/bin/env bats
# 'guard: true': tags that move from image to image never go back, whichever pipeline ends last.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

OLD=1111111111111111111111111111111111111111
NEW=2222222222222222222222222222222222222222

setup()
{
	common_setup
	start_peers mirror
	IMAGE=$BT_MIRROR/group/$NAME
	cleaned "$IMAGE"
	given "CI_PROJECT_NAME=$NAME" "CI_REGISTRY=$BT_MIRROR" "CI_REGISTRY_IMAGE=$IMAGE"
	file .buildtools.yaml 'guard: true'
	dockerfile <<-'END'
		FROM scratch
		COPY content /
	END
}

# at SHA TIME [VARIABLE]...: the commit of the runs that follow
at()
{
	file content "$1"
	given "CI_COMMIT_SHA=$1" "CI_COMMIT_TIMESTAMP=$2" CI_COMMIT_REF_NAME=main CI_COMMIT_TAG= "${@:3}"
}

old() { at "$OLD" 2024-01-02T03:04:05+00:00 "$@"; }
new() { at "$NEW" 2024-01-02T03:04:06+00:00 "$@"; }

# publish: by an Engine
publish()
{
	bt_build_ok
	bt_push --retry-for 0
	expect_status 0
}

# revision TAG: that its image was made of
revision()
{
	local config
	config=$(curl -sS --fail "http://$BT_MIRROR/v2/group/$NAME/manifests/$1" \
		-H 'Accept: application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' |
		jq -r .config.digest)
	curl -sS --fail "http://$BT_MIRROR/v2/group/$NAME/blobs/$config" |
		jq -r '.config.Labels["org.opencontainers.image.revision"]'
}

# told: the tags on standard output, in order, on one line
told() { grep -oE ':[^:@]+@' <<<"$output" | tr -d ':@' | paste -sd ' '; }

expect_moved() { for tag in "${@:2}"; do expect_equal "$tag $(revision "$tag")" "$tag $1"; done; }

@test "an older commit leaves latest alone, publishes all its other tags and succeeds; a newer one moves it" {
	old
	publish
	expect_error "guard: '$IMAGE:latest' is new"
	new
	publish
	expect_not_in "$stderr" 'guard:'
	expect_moved "$NEW" latest main "$NEW"
	old
	publish
	expect_error "guard: '$IMAGE:latest' stays at commit $NEW of 2024-01-02T03:04:06"
	expect_moved "$NEW" latest
	expect_moved "$OLD" main "$OLD"
	expect_not_in "$output" ':latest'
	expect_in "$output" "^$IMAGE:main@sha256:"

	file .buildtools.yaml 'guard: false'
	publish
	expect_moved "$OLD" latest
}

@test "versions decide before times do, for each floating tag by itself" {
	file .buildtools.yaml 'guard: true
tags: ["type=semver,pattern={{version}}", "type=semver,pattern={{major}}.{{minor}}", "type=semver,pattern={{major}}"]'
	old CI_COMMIT_TAG=v1.3.0 CI_COMMIT_REF_NAME=v1.3.0
	publish
	# a later fix of an earlier release
	new CI_COMMIT_TAG=v1.2.9 CI_COMMIT_REF_NAME=v1.2.9
	publish
	expect_error "guard: '$IMAGE:1' stays at version v1.3.0, this is v1.2.9"
	expect_error "guard: '$IMAGE:latest' stays at version v1.3.0"
	expect_moved "$NEW" 1.2.9 1.2
	expect_moved "$OLD" 1.3.0 1.3 1 latest
}

@test "an image that says nothing of itself is replaced, which is said; a registry that cannot be asked is a failure" {
	old
	file .buildtools.yaml 'labels: false'
	publish
	file .buildtools.yaml 'guard: true'
	publish
	expect_error "guard: '$IMAGE:latest' moves: the image that it names does not say when it was committed"
	expect_moved "$OLD" latest

	python3 "$ROOT/tests/integration/gate.py" "$BT_MIRROR" --ready "$T/gate" --fault GET '/manifests/latest$' 403 9 \
		</dev/null >"$T/gate.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/gate" || fail "the gate does not start: $(cat "$T/gate.out")"
	IMAGE=$(cat "$T/gate")/group/$NAME
	cleaned "$IMAGE"
	given "CI_REGISTRY=${IMAGE%%/*}" "CI_REGISTRY_IMAGE=$IMAGE"
	bt_build_ok
	bt_push --retry-for 0
	expect_failure 249 "guard: '$IMAGE:latest': .*DENIED: asked to fail"
	expect_error "^hint: guard has to read what 'latest' names now"
	# a build that is going to publish finds that out before it begins
	given BUILDKIT_HOST=tcp://127.0.0.1:1
	bt_build
	expect_failure 255 "guard: '$IMAGE:latest': .*DENIED: asked to fail"
}

@test "build --push with an Engine asks as push does" {
	FLAGS=(--no-pull --retry-for 0 --push)
	new
	bt_build_ok
	old
	bt_build_ok
	expect_error "guard: '$IMAGE:latest' stays at commit $NEW"
	expect_moved "$NEW" latest
	expect_moved "$OLD" main
}

# --- daemons that publish what they build ------------------------------------------------------------------------------

buildkit()
{
	[ -n "${BT_BUILDKIT:-}" ] || use_peers buildkit
	given "BUILDKIT_HOST=$BT_BUILDKIT"
	FLAGS=(--retry-for 0)
}

@test "a build that publishes leaves latest alone when it was overtaken, even while it was building" {
	local seconds
	seconds=$(unique_seconds)
	buildkit
	old
	dockerfile slow <<-END
		FROM busybox:test
		RUN sleep $seconds || true
		COPY content /
	END
	bt_start -f slow
	await 60 running "$seconds" || fail 'the step does not start' "$(cat "$T/bg.err")"
	new
	bt_build_ok
	expect_error "guard: '$IMAGE:latest' is new"
	expect_moved "$NEW" latest main "$NEW"
	expect_equal "$(grep -o '@.*' <<<"$output" | sort -u | wc -l)" 1
	expect_equal "$(told)" "$NEW main latest"

	end_running "$seconds"
	bt_wait
	expect_status 0
	expect_error "guard: '$IMAGE:latest' stays at commit $NEW"
	expect_moved "$NEW" latest
	expect_moved "$OLD" main "$OLD"
	expect_not_in "$output" ':latest'
}

@test "a build that publishes nothing but a tag that may not move succeeds" {
	buildkit
	file .buildtools.yaml 'guard: true
tags: ["type=raw,value=latest"]'
	new
	bt_build_ok
	expect_moved "$NEW" latest
	old
	bt_build_ok
	expect_error "guard: '$IMAGE:latest' stays at commit $NEW"
	expect_equal "$output" ''
	expect_moved "$NEW" latest
}

@test "push --from asks as the others do" {
	buildkit
	new
	bt_build_ok
	bt_build_ok -o "type=oci,dest=$T/image.tar"
	given BUILDKIT_HOST=
	old
	bt_push --from "$T/image.tar" --retry-for 0
	expect_status 0
	expect_error "guard: '$IMAGE:latest' stays at commit $NEW"
	expect_equal "$(told)" "$OLD main"
}
