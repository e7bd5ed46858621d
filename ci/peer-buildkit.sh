# shellcheck shell=bash
# A standalone BuildKit daemon, read by peers.sh:
#
#   buildkit   buildkitd with the runc of the distribution, on a unix socket and on tcp with mutual TLS; it knows the two
#              registries and finds busybox:test through the mirror
#
# buildkitd and buildctl are Go programs: tests/tools/go.mod names them, go.sum holds their hashes. They are made once for
# all states below out/peers/programs.

tools=$here/tests/tools
programs=$here/out/peers/programs

# programs_name: changes with what is made
programs_name() { cat "$tools/go.mod" "$tools/go.sum" | sha256sum | cut -c 1-16; }

# go_command: one that is new enough. The Go of Debian 12 is not, but it can fetch a newer one as a module.
go_command()
{
	local want module
	want=$(sed -n 's/^go //p' "$tools/go.mod")
	need go golang-go
	if [ "$(printf 'go%s\n%s\n' "$want" "$(GOTOOLCHAIN=local go env GOVERSION)" | sort -V | head -n 1)" = "go$want" ]; then
		command -v go
		return
	fi
	module=golang.org/toolchain@v0.0.1-go$want.linux-$(GOTOOLCHAIN=local go env GOARCH)
	want=$(cd / && GOFLAGS=-mod=mod go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	[ -n "$want" ] || die "no $module: is the Go module proxy reachable?"
	# a module cache is read-only and knows no executable files
	mkdir -p "$programs"
	cp -R "$want/." "$programs/go"
	chmod -R u+w "$programs/go"
	chmod -R a+x "$programs/go/bin" "$programs/go/pkg/tool"
	# nor a module within a module
	for want in src src/cmd; do
		mv "$programs/go/$want/_go.mod" "$programs/go/$want/go.mod"
	done
	printf '%s\n' "$programs/go/bin/go"
}

# make_programs: buildkitd and buildctl into the folder that is printed. One at a time: it takes minutes.
make_programs()
{
	local dir version go
	dir=$programs/$(programs_name)
	mkdir -p "$programs"
	(
		flock 8
		! [ -x "$dir/buildkitd" ] || exit 0
		go=$(go_command) || exit 1
		version=$(sed -n 's/^\tgithub.com\/moby\/buildkit \([^ ]*\).*/\1/p' "$tools/go.mod")
		say "buildkit: making $version, this takes minutes"
		rm -rf "$dir.part"
		cd "$tools" || exit 1
		CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-mod=readonly "$go" build -trimpath -buildvcs=false \
			-ldflags "-s -w -X github.com/moby/buildkit/version.Version=$version" \
			-o "$dir.part/" github.com/moby/buildkit/cmd/buildkitd github.com/moby/buildkit/cmd/buildctl &&
			mv "$dir.part" "$dir"
	) 8>"$programs/lock" >&2 || die 'buildkit: cannot be made'
	printf '%s\n' "$dir"
}

buildkit_config()
{
	local dir=$1
	cat <<-END
		root = "$dir/root"
		[grpc]
		  address = ["unix://$dir/buildkitd.sock", "tcp://127.0.0.1:$(cat "$dir/port")"]
		  [grpc.tls]
		    cert = "$dir/tls/server.pem"
		    key = "$dir/tls/server.key"
		    ca = "$dir/tls/ca.pem"
		[otel]
		  socketPath = "$dir/otel.sock"
		[worker.containerd]
		  enabled = false
		[worker.oci]
		  enabled = true
		  snapshotter = "$2"
		  networkMode = "host"
		  noProcessSandbox = false
		[registry."docker.io"]
		  mirrors = ["$(mirror_address)"]
		[registry."$(mirror_address)"]
		  http = true
		[registry."$(registry_address)"]
		  http = false
		  ca = ["$(dir_of registry)/ca.pem"]
	END
}

buildctl() { "$(make_programs)/buildctl" --addr "unix://$(run_of buildkit)/buildkitd.sock" "$@"; }

start_buildkit()
{
	local dir run bin snapshotter=overlayfs
	[ "$(id -u)" = 0 ] || die 'buildkit: needs root'
	need runc runc
	need openssl openssl
	bin=$(make_programs)
	dir=$(dir_of buildkit)
	run=$(run_of buildkit)
	if ! pid_of buildkit >/dev/null; then
		# it reads their addresses from its configuration
		"${BASH_SOURCE[0]%/*}/peers.sh" start mirror registry
		stop_buildkit
		mkdir -p "$dir/root" "$dir/tls" "$run"
		overlay_works "$dir/root" || snapshotter=native
		kept_port buildkit >/dev/null
		certificate "$dir/tls" server serverAuth 'IP:127.0.0.1,DNS:localhost,DNS:buildkitd'
		certificate "$dir/tls" client clientAuth 'DNS:client'
		buildkit_config "$dir" "$snapshotter" | sed "s|unix://$dir/|unix://$run/|" >"$dir/buildkitd.toml"
		spawn buildkit env -i PATH="$PATH" "$bin/buildkitd" --config "$dir/buildkitd.toml"
	fi
	if ! await 300 buildkit buildctl debug workers; then
		tail -n 30 "$dir/log" >&2
		die "buildkit: does not start, log in $dir/log"
	fi
	say "buildkit: $("$bin/buildkitd" --version), unix://$run/buildkitd.sock"
}

stop_buildkit()
{
	local dir run
	dir=$(dir_of buildkit)
	run=$(run_of buildkit)
	[ -d "$dir" ] || return 0
	end_peer buildkit
	end_strays "$dir"
	unmount_below "$dir"
	rm -f "$run/buildkitd.sock"
	[ "$run" = "$dir" ] || rmdir "$run" 2>/dev/null || true
}

env_buildkit()
{
	local dir
	dir=$(dir_of buildkit)
	pid_of buildkit >/dev/null || die 'buildkit: not running'
	printf 'export BT_BUILDKIT=unix://%s/buildkitd.sock\n' "$(run_of buildkit)"
	printf 'export BT_BUILDKIT_TCP=tcp://127.0.0.1:%s\n' "$(cat "$dir/port")"
	printf 'export BT_BUILDKIT_TLS=%s/tls\n' "$dir"
	printf 'export BT_BUILDKIT_PID=%s\n' "$(pid_of buildkit)"
	printf 'export BT_BUILDKIT_LOG=%s/log\n' "$dir"
	printf 'export BT_BUILDCTL=%s/buildctl\n' "$programs/$(programs_name)"
}
