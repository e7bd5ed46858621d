#!/usr/bin/env bash
# quickstart.sh: from a fresh Debian or Ubuntu to a built image.
#
# Installs what is missing, makes the binary, builds the example project in tests/data/example and shows the image.
# Uses the Docker Engine that answers at DOCKER_HOST or the default socket; if none does, starts a private one for the
# time of the run (its images are kept below out/ for the next run). May be run again at any time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
step() { printf '\n== %s\n' "$*"; }

# engine PATH [curl option]...: the Engine at $DOCKER_HOST
engine()
{
	local path=$1
	shift
	case $DOCKER_HOST in
	unix://*) curl -sS --fail --max-time 60 --unix-socket "${DOCKER_HOST#unix://}" "$@" "http://engine$path" ;;
	tcp://*) curl -sS --fail --max-time 60 "$@" "http://${DOCKER_HOST#tcp://}$path" ;;
	*) return 1 ;;
	esac
}

started=
finish() { [ -z "$started" ] || as_root ci/peers.sh stop engine; }
trap finish EXIT

step 'packages'
ci/apt-install build curl busybox-static

step 'make'
make -j "$(nproc)"

step 'Docker Engine'
export DOCKER_HOST=${DOCKER_HOST:-unix:///var/run/docker.sock}
if engine /_ping >/dev/null 2>&1; then
	echo "using the Engine at $DOCKER_HOST"
else
	echo "no Engine answers at $DOCKER_HOST: starting a private one"
	# one that runs already, for tests, is not ours to stop
	if ! ci/peers.sh status engine >/dev/null 2>&1; then
		ci/apt-install docker.io
		started=1
		as_root ci/peers.sh start engine
	fi
	eval "$(ci/peers.sh env engine)"
fi
ci/peers.sh base "$DOCKER_HOST"

step 'build tests/data/example'
# Only what is named here reaches the build: a CI system around us would give the example the name of its own project.
surroundings=(PATH="$PATH" HOME="$HOME" TERM="${TERM:-dumb}" DOCKER_HOST="$DOCKER_HOST")
if ! [ -e .git ]; then
	surroundings+=(CI_PROJECT_NAME=example CI_COMMIT_REF_NAME=main)
	surroundings+=(CI_COMMIT_SHA=0000000000000000000000000000000000000000)
fi
references=$(cd tests/data/example && env -i "${surroundings[@]}" ../../../out/bin/build --no-login --no-pull)

step 'the image'
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
[ -n "$references" ] || { echo 'the build named no image' >&2; exit 1; }
printf '%-70s %-20s %s\n' REFERENCE 'IMAGE ID' SIZE
for reference in $references; do
	reference=${reference%@*}
	inspection=$(engine "/images/$reference/json")
	id=$(field Id <<<"$inspection")
	printf '%-70s %-20s %s\n' "$reference" "${id:7:12}" "$(field Size <<<"$inspection" | numfmt --to=iec)"
done
printf '\nexported files: %s\n' "$(cd tests/data/example && find exported -type f | sort | paste -sd ' ')"
