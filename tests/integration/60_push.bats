#!/usr/bin/env bats
# Checklist rows P-*, R-11, R-12: what the Engine has goes to a registry, once, whole, and with good credentials only.
# A real registry stands behind gate.py, which asks for credentials, checks them, and fails on request.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper
load gate

setup() { gate_setup; }

simple()
{
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo built >/file
	END
}

staged()
{
	dockerfile <<-'END'
		FROM busybox:test AS compile
		RUN echo made >/made
		FROM scratch AS export
		COPY --from=compile /made /
		FROM compile
		RUN echo last >/last
	END
}

# config_of TAG: digest of the image's configuration, which is its id in the Engine
config_of() { skopeo inspect --tls-verify=false --raw "docker://$BT_MIRROR/group/$NAME:$1" | jq -r .config.digest; }

# --- what is pushed --------------------------------------------------------------------------------------------------

@test "P-03 P-04 P-05 P-06 exactly the planned tags go out, once each, in order; other tags and export stages stay" {
	gate
	gitlab main
	staged
	bt_build_ok
	api POST "/images/$IMAGE:main/tag?repo=$IMAGE&tag=private" >/dev/null
	push_ok
	expect_published "$SHA compile latest main"
	expect_equal "$(written)" "$(printf '%s\n' compile "$SHA" main latest)"
	expect_equal "$(grep "Pushing tag" <<<"$stderr")" \
		"$(for tag in compile "$SHA" main latest; do echo "Pushing tag '$IMAGE:$tag'"; done)"
	expect_equal "$(config_of main)" "$(image_id "$IMAGE:main")"
	expect_equal "$(digest_of latest)" "$(digest_of "$SHA")"
}

@test "P-09 P-10 P-11 the digest that is told is that of the commit's tag, though a stage was pushed first" {
	gate
	given "IMAGE_NAME=$NAME" GITHUB_ACTIONS=true "GITHUB_OUTPUT=$T/github" "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main
	: >"$T/github"
	staged
	bt_build_ok
	: >"$T/github"
	push_ok --metadata-file "$T/metadata" --env-file "$T/env"
	[ "$(digest_of compile)" != "$(digest_of "$SHA")" ] || fail 'the stage is the image'
	expect_in "$(cat "$T/github")" "^digest=$(digest_of "$SHA")\$"
	expect_in "$(cat "$T/github")" "^image-name=$IMAGE\$"
	expect_equal "$(jq -r '."containerimage.digest"' "$T/metadata")" "$(digest_of "$SHA")"
	expect_in "$(cat "$T/env")" "$(digest_of "$SHA")"
}

@test "P-13 latest is pushed from the default branch only; --no-stages leaves the stages out" {
	gate
	gitlab feature
	staged
	bt_build_ok
	push_ok --no-stages
	expect_published "$SHA feature"
}

@test "P-02 with BUILDKIT_HOST nothing is pushed and nobody is asked" {
	gate
	gitlab main
	simple
	given BUILDKIT_HOST=unix:///none.sock
	push_ok
	expect_error 'BUILDKIT_HOST is set - images were pushed during build, skipping push'
	expect_equal "$(cat "$LOG")" ''
}

# --- exit codes ------------------------------------------------------------------------------------------------------

@test "P-01 P-12 R-07 every step has its exit status" {
	push --no-such-flag
	expect_failure 255 'no-such-flag'
	gitlab main
	simple
	push
	expect_failure 249 'push not supported by registry'
	gate
	rm "$CTX/Dockerfile"
	push
	expect_failure 251 'Dockerfile'
	simple
	push
	expect_failure 249 'build.*first'
	expect_published ''
	given CI_COMMIT_SHA= CI_COMMIT_REF_NAME=
	push
	expect_failure 250 'missing'
	file .buildtools.yaml 'registry: ['
	push
	expect_failure 254 'buildtools.yaml'
}

@test "P-03 P-07 the first tag that is refused ends it, in the registry's words" {
	gate --fault PUT '/manifests/main$' 403 1
	gitlab main
	simple
	bt_build_ok
	push
	expect_failure 249 "push '$IMAGE:main'.*(asked to fail with 403|denied|403)"
	expect_published "$SHA"
}

@test "an image that is missing in the Engine is told before anything is pushed" {
	gate
	gitlab main
	simple
	bt_build_ok
	api DELETE "/images/$IMAGE:latest" >/dev/null
	push
	expect_failure 249 "$IMAGE:latest"
	expect_published ''
}

# --- accidents -------------------------------------------------------------------------------------------------------

@test "registries that are busy, broken or cut off are asked again" {
	local what
	gitlab main
	simple
	for what in 429 500 502 503 504 cut; do
		gate --fault PUT "/manifests/$SHA\$" "$what" 1
		bt_build_ok
		PUSH_FLAGS=(--retry-for 60s)
		push_ok
		expect_error 'trying again in'
		expect_equal "$(written)" "$(printf '%s\n' "$SHA" main latest)"
	done
	expect_published "$SHA latest main"
}

@test "with --retry-for 0 the first accident is the end" {
	gate --fault PUT "/manifests/$SHA\$" 503 1
	gitlab main
	simple
	bt_build_ok
	push
	expect_failure 249 '503'
	expect_not_in "$stderr" 'trying again'
}

@test "a tag that may not be written again is no failure when it is this very image, and one when it is not" {
	local first
	gate --immutable
	gitlab feature
	simple
	bt_build_ok
	push_ok --metadata-file "$T/first"
	first=$(digest_of "$SHA")
	push_ok --metadata-file "$T/second"
	expect_error 'is this very image already'
	expect_equal "$(jq -r '."containerimage.digest"' "$T/second")" "$first"

	file other
	dockerfile <<-'END'
		FROM busybox:test
		COPY other /
	END
	bt_build_ok
	push
	expect_failure 249 'immutable'
	expect_equal "$(digest_of "$SHA")" "$first"
}

# --- credentials -----------------------------------------------------------------------------------------------------

@test "R-11 a wrong password: build 255 before anything is built, push 253, the cause is shown and the password is not" {
	local auth
	gitlab main
	simple
	for auth in basic bearer; do
		gate --auth "$auth" --user builder --password "$PASSWORD"
		login 'wrong sesame'
		FLAGS=(--no-pull --retry-for 0)
		bt_build
		expect_failure 255 'credentials of CI_JOB_TOKEN.*(401|authentication required|incorrect)'
		expect_not_in "$stderr" 'sesame'
		expect_no_image "$IMAGE:main"
		bt_build_ok --no-login
		push
		expect_failure 253 'credentials of CI_JOB_TOKEN.*(401|authentication required|incorrect)'
		expect_not_in "$stderr" 'sesame'
		expect_equal "$(written)" ''
	done
}

@test "R-11 good passwords and tokens are taken" {
	local auth
	simple
	for auth in basic bearer; do
		gate --auth "$auth" --user builder --password "$PASSWORD"
		login "$PASSWORD"
		gitlab main
		FLAGS=(--no-pull --retry-for 0)
		bt_build_ok
		push_ok
		expect_not_in "$stderr" 'warning'
		expect_equal "$(written)" "$(printf '%s\n' "$SHA" main latest)"
		expect_not_in "$output$stderr" 'sesame'
	done
	expect_in "$(cat "$LOG")" "^GET /token[?].* 200 .*repository:group/$NAME:pull,push"
	# the question whether we may push leaves nothing behind
	expect_in "$(cat "$LOG")" "^DELETE /v2/group/$NAME/blobs/uploads/.* 204"
}

@test "R-11 a token that is good for pulling only is found out before anything is pushed" {
	gate --auth bearer --user builder --password "$PASSWORD" --grant pull
	login "$PASSWORD"
	gitlab main
	# no layers: the Engine tries those again for a minute
	dockerfile <<<$'FROM scratch\nLABEL a=b'
	bt_build_ok
	push
	expect_failure 253 "not good for '$IMAGE'"
	expect_equal "$(written)" ''
	push --no-login
	expect_failure 249 'unauthorized|authentication|denied'
}

@test "R-12 --no-login asks nobody beforehand and pushes without credentials" {
	gate
	login "$PASSWORD"
	gitlab main
	simple
	bt_build_ok
	expect_not_in "$(cat "$LOG")" 'POST|GET /v2/ '
	push_ok --no-login
	expect_not_in "$(cat "$LOG")" ' builder$'
	expect_published "$SHA latest main"
}

# bad_credentials PATTERN: build and push end before anything is asked or built, and show no content
bad_credentials()
{
	bt_build
	expect_failure 255 "$1"
	expect_not_in "$stderr" 's3cret'
	push
	expect_failure 253 "$1"
	expect_not_in "$stderr" 's3cret'
	expect_equal "$(cat "$LOG")" ''
	expect_no_image "$IMAGE:main"
}

@test "R-10 stored credentials that are of no use: the file and the field are named, nothing else happens" {
	local config=$T/home/.docker/config.json
	gate --auth basic --user builder --password "$PASSWORD"
	gitlab main
	simple
	FLAGS=(--no-pull --retry-for 0)
	mkdir "$T/home/.docker"
	: >"$config"
	bad_credentials "'$config' is empty"
	echo '{"auths": {"r.x": {"auth": "s3cret' >"$config"
	bad_credentials "'$config'"
	echo '{"auths": {"r.x": {"auth": "s3cret!"}}}' >"$config"
	bad_credentials "'$config'.*auth"
	echo '{"auths": {"r.x": {"password": "s3cret"}}}' >"$config"
	bad_credentials "'$config'.*r\.x"
	rm "$config"
	mkdir "$config"
	bad_credentials "'$config'"
	rmdir "$config"
	given 'DOCKER_AUTH_CONFIG={"auths": ["s3cret"]}'
	bad_credentials "'DOCKER_AUTH_CONFIG'.*'auths' is not an object"
	given DOCKER_AUTH_CONFIG= "PATH=$BT_BIN:$T/bin:/usr/bin:/bin"
	echo '{"credsStore": "vault"}' >"$config"
	printf '#!/bin/sh\necho "Secret: s3cret"\n' >"$T/bin/docker-credential-vault"
	chmod 755 "$T/bin/docker-credential-vault"
	bad_credentials "'docker-credential-vault' answers something that is not JSON for '$REG'"
	printf '#!/bin/sh\necho "vault is sealed"; exit 1\n' >"$T/bin/docker-credential-vault"
	bad_credentials "docker-credential-vault.*'$REG': vault is sealed"
	echo "{\"credHelpers\": {\"$REG\": \"none\"}}" >"$config"
	bad_credentials "'$config' asks for docker-credential-none for '$REG', but it is not on PATH"
	# with --no-login nobody looks
	bt_build_ok --no-login
}

@test "R-09 R-10 a registry in two places: the file counts and both are named; a typo names the variable and the field" {
	gate
	gitlab main
	simple
	file .buildtools.yaml 'registry: {quay: {repository: team}}'
	bt_build --dry-run
	expect_status 0
	expect_equal "$(jq -r .image <<<"$output")" "quay.io/team/$NAME"
	expect_error "warning: .*registry 'Quay.io' of .*buildtools.yaml.* is used, although the CI offers 'Gitlab' by CI_REGISTRY"
	rm "$CTX/.buildtools.yaml"
	given "CI_REGISTRY=$REG" "CI_REGISTRY_IMAGE=registry.example.com:50o0/group/$NAME"
	bt_build
	expect_failure 255 "'CI_REGISTRY_IMAGE': registry.gitlab.repository: .*'50o0' is no port"
	push
	expect_failure 254 "'CI_REGISTRY_IMAGE': registry.gitlab.repository: .*'50o0' is no port"
	expect_equal "$(cat "$LOG")" ''
}

@test "without credentials where some are wanted: where they were looked for is said" {
	gate --auth basic --user builder --password "$PASSWORD"
	gitlab main
	simple
	bt_build_ok
	push
	expect_failure 253 'wants credentials'
	expect_error '^hint: no credentials were found'
}

@test "a registry that cannot be reached is a warning to a build that does not push, and push says why it failed" {
	gitlab main
	given CI_REGISTRY=127.0.0.1:1 "CI_REGISTRY_IMAGE=127.0.0.1:1/group/$NAME"
	IMAGE=127.0.0.1:1/group/$NAME
	cleaned "$IMAGE"
	login "$PASSWORD"
	simple
	FLAGS=(--no-pull --retry-for 0)
	bt_build_ok
	expect_error "warning: .*'127\.0\.0\.1:1' cannot be checked"
	PUSH_FLAGS=(--retry-for 60s)
	push
	expect_failure 249 '[Cc]onnection refused'
}

@test "a registry that is busy when it is asked beforehand is asked again" {
	gate --auth basic --user builder --password "$PASSWORD" --fault POST '/blobs/uploads/$' 503 2
	login "$PASSWORD"
	gitlab main
	simple
	bt_build_ok
	push_ok
	expect_not_in "$stderr" 'warning'
}

# --- TLS and doctor --------------------------------------------------------------------------------------------------

@test "doctor says what the registry said: TLS by 'ca' of the configuration, passwords, rights" {
	start_peers registry
	gitlab main
	simple
	given "CI_REGISTRY_USER=$BT_REGISTRY_USER" "CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD"
	given "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$BT_REGISTRY/group/$NAME"
	run_clean "$BT_BIN/buildtools" doctor
	expect_status 1
	expect_in "$output" '^problem  registry: .*not trusted'

	file .buildtools.yaml "registry: {gitlab: {ca: $BT_REGISTRY_CA}}"
	run_clean "$BT_BIN/buildtools" doctor
	expect_status 0
	expect_in "$output" "^ok +registry: .* lets us push to 'group/$NAME', credentials from CI_JOB_TOKEN"

	given CI_JOB_TOKEN=wrong
	run_clean "$BT_BIN/buildtools" doctor
	expect_status 1
	expect_in "$output" '^problem  registry: the credentials of CI_JOB_TOKEN are not good.*401'
}

@test "push to a registry with TLS and a password" {
	start_peers registry
	gitlab main
	IMAGE=$BT_REGISTRY/group/$NAME
	cleaned "$IMAGE"
	given "CI_REGISTRY_USER=$BT_REGISTRY_USER" "CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD"
	given "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$IMAGE" "SSL_CERT_FILE=$BT_REGISTRY_CA"
	simple
	bt_build_ok
	push_ok
	expect_not_in "$stderr" 'warning'
	skopeo inspect --tls-verify=false --creds "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD" "docker://$IMAGE:main" >/dev/null
}
