#!/usr/bin/env bats
# The images of this project: what is in them, that they come out the same every time, and that they work where they are
# used. The Dockerfile compiles in a container based on debian:bookworm, which ci/peers.sh makes.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

# of a compilation, with nothing in any cache
LIMIT=1200

setup_file()
{
	need_engine
	"$ROOT/ci/peers.sh" debian "$DOCKER_HOST"
	# a clean clone of what is here
	CLEAN_CLONE=$BATS_FILE_TMPDIR/clone
	mkdir "$CLEAN_CLONE"
	tar -C "$ROOT" --exclude ./out --exclude ./.git --exclude ./exported -cf - . | tar -C "$CLEAN_CLONE" -xf -
	export CLEAN_CLONE
}

setup()
{
	common_setup
	need_command docker docker.io
	need_command openssl openssl
	# the images are to say of themselves what the program here says
	read -r COMMIT DATE <<<"$("$BT_BIN/build" --version | sed 's/.*commit \(.*\), built at \(.*\)/\1 \2/')"
	gitlab main
	[ "$COMMIT" = none ] || given "SOURCE_DATE_EPOCH=$(date -u -d "$DATE" +%s)"
	FLAGS+=(--no-stages)
}

# rootfs ARCH: the files of the images for that architecture, as "make image" takes them
rootfs()
{
	need_command flock util-linux
	env -u MAKEFLAGS -u MFLAGS flock "$ROOT/out/$1.lock" make -C "$ROOT" -j "$(nproc)" ARCH="$1" rootfs >"$T/make.log" 2>&1 ||
		fail "make ARCH=$1 rootfs" "$(cat "$T/make.log")"
}

# packed TARGET [FLAG]...: that image of Dockerfile.rootfs, as $IMAGE:TARGET
packed()
{
	# a program that was made since is not in there yet
	cmp -s "$BT_BIN/buildtools" "$ROOT/out/rootfs/linux/amd64/job/usr/local/bin/buildtools" || rootfs x86_64
	CTX=$ROOT
	bt_build -f Dockerfile.rootfs --target "$1" --build-arg BUILDKIT_INLINE_CACHE=0 "${@:2}"
	expect_status 0
	api POST "/images/$IMAGE:main/tag?repo=$IMAGE&tag=$1"
}

layers() { image_get "$1" '.RootFS.Layers | join(" ")'; }

# entries REF: mode, owner, target and path of everything in the image, sorted
entries()
{
	mkdir -p "$T/saved"
	api GET "/images/$1/get" | tar -C "$T/saved" -xf -
	jq -r '.[0].Layers[]' "$T/saved/manifest.json" | while read -r layer; do
		tar -C "$T/saved" --numeric-owner -tvf "$T/saved/$layer"
	done | awk '{ print $1, $2, $6 ($7 == "->" ? " -> " $8 : "") }' | LC_ALL=C sort -k 3
	rm -rf "$T/saved"
}

# docker_run [option]... IMAGE [ARG]...: as the README says, with CI data
docker_run()
{
	docker -H "unix://$SOCKET" run --rm -v "$CTX:/repo" -w /repo -v "$SOCKET:/var/run/docker.sock" --network host \
		-e "CI_PROJECT_NAME=$NAME" -e "CI_COMMIT_SHA=$SHA" -e CI_COMMIT_REF_NAME=main "$@" </dev/null
}

@test "the Dockerfile compiles tool and job in a clean clone, and make image gives the same layers" {
	local target
	CTX=$CLEAN_CLONE
	for target in tool job; do
		bt_build_ok --network host --target "$target" --build-arg "CI_COMMIT=${COMMIT#none}"
		api POST "/images/$IMAGE:main/tag?repo=$IMAGE&tag=compiled-$target"
	done
	rootfs x86_64
	for target in tool job; do
		packed "$target"
		expect_equal "$(layers "$IMAGE:compiled-$target")" "$(layers "$IMAGE:$target")"
		expect_equal "$(image_get "$IMAGE:compiled-$target" '.Config | [.Env, .Entrypoint, .User, .WorkingDir] | tojson')" \
			"$(image_get "$IMAGE:$target" '.Config | [.Env, .Entrypoint, .User, .WorkingDir] | tojson')"
	done
}

@test "tool holds the three names, certificates, licences and little else, in 1.5 MiB" {
	packed tool
	expect_equal "$(entries "$IMAGE:tool" | sed 's/^h/-/')" "$(
		cat <<-'END'
			drwxr-xr-x 0/0 etc/
			-rw-r--r-- 0/0 etc/group
			-rw-r--r-- 0/0 etc/passwd
			drwxr-xr-x 0/0 etc/ssl/
			drwxr-xr-x 0/0 etc/ssl/certs/
			-rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt
			drwx------ 0/0 root/
			drwxrwxrwt 0/0 tmp/
			drwxr-xr-x 0/0 usr/
			drwxr-xr-x 0/0 usr/local/
			drwxr-xr-x 0/0 usr/local/bin/
			-rwxr-xr-x 0/0 usr/local/bin/build
			-rwxr-xr-x 0/0 usr/local/bin/buildtools
			-rwxr-xr-x 0/0 usr/local/bin/push
			drwxr-xr-x 0/0 usr/share/
			drwxr-xr-x 0/0 usr/share/licenses/
			drwxr-xr-x 0/0 usr/share/licenses/buildtools/
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/LICENSE
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/bearssl
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/ca-certificates
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/jansson
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/libsodium
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/libyaml
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/musl
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/nghttp2
			-rw-r--r-- 0/0 usr/share/licenses/buildtools/protobuf-c
		END
	)"
	[ "$(image_get "$IMAGE:tool" .Size)" -le 1572864 ]
	expect_file "$IMAGE:tool" /etc/passwd 'root:x:0:0:root:/root:/bin/sh'
	image_file "$IMAGE:tool" /etc/ssl/certs/ca-certificates.crt >"$T/roots.pem"
	openssl crl2pkcs7 -nocrl -certfile "$T/roots.pem" | openssl pkcs7 -print_certs -noout >"$T/subjects"
	expect_equal "$(grep -c '^subject' "$T/subjects")" "$(grep -c 'BEGIN CERT' "$T/roots.pem")"
	[ "$(grep -c '^subject' "$T/subjects")" -ge 100 ]
}

@test "job holds what tool holds, and the programs that runners start, in 3 MiB" {
	packed tool
	packed job
	entries "$IMAGE:job" >"$T/job"
	expect_equal "$(entries "$IMAGE:tool" | comm -23 <(sort) <(sort "$T/job"))" ''
	expect_equal "$(grep -vE '^(d|h)?[-rwxt]+ 0/0 |^lrwxrwxrwx 0/0 .* -> (busybox|../../bin/busybox)$' "$T/job")" ''
	[ "$(image_get "$IMAGE:job" .Size)" -le 3145728 ]
	docker_run "$IMAGE:job" sh -c 'for program; do command -v "$program" || exit 1; done' sh sh tail sleep cat mkdir touch \
		chmod chown mv cp tee echo printf true false id base64 env nohup test '[' grep sed awk ls rm date bash >"$T/out" ||
		fail "the last program is there, the next is not:" "$(cat "$T/out")"
	expect_in "$(cat "$T/job")" ' bin/sleep '
	expect_in "$(cat "$T/job")" ' usr/bin/env '
}

@test "docker run with the Engine's socket builds the example" {
	local target
	for target in tool job; do
		packed "$target"
		cp -R "$ROOT/tests/data/example/." "$T/ctx"
		rm -rf "$T/ctx/exported"
		CTX=$T/ctx
		run --separate-stderr docker_run "$IMAGE:$target" --no-login --no-pull -t "$IMAGE:by-$target"
		expect_status 0
		expect_in "$output" "^$IMAGE:by-$target\$"
		expect_file "$IMAGE:by-$target" /usr/local/share/banner.txt 'Hello from the example project.'
		expect_in "$(cat "$CTX/exported/version.txt")" "^commit $SHA\$"
	done
}

# names BASE [LINE]...: the image $IMAGE:names of that base, with each of the three names copied alone
names()
{
	local line
	CTX=$T/names
	mkdir -p "$CTX"
	{
		printf 'FROM %s\n' "$1"
		printf 'COPY --from=%s /usr/local/bin/%s /only/%s/\n' "$IMAGE:tool" buildtools buildtools "$IMAGE:tool" build build \
			"$IMAGE:tool" push push
		for line in "${@:2}"; do
			printf '%s\n' "$line"
		done
	} >"$CTX/Dockerfile"
	bt_build_ok
	api POST "/images/$IMAGE:main/tag?repo=$IMAGE&tag=names"
}

# use_names [option of docker run]...: builds and pushes in a container of $IMAGE:names, by each name alone
use_names()
{
	local there=$BT_MIRROR/group/$NAME verb
	CTX=$T/ctx
	printf 'FROM scratch\nCOPY Dockerfile /\n' >"$CTX/Dockerfile"
	chmod -R a+rX "$CTX"
	cleaned "$there"
	set -- -e "CI_REGISTRY=$BT_MIRROR" -e "CI_REGISTRY_IMAGE=$there" "$@"
	for verb in /only/build/build '/only/buildtools/buildtools build'; do
		remove_images "$there"
		# shellcheck disable=SC2086 # words
		run --separate-stderr docker_run "$@" "$IMAGE:names" ${verb/ *} --version
		expect_status 0
		expect_in "$output" "^Version: .* commit $COMMIT,"
		# shellcheck disable=SC2086 # words
		run --separate-stderr docker_run "$@" "$IMAGE:names" $verb --no-login --no-pull
		expect_status 0
		expect_image "$there:main"
	done
	for verb in /only/push/push '/only/buildtools/buildtools push'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr docker_run "$@" "$IMAGE:names" $verb --no-login
		expect_status 0
		expect_in "$(curl -sS --fail "http://$BT_MIRROR/v2/group/$NAME/tags/list")" '"main"'
	done
}

need_mirror()
{
	eval "$("$ROOT/ci/peers.sh" start mirror 2>/dev/null; "$ROOT/ci/peers.sh" env mirror)" ||
		fail 'no registry: install the package docker-registry'
}

@test "COPY --from: each name alone works in an image like Debian's" {
	need_mirror
	packed tool
	names debian:bookworm
	use_names
}

@test "COPY --from: each name alone works in a small image with a shell and musl" {
	need_mirror
	packed tool
	packed job
	names "$IMAGE:job" 'ENTRYPOINT []'
	use_names
}

@test "COPY --from: each name alone works with nothing else, read-only, for a user without a name" {
	need_mirror
	packed tool
	names scratch 'USER 65532:65532'
	use_names --read-only --group-add "$(stat -c %g "$SOCKET")"
}

@test "images for other architectures: the platform is right and the program runs" {
	local platform arch qemu
	while read -r platform arch qemu; do
		need_command "$qemu" qemu-user-static
		rootfs "$arch"
		packed job --platform "$platform"
		expect_equal "$(image_get "$IMAGE:job" '[.Os, .Architecture, .Variant // empty] | join("/")')" "$platform"
		rm -rf "$T/root"
		mkdir "$T/root"
		api GET "/images/$IMAGE:job/get" | tar -C "$T/root" -xf -
		tar -C "$T/root" -xf "$T/root/$(jq -r '.[0].Layers[0]' "$T/root/manifest.json")"
		run --separate-stderr "$qemu" "$T/root/usr/local/bin/build" --version
		expect_status 0
		expect_in "$output" "commit $COMMIT,"
		run --separate-stderr "$qemu" "$T/root/bin/busybox" sh -c 'set -o pipefail; echo $((6 * 7))'
		expect_equal "$output" 42
		[ "$(image_get "$IMAGE:job" .Size)" -le 3145728 ]
	done <<-'END'
		linux/arm64 aarch64 qemu-aarch64-static
		linux/arm/v7 armv7 qemu-arm-static
	END
}

@test "BuildKit gives the same commit the same digest, for several platforms at once" {
	local first
	eval "$("$ROOT/ci/peers.sh" env mirror registry buildkit)" || fail 'no BuildKit: ci/peers.sh start buildkit'
	rootfs aarch64
	rootfs armv7
	given "BUILDKIT_HOST=$BT_BUILDKIT"
	digests "$ROOT"
	first=$output
	expect_in "$first" 'linux/amd64 .*linux/arm/v7 .*linux/arm64 '
	tar -C "$ROOT" -cf - Dockerfile.rootfs Dockerfile.rootfs.dockerignore out/rootfs | tar -C "$T/ctx" -xf -
	find "$T/ctx" -exec touch {} +
	digests "$T/ctx" --no-cache
	expect_equal "$output" "$first"
}

# digests FOLDER [FLAG]...: sets output to the platforms and digests of both images, out of OCI archives
digests()
{
	local target all=
	CTX=$1
	for target in tool job; do
		bt_build -f Dockerfile.rootfs --target "$target" --platform linux/amd64,linux/arm64,linux/arm/v7 \
			--build-arg BUILDKIT_INLINE_CACHE=0 -o "type=oci,dest=$T/$target.tar" "${@:2}"
		expect_status 0
		all+=$(index_of "$T/$target.tar" | paste -sd ' ')
	done
	output=$all
}

# index_of ARCHIVE: platform and digest of every image in it
index_of()
{
	local digest
	digest=$(tar -xOf "$1" index.json | jq -r '.manifests[0].digest')
	printf '%s\n' "$digest"
	tar -xOf "$1" "blobs/sha256/${digest#sha256:}" | jq -r '.manifests[] |
		"\([.platform.os, .platform.architecture, .platform.variant // empty] | join("/")) \(.digest)"' | LC_ALL=C sort
}
