#!/bin/sh
# install.sh: puts buildtools, build and push of a release into a folder, ./bin unless BINDIR says so.
#
#   install.sh [VERSION | ARCHIVE]
#
#   VERSION           which release; or BUILDTOOLS_VERSION
#   ARCHIVE           a file buildtools_VERSION_linux_ARCH.tar.gz, for hosts without network. checksums.txt is looked
#                     for beside it
#   BUILDTOOLS_URL    where releases are: URL/checksums.txt and URL/buildtools_VERSION_linux_ARCH.tar.gz, where
#                     "{version}" in the URL stands for the version. A folder may stand there, too
#   BUILDTOOLS_SHA256 the hash of the archive, in place of checksums.txt. Whoever can change the archive on a server can
#                     change checksums.txt beside it: a hash that is written down elsewhere protects from that
#   BUILDTOOLS_ARCH   x86_64, aarch64 or armv7, in place of this machine's
#   BINDIR            where to
#
# Needs a POSIX shell, tar, gzip and sha256sum, shasum or openssl; to download, curl or wget. Does not need root. What was
# there before is replaced at once and only by what has the right hash.
set -eu
umask 022

say() { printf 'install.sh: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

work=
new=
finish() {
	[ -z "$work" ] || rm -rf "$work"
	[ -z "$new" ] || rm -rf "$new"
}

arch() {
	case ${BUILDTOOLS_ARCH:-$(uname -m)} in
	x86_64 | amd64) echo x86_64 ;;
	aarch64 | arm64) echo aarch64 ;;
	armv7 | armv7l | armv8l) echo armv7 ;;
	*) die "there is no release for '${BUILDTOOLS_ARCH:-$(uname -m)}', only for x86_64, aarch64 and armv7" ;;
	esac
}

# download URL FILE
download() {
	if has curl; then
		# who asked for https is not sent elsewhere
		case $1 in https://*) schemes='=https' ;; *) schemes='=http,https' ;; esac
		curl -fsSL --proto-redir "$schemes" --retry 3 --connect-timeout 20 -o "$2" "$1" || die "cannot download '$1'"
	elif has wget; then
		wget -q -O "$2" "$1" || die "cannot download '$1'"
	else
		die "neither curl nor wget is there: download '$1' elsewhere and give the file as argument"
	fi
}

# get NAME FILE: from the place where releases are
get() {
	case $place in
	http://* | https://*) download "$place/$1" "$2" ;;
	*)
		[ -f "$place/$1" ] || die "no file '$1' in '$place'"
		cp "$place/$1" "$2" || die "cannot read '$place/$1'"
		;;
	esac
}

# hash FILE: its sha256 in hex
hash() {
	if has sha256sum; then
		sha256sum <"$1"
	elif has shasum; then
		shasum -a 256 <"$1"
	elif has openssl; then
		openssl dgst -sha256 -r <"$1"
	else
		die 'none of sha256sum, shasum and openssl is there: nothing can be verified, so nothing is installed'
	fi | cut -d ' ' -f 1
}

# wanted_hash NAME SUMS: what the release says of that file
wanted_hash() {
	if [ -n "${BUILDTOOLS_SHA256:-}" ]; then
		printf '%s\n' "$BUILDTOOLS_SHA256"
	else
		awk -v name="$1" '$2 == name || $2 == "*" name { print $1 }' "$2"
	fi
}

# verify FILE NAME SUMS: ends the run unless the hash is right; nothing has been unpacked until then
verify() {
	want=$(wanted_hash "$2" "$3" | tr 'A-F' 'a-f')
	[ "${#want}" -eq 64 ] || die "no sha256 is known for $2"
	is=$(hash "$1")
	[ "${#is}" -eq 64 ] || exit 1
	[ "$is" = "$want" ] ||
		die "$2 has the wrong sha256, it is cut off or not the released file: $is instead of $want"
}

# put FILE FOLDER: the program and its two other names, each replaced by a rename
put() {
	new=$(mktemp -d "$2/.buildtools.XXXXXX") || die "cannot write to '$2'"
	if ! cp "$1" "$new/buildtools" || ! chmod 755 "$new/buildtools"; then
		die "cannot write to '$2'"
	fi
	# a program for another processor, or one that this system forbids to run, is not put into place
	[ -n "${BUILDTOOLS_ARCH:-}" ] || "$new/buildtools" version >/dev/null 2>&1 ||
		die "the program does not run on this machine ($(uname -m)), or '$2' is mounted noexec"
	ln -s buildtools "$new/build"
	ln -s buildtools "$new/push"
	for name in buildtools build push; do
		[ ! -d "$2/$name" ] || die "'$2/$name' is a folder"
	done
	for name in buildtools build push; do
		mv -f "$new/$name" "$2/$name" || die "cannot replace '$2/$name'"
	done
	rmdir "$new"
	new=
}

main() {
	case ${1:-} in
	-h | --help)
		echo 'usage: install.sh [VERSION | ARCHIVE], with BUILDTOOLS_URL, BUILDTOOLS_SHA256 and BINDIR in the environment'
		exit 0
		;;
	-*) die "unknown flag '$1'" ;;
	esac
	[ $# -le 1 ] || die 'one argument at most: a version or an archive'
	bindir=${BINDIR:-./bin}
	trap finish EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	work=$(mktemp -d) || die 'cannot make a temporary folder'

	case ${1:-} in
	*.tar.gz | */*)
		archive=${1##*/}
		case $1 in */*) place=${1%/*} ;; *) place=. ;; esac
		;;
	*)
		version=${1:-${BUILDTOOLS_VERSION:-}}
		version=${version#v}
		[ -n "$version" ] || die 'which version? Give it as argument or as BUILDTOOLS_VERSION'
		place=${BUILDTOOLS_URL:-}
		[ -n "$place" ] || die 'where from? Set BUILDTOOLS_URL to the address or folder of the release'
		case $place in
		*'{version}'*) place=${place%%'{version}'*}$version${place#*'{version}'} ;;
		esac
		place=${place%/}
		arch=$(arch)
		archive=buildtools_${version}_linux_$arch.tar.gz
		;;
	esac
	[ -n "${BUILDTOOLS_SHA256:-}" ] || get checksums.txt "$work/checksums.txt"
	get "$archive" "$work/archive"
	verify "$work/archive" "$archive" "$work/checksums.txt"

	mkdir "$work/unpacked"
	gzip -dc <"$work/archive" | tar -xf - -C "$work/unpacked" || die "cannot unpack $archive"
	program=$work/unpacked/${archive%.tar.gz}/bin/buildtools
	[ -f "$program" ] || die "$archive does not hold the program"
	mkdir -p "$bindir" || die "cannot make the folder '$bindir'"
	put "$program" "$bindir"
	say "$archive is installed: $bindir/buildtools, build and push"
}

# the last line: of a script that was cut off on its way into a shell, nothing is run
main "$@"
