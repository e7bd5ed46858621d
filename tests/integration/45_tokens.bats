#!/usr/bin/env bats
# A registry whose tokens come from a token server, and who asks that one: user and password stay in this program.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper
load buildkit

TOKEN_USER=builder
TOKEN_PASSWORD=s3cret-of-the-registry

# every test has a registry and a token server of its own, and a private image to build from
setup()
{
	buildkit_setup
	tokens
	need_command skopeo skopeo
	base 1
}

# base TAG: the private image gets that tag, and is what is built from
base()
{
	skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false --dest-creds "$TOKEN_USER:$TOKEN_PASSWORD" \
		"docker://$BT_MIRROR/library/busybox:test" "docker://$REG/private/base:$1"
	dockerfile <<-END
		FROM $REG/private/base:$1
		RUN echo built >/file
	END
	: >"$T/tokens.log"
}

# tokens: sets REG, the registry's address
tokens()
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=tokens' -keyout "$T/tokens.key" \
		-out "$T/tokens.pem" 2>/dev/null
	python3 "$ROOT/tests/integration/tokens.py" --ready "$T/tokens" --log "$T/tokens.log" --cert "$T/tokens.pem" \
		--key "$T/tokens.key" --user "$TOKEN_USER:$TOKEN_PASSWORD" --busy "$T/busy" </dev/null >"$T/tokens.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/tokens" || fail "the token server does not start: $(cat "$T/tokens.out")"
	cat >"$T/registry.yml" <<-END
		version: 0.1
		log: {level: info, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: "$T/registry"}}
		http: {addr: "127.0.0.1:0"}
		auth:
		  token:
		    realm: "http://$(cat "$T/tokens")/token"
		    service: registry.test
		    issuer: buildtools tests
		    rootcertbundle: "$T/tokens.pem"
	END
	need_command docker-registry docker-registry
	env -i PATH="$PATH" docker-registry serve "$T/registry.yml" </dev/null >"$T/registry.log" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 grep -q 'listening on' "$T/registry.log" || fail "the registry does not start: $(cat "$T/registry.log")"
	REG=$(sed -n 's/.*listening on \([0-9.:]*\).*/\1/p' "$T/registry.log")
}

# stored USER PASSWORD: in the configuration of Docker, for that registry
stored()
{
	mkdir -p "$T/home/.docker"
	printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$REG" "$(printf '%s:%s' "$1" "$2" | base64 -w 0)" \
		>"$T/home/.docker/config.json"
}

# published: the project's image goes to that registry
published()
{
	gitlab main
	IMAGE=$REG/$REPO
	given "CI_REGISTRY=$REG" "CI_REGISTRY_IMAGE=$IMAGE" \
		"CI_REGISTRY_USER=$TOKEN_USER" "CI_JOB_TOKEN=$TOKEN_PASSWORD"
}

# askers: the programs that the token server was asked by, without versions, on one line
askers() { jq -r .agent "$T/tokens.log" | sed 's|/.*||' | LC_ALL=C sort -u | paste -sd ' '; }

# asked SCOPE: how often a token for it was asked for
asked() { jq -r '.scopes[]' "$T/tokens.log" | tr ' ' '\n' | grep -cFx "$1" || true; }

went_over() { grep -rqF "$TOKEN_PASSWORD" "$T/rec"; }

# only_tokens_go_over SOCKET: to that Engine; unless it is to fetch tokens itself, which shows that we look in the right
# place
only_tokens_go_over()
{
	builder ''
	gitlab main
	stored "$TOKEN_USER" "$TOKEN_PASSWORD"
	IMAGE=noregistry/$NAME
	SOCKET=$1
	DOCKER_HOST=unix://$SOCKET
	recorded
	bt_build_ok
	expect_equal "$(askers)" buildtools
	! went_over || fail 'the daemon was told the password'
	unproxied
	given BUILDKIT_NO_CLIENT_TOKEN=1
	base 2
	recorded
	bt_build_ok
	went_over || fail 'the password was looked for in the wrong place'
	unproxied
}

@test "BuildKit pulls a private base and pushes with tokens that were fetched here" {
	published
	watched
	bt_build_ok
	expect_equal "$(askers)" buildtools
	[ "$(asked repository:private/base:pull)" -ge 1 ] || fail 'no token for the base' "$(cat "$T/tokens.log")"
	[ "$(asked "repository:$REPO:pull,push")" -ge 1 ] || fail 'no token for the push' "$(cat "$T/tokens.log")"
	! went_over || fail 'the daemon was told the password'
	skopeo inspect --tls-verify=false --creds "$TOKEN_USER:$TOKEN_PASSWORD" "docker://$IMAGE:main" >/dev/null
}

@test "BUILDKIT_NO_CLIENT_TOKEN leaves it to the daemon, which gets the password then" {
	published
	given BUILDKIT_NO_CLIENT_TOKEN=1
	watched
	bt_build_ok
	expect_in "$(askers)" 'containerd|buildkit'
	went_over || fail 'the password was looked for in the wrong place'
}

@test "an Engine pulls a private base with tokens that were fetched here" {
	only_tokens_go_over "$BT_ENGINE_SOCKET"
}

@test "an Engine of today pulls a private base with tokens that were fetched here" {
	[ -n "${BT_ENGINE_NEW_SOCKET:-}" ] || eval "$("$ROOT/ci/peers.sh" env engine-new)" ||
		fail 'no Engine of today: ci/peers.sh start engine-new brings it up'
	only_tokens_go_over "$BT_ENGINE_NEW_SOCKET"
}

@test "what the token server has to say reaches the user" {
	gitlab main
	stored "$TOKEN_USER" wrong
	bt_build
	expect_failure 255 'nobody knows that password'
	expect_equal "$(askers)" buildtools
}

@test "a token server that is busy for a while costs a retry" {
	gitlab main
	stored "$TOKEN_USER" "$TOKEN_PASSWORD"
	# what one request for a token puts up with
	echo 5 >"$T/busy"
	bt_build_ok --retry-for 60s
	expect_error 'answered 503.*trying again'
	expect_equal "$(cat "$T/busy")" 0
}

@test "K-19 the daemon keeps a token for the client that it got it from, and for nobody else" {
	local before
	gitlab main
	stored "$TOKEN_USER" "$TOKEN_PASSWORD"
	bt_build_ok
	before=$(asked repository:private/base:pull)
	[ "$before" -ge 1 ] || fail 'no token for the base' "$(cat "$T/tokens.log")"
	expect_equal "$(stat -c %a "$T/home/.docker/.token_seed")" 600
	bt_build_ok
	expect_equal "$(asked repository:private/base:pull)" "$before"
	# the same password and another seed
	rm "$T/home/.docker/.token_seed"
	bt_build_ok
	[ "$(asked repository:private/base:pull)" -gt "$before" ] || fail 'a token that somebody else got was used'
	rm -r "$T/home/.docker"
	bt_build
	expect_failure 255 '401|[Uu]nauthorized|authoriz'
}

@test "push --from shows its tokens itself, for the repository and for the one that blobs are taken over from" {
	local digest
	published
	skopeo copy -q --preserve-digests --src-tls-verify=false --src-creds "$TOKEN_USER:$TOKEN_PASSWORD" \
		"docker://$REG/private/base:1" "oci:$T/l:1"
	digest=$(python3 "$ROOT/tests/integration/layout.py" "$T/own" --platforms 2)
	bt_push --from "$T/own"
	expect_status 0
	expect_in "$output" "^$IMAGE:main@$digest\$"
	expect_in "$(cat "$T/tokens.log")" "buildtools.*repository:$REPO:pull,push.*200"

	# the same layers, of an image that says where they come from
	python3 - "$T/l" "$REG/private/base:1" <<-'END'
		import hashlib, json, pathlib, sys
		blobs = pathlib.Path(sys.argv[1], "blobs", "sha256")
		top = pathlib.Path(sys.argv[1], "index.json")
		index = json.loads(top.read_text())
		manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())
		manifest["annotations"] = {"org.opencontainers.image.base.name": sys.argv[2]}
		data = json.dumps(manifest).encode()
		name = hashlib.sha256(data).hexdigest()
		(blobs / name).write_bytes(data)
		index["manifests"][0].update(digest="sha256:" + name, size=len(data))
		top.write_text(json.dumps(index))
	END
	bt_push --from "$T/l"
	expect_status 0
	expect_error '^0 of 2 blobs sent, 0 bytes; others were taken over'
	expect_in "$(cat "$T/tokens.log")" "buildtools.*repository:$REPO:pull,push.*repository:private/base:pull.*200"
	skopeo inspect --tls-verify=false --creds "$TOKEN_USER:$TOKEN_PASSWORD" "docker://$IMAGE:main" >/dev/null
}
