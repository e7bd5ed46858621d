#!/usr/bin/env bats
# push --from: a file that was built elsewhere goes to a registry by our own client, without any daemon. Real registries:
# one behind gate.py, which asks for tokens or passwords, one with TLS and a password.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper
load gate

# there is no daemon here
need_engine() { DOCKER_HOST=unix://$T/no-engine.sock; }

setup() { gate_setup; }

# layout OPTION...: as the folder $T/l and the archive $T/l.tar; sets ROOTDIGEST
layout()
{
	rm -rf "$T/l" "$T/l.tar"
	ROOTDIGEST=$(python3 "$ROOT/tests/integration/layout.py" "$T/l" "$@")
	tar -C "$T/l" -cf "$T/l.tar" .
}

INDEX='Accept: application/vnd.oci.image.index.v1+json'

# stored DIGEST BASE [curl option]...: the bytes that the registry has under it, which is a manifest or a blob
stored()
{
	local kind
	for kind in manifests blobs; do
		curl -sSf "${@:3}" -o "$T/stored" "$2/$kind/$1" \
			-H "$INDEX, application/vnd.oci.image.manifest.v1+json" \
			2>/dev/null && return
	done
	fail "the registry lacks $1"
}

# expect_same BASE [curl option]...: what lies in $T/l is there, byte for byte
expect_same()
{
	local file
	for file in "$T"/l/blobs/sha256/*; do
		stored "sha256:${file##*/}" "$@"
		cmp "$file" "$T/stored" || fail "$file differs"
	done
}

mirror_url() { printf 'http://%s/v2/group/%s\n' "$BT_MIRROR" "$NAME"; }

# sent_blobs: uploads that were finished, one line each
sent_blobs() { grep -oE '^(PUT|POST) .*digest=sha256(:|%3A)[0-9a-f]{64} 201' "$LOG" | grep -oE '[0-9a-f]{64}'; }

# --- what is published -----------------------------------------------------------------------------------------------

@test "a folder and an archive are published byte for byte, several platforms with attestations, by token and by password" {
	gitlab main
	layout --platforms 3
	gate --auth bearer --user builder --password "$PASSWORD"
	login "$PASSWORD"
	push_ok --from "$T/l"
	expect_equal "$output" "$(printf '%s\n' "$IMAGE:$SHA@$ROOTDIGEST" "$IMAGE:main@$ROOTDIGEST" "$IMAGE:latest@$ROOTDIGEST")"
	expect_same "$(mirror_url)"
	expect_published "$SHA latest main"
	expect_not_in "$stderr" 'warning'

	start_peers registry
	IMAGE=$BT_REGISTRY/group/$NAME
	given "CI_REGISTRY_USER=$BT_REGISTRY_USER" "CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD"
	given "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$IMAGE" "SSL_CERT_FILE=$BT_REGISTRY_CA"
	push_ok --from ../l.tar
	expect_in "$output" "^$IMAGE:main@$ROOTDIGEST\$"
	expect_same "https://$BT_REGISTRY/v2/group/$NAME" --cacert "$BT_REGISTRY_CA" -u "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD"
	expect_not_in "$stderr" 'warning|sesame|pass word'
}

@test "skopeo reads what was published, and what skopeo wrote is published" {
	gitlab main
	layout --platforms 2
	gate
	push_ok --from "$T/l.tar"
	skopeo copy -q --all --preserve-digests --src-tls-verify=false "docker://$BT_MIRROR/group/$NAME:main" "oci:$T/copy:1"
	diff -r "$T/l/blobs" "$T/copy/blobs" || fail 'the copy is another'
	expect_equal "$(skopeo inspect --tls-verify=false --format '{{.Digest}} {{.Os}}' "docker://$BT_MIRROR/group/$NAME:$SHA")" "$ROOTDIGEST linux"

	skopeo --override-arch arm64 copy -q "oci:$T/copy:1" "oci-archive:$T/one.tar:name"
	push_ok --from "$T/one.tar"
	expect_equal "$(skopeo inspect --tls-verify=false --format '{{.Architecture}}' "docker://$BT_MIRROR/group/$NAME:main")" arm64
}

@test "P-03 P-04 blobs, then manifests, then the index, then tags, each once; a second time nothing is sent" {
	local want
	gitlab main
	layout --platforms 2
	gate
	push_ok --from "$T/l.tar"
	expect_equal "$(grep 'Pushing tag' <<<"$stderr")" \
		"$(for tag in "$SHA" main latest; do echo "Pushing tag '$IMAGE:$tag'"; done)"
	expect_equal "$(sent_blobs | sort | uniq -d)" ''
	want=$(jq -r '.manifests[].digest' "$T/l/blobs/sha256/${ROOTDIGEST#*:}")
	expect_equal "$(grep '^PUT.* 201' "$LOG" | grep -o 'manifests/[^ ]*' | cut -d / -f 2)" \
		"$(printf '%s\n' "$want" "$ROOTDIGEST" "$SHA" main latest)"
	# no blob behind the first manifest
	expect_not_in "$(sed '1,/^PUT .*manifests/d' "$LOG")" 'blobs'

	: >"$LOG"
	push_ok --from "$T/l"
	expect_equal "$(sent_blobs)" ''
	expect_error '^0 of [0-9]+ blobs sent, 0 bytes'
	expect_equal "$(grep -c '^POST' "$LOG")" 1 # whether we may push
}

@test "P-10 P-11 what it came to: outputs, files, -q" {
	gate
	layout
	given "IMAGE_NAME=$NAME" GITHUB_ACTIONS=true "GITHUB_OUTPUT=$T/github" "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main
	: >"$T/github"
	push_ok --from "$T/l" --metadata-file "$T/metadata" --env-file "$T/env" -q
	expect_equal "$output" "$ROOTDIGEST"
	expect_in "$(cat "$T/github")" "^digest=$ROOTDIGEST\$"
	expect_equal "$(jq -r '."containerimage.digest"' "$T/metadata")" "$ROOTDIGEST"
	expect_in "$(cat "$T/env")" "^IMAGE_DIGEST='?$IMAGE@$ROOTDIGEST"
}

@test "blobs of the base image are taken over from its repository" {
	local shared
	gitlab main
	layout --seed common --base "$BT_MIRROR/group/base-$NAME:1"
	skopeo copy -q --preserve-digests --dest-tls-verify=false "oci:$T/l:1" "docker://$BT_MIRROR/group/base-$NAME:1"
	gate --auth bearer --user builder --password "$PASSWORD"
	login "$PASSWORD"
	layout --seed common --base "$REG/group/base-$NAME:1"
	push_ok --from "$T/l.tar"
	expect_error 'blobs sent.* taken over from another repository'
	expect_in "$(cat "$LOG")" "^POST .*[?]mount=sha256:[0-9a-f]*&from=group/base-$NAME 201"
	expect_in "$(cat "$LOG")" "^GET /token.* 200 repository:group/$NAME:pull,push repository:group/base-$NAME:pull"
	expect_equal "$(sent_blobs)" ''
	expect_same "$(mirror_url)"
}

@test "what is about the image comes along, and is found from it where the registry keeps no list" {
	gitlab main
	layout --about --platforms 1
	gate
	push_ok --from "$T/l"
	expect_same "$(mirror_url)"
	curl -sSf -H "$INDEX" "$(mirror_url)/manifests/sha256-${ROOTDIGEST#*:}" >"$T/list"
	expect_equal "$(jq -r '.manifests | length' "$T/list")" 1
	expect_equal "$(jq -r '.manifests[0] | .artifactType, .annotations.a' "$T/list" | paste -sd ' ')" 'application/x-note b'
	push_ok --from "$T/l"
	expect_equal "$(curl -sSf -H "$INDEX" "$(mirror_url)/manifests/sha256-${ROOTDIGEST#*:}")" "$(cat "$T/list")"
}

# --- exit codes ------------------------------------------------------------------------------------------------------

@test "P-01 P-02 P-12 R-07 every step has its exit status; BUILDKIT_HOST and the Dockerfile do not matter" {
	layout
	push --from
	expect_failure 255 'from'
	gitlab main
	push --from "$T/l"
	expect_failure 249 'push not supported by registry'
	gate
	given BUILDKIT_HOST=unix:///none.sock
	push --from "$T/none.tar"
	expect_failure 249 'none.tar'
	push --from "$CTX"
	expect_failure 249 "no OCI image layout: it has no 'oci-layout'"
	expect_error "^hint: .*type=oci"
	layout --twice
	push --from "$T/l.tar"
	expect_failure 249 'several images: 1, sha256:'
	expect_error '^hint: .*PATH:NAME'
	push --from "$T/l.tar:2"
	expect_failure 249 "holds no image '2'"
	expect_published ''
	push_ok --from "$T/l.tar:1"
	expect_in "$output" "$ROOTDIGEST"
	layout
	push_ok --from "$T/l.tar"
	: >"$CTX/Dockerfile"
	push_ok --from "$T/l.tar"
	given CI_COMMIT_SHA= CI_COMMIT_REF_NAME=
	push --from "$T/l.tar"
	expect_failure 250 'missing'
	file .buildtools.yaml 'registry: ['
	push --from "$T/l.tar"
	expect_failure 254 'buildtools.yaml'
}

@test "R-11 R-12 a wrong password is 253, --no-login sends none" {
	local auth
	gitlab main
	layout
	for auth in basic bearer; do
		gate --auth "$auth" --user builder --password "$PASSWORD"
		login 'wrong sesame'
		push --from "$T/l"
		expect_failure 253 'credentials of CI_JOB_TOKEN.*401'
		expect_not_in "$stderr" 'sesame'
		push --no-login --from "$T/l"
		expect_failure 249 '401'
		expect_equal "$(written)" ''
	done
	gate
	push_ok --no-login --from "$T/l"
	expect_not_in "$(cat "$LOG")" ' builder$'
}

@test "a tag that may not be written again is no failure when it is this very image, and one when it is not" {
	gate --immutable
	gitlab feature
	layout
	push_ok --from "$T/l"
	push_ok --from "$T/l.tar"
	expect_error 'is this very image already'
	layout --seed other
	push --from "$T/l"
	expect_failure 249 "push '$IMAGE:$SHA'.*immutable"
}

# --- accidents -------------------------------------------------------------------------------------------------------

@test "registries that are busy, broken or cut off are asked again" {
	local what
	gitlab main
	layout
	for what in 429 503 cut; do
		layout --seed "$what"
		gate --fault PUT '/blobs/uploads/' "$what" 1 --fault PUT '/manifests/main$' "$what" 1 --fault HEAD '/blobs/' "$what" 1
		PUSH_FLAGS=(--retry-for 60s)
		push_ok --from "$T/l"
		expect_error 'trying again in'
		expect_equal "$(written)" "$(printf '%s\n' "$SHA" main latest)"
		expect_same "$(mirror_url)"
	done
	layout --seed end
	gate --fault PUT '/blobs/uploads/' 503 1
	PUSH_FLAGS=(--retry-for 0)
	push --from "$T/l"
	expect_failure 249 '503 UNAVAILABLE: asked to fail with 503'
	expect_not_in "$stderr" 'trying again'
}

@test "a proxy that limits requests gets pieces, which go on where they broke off" {
	gitlab main
	layout --layer 3000000
	gate --limit 2000000 --fault PATCH '/blobs/uploads/' cut 1
	PUSH_FLAGS=(--retry-for 60s)
	push_ok --from "$T/l.tar"
	expect_equal "$(grep -c '^PATCH .* 202 ' "$LOG")" 3
	expect_in "$(cat "$LOG")" '^GET .*/blobs/uploads/.* 204 '
	expect_same "$(mirror_url)"
}

@test "a registry that lacks what it said to have gets all of it again, once" {
	gitlab main
	layout
	gate --fault PUT '/manifests/sha256' 404 1
	push_ok --from "$T/l"
	expect_error 'warning: .*404 MANIFEST_BLOB_UNKNOWN.*sending all blobs again'
	expect_error '^3 of 3 blobs sent'
	expect_equal "$(sent_blobs | sort | uniq -c | awk '{print $1}' | paste -sd ' ')" '2 2 2'
	expect_same "$(mirror_url)"
	layout --seed more
	gate --fault PUT '/manifests/sha256' 404 2
	push --from "$T/l"
	expect_failure 249 '404 MANIFEST_BLOB_UNKNOWN'
}

@test "a token that ends in the middle is renewed, and the same is sent again" {
	gitlab main
	layout
	gate --auth bearer --user builder --password "$PASSWORD" --uses 5
	login "$PASSWORD"
	push_ok --from "$T/l"
	expect_same "$(mirror_url)"
	[ "$(grep -c '^GET /token' "$LOG")" -gt 3 ] || fail 'the token did not end'
}

@test "a signal ends it: 143, nothing is tagged" {
	local pid
	gitlab main
	layout
	gate --fault PUT '/manifests/' 503 100
	clean_env
	"${CLEAN[@]}" "$BT_BIN/push" --retry-for 5m --from "$T/l" </dev/null >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	PIDS+=("$pid")
	await 20 grep -q 'trying again' "$T/err" || fail "$(cat "$T/err")"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	stderr=$(cat "$T/err") output=$(cat "$T/out")
	expect_failure 143 ''
	expect_published ''
}

# --- bad files -------------------------------------------------------------------------------------------------------

@test "files that are not what they say: nothing is tagged" {
	local layer
	gitlab main
	gate
	layout --flip
	push --from "$T/l.tar"
	expect_failure 249 "blob 'sha256:[0-9a-f]*'.*is not what stands under that name"
	layout
	layer=$(find "$T/l/blobs/sha256" -size -1200c -size +900c | head -n 1)
	mv "$layer" "$T/aside"
	ln -s "$T/aside" "$layer"
	push --from "$T/l"
	expect_failure 249 'is a symlink, which is not followed'
	truncate -s 5000 "$T/l.tar"
	push --from "$T/l.tar"
	expect_failure 249 'cut off'
	gzip -k "$T/l.tar"
	push --from "$T/l.tar.gz"
	expect_failure 249 'compressed'
	expect_published ''
}

@test "an archive of any size takes little memory" {
	gitlab main
	gate
	given "CI_REGISTRY=$BT_MIRROR" "CI_REGISTRY_IMAGE=$BT_MIRROR/group/$NAME"
	layout --layer 150000000
	clean_env
	"${CLEAN[@]}" /usr/bin/time -o "$T/time" -f %M "$BT_BIN/push" --from "$T/l.tar" >"$T/out" 2>"$T/err" || fail "$(cat "$T/err")"
	[ "$(tail -n 1 "$T/time")" -lt 12000 ] || fail "$(cat "$T/time") KB"
	expect_published "$SHA latest main"
}

# --- registries that mean ill, or are set up strangely ---------------------------------------------------------------

@test "insecure is for the registry alone: its token server on another host is verified all the same" {
	eval "$("$ROOT/ci/peers.sh" start registry 2>/dev/null; "$ROOT/ci/peers.sh" env registry)"
	gitlab main
	layout
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout "$T/own.key" -out "$T/own.pem" 2>/dev/null
	cat "$T/own.key" >>"$T/own.pem"
	cat "${BT_REGISTRY_CA%/*}/server.pem" "${BT_REGISTRY_CA%/*}/server.key" >"$T/tokens.pem"
	gate --tls "$T/own.pem" --token-tls "$T/tokens.pem" --auth bearer --user builder --password "$PASSWORD"
	login "$PASSWORD"
	push --from "$T/l"
	expect_failure 249 'not trusted'
	file .buildtools.yaml 'registry: {gitlab: {insecure: true}}'
	push --from "$T/l"
	expect_failure 249 "token server.*not trusted"
	expect_not_in "$(cat "$LOG")" '/token'
	given "SSL_CERT_FILE=$BT_REGISTRY_CA"
	push_ok --from "$T/l"
	expect_in "$(cat "$LOG")" "^GET /token.* 200 "
	expect_same "$(mirror_url)"
}

@test "an answer without end is refused at its limit, and takes little memory" {
	gitlab main
	layout --about
	gate --flood '/manifests/sha256-'
	clean_env
	status=0
	"${CLEAN[@]}" /usr/bin/time -o "$T/time" -f %M "$BT_BIN/push" --retry-for 0 --from "$T/l" >"$T/out" 2>"$T/err" || status=$?
	stderr=$(cat "$T/err") output=$(cat "$T/out")
	expect_failure 249 'larger than 4194304 bytes'
	[ "$(tail -n 1 "$T/time")" -lt 24000 ] || fail "$(cat "$T/time") KB"
	expect_published ''
}
