# shellcheck shell=bash
# The image debian:bookworm for Engines, read by peers.sh. There is no registry to pull it from, so it is installed by
# debootstrap out of the archive that the system itself uses; once, for all states below out/peers/programs.

debian_suite=bookworm

# debian_archive: its files as a tar, whose name is printed. The compiler is in already, which spares every test the
# largest of the packages; the rest of what a build needs is left to apt in the container.
debian_archive()
{
	local tar=$programs/debian-$debian_suite.tar
	mkdir -p "$programs"
	(
		flock 8
		! [ -e "$tar" ] || exit 0
		need debootstrap debootstrap
		say "debian: installing $debian_suite, this takes a minute"
		rm -rf --one-file-system "$tar.tree" && mkdir "$tar.tree" && debian_tree "$tar.tree" || exit 1
		tar -C "$tar.tree" --one-file-system --numeric-owner --exclude './dev/*' --exclude './var/cache/apt/*' \
			--exclude './var/lib/apt/lists/*' -cf "$tar.part" . && mv "$tar.part" "$tar" || exit 1
		rm -rf --one-file-system "$tar.tree" "$tar.tree.log"
	) 8>"$programs/debian.lock" >&2 || die "debian: no files of $debian_suite"
	printf '%s\n' "$tar"
}

debian_tree()
{
	local lists uri
	lists=$(mktemp -d)
	"$here/vendor/sources" "$debian_suite" deb "$lists" || return 1
	uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\).*/\2/p' "$lists"/* | head -n 1)
	if ! debootstrap --variant=minbase --include=gcc,libc6-dev "$debian_suite" "$1" "$uri" >"$1.log" 2>&1; then
		tail -n 20 "$1.log" "$1/debootstrap/debootstrap.log"
		return 1
	fi
	rm -f "$1/etc/apt/sources.list"
	cp "$lists"/* "$1/etc/apt/sources.list.d/"
	rm -rf "$lists"
}

# debian_image ADDRESS: feeds debian:bookworm to an Engine, once
debian_image()
{
	local address=$1 tar reply
	need curl curl
	call "$address" "/images/debian:$debian_suite/json" >/dev/null 2>&1 && return
	tar=$(debian_archive)
	reply=$(call "$address" "/images/create?fromSrc=-&repo=debian&tag=$debian_suite" \
		-X POST -H 'Content-Type: application/x-tar' -T "$tar")
	call "$address" "/images/debian:$debian_suite/json" >/dev/null || die "import of debian:$debian_suite failed: $reply"
}
