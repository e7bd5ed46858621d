# shellcheck shell=bash
# What the tests of BuildKit daemons and registries share, on top of helper.bash: `load helper` and `load buildkit`.
#
# A test builds with the standalone daemon, and there is no Docker Engine for it: DOCKER_HOST names a socket that does
# not exist. Its image is $IMAGE, in the repository $REPO of the registry with TLS and a password.

REGISTRY_PROXY=$ROOT/tests/integration/registry.py

setup() { buildkit_setup; }
teardown() { buildkit_teardown; }

buildkit_setup()
{
	common_setup
	CONTAINERS=()
	[ -n "${BT_BUILDKIT:-}" ] && [ -n "${BT_REGISTRY:-}" ] && [ -n "${BT_MIRROR:-}" ] ||
		use_peers mirror registry buildkit
	ENGINE=$DOCKER_HOST
	DOCKER_HOST=unix://$T/no-engine.sock
	FLAGS=(--retry-for 0)
	REPO=group/$NAME
	IMAGE=$BT_REGISTRY/$REPO
	builder "$BT_BUILDKIT"
}

buildkit_teardown()
{
	local name
	for name in "${CONTAINERS[@]}"; do
		api DELETE "/containers/$name?force=1" >/dev/null 2>&1
	done
	common_teardown
}

# builder ADDRESS: of the runs that follow
builder() { given "BUILDKIT_HOST=$1"; }

# project BRANCH: GitLab's variables, with the registry that wants a password
project()
{
	gitlab "$1"
	given "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$IMAGE" \
		"CI_REGISTRY_USER=$BT_REGISTRY_USER" "CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD"
}

# project_at HOST BRANCH: the same with another registry, which wants none
project_at()
{
	gitlab "$2"
	IMAGE=$1/$REPO
	cleaned "$IMAGE"
	given "CI_REGISTRY=$1" "CI_REGISTRY_IMAGE=$IMAGE"
}

simple()
{
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo built >/file
	END
}

# staged: a named stage, files to export, an image of both; each made anew unless a cache knows it
staged()
{
	dockerfile <<-'END'
		FROM busybox:test AS compile
		RUN head -c 16 /dev/urandom | od -An -tx1 >/made
		FROM scratch AS export
		COPY --from=compile /made /made
		FROM busybox:test
		COPY --from=compile /made /made
		RUN head -c 16 /dev/urandom | od -An -tx1 >/last
	END
}

# engine_new: later runs, and api, talk to the Engine with containerd's image store
engine_new()
{
	[ -n "${BT_ENGINE_NEW_SOCKET:-}" ] || use_peers engine-new
	SOCKET=$BT_ENGINE_NEW_SOCKET
	given "DOCKER_HOST=unix://$SOCKET"
}

# own_buildkit: a daemon and registries for this test alone, to be killed
own_buildkit()
{
	OWN_PEERS=$T/peers
	own_peers start buildkit
	exports_of own_peers mirror registry buildkit
	IMAGE=$BT_REGISTRY/$REPO
	builder "$BT_BUILDKIT"
}

# fresh_buildkit: the own daemon again, having forgotten everything
fresh_buildkit()
{
	own_peers clean buildkit
	own_peers start buildkit
	exports_of own_peers buildkit
	builder "$BT_BUILDKIT"
}

# through OPTION...: later runs reach the daemon through proxy.py
through()
{
	local host=$DOCKER_HOST
	SOCKET=${BT_BUILDKIT#unix://} proxied "$@"
	builder "$DOCKER_HOST"
	DOCKER_HOST=$host
}

# watched: later runs are written down in $T/rec
watched()
{
	rm -rf "$T/rec"
	mkdir "$T/rec"
	through --record "$T/rec"
}

# --- the registry ----------------------------------------------------------------------------------------------------

MANIFESTS='Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json,'
MANIFESTS+=' application/vnd.docker.distribution.manifest.list.v2+json,'
MANIFESTS+=' application/vnd.docker.distribution.manifest.v2+json'

# registry PATH [curl option]...: below the repository of the image, wherever that is
registry()
{
	local host=${IMAGE%%/*} path=$1
	shift
	if [ "$host" = "$BT_REGISTRY" ]; then
		curl -sS --fail --max-time 60 --cacert "$BT_REGISTRY_CA" -u "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD" \
			"https://$host/v2/${IMAGE#*/}/$path" "$@"
	else
		curl -sS --fail --max-time 60 "http://$host/v2/${IMAGE#*/}/$path" "$@"
	fi
}

manifest() { registry "manifests/$1" -H "$MANIFESTS"; }
digest_of() { manifest "$1" | sha256sum | sed 's/^\([0-9a-f]*\).*/sha256:\1/'; }
registry_tags() { registry tags/list 2>/dev/null | jq -r '.tags | sort | join(" ")'; }
config_of() { registry "blobs/$(manifest "$1" | jq -r .config.digest)" -L; }

# registry_file TAG PATH: a file of the image of one platform, from the newest layer that has it
registry_file()
{
	local layer
	for layer in $(manifest "$1" | jq -r '[.layers[].digest] | reverse | .[]'); do
		if registry "blobs/$layer" -L | tar -xzO "${2#/}" 2>/dev/null; then
			return
		fi
	done
	return 1
}

# platforms_of TAG: of an index, sorted, on one line
platforms_of()
{
	manifest "$1" | jq -r '[.manifests[].platform | .os + "/" + .architecture] | sort | join(" ")'
}

expect_pushed() { expect_equal "$(registry_tags)" "$1"; }

# flaky REGEX STATUS: a registry in front of the mirror that answers requests ("METHOD /path") matching REGEX with
# STATUS as long as the file $T/ill exists; sets FLAKY to its address and writes all requests to $T/flaky.log
flaky()
{
	: >"$T/ill"
	python3 "$REGISTRY_PROXY" "$BT_MIRROR" "$T/flaky" "$1" "$2" "$T/ill" </dev/null >"$T/flaky.log" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/flaky" || fail "the registry proxy does not start: $(cat "$T/flaky.log")"
	FLAKY=$(cat "$T/flaky")
}

# --- what is no daemon -----------------------------------------------------------------------------------------------

# tls_server NAME: something that speaks TLS with that certificate of $T/certs; sets SERVER
tls_server()
{
	(cd "$T/certs" && exec openssl s_server -rev -accept 127.0.0.1:0 -cert "$1.pem" -key "$1.key") \
		</dev/null >"$T/tls_server" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 grep -q '^ACCEPT ' "$T/tls_server" || fail "openssl s_server does not start: $(cat "$T/tls_server")"
	SERVER=tcp://$(sed -n 's/^ACCEPT //p' "$T/tls_server")
}

# stranger TEXT: something that answers the first bytes of each connection with TEXT and ends it; sets SERVER
stranger()
{
	rm -f "$T/stranger"
	python3 - "$T/stranger" "$1" <<-'END' >/dev/null 2>&1 3>&- &
		import os, socket, sys
		s = socket.create_server(("127.0.0.1", 0))
		with open(sys.argv[1] + ".new", "w") as f:
		    f.write(str(s.getsockname()[1]))
		os.rename(sys.argv[1] + ".new", sys.argv[1])
		while True:
		    c, _ = s.accept()
		    try:
		        c.recv(65536)
		        c.sendall(sys.argv[2].encode())
		        c.shutdown(socket.SHUT_WR)
		        while c.recv(65536):
		            pass
		    except OSError:
		        pass
		    c.close()
	END
	PIDS+=("$!")
	await 20 test -s "$T/stranger" || fail 'the stranger does not start'
	SERVER=tcp://127.0.0.1:$(cat "$T/stranger")
}

# --- containers ------------------------------------------------------------------------------------------------------

# container NAME: runs on the Engine, with buildctl and the daemon's socket inside, as a BuildKit container has them
container()
{
	CONTAINERS+=("$1")
	DOCKER_HOST=$ENGINE api POST "/containers/create?name=$1" -H 'Content-Type: application/json' -d "$(jq -n \
		--arg buildctl "$BT_BUILDCTL:/bin/buildctl:ro" --arg run "$(dirname "${BT_BUILDKIT#unix://}"):/run/buildkit" \
		'{Image: "busybox:test", Cmd: ["/bin/sleep", "86400"], HostConfig: {Binds: [$buildctl, $run]}}')" >/dev/null
	api POST "/containers/$1/start" >/dev/null
}

# program NAME [STATUS TEXT]: on PATH of the runs that follow; writes its arguments to $T/NAME.args, one a line, and is
# the way to the daemon, or ends at once with TEXT on standard error
program()
{
	{
		printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s"\n' "$T/$1.args"
		if [ $# -gt 1 ]; then
			printf 'echo "%s" >&2\nexit %d\n' "$3" "$2"
		else
			printf 'exec "%s" --addr "%s" dial-stdio\n' "$BT_BUILDCTL" "$BT_BUILDKIT"
		fi
	} >"$T/bin/$1"
	chmod 755 "$T/bin/$1"
	given "PATH=$T/bin:$BT_BIN:/usr/bin:/bin"
}

arguments_of() { paste -sd ' ' "$T/$1.args"; }
