#!/usr/bin/env bats
# One Dockerfile through every way to a daemon.

load helper
load buildkit

# layers TAG: the content digests of the published image's layers
layers() { config_of "$1" | jq -c .rootfs.diff_ids; }

# what_is_in FILE: a layer without the times of folders, which BuildKit 0.8 sets to the time of the build
what_is_in()
{
	tar -tvf "$1" --numeric-owner | awk '{ print $1, $2, $1 ~ /^d/ ? "" : $3 " " $4 " " $5, $6 }' | LC_ALL=C sort
	tar -xOf "$1" | sha256sum
}

# published TAG, loaded TAG: what is in each layer above the base image, from the registry or from the Engine
published()
{
	local layer
	for layer in $(manifest "$1" | jq -r '.layers[1:][].digest'); do
		registry "blobs/$layer" -L | gunzip >"$T/layer.tar"
		what_is_in "$T/layer.tar"
	done
}

loaded()
{
	local layer
	mkdir "$T/saved"
	api GET "/images/$IMAGE:$1/get" | tar -xC "$T/saved"
	for layer in $(jq -r '.[0].Layers[1:][]' "$T/saved/manifest.json"); do
		what_is_in "$T/saved/$layer"
	done
}

@test "the same Dockerfile gives the same layers over unix://, tcp:// with TLS, docker-container:// and the Engine" {
	local want
	dockerfile <<-'END'
		FROM busybox:test
		COPY a /x/
		COPY b /y
	END
	file a one
	file b two
	chmod 640 "$CTX/b"
	touch -d 2020-02-02T02:02:02Z "$CTX/a" "$CTX/b"

	project main
	bt_build_ok
	want=$(layers main)
	[ "$(jq length <<<"$want")" -gt 2 ] || fail "layers of the image: $want"

	project tcp
	builder "$BT_BUILDKIT_TCP"
	given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem" "BUILDKIT_TLS_CERT=$BT_BUILDKIT_TLS/client.pem" \
		"BUILDKIT_TLS_KEY=$BT_BUILDKIT_TLS/client.key"
	bt_build_ok
	expect_equal "$(layers tcp)" "$want"

	project container
	container "bt-$NAME"
	given "DOCKER_HOST=$ENGINE"
	builder "docker-container://bt-$NAME"
	bt_build_ok
	expect_equal "$(layers container)" "$want"

	# the Engine's base image comes from its own store: the layers above it are compared by content
	FLAGS=(--retry-for 0 --no-pull --no-login)
	project engine
	builder ''
	bt_build_ok
	CLEANED+=("$IMAGE")
	want=$(published main)
	expect_in "$want" '^-rw-r----- 0/0 4 .* y$'
	expect_equal "$(loaded engine)" "$want"
}
