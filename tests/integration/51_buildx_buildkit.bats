#!/usr/bin/env bats
# What `docker buildx build` can be asked for, with a standalone BuildKit daemon. 50_buildx.bats plays the same scenes with
# an Engine.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # $ and back quotes are part of Dockerfiles and messages

load helper
load buildkit
load buildx

# index_of TAG, blob_of DIGEST: out of the registry
index_of() { registry_get "manifests/$1"; }
blob_of() { registry_get "blobs/$1"; }
registry_get()
{
	curl -sS --fail --max-time 60 --cacert "$BT_REGISTRY_CA" -u "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD" \
		-H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json' \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		"https://$BT_REGISTRY/v2/$REPO/$1"
}

@test "secrets reach the step that mounts them, and leave no trace" {
	local mark
	mark=$(secret_mark)
	project main
	secret_dockerfile
	printf 'file-%s' "$mark" >"$T/plain"
	mkdir "$T/tmp"
	given "ONE_TOKEN=variable-$mark" "two=id-$mark" "TMPDIR=$T/tmp"
	bt_build_ok --verbose --no-cache --secret id=one,env=ONE_TOKEN --secret id=two --secret id=three,env=ONE_TOKEN \
		--secret "id=four,src=$T/plain" --metadata-file "$T/metadata" --env-file "$T/results" --provenance mode=max \
		-o "$T/out" -o "type=oci,dest=$T/oci.tar" -o "type=docker,dest=$T/docker.tar"
	printf '%s\n' "$output" "$stderr" >"$T/log"
	expect_no_trace "$mark" "$T/log" "$T/metadata" "$T/results" "$T/oci.tar" "$T/docker.tar" "$T/out" "$CTX" "$T/tmp"
	expect_equal "$(ls -A "$T/tmp")" ''
	expect_equal "$(cat "$T/out/one")" "$(printf 'variable-%s' "$mark" | md5sum | cut -c 1-32)"
	expect_equal "$(cat "$T/out/two")" "$(printf 'id-%s' "$mark" | md5sum | cut -c 1-32)"
	expect_equal "$(cat "$T/out/four")" "$(md5sum <"$T/plain" | cut -c 1-32)"
}

@test "--ssh forwards an agent: listing and signing pass, nothing else does" {
	gitlab main
	agent_start
	agent_dockerfile
	given "SSH_AUTH_SOCK=$T/agent"
	bt_build_ok --no-cache --ssh default -o "$T/out"
	expect_agent_answers "$T/out"
}

@test "--ssh ID=KEY,KEY: the program is the agent of key files, of which OpenSSH lists and takes signatures" {
	gitlab main
	keys_dockerfile
	bt_build_ok --no-cache --ssh "default=$T/keys/ed25519,$T/keys/rsa,$T/keys/pem,$T/keys/ecdsa" -o "$T/out"
	expect_keys_signed "$T/out" ed25519 rsa pem ecdsa
}

@test "-o: folder, tar, OCI and Docker archives in one request; the archives carry the names" {
	gitlab main
	output_dockerfile
	bt_build_ok -o "$T/out" -o "type=tar,dest=$T/a.tar" -o "type=oci,dest=$T/oci.tar" \
		-o "type=docker,dest=$T/docker.tar,name=some/thing:1"
	expect_equal "$output" ''
	expect_equal "$(cat "$T/out/file")" built
	expect_equal "$(tar -xOf "$T/a.tar" file)" built
	expect_in "$(tar -xOf "$T/oci.tar" index.json)" "noregistry/$NAME:main"
	expect_equal "$(tar -xOf "$T/docker.tar" manifest.json | jq -r '.[0].RepoTags[0]')" some/thing:1

	in_clean_env "$BT_BIN/build" "${FLAGS[@]}" -o type=oci </dev/null 2>"$T/err" | tar -xO oci-layout >"$T/piped"
	expect_equal "$(jq -r .imageLayoutVersion "$T/piped")" 1.0.0
}

@test "-o: a folder for several platforms has one folder for each" {
	gitlab main
	dockerfile <<-'END'
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok --platform linux/amd64,linux/arm64 -o "$T/out" -o "type=oci,dest=$T/oci.tar"
	expect_equal "$(cd "$T/out" && ls -d ./*/* | paste -sd ' ')" './linux_amd64/Dockerfile ./linux_arm64/Dockerfile'
	bt_build --platform linux/amd64,linux/arm64 -o "type=docker,dest=$T/docker.tar"
	expect_failure 255 "'docker' holds one platform"
}

@test "-o type=image and type=registry name and publish what they say, beside a folder" {
	project main
	output_dockerfile
	bt_build_ok -o "type=registry,name=$IMAGE:mine" -o "$T/out"
	expect_in "$output" "^$IMAGE:mine@sha256:[0-9a-f]{64}\$"
	index_of mine >"$T/manifest"
	expect_equal "sha256:$(sha256sum <"$T/manifest" | cut -c 1-64)" "${output#*@}"
	run index_of main
	[ "$status" -ne 0 ]
	expect_equal "$(cat "$T/out/file")" built
	bt_build_ok -o type=image,push=true
	index_of main >/dev/null
	index_of "$SHA" >/dev/null
	bt_build_ok --push
	expect_in "$output" "^$IMAGE:main@sha256:"
}

@test "--load and type=docker without a file need an Engine that answers, and one platform" {
	gitlab main
	output_dockerfile
	bt_build --load
	expect_failure 255 "--load: the Docker Engine at unix://$T/no-engine.sock \(DOCKER_HOST\): .*No such file"
	expect_error '^hint: .*type=docker,dest=FILE'
	bt_build -o type=docker
	expect_failure 255 '--load: the Docker Engine at'
	bt_build --load --platform linux/amd64,linux/arm64
	expect_failure 255 '--load: an image for several platforms can only be pushed'
	bt_build --push
	expect_failure 255 '--push: no registry is configured'
}

# expect_loaded ID: the tags of the plan name it in the Engine, and it is what was built
expect_loaded()
{
	local ref
	for ref in "noregistry/$NAME:$SHA" "noregistry/$NAME:main"; do
		expect_in "$output" "^$ref\$"
		expect_file "$ref" /file built
	done
	expect_equal "$(image_id "noregistry/$NAME:main")" "$1"
}

@test "--load takes the image from BuildKit into the Engine, of either kind, without a file between" {
	gitlab main
	cleaned "noregistry/$NAME"
	output_dockerfile
	mkdir "$T/tmp"
	chmod 500 "$T/tmp"
	given "DOCKER_HOST=$ENGINE" "TMPDIR=$T/tmp"
	bt_build_ok --load --metadata-file "$T/metadata" -o "$T/out"
	expect_loaded "$(jq -r '."containerimage.config.digest"' "$T/metadata")"
	expect_equal "$(cat "$T/out/file")" built
	bt_build_ok -o type=docker,name=mine:1
	cleaned mine
	expect_equal "$output" mine:1
	expect_file mine:1 /file built

	engine_new
	bt_build_ok --load --metadata-file "$T/metadata"
	expect_loaded "$(jq -r '."containerimage.digest"' "$T/metadata")"
}

@test "--load with --push: the registry has it, and so has the Engine" {
	project main
	output_dockerfile
	given "DOCKER_HOST=$ENGINE"
	bt_build_ok --load --push
	expect_in "$output" "^$IMAGE:main@sha256:[0-9a-f]{64}\$"
	index_of main >/dev/null
	expect_file "$IMAGE:main" /file built
}

@test "--load through an Engine that is cut off or refuses says so; a large image passes in little memory" {
	local peak
	gitlab main
	cleaned "noregistry/$NAME"
	dockerfile <<-'END'
		FROM busybox:test
		RUN head -c 40000000 /dev/urandom >/large; echo built >/file
	END
	FLAGS+=(--no-stages)
	given "DOCKER_HOST=$ENGINE"
	run --separate-stderr in_clean_env timeout -k 5 "$LIMIT" time -f '%M KiB' -o "$T/peak" \
		"$BT_BIN/build" "${FLAGS[@]}" --load </dev/null
	expect_status 0
	expect_file "noregistry/$NAME:main" /file built
	peak=$(sed -n 's/ KiB$//p' "$T/peak")
	[ "$peak" -lt 20000 ] || fail "it took $peak KiB"

	printf 'HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK' >"$T/ping"
	DOCKER_HOST=$ENGINE
	proxied --reply "$T/ping"
	given "DOCKER_HOST=$DOCKER_HOST"
	bt_build --load
	expect_failure 255 'load into the Docker Engine: '
}

@test "--build-context: folders, images, names that clash; an ignore file of its own" {
	gitlab main
	mkdir -p "$T/other" "$T/second/exported" "$CTX/exported"
	printf 'from other\n' >"$T/other/file"
	printf 'ignored\n' >"$T/other/not.log"
	printf '*.log\n' >"$T/other/.dockerignore"
	printf 'second\n' >"$T/second/file"
	printf 'x\n' >"$T/second/exported/file"
	file file main
	dockerfile <<-'END'
		FROM base AS all
		COPY --from=other / /other/
		COPY --from=context / /second/
		COPY file /main
		FROM scratch
		COPY --from=all /other /other
		COPY --from=all /second /second
	END
	FLAGS+=(--no-stages)
	bt_build_ok --build-context base=docker-image://busybox:test --build-context "other=$T/other" \
		--build-context "context=$T/second" -o "$T/out"
	expect_equal "$(cat "$T/out/other/file" "$T/out/second/file")" "$(printf 'from other\nsecond')"
	[ ! -e "$T/out/other/not.log" ]
	[ ! -e "$T/out/second/exported" ]
}

@test "attestations and annotations: none without flags, and those that were asked for" {
	local digest
	project main
	output_dockerfile
	bt_build_ok
	expect_equal "$(index_of main | jq -r '.manifests // "a plain manifest" | tostring')" 'a plain manifest'

	bt_build_ok --provenance mode=max --annotation manifest:one=1 --annotation index:two=2 --annotation three=3
	index_of main >"$T/index"
	expect_equal "$(jq -r '.annotations.two' "$T/index")" 2
	expect_equal "$(jq -r '[.manifests[] | .annotations["vnd.docker.reference.type"] // "image"] | join(" ")' "$T/index")" \
		'image attestation-manifest'
	digest=$(jq -r '.manifests[0].digest' "$T/index")
	expect_equal "$(index_of "$digest" | jq -r '.annotations | .one + .three')" 13

	bt_build_ok --provenance=false --attest type=provenance,disabled=true
	expect_equal "$(index_of main | jq -r '.manifests // "a plain manifest" | tostring')" 'a plain manifest'
	bt_build --attest type=seal
	expect_failure 255 "--attest: type 'seal' is neither sbom nor provenance"
	bt_build --annotation image:a=b
	expect_failure 255 "--annotation: 'image' is none of manifest"
}

@test "limits and hosts: --shm-size, --ulimit, --add-host; host-gateway needs a daemon that knows it" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS all
		RUN df -k /dev/shm | tail -n 1 >/shm; ulimit -n >/files; grep name /etc/hosts >/hosts
		FROM scratch
		COPY --from=all /shm /files /hosts /
	END
	FLAGS+=(--no-stages)
	bt_build_ok --no-cache --shm-size 32m --ulimit nofile=321:400 --add-host name:1.2.3.4 -o "$T/out"
	expect_in "$(cat "$T/out/shm")" ' 32768 '
	expect_equal "$(cat "$T/out/files")" 321
	expect_in "$(cat "$T/out/hosts")" '^1\.2\.3\.4[[:space:]]+name'
	expect_not_in "$stderr" 'has no effect'
	bt_build --add-host name:host-gateway
	expect_failure 255 '--add-host host-gateway: .*does not tell the address of its host'
}

# forget: the daemon's own cache is gone
forget() { "$BT_BUILDCTL" --addr "$BT_BUILDKIT" prune --all >/dev/null; }

# same_as_before: what random steps made is what it was at the first call
same_as_before()
{
	[ -e "$T/before" ] || cat "$T/out/made" "$T/out/last" >"$T/before"
	expect_equal "$(cat "$T/out/made" "$T/out/last")" "$(cat "$T/before")"
}

random_dockerfile()
{
	dockerfile <<-'END'
		FROM busybox:test AS all
		COPY . /context
		RUN ls -A /context >/list; head -c 16 /dev/urandom | od -An -tx1 >/made
		RUN head -c 16 /dev/urandom | od -An -tx1 >/last
		FROM scratch
		COPY --from=all /made /last /list /
	END
	FLAGS+=(--no-stages)
}

@test "a local cache lets a daemon that knows nothing go on; without one there is a warning" {
	local cache=$CTX/.cache-ä
	gitlab main
	random_dockerfile
	file kept
	bt_build_ok -o "$T/out" --cache-from "type=local,src=$cache" --cache-to "type=local,dest=$cache,mode=max"
	expect_error "warning: cache type=local,src=$cache is not used: open folder"
	same_as_before
	expect_equal "$(cat "$T/out/list")" "$(printf 'Dockerfile\nkept')"
	expect_equal "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' "$cache/index.json")" latest
	expect_equal "$(cd "$cache" && ls -A | paste -sd ' ')" 'blobs index.json oci-layout'
	forget
	# the cache lies in the context and is no part of it, else this would be another one
	bt_build_ok -o "$T/out" --cache-from "type=local,src=$cache" --cache-to "type=local,dest=$cache,mode=max,tag=two"
	same_as_before
	forget
	bt_build_ok -o "$T/out" --cache-from "type=local,src=$cache,tag=two"
	same_as_before
	bt_build_ok -o "$T/out" --cache-from "type=local,src=$cache,tag=none"
	expect_error "nothing in '$cache' has the tag 'none'"
	bt_build --cache-to type=local
	expect_failure 255 '--cache-to: type=local needs dest=FOLDER'
}

@test "tar=false makes an image layout: skopeo reads it, two builds share it, a third builds on it" {
	local digest
	gitlab main
	output_dockerfile
	bt_build_ok -o "type=oci,tar=false,dest=$T/images,name=some/thing:1" --metadata-file "$T/metadata"
	digest=$(skopeo inspect "oci:$T/images" | jq -r .Digest)
	expect_equal "$(jq -r '."containerimage.digest"' "$T/metadata")" "$digest"
	bt_start -o "type=docker,tar=false,dest=$T/images,name=some/thing:2" --build-arg other=1 --label a=b
	bt_build_ok -o "type=oci,tar=false,dest=$T/images,name=some/thing:3" --label a=c
	bt_wait
	expect_status 0
	expect_equal "$(jq -r '.manifests[].annotations["io.containerd.image.name"]' "$T/images/index.json" | sort |
		paste -sd ' ')" 'docker.io/some/thing:1 docker.io/some/thing:2 docker.io/some/thing:3'
	expect_equal "$(skopeo inspect --config "oci:$T/images:3" | jq -r .config.Labels.a)" c

	printf 'FROM base\nCOPY --from=two /file /more\n' | dockerfile
	bt_build_ok -o "$T/out" --build-context "base=oci-layout://$T/images@$digest" \
		--build-context "two=oci-layout://$T/images:2"
	expect_equal "$(cat "$T/out/file" "$T/out/more")" "$(printf 'built\nbuilt')"
	bt_build --build-context "base=oci-layout://$T/images"
	expect_failure 255 "--build-context: context 'base': no image in '$T/images' has the tag 'latest'"
	bt_build -o type=oci,tar=false,dest=a -o type=docker,tar=false,dest=b
	expect_failure 255 'tar=false can be asked for once'
}

@test "an Engine of today keeps local caches and makes image layouts as well" {
	gitlab main
	engine_new
	given BUILDKIT_HOST=
	random_dockerfile
	bt_build_ok --no-pull -o "$T/out" -o "type=oci,tar=false,dest=$T/images,name=a:1" \
		--cache-to "type=local,dest=$T/cache,mode=max"
	same_as_before
	expect_equal "$(skopeo inspect "oci:$T/images" | jq -r .Digest)" "$(jq -r '.manifests[0].digest' "$T/images/index.json")"
	api POST /build/prune?all=1 >/dev/null
	bt_build_ok --no-pull -o "$T/out" --cache-from "type=local,src=$T/cache"
	same_as_before
}

@test "push --from publishes what builds put into archives and folders, platforms and attestations alike" {
	local digest
	project main
	output_dockerfile
	bt_build_ok --platform linux/amd64,linux/arm64 --provenance mode=max -o "type=oci,dest=$T/oci.tar" \
		-o "type=oci,tar=false,dest=$T/images,name=some/thing:1"
	bt_build_ok -o "type=oci,tar=false,dest=$T/images,name=some/thing:2"
	digest=$(tar -xOf "$T/oci.tar" index.json | jq -r '.manifests[0].digest')
	given "SSL_CERT_FILE=$BT_REGISTRY_CA"
	bt_push --from "$T/oci.tar"
	expect_status 0
	expect_equal "$output" "$(for tag in "$SHA" main latest; do echo "$IMAGE:$tag@$digest"; done)"
	expect_equal "$(digest_of main)" "$digest"
	bt_push --from "$T/images"
	expect_failure 249 'several images: '
	bt_push --from "$T/images:2"
	expect_status 0
	expect_equal "$(digest_of main)" "$(skopeo inspect "oci:$T/images:2" | jq -r .Digest)"
	expect_equal "$(registry_file main /file)" built
	digest=$(jq -r '.manifests[] | select(.annotations["io.containerd.image.name"] | endswith(":1")).digest' "$T/images/index.json")
	bt_push --from "$T/images@$digest"
	expect_status 0
	expect_equal "$(digest_of latest)" "$digest"
}

@test "an archive on standard input goes to BuildKit, and to an Engine of today" {
	gitlab main
	staged_archive
	bt_build_stdin "$T/context.tar.gz" -f docker/File -o "type=tar,dest=$T/out.tar" -
	expect_status 0
	tar -xOf "$T/out.tar" data | cmp - "$T/data"
	cmp "$CTX/exported/data" "$T/data"
	rm -r "$CTX/exported"
	engine_new
	given BUILDKIT_HOST=
	cleaned "noregistry/$NAME"
	bt_build_stdin "$T/context.tar" -f docker/File --no-pull -
	expect_status 0
	cmp "$CTX/exported/data" "$T/data"
	image_file "noregistry/$NAME:main" /data | cmp - "$T/data"
}

@test "a disk that is full fails a layout in our words, and is a warning for a cache that may fail" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN head -c 2000000 /dev/urandom >/file
	END
	FLAGS+=(--no-stages)
	mkdir "$T/small"
	mount -t tmpfs -o size=1m none "$T/small"
	MOUNTS+=("$T/small")
	bt_build -o "type=oci,tar=false,dest=$T/small/images"
	expect_failure 255 "'$T/small/images': write a blob: No space left on device"
	expect_equal "$(find "$T/small" -name '.buildtools-*')" ''
	rm -r "$T/small/images"
	bt_build_ok -o "$T/out" --cache-to "type=local,dest=$T/small/cache,mode=max,ignore-error=true"
	expect_error 'warning: exporting cache.*No space left on device; later builds will not find this cache'
	[ ! -e "$T/small/cache/index.json" ]
}
