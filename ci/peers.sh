#!/usr/bin/env bash
# peers.sh: brings up the real peers that the tests talk to, and takes them away again.
#
#   ci/peers.sh start|stop|restart|status|env PEER...      (PEER: a name of the list below, or all)
#   ci/peers.sh clean [PEER...]                            (stop them, all by default, and delete their state)
#   ci/peers.sh kill PEER                                  (SIGKILL, for the fault tests)
#   ci/peers.sh prepare                                    (gets programs that are not installed, before anything starts)
#   ci/peers.sh base unix://SOCKET|tcp://HOST:PORT         (feeds the image busybox:test to an Engine)
#   ci/peers.sh debian unix://SOCKET|tcp://HOST:PORT       (the image debian:bookworm, which takes a minute the first time)
#   ci/peers.sh list | packages                            (names of all peers; the Debian packages they need)
#
# Peers:
#   engine      the Docker Engine of the distribution (docker.io), private to this tree
#   engine-new  the one of Debian 13, with containerd's image store
#   mirror      a registry over plain HTTP that holds base images
#   registry    a registry with TLS and a password
#   buildkit    a standalone BuildKit daemon; starts mirror and registry as well
#
# Every peer keeps pid, log, sockets and data in a folder of its own below ${BUILDTOOLS_PEERS:-out/peers}. An Engine that
# the machine already runs is never touched: a private one has its own data root, exec root, sockets, containerd
# namespace and bridge, and changes no firewall rule.
#
# `start` and `stop` may be repeated, and clean up after a run that was killed. `env` prints lines for eval.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${BUILDTOOLS_PEERS:-$here/out/peers}
case $state in /*) ;; *) state=$here/$state ;; esac
all_peers=(engine engine-new mirror registry buildkit)
packages=(docker.io debootstrap busybox-static curl docker-registry openssl perl-base runc)

say() { printf 'peers: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# need COMMAND PACKAGE: a missing peer is an error that names the package, never a skip
need() { command -v "$1" >/dev/null 2>&1 || die "'$1' is missing, install the package '$2'"; }

# checksum TEXT: short stable hex name for things with a length limit
checksum() { printf '%s' "$1" | cksum | awk '{ printf "%08x", $1 }'; }

dir_of() { printf '%s/%s\n' "$state" "$1"; }

# run_of PEER: folder for sockets. A socket path holds 107 bytes, and Engines append to it.
run_of()
{
	local dir
	dir=$(dir_of "$1")
	if [ "${#dir}" -gt 60 ]; then
		dir=/tmp/bt-peers-$(checksum "$dir")
	fi
	printf '%s\n' "$dir"
}

# --- processes -------------------------------------------------------------------------------------------------------

# started_at PID: kernel start time; with the pid it names one process for good
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{ print $20 }'; }

# pid_of PEER: prints the pid if the recorded process is still that process
pid_of()
{
	local pid at
	read -r pid at 2>/dev/null <"$(dir_of "$1")/pid" || return 1
	[ -n "$pid" ] && [ "$(started_at "$pid")" = "$at" ] || return 1
	case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in Z*|'') return 1 ;; esac
	printf '%s\n' "$pid"
}

# spawn PEER COMMAND...: in its own session, holding none of our descriptors (bats waits for those)
spawn()
{
	local peer=$1 dir pid
	shift
	dir=$(dir_of "$peer")
	setsid "$@" </dev/null >>"$dir/log" 2>&1 3>&- 4>&- 5>&- 9>&- &
	pid=$!
	printf '%s %s\n' "$pid" "$(started_at "$pid")" >"$dir/pid"
	disown "$pid"
}

# await TENTHS PEER COMMAND...: until the command succeeds; at once an error when the peer's process is gone
await()
{
	local tenths=$1 peer=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		pid_of "$peer" >/dev/null || return 1
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# end_pid PID SIGNAL TENTHS: true when the process is gone
end_pid()
{
	local pid=$1 at tenths=$3
	at=$(started_at "$pid")
	kill "-$2" "$pid" 2>/dev/null || return 0
	while [ -n "$at" ] && [ "$(started_at "$pid")" = "$at" ]; do
		case $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) in Z*) return 0 ;; esac
		[ "$tenths" -gt 0 ] || return 1
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

end_peer()
{
	local pid
	if pid=$(pid_of "$1"); then
		end_pid "$pid" TERM "${2:-300}" || end_pid "$pid" KILL 100 || die "$1: pid $pid does not end"
	fi
	rm -f "$(dir_of "$1")/pid"
}

# end_strays FOLDER: processes that a killed Engine left: those whose root file system lies in FOLDER (containers), and
# runtime helpers that were started with a path below it
end_strays()
{
	local folder=$1 proc pid
	for proc in /proc/[0-9]*; do
		pid=${proc#/proc/}
		[ "$pid" != $$ ] || continue
		if awk -v f="$folder/" '$5 == "/" && index($0, f) { found = 1 } END { exit !found }' \
			"$proc/mountinfo" 2>/dev/null; then
			end_pid "$pid" KILL 50 || true
			continue
		fi
		case $(readlink "$proc/exe" 2>/dev/null) in
		*/containerd*|*/runc|*/docker-proxy|*/dockerd|*/buildkit*) ;;
		*) continue ;;
		esac
		if tr '\0' '\n' <"$proc/cmdline" 2>/dev/null | grep -qF "$folder/"; then
			end_pid "$pid" KILL 50 || true
		fi
	done
}

# unmount_below FOLDER: deepest first
unmount_below()
{
	awk -v f="$1/" 'index($5, f) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r point; do
		umount -l "$point" 2>/dev/null || true
	done
}

free_port()
{
	local port
	while :; do
		port=$((20000 + RANDOM % 12000))
		# somebody answers there: not free
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	printf '%s\n' "$port"
}

# --- Docker Engine ---------------------------------------------------------------------------------------------------

# call ADDRESS PATH [curl option]...
call()
{
	case $1 in
	unix://*) curl -sS --fail --max-time 60 --unix-socket "${1#unix://}" "http://engine$2" "${@:3}" ;;
	tcp://*) curl -sS --fail --max-time 60 "http://${1#tcp://}$2" "${@:3}" ;;
	*) die "address '$1' is neither unix:// nor tcp://" ;;
	esac
}

address_of() { printf 'unix://%s/docker.sock\n' "$(run_of "$1")"; }
api() { call "$(address_of "$1")" "${@:2}"; }

# overlay_works FOLDER: whether the kernel mounts an overlay there (it refuses on top of another overlay)
overlay_works()
{
	local dir=$1/overlay-probe ok=1
	mkdir -p "$dir"/{lower,upper,work,merged}
	if mount -t overlay overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/merged" \
		2>/dev/null; then
		ok=0
		umount "$dir/merged"
	fi
	rm -rf "$dir"
	return $ok
}

bridge_of() { printf 'bt%s\n' "$(checksum "$(dir_of "$1")")"; }

# The Engine's RUN steps want a bridge. Its own, so that two Engines never share docker0 or its firewall rules.
bridge_up()
{
	local bridge net
	bridge=$(bridge_of "$1")
	net=$((16#$(checksum "$bridge")))
	if ! [ -e "/sys/class/net/$bridge" ]; then
		busybox ip link add name "$bridge" type bridge
		busybox ip addr add "10.$((200 + net % 50)).$((net / 50 % 250)).1/24" dev "$bridge"
	fi
	busybox ip link set "$bridge" up
}

bridge_down() { busybox ip link del "$(bridge_of "$1")" 2>/dev/null || true; }

# engine_up PEER FOLDER-OF-DOCKERD [STORE]: one attempt; STORE is containerd for its image store
engine_up()
{
	local peer=$1 bin=$2 store=${3:-} dir run drivers=(overlay2 vfs) driver port alone=()
	# an upload that waits for its next try keeps its place among those at a time
	local settings='{"max-concurrent-uploads": 40}'
	dir=$(dir_of "$peer")
	run=$(run_of "$peer")
	mkdir -p "$dir/data" "$run"
	if [ "$store" = containerd ]; then
		drivers=(overlayfs native)
		settings='{"features": {"containerd-snapshotter": true}}'
		# images are to go into a containerd of its own, even where the system runs one
		[ ! -e /run/containerd/containerd.sock ] ||
			alone=(unshare --mount sh -c 'mount -t tmpfs none /run/containerd && exec "$@"' sh)
	fi
	driver=${drivers[0]}
	overlay_works "$dir/data" || driver=${drivers[1]}
	port=$(free_port)
	printf '%s\n' "$port" >"$dir/port"
	printf '%s\n' "$settings" >"$dir/daemon.json"
	rm -f "$run/docker.sock" "$run/docker.pid"
	bridge_up "$peer"
	PATH=$bin:$PATH spawn "$peer" "${alone[@]}" "$bin/dockerd" \
		--config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$run/exec" \
		--pidfile "$run/docker.pid" --storage-driver "$driver" --group "${SUDO_GID:-0}" \
		--host "unix://$run/docker.sock" --host "tcp://127.0.0.1:$port" --tls=false \
		--containerd-namespace "$(bridge_of "$peer")" \
		--containerd-plugins-namespace "$(bridge_of "$peer")-plugins" \
		--bridge "$(bridge_of "$peer")" --iptables=false --ip6tables=false --ip-masq=false \
		--userland-proxy=false --exec-opt native.cgroupdriver=cgroupfs
	await 600 "$peer" api "$peer" /_ping
}

# engine_start PEER FOLDER-OF-DOCKERD [STORE]
engine_start()
{
	local peer=$1 bin=$2 store=${3:-} dir
	dir=$(dir_of "$peer")
	need "$bin/dockerd" docker.io
	need curl curl
	need busybox busybox-static
	[ "$(id -u)" = 0 ] || die "$peer: an Engine needs root"
	if pid_of "$peer" >/dev/null && await 300 "$peer" api "$peer" /_ping; then
		base_image "$(address_of "$peer")"
		return
	fi
	engine_stop "$peer"
	mkdir -p "$dir"
	: >"$dir/log"
	if ! engine_up "$peer" "$bin" "$store"; then
		# a run that was killed may leave data that the Engine refuses: begin anew, once
		say "$peer: first start failed, deleting its data"
		engine_stop "$peer"
		rm -rf "$dir/data"
		if ! engine_up "$peer" "$bin" "$store"; then
			tail -n 30 "$dir/log" >&2
			engine_stop "$peer"
			die "$peer: does not start, log in $dir/log"
		fi
	fi
	base_image "$(address_of "$peer")"
	say "$peer: Docker Engine $(api "$peer" /version | sed 's/.*"Version":"\([^"]*\)","ApiVersion.*/\1/')," \
		"unix://$(run_of "$peer")/docker.sock"
}

engine_stop()
{
	local peer=$1 dir run
	dir=$(dir_of "$peer")
	run=$(run_of "$peer")
	[ -d "$dir" ] || return 0
	end_peer "$peer"
	end_strays "$run"
	[ "$run" = "$dir" ] || end_strays "$dir"
	unmount_below "$run"
	[ "$run" = "$dir" ] || unmount_below "$dir"
	bridge_down "$peer"
	rm -rf "$run/exec" "$run/docker.sock" "$run/docker.pid"
	[ "$run" = "$dir" ] || rmdir "$run" 2>/dev/null || true
}

engine_env()
{
	local peer=$1 var=$2 dir
	dir=$(dir_of "$peer")
	pid_of "$peer" >/dev/null || die "$peer: not running"
	if [ "$var" = ENGINE ]; then
		printf 'export DOCKER_HOST=unix://%s/docker.sock\n' "$(run_of "$peer")"
	fi
	printf 'export BT_%s_SOCKET=%s/docker.sock\n' "$var" "$(run_of "$peer")"
	printf 'export BT_%s_TCP=tcp://127.0.0.1:%s\n' "$var" "$(cat "$dir/port")"
	printf 'export BT_%s_PID=%s\n' "$var" "$(pid_of "$peer")"
	printf 'export BT_%s_LOG=%s/log\n' "$var" "$dir"
}

# base_tree FOLDER: root file system of the image busybox:test. There is no registry to pull a base image from.
base_tree()
{
	local root=$1 applet
	mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp}
	chmod 1777 "$root/tmp"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
}

# base_image ADDRESS: feeds busybox:test to an Engine as a tar, once
base_image()
{
	local address=$1 root reply
	need curl curl
	need busybox busybox-static
	call "$address" /images/busybox:test/json >/dev/null 2>&1 && return
	root=$(mktemp -d)
	base_tree "$root"
	reply=$(tar -C "$root" --numeric-owner --owner 0 --group 0 -cf - . | call "$address" \
		"/images/create?fromSrc=-&repo=busybox&tag=test&changes=CMD%20%5B%22/bin/sh%22%5D&changes=ENV%20PATH%3D/bin" \
		-X POST -H 'Content-Type: application/x-tar' --data-binary @-)
	rm -rf "$root"
	call "$address" /images/busybox:test/json >/dev/null || die "import of busybox:test failed: $reply"
}

start_engine() { engine_start engine /usr/sbin; }
stop_engine() { engine_stop engine; }
env_engine() { engine_env engine ENGINE; }

# shellcheck source=ci/peer-registry.sh
. "$here/ci/peer-registry.sh"
# shellcheck source=ci/peer-buildkit.sh
. "$here/ci/peer-buildkit.sh"
# shellcheck source=ci/peer-engine-new.sh
. "$here/ci/peer-engine-new.sh"
# shellcheck source=ci/peer-debian.sh
. "$here/ci/peer-debian.sh"

# --- commands --------------------------------------------------------------------------------------------------------

status_of()
{
	local pid
	if pid=$(pid_of "$1"); then
		printf '%s: running, pid %s\n' "$1" "$pid"
	else
		printf '%s: not running\n' "$1"
		return 1
	fi
}

kill_of()
{
	local pid
	pid=$(pid_of "$1") || die "$1: not running"
	end_pid "$pid" KILL 100
}

usage() { sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//; p; }' "${BASH_SOURCE[0]}"; }

main()
{
	local verb=${1:-help} peer known failed=0
	shift || true
	case $verb in
	list) printf '%s\n' "${all_peers[@]}"; return ;;
	packages)
		# a Go from elsewhere will do
		command -v go >/dev/null || packages+=(golang-go)
		printf '%s\n' "${packages[@]}"
		return
		;;
	base) base_image "${1:?address}"; return ;;
	debian) debian_image "${1:?address}"; return ;;
	prepare)
		{ engine_new_programs && debian_archive; } >/dev/null &
		make_programs >/dev/null
		wait $!
		return
		;;
	esac
	[ "$verb" = clean ] || [ "$verb" = help ] || [ $# -gt 0 ] || die "$verb: of which peer?"
	if [ "${1:-}" = all ] || { [ "$verb" = clean ] && [ $# -eq 0 ]; }; then
		set -- "${all_peers[@]}"
	fi
	for peer in "$@"; do
		known=0
		case " ${all_peers[*]} " in *" $peer "*) known=1 ;; esac
		[ $known = 1 ] || die "no peer '$peer', there are: ${all_peers[*]}"
		mkdir -p "$state"
		# one at a time: two test runs may ask for the same peer
		exec 9>"$state/$peer.lock"
		flock -w 300 9 || die "$peer: another start or stop does not end"
		case $verb in
		start) "start_${peer//-/_}" ;;
		stop) "stop_${peer//-/_}" ;;
		restart) "stop_${peer//-/_}"; "start_${peer//-/_}" ;;
		env) "env_${peer//-/_}" ;;
		status) status_of "$peer" || failed=1 ;;
		kill) kill_of "$peer" ;;
		clean) "stop_${peer//-/_}"; rm -rf "$(dir_of "$peer")" ;;
		*) usage; exit 2 ;;
		esac
	done
	[ "$verb" != help ] || usage
	return $failed
}

main "$@"
