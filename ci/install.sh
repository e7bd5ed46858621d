#!/usr/bin/env bash
# install.sh: installs Debian packages that are missing; needs root only when one is.
#
#   ci/install.sh GROUP|PACKAGE...      (a GROUP of ci/packages, else a package)
#
# A service that comes with a package is not started: whoever wants one starts it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for want in "$@"; do
	packages=$(awk -v group="$want" '$1 == group { print $2 }' ci/packages)
	for package in ${packages:-$want}; do
		installed "$package" || missing+=("$package")
	done
done
[ "${#missing[@]}" -gt 0 ] || exit 0

printf 'installing %s\n' "${missing[*]}" >&2
options=(-qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
policy=/usr/sbin/policy-rc.d
if ! [ -e "$policy" ]; then
	trap 'as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
fi
as_root apt-get "${options[@]}" update
as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get "${options[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null
