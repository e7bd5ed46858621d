#!/usr/bin/env bash
# bench.sh [option of run.py...]: measures beside buildctl and buildx, with the BuildKit daemon of ci/peers.sh.
#
# buildx is a Go program as well (go.mod, go.sum beside this); making it takes minutes, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bench=$PWD/tests/bench
BT_BUILDX=$PWD/out/bench/buildx
if ! [ "$BT_BUILDX" -nt "$bench/go.sum" ]; then
	command -v go >/dev/null || { echo "'go' is missing, install the package 'golang-go'" >&2; exit 1; }
	echo 'making buildx, this takes minutes' >&2
	(cd "$bench" && CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-mod=readonly go build -trimpath -o "$BT_BUILDX" \
		github.com/docker/buildx/cmd/buildx)
fi

if ! ci/peers.sh status buildkit >/dev/null 2>&1; then
	trap 'ci/peers.sh stop buildkit mirror registry' EXIT
	ci/peers.sh start buildkit
fi
peer=$(ci/peers.sh env buildkit)
eval "$peer"
export BT_BUILDX
python3 "$bench/run.py" "$@"
