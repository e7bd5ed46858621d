#!/usr/bin/env bash
# start.sh [RUNS]: what the images cost at start beyond an empty container, in milliseconds.
#
# runc starts each in turn, RUNS (50) times: a container with a program that only ends, the image "tool" with --version, and
# the image "job" with a shell as CI runners start it. The goal is less than 5 ms beyond the first. Needs root, runc and jq.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

runs=${1:-50}
for program in runc jq gcc; do
	command -v "$program" >/dev/null || { echo "'$program' is missing, install the package of that name" >&2; exit 1; }
done
make rootfs >&2
case $(uname -m) in
x86_64) files=$PWD/out/rootfs/linux/amd64 ;;
aarch64) files=$PWD/out/rootfs/linux/arm64 ;;
*) files=$PWD/out/rootfs/linux/arm/v7 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/empty"
echo 'int main(void) { return 0; }' | gcc -O2 -static -x c -o "$work/empty/end" -

# bundle NAME ROOT ARG...: a read-only container; what runc mounts over is made where it is missing, so it gets a copy
bundle()
{
	local name=$1 root=$2
	shift 2
	mkdir -p "$work/$name.bundle"
	cp -a "$root" "$work/$name.bundle/rootfs"
	mkdir -p "$work/$name.bundle/rootfs"/{proc,dev,sys}
	(cd "$work/$name.bundle" && runc spec)
	jq '.process.terminal = false | .process.args = $ARGS.positional' "$work/$name.bundle/config.json" --args -- "$@" \
		>"$work/config"
	mv "$work/config" "$work/$name.bundle/config.json"
}

bundle empty "$work/empty" /end
bundle tool "$files/tool" /usr/local/bin/buildtools --version
bundle job "$files/job" /usr/local/bin/buildtools sh -c true

for ((run = 0; run < runs; run++)); do
	for name in $(shuf -e empty tool job); do
		began=${EPOCHREALTIME/./}
		runc run --bundle "$work/$name.bundle" "start-$$-$name" </dev/null >/dev/null
		printf '%s\n' $((${EPOCHREALTIME/./} - began)) >>"$work/$name.times"
	done
done

# beyond: the median of the differences within each round, as the machine is not equally busy in all of them
printf '%-8s %10s %10s %10s\n' start median fastest beyond
for name in empty tool job; do
	paste "$work/$name.times" "$work/empty.times" | sort -n | awk '{ print $1, $1 - $2 }' >"$work/rows"
	printf '%-8s' "$name"
	for want in "1 $(((runs + 1) / 2))" '1 1' "2 $(((runs + 1) / 2))"; do
		cut -d ' ' -f "${want% *}" "$work/rows" | sort -n | sed -n "${want#* }p" | awk '{ printf " %10.1f", $1 / 1000 }'
	done
	printf '\n'
done
