# shellcheck shell=bash
# What the tests of CI runners need beyond helper.bash: the images of the program in the Engine, and containers made the
# way runners make them, through the Engine's API. `load helper`, then `load runners`.
#
# A job's container has the network of this machine (that is where the registry is), the Engine's socket, the registry's
# authority where an administrator puts it, and the checkout, which belongs to another user. Registry, image and commit
# are what the provider's variables say; the password is that of the test registry.

# shellcheck disable=SC2034,SC2154 # helper.bash reads and sets globals

RUNNER=$ROOT/tests/integration/runner.py
TOOL=noregistry/buildtools-runners:tool
JOB=noregistry/buildtools-runners:job
OTHER=1000
BRANCH=trunk

# runner_images: for setup_file; made as `make image` makes them
runner_images()
{
	need_engine
	cmp -s "$BT_BIN/buildtools" "$ROOT/out/rootfs/linux/$(api GET /version | jq -r .Arch)/job/usr/local/bin/buildtools" ||
		make -s -C "$ROOT" rootfs >&2
	env -i PATH=/usr/bin:/bin HOME=/nonexistent DOCKER_HOST="$DOCKER_HOST" IMAGE_NAME=buildtools-runners \
		"$BT_BIN/build" --no-login -q -f Dockerfile.rootfs "$ROOT" >&2
}

runner_images_remove()
{
	SOCKET=
	need_engine
	remove_images noregistry/buildtools-runners
}

runner_setup()
{
	common_setup
	eval "$("$ROOT/ci/peers.sh" env registry; "$ROOT/ci/peers.sh" env mirror)"
	[ -n "${BT_REGISTRY:-}" ] && [ -n "${BT_MIRROR:-}" ] ||
		fail 'no registry: ci/peers.sh start registry mirror (package docker-registry)'
	CONTAINERS=()
	JOB_ENV=()
	BINDS=("$SOCKET:/var/run/docker.sock" "$T/certs.d:/etc/docker/certs.d:ro")
	IMAGE=$BT_REGISTRY/group/$NAME
	CLEANED=("$IMAGE")
	mkdir -p "$T/certs.d/$BT_REGISTRY"
	cp "$BT_REGISTRY_CA" "$T/certs.d/$BT_REGISTRY/ca.crt"
	checkout
}

runner_teardown()
{
	local id
	for id in "${CONTAINERS[@]}"; do
		api DELETE "/containers/$id?force=1&v=1" >/dev/null 2>&1 || true
	done
	common_teardown
}

# checkout: a repository of somebody else, with a base image that has to be pulled; sets SHA to its commit
checkout()
{
	printf 'FROM %s/library/busybox:test\nCOPY file /\n' "$BT_MIRROR" >"$CTX/Dockerfile"
	file file "$NAME"
	git_repo "$BRANCH"
	SHA=$COMMIT
	chown -R "$OTHER:$OTHER" "$CTX"
}

# --- the job ---------------------------------------------------------------------------------------------------------

# job KEY=VALUE...: its environment
job() { JOB_ENV+=("$@"); }

# volume SOURCE:TARGET...
volume() { BINDS+=("$@"); }

# configured: for providers that know of no registry: it is written in the checkout
configured()
{
	printf 'registry: {gitlab: {registry: %s, repository: %s/group, user: %s, token: %s}}\n' "$BT_REGISTRY" \
		"$BT_REGISTRY" "$BT_REGISTRY_USER" "$BT_REGISTRY_PASSWORD" >"$CTX/.buildtools.yaml"
	job "IMAGE_NAME=$NAME"
}

json_list() { jq -nc '$ARGS.positional' --args -- "$@"; }

# create IMAGE JSON [ARG...]: JSON is what the runner says beyond environment, volumes and arguments; sets ID
create()
{
	local image=$1 more=$2
	shift 2
	ID=$(jq -nc --arg image "$image" --argjson env "$(json_list "${JOB_ENV[@]}")" \
		--argjson binds "$(json_list "${BINDS[@]}")" --argjson cmd "$(json_list "$@")" --argjson more "$more" \
		'{Image: $image, Env: $env, Cmd: $cmd, HostConfig: {Binds: $binds, NetworkMode: "host"}} * $more' |
		api POST /containers/create -H 'Content-Type: application/json' --data-binary @- | jq -r .Id)
	CONTAINERS+=("$ID")
}

start() { api POST "/containers/$ID/start" >/dev/null; }

# played ARG...: runner.py; sets status, output, stderr
played()
{
	status=0
	python3 "$RUNNER" "$@" >"$T/played.out" 2>"$T/played.err" || status=$?
	output=$(cat "$T/played.out")
	stderr=$(cat "$T/played.err")
}

# attached [FILE [OPTION...]]: starts it as runners and `docker run` do, FILE is its standard input; sets status, output, stderr
attached() { played attach "$SOCKET" "$ID" "$@"; }

# exec_in JSON [ARG...]: a process in the running container, JSON is what the runner says beyond the arguments; sets
# status, output, stderr
exec_in() { exec_fed "" "$@"; }

# exec_fed FILE JSON [ARG...]: with that file as its standard input
exec_fed()
{
	local file=$1 more=$2
	shift 2
	played exec "$SOCKET" "$ID" "$(jq -nc --argjson cmd "$(json_list "$@")" \
		--argjson more "$more" --argjson stdin "$([ -z "$file" ] && echo false || echo true)" \
		'{Cmd: $cmd, AttachStdin: $stdin, AttachStdout: true, AttachStderr: true} * $more')" ${file:+"$file"}
}

# exit_status: of a container that was started without anybody listening
exit_status() { api POST "/containers/$ID/wait" | jq -r .StatusCode; }
said() { api GET "/containers/$ID/logs?stdout=1&stderr=1" -o - | tr -d '\000'; }
is_running() { [ "$(api GET "/containers/$ID/json" | jq -r .State.Running)" = true ]; }

# --- the result ------------------------------------------------------------------------------------------------------

in_registry()
{
	curl -sS --max-time 60 --cacert "$BT_REGISTRY_CA" -u "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD" \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' "https://$BT_REGISTRY/v2/group/$NAME/$1"
}

# expect_published [TAG...]: these tags beside the commit's, no others, all of them the image that the Engine has
expect_published()
{
	local tag
	expect_equal "$(in_registry tags/list | jq -r '.tags // [] | sort | join(" ")')" \
		"$(printf '%s\n' "$SHA" "$@" | LC_ALL=C sort | paste -sd ' ')"
	for tag in "$SHA" "$@"; do
		expect_equal "$(in_registry "manifests/$tag" | jq -r .config.digest)" "$(image_id "$IMAGE:$SHA")"
	done
	expect_file "$IMAGE:$SHA" /file "$NAME"
}
