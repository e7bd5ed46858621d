#!/usr/bin/env bats
# The Docker Engine with containerd's image store, which knows several platforms, registry caches and notes on images.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # text for another shell

load helper
load buildkit
load buildx

setup()
{
	buildkit_setup
	[ -n "${BT_ENGINE_NEW_SOCKET:-}" ] || use_peers engine-new
	SOCKET=$BT_ENGINE_NEW_SOCKET
	DOCKER_HOST=unix://$SOCKET
	FLAGS=(--no-pull --retry-for 0)
	CLEANED+=("$IMAGE" "$BT_MIRROR/$REPO")
	builder ''
}

# forget: what the Engine built, and all that it could build it from again
forget()
{
	remove_images "$IMAGE"
	api POST '/build/prune?all=1' >/dev/null
}

# files_only: two stages of files, so that other machines' images can be made
files_only()
{
	dockerfile <<-'END'
		FROM scratch AS data
		COPY one /one
		FROM scratch
		COPY --from=data /one /one
		COPY two /two
	END
	file one
	file two
}

# unwarned: no word about the image store
unwarned() { expect_not_in "$stderr" 'warning.*store|containerd-snapshotter'; }

@test "doctor names the image store" {
	gitlab main
	simple
	run_clean "$BT_BIN/buildtools" doctor
	expect_in "$output$stderr" 'containerd image store'
}

@test "an image and its stage are in the Engine under all tags, with the ids that the build told" {
	project main
	staged
	recorded
	bt_build_ok --metadata-file "$T/metadata"
	unproxied
	expect_tags "$SHA compile latest main"
	expect_equal "$(sent push)" ''
	expect_equal "$(image_id "$IMAGE:main")" "$(jq -r '."containerimage.digest"' "$T/metadata")"
	expect_equal "$(image_id "$IMAGE:latest")" "$(image_id "$IMAGE:$SHA")"
	[ "$(image_id "$IMAGE:compile")" != "$(image_id "$IMAGE:main")" ] || fail 'the stage is the image'
	expect_equal "$(cat "$CTX/exported/made")" "$(image_file "$IMAGE:main" /made)"
	expect_equal "$(image_file "$IMAGE:compile" /made)" "$(image_file "$IMAGE:main" /made)"
	unwarned
}

@test "push publishes what was built, under the ids that the Engine shows" {
	local tag
	project main
	staged
	bt_build_ok
	bt_push
	expect_status 0
	expect_pushed "$SHA compile latest main"
	for tag in main compile; do
		expect_equal "$(digest_of "$tag")" "$(image_id "$IMAGE:$tag")"
	done
	expect_in "$output" "$(digest_of "$SHA")"
	# again: nothing is new
	bt_push
	expect_status 0
}

@test "push ends with the registry's words when the password is wrong" {
	project main
	simple
	bt_build_ok
	given CI_JOB_TOKEN=wrong
	bt_push
	[ "$status" -ne 0 ] || fail 'a push that cannot be'
	expect_error '401|[Uu]nauthorized|authoriz|denied'
}

@test "K-06 several platforms with a named stage: the Engine publishes an index of each" {
	project main
	files_only
	bt_build_ok --platform linux/amd64,linux/arm64
	expect_pushed "$SHA data latest main"
	expect_equal "$(platforms_of main)" 'linux/amd64 linux/arm64'
	expect_equal "$(platforms_of data)" 'linux/amd64 linux/arm64'
	expect_equal "$(digest_of latest)" "$(digest_of "$SHA")"
	expect_in "$output" "^$IMAGE:main@$(digest_of main)\$"
	expect_in "$output" "^$IMAGE:data@$(digest_of data)\$"
	unwarned
	bt_push
	expect_status 0
	expect_equal "$(platforms_of main)" 'linux/amd64 linux/arm64'
}

@test "K-05 one foreign platform is built into the store without a warning" {
	project main
	files_only
	bt_build_ok --platform linux/arm64
	expect_tags "$SHA data latest main"
	unwarned
	expect_equal "$(image_config "$IMAGE:main" | jq -r .architecture)" arm64
}

@test "B-27 a cancelled build cancels the work of the daemon" {
	local seconds
	project main
	seconds=$(unique_seconds)
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $seconds
	END
	bt_start
	await 60 running "$seconds" || fail 'the step does not start' "$(cat "$T/bg.err")"
	kill -TERM "$BT_PID"
	bt_wait
	expect_status 143
	await 60 not_running "$seconds" || fail 'the daemon still works on it'
	expect_no_image "$IMAGE:main"
}

@test "D-04 the text of the daemon's error reaches the user" {
	project main
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo step says why >&2; exit 7
	END
	bt_build
	expect_failure 255 'step says why'
	expect_error 'exit code: 7'
}

@test "B-20 the inline cache of published images is found again by an Engine that forgot everything" {
	local made last
	project main
	staged
	bt_build_ok
	made=$(image_file "$IMAGE:main" /made)
	last=$(image_file "$IMAGE:main" /last)
	bt_push
	expect_status 0
	forget
	bt_build_ok
	expect_equal "$(image_file "$IMAGE:main" /made)" "$made"
	expect_equal "$(image_file "$IMAGE:main" /last)" "$last"
}

@test "a registry cache is published and found again" {
	local made
	project main
	staged
	file .buildtools.yaml "cache: {registry: {ref: $BT_MIRROR/$REPO:cache, mode: max}}"
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0
	expect_not_in "$stderr" 'warning.*cache'
	made=$(image_file "$IMAGE:main" /made)
	forget
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0
	expect_equal "$(image_file "$IMAGE:main" /made)" "$made"
}

@test "secrets reach the step that mounts them" {
	project main
	secret_dockerfile
	printf 'of-a-file' >"$T/plain"
	printf 'of-the-configuration' >"$T/conf"
	file .buildtools.yaml "secrets: {three: $T/conf}"
	given ONE_TOKEN=of-a-variable two=named-as-the-id
	bt_build_ok --no-cache --secret id=one,env=ONE_TOKEN --secret id=two --secret "id=four,src=$T/plain"
	expect_file "$IMAGE:main" /one "$(printf of-a-variable | md5sum | cut -c 1-32)"
	expect_file "$IMAGE:main" /two "$(printf named-as-the-id | md5sum | cut -c 1-32)"
	expect_file "$IMAGE:main" /three "$(printf of-the-configuration | md5sum | cut -c 1-32)"
	expect_file "$IMAGE:main" /four "$(printf of-a-file | md5sum | cut -c 1-32)"
	expect_not_in "$output$stderr" 'of-a-file|of-the-configuration|of-a-variable'
}

@test "provenance and annotations are kept" {
	project main
	simple
	bt_build_ok --provenance mode=min --annotation org.example.note=kept
	expect_not_in "$stderr" 'warning.*--'
	bt_push
	expect_status 0
	expect_in "$(manifest main)" 'attestation-manifest'
	expect_in "$(registry "manifests/$(manifest main | jq -r '.manifests[0].digest')" -H "$MANIFESTS")" \
		'"org\.example\.note": ?"kept"'
}

@test "-o type=oci writes what the classic store cannot: an archive of several platforms" {
	IMAGE=noregistry/$NAME
	gitlab main
	files_only
	bt_build_ok --platform linux/amd64,linux/arm64 -o "type=oci,dest=$T/oci.tar"
	mkdir "$T/oci"
	tar -xf "$T/oci.tar" -C "$T/oci"
	expect_equal "$(jq -r '.manifests[0].digest' "$T/oci/index.json" | sed "s|:|/|; s|^|$T/oci/blobs/|" |
		xargs jq -r '[.manifests[].platform.architecture] | sort | join(" ")')" 'amd64 arm64'
	# nothing but the stage
	expect_tags data
	unwarned
}
