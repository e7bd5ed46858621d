#!/usr/bin/env bats
# What a release holds, the script that installs it and the one that makes it again. No peer is asked.
#
# The release of these tests has one architecture, the machine's own: making it takes a second.

load helper

setup_file()
{
	local line
	ARCH=$(uname -m | sed 's/^armv.*/armv7/')
	line=$("$BT_BIN/buildtools" version) || return
	VERSION=$(sed 's/^Version: \([^,]*\),.*/\1/' <<<"$line")
	COMMIT=$(sed 's/.*, commit \([^,]*\),.*/\1/' <<<"$line")
	DATE=$(sed 's/.*, built at //' <<<"$line")
	EPOCH=$(date -d "$DATE" +%s)
	PLATFORM=$(sed 's/x86_64/amd64/; s/aarch64/arm64/; s|armv7|arm/v7|; s|^|linux/|' <<<"$ARCH")
	export ARCH VERSION COMMIT DATE EPOCH PLATFORM
	make_tree
	make_release "$BATS_FILE_TMPDIR/out" >/dev/null
}

setup()
{
	T=$(mktemp -d /tmp/bt-it.XXXXXX)
	PIDS=()
	RELEASE=$BATS_FILE_TMPDIR/out/release
	ARCHIVE=buildtools_${VERSION}_linux_$ARCH.tar.gz
	need_command curl curl
	need_command wget wget
	need_command jq jq
	need_command python3 python3
	need_command skopeo skopeo
}

teardown()
{
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$T"
}

# make_tree: what "make rootfs" leaves, as far as an archive of an image needs it: its layer
make_tree()
{
	local tree=$BATS_FILE_TMPDIR/tree layers=$BATS_FILE_TMPDIR/rootfs/$PLATFORM
	mkdir -p "$tree/usr/local/bin" "$layers"
	cp "$BT_BIN/buildtools" "$tree/usr/local/bin/"
	tar -C "$tree" --sort=name --mtime="@$EPOCH" --owner=0 --group=0 -cf "$layers/tool.tar" .
	cp "$layers/tool.tar" "$layers/job.tar"
}

# make_release OUT: of the program in BT_BIN
make_release()
{
	mkdir -p "$1"
	ln -sfn "$(readlink -f "$BT_BIN")" "$1/bin"
	ln -sfn "$(readlink -f "$BT_BIN")" "$1/$ARCH"
	ln -sfn "$ROOT/out/vendor" "$1/vendor"
	ln -sfn "$BATS_FILE_TMPDIR/rootfs" "$1/rootfs"
	IMAGES='tool job' "$ROOT/ci/release" "$1" "$VERSION" "$COMMIT" "$EPOCH" "$ARCH"
}

# copied_release: RELEASE becomes a copy that the test may spoil
copied_release()
{
	cp -R "$RELEASE" "$T/release"
	RELEASE=$T/release
}

# --- what it holds ---------------------------------------------------------------------------------------------------

@test "a release made again elsewhere, with other rights and clocks, has the same bytes" {
	(umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 make_release "$T/again") >/dev/null
	expect_equal "$(cat "$T/again/release/checksums.txt")" "$(cat "$RELEASE/checksums.txt")"
	cd "$RELEASE" || return
	sha256sum --check --strict --quiet checksums.txt
	expect_equal "$(sed 's/^[0-9a-f]*  //' checksums.txt)" "$(printf '%s\n' * | grep -vx checksums.txt)"
}

@test "an archive holds the program under its three names, pages, completions and all licences" {
	local top=$T/${ARCHIVE%.tar.gz} name
	tar -xzf "$RELEASE/$ARCHIVE" -C "$T"
	cmp "$top/bin/buildtools" "$BT_BIN/buildtools"
	for name in build push; do
		expect_in "$("$top/bin/$name" --version)" "^Version: $VERSION, "
	done
	for name in man1/build.1 man1/push.1 man1/buildtools.1 man5/buildtools.yaml.5 man7/buildtools-environment.7; do
		gzip -dc "$top/share/man/$name.gz" | cmp - "$ROOT/man/${name#*/}"
	done
	"$BT_BIN/buildtools" completion bash | cmp - "$top/share/bash-completion/completions/push"
	"$BT_BIN/buildtools" completion fish | cmp - "$top/share/fish/vendor_completions.d/build.fish"
	expect_equal "$(head -n 1 "$top/share/zsh/site-functions/_buildtools")" '#compdef build push buildtools'
	cmp "$ROOT/LICENSE" "$top/share/doc/buildtools/LICENSE"
	cmp "$ROOT/README.md" "$top/share/doc/buildtools/README.md"
	# every library that make links in, and what the roots come from
	for name in musl ca-certificates $(sed -n 's/^LIBS := //p' "$ROOT/Makefile"); do
		[ -s "$top/share/doc/buildtools/licences/$name" ] || fail "no licence of $name"
	done
	expect_in "$(cat "$top/share/doc/buildtools/licences/ca-certificates")" 'MPL-2\.0'
	expect_equal "$(tar -tvzf "$RELEASE/$ARCHIVE" | awk '{ print $2 }' | sort -u)" 0/0
}

@test "the archive of sources has all that make needs without a network" {
	local top=$T/buildtools_${VERSION}_sources file sum
	tar -xzf "$RELEASE/buildtools_${VERSION}_sources.tar.gz" -C "$T"
	cmp "$top/Makefile" "$ROOT/Makefile"
	[ -x "$top/ci/release" ]
	awk '$1 ~ /^(source|patches)$/ { print $6 "  " $5 }' "$ROOT/vendor/lock" >"$T/sums"
	cd "$top/archives" || return
	sha256sum --check --strict --quiet "$T/sums"
}

@test "the bill of materials lists what is locked, with licences, hashes and patches" {
	local sbom=$RELEASE/buildtools_$VERSION.spdx.json name use spdx
	expect_equal "$(jq -r '[.spdxVersion, .dataLicense, .SPDXID, .creationInfo.created] | join(" ")' "$sbom")" \
		"SPDX-2.3 CC0-1.0 SPDXRef-DOCUMENT $DATE"
	# what SPDX asks of a package, and references that lead somewhere
	jq -e '[.packages[] | select((.SPDXID | test("^SPDXRef-[A-Za-z0-9.-]+$")) and .name and .versionInfo
		and .downloadLocation and .licenseDeclared and (.externalRefs[0].referenceLocator | startswith("pkg:")))]
		| length == (input.packages | length)' "$sbom" "$sbom" >/dev/null
	jq -e '([.packages[].SPDXID] + [.SPDXID]) as $known
		| all(.relationships[]; [.spdxElementId, .relatedSpdxElement] - $known == [])' "$sbom" >/dev/null
	jq -e --arg sum "$(sha256sum <"$RELEASE/$ARCHIVE" | cut -c 1-64)" --arg name "$ARCHIVE" \
		'.packages[] | select(.packageFileName == $name) | .checksums[0].checksumValue == $sum' "$sbom" >/dev/null
	expect_equal "$(jq -r '.packages[] | select(.name | startswith("buildtools") | not) | .checksums[0].checksumValue' "$sbom" | sort)" \
		"$(awk 'FNR == NR { use[$1] = $2; next } $1 == "source" && use[$2] != "tests" { print $6 }' \
			"$ROOT/vendor/licences" "$ROOT/vendor/lock" | sort)"
	while read -r name use spdx _; do
		[ "$use" = linked ] || continue
		expect_equal "$name $(jq -r --arg n "$name" '.packages[] | select(.name == $n) | .licenseDeclared' "$sbom")" "$name $spdx"
	done < <(grep -v '^#' "$ROOT/vendor/licences" | grep -F "$(awk '$1 == "source" { print $2 " " }' "$ROOT/vendor/lock")")
	jq -e '.relationships[] | select(.relatedSpdxElement == "SPDXRef-busybox")
		| .spdxElementId == "SPDXRef-buildtools-image-job" and .relationshipType == "CONTAINS"' "$sbom" >/dev/null
	jq -e '.packages[] | select(.name == "musl") | .sourceInfo | test("CVE-2025-26519")' "$sbom" >/dev/null
}

@test "an archive of an image is a layout that others read, with the program as entrypoint" {
	local archive=oci-archive:$RELEASE/buildtools_${VERSION}_image_tool.oci.tar layer
	skopeo inspect --config "$archive" >"$T/config"
	expect_equal "$(jq -r '[.created, .os, .config.Entrypoint[], .config.Labels["org.opencontainers.image.version"]] | join(" ")' "$T/config")" \
		"$DATE linux /usr/local/bin/buildtools $VERSION"
	expect_equal "$(jq -r .rootfs.diff_ids[0] "$T/config")" \
		"sha256:$(sha256sum <"$BATS_FILE_TMPDIR/rootfs/$PLATFORM/tool.tar" | cut -c 1-64)"
	skopeo copy -q "$archive" "dir:$T/copy"
	layer=$(jq -r '.layers[0].digest | ltrimstr("sha256:")' "$T/copy/manifest.json")
	gzip -dc "$T/copy/$layer" | cmp - "$BATS_FILE_TMPDIR/rootfs/$PLATFORM/tool.tar"
}

# --- installing it ---------------------------------------------------------------------------------------------------

# serve FOLDER: URL is a web server with it
serve()
{
	python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$1" >"$T/http.log" 2>&1 3>&- &
	PIDS+=($!)
	await 30 grep -q 'port [0-9]' "$T/http.log" || fail "$(cat "$T/http.log")"
	URL=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$T/http.log")
}

# install_sh VARIABLE=VALUE... -- ARGUMENT...: in the folder $T, with no other environment
install_sh()
{
	local env=()
	while [ "$1" != -- ]; do
		env+=("$1")
		shift
	done
	shift
	run --separate-stderr env -i -C "$T" PATH=/usr/bin:/bin TMPDIR="$T" "${env[@]}" sh "$ROOT/ci/install.sh" "$@" </dev/null
}

# only TOOL...: ONLY is a PATH with what the script needs anyway, and these
only()
{
	local tool
	ONLY=$T/only
	rm -rf "$ONLY"
	mkdir "$ONLY"
	for tool in sh cat uname mktemp rm mkdir cp chmod ln mv rmdir cut tr awk tar gzip "$@"; do
		ln -s "$(command -v "$tool")" "$ONLY/$tool"
	done
}

# expect_installed FOLDER
expect_installed()
{
	local name
	expect_status 0
	for name in buildtools build push; do
		expect_in "$("$1/$name" --version)" "^Version: $VERSION, commit $COMMIT,"
	done
	expect_equal "$(ls -A "$1")" "$(printf '%s\n' build buildtools push)"
}

# expect_refused TEXT: with nothing left behind
expect_refused()
{
	expect_status 1
	expect_error "$1"
	[ ! -e "$T/bin/build" ] || fail 'something was installed nevertheless'
	expect_equal "$(find "$T" -maxdepth 1 -name 'tmp.*')" ''
}

@test "install.sh installs a version from a web server, by curl and by wget" {
	serve "$RELEASE"
	install_sh BUILDTOOLS_URL="$URL" -- "$VERSION"
	expect_installed "$T/bin"
	expect_equal "$(readlink "$T/bin/push")" buildtools

	only wget sha256sum
	install_sh PATH="$ONLY" BUILDTOOLS_URL="$URL/" BUILDTOOLS_VERSION="v$VERSION" BINDIR="$T/a/b" --
	expect_installed "$T/a/b"
}

@test "install.sh runs out of a pipe, and puts the version into the address" {
	mkdir -p "$T/www/download"
	ln -s "$RELEASE" "$T/www/download/v$VERSION"
	serve "$T/www"
	run --separate-stderr env -i -C "$T" PATH=/usr/bin:/bin BUILDTOOLS_URL="$URL/download/v{version}" \
		sh -c 'curl -fsS "$1" | sh -s -- "$2"' - "$URL/download/v$VERSION/install.sh" "$VERSION"
	expect_installed "$T/bin"
}

@test "install.sh takes a file where there is no network, with any tool for hashes" {
	only sha256sum
	install_sh PATH="$ONLY" -- "$RELEASE/$ARCHIVE"
	expect_installed "$T/bin"

	only openssl
	install_sh PATH="$ONLY" BUILDTOOLS_URL="$RELEASE" BINDIR="$T/c" -- "$VERSION"
	expect_installed "$T/c"

	# the archive alone, and a hash from elsewhere
	cp "$RELEASE/$ARCHIVE" "$T"
	install_sh BUILDTOOLS_SHA256="$(sha256sum "$T/$ARCHIVE" | cut -c 1-64)" BINDIR="$T/d" -- "$ARCHIVE"
	expect_installed "$T/d"
}

@test "install.sh replaces what is there, and leaves it alone when it fails" {
	mkdir "$T/bin"
	ln -s /nowhere "$T/bin/build"
	echo old >"$T/bin/buildtools"
	install_sh BUILDTOOLS_SHA256="$(printf '0%.0s' {1..64})" -- "$RELEASE/$ARCHIVE"
	expect_status 1
	expect_error 'wrong sha256'
	expect_equal "$(cat "$T/bin/buildtools"; ls -A "$T/bin")" "$(printf '%s\n' old build buildtools)"

	install_sh -- "$RELEASE/$ARCHIVE"
	expect_installed "$T/bin"
}

@test "install.sh refuses an archive that is not the released one" {
	copied_release
	printf x | dd of="$RELEASE/$ARCHIVE" bs=1 seek=2000 conv=notrunc status=none
	serve "$RELEASE"
	install_sh BUILDTOOLS_URL="$URL" -- "$VERSION"
	expect_refused "$ARCHIVE has the wrong sha256"

	truncate -s 100000 "$RELEASE/$ARCHIVE"
	install_sh BUILDTOOLS_URL="$URL" -- "$VERSION"
	expect_refused "$ARCHIVE has the wrong sha256"

	sed -i "/$ARCHIVE/d" "$RELEASE/checksums.txt"
	install_sh BUILDTOOLS_URL="$URL" -- "$VERSION"
	expect_refused "no sha256 is known for $ARCHIVE"
}

@test "install.sh refuses a download that ends too early" {
	python3 -u "$BATS_TEST_DIRNAME/cut.py" "$RELEASE/checksums.txt" >"$T/http.log" 2>&1 3>&- &
	PIDS+=($!)
	await 30 grep -q 'port [0-9]' "$T/http.log" || fail "$(cat "$T/http.log")"
	install_sh BUILDTOOLS_URL="http://127.0.0.1:$(cut -d ' ' -f 2 "$T/http.log")" -- "$VERSION"
	expect_refused "cannot download '.*$ARCHIVE'"
}

@test "install.sh says what is missing or wrong" {
	install_sh BUILDTOOLS_URL="$RELEASE" --
	expect_refused 'which version\?'
	install_sh -- "$VERSION"
	expect_refused 'where from\? Set BUILDTOOLS_URL'
	install_sh BUILDTOOLS_URL="$RELEASE" -- 99.9
	expect_refused "no file 'buildtools_99\.9_linux_$ARCH\.tar\.gz' in '$RELEASE'"
	install_sh BUILDTOOLS_URL="$RELEASE" BUILDTOOLS_ARCH=riscv64 -- "$VERSION"
	expect_refused "no release for 'riscv64', only for x86_64, aarch64 and armv7"
	install_sh -- --frob
	expect_refused "unknown flag '--frob'"
	install_sh BUILDTOOLS_URL=http://127.0.0.1:1 -- "$VERSION"
	expect_refused "cannot download 'http://127\.0\.0\.1:1/checksums\.txt'"

	only sha256sum
	install_sh PATH="$ONLY" BUILDTOOLS_URL=http://127.0.0.1:1 -- "$VERSION"
	expect_refused 'neither curl nor wget is there: download .* elsewhere and give the file'
	only
	install_sh PATH="$ONLY" -- "$RELEASE/$ARCHIVE"
	expect_refused 'none of sha256sum, shasum and openssl is there'
}

@test "install.sh puts no program into place that does not run here" {
	local top=$T/${ARCHIVE%.tar.gz}
	mkdir -p "$top/bin" "$T/release"
	# an ELF file for a processor that nobody has
	cp "$BT_BIN/buildtools" "$top/bin/buildtools"
	printf '\231\231' | dd of="$top/bin/buildtools" bs=1 seek=18 conv=notrunc status=none
	tar -czf "$T/release/$ARCHIVE" -C "$T" "${ARCHIVE%.tar.gz}"
	(cd "$T/release" && sha256sum "$ARCHIVE" >checksums.txt)
	install_sh -- "$T/release/$ARCHIVE"
	expect_refused 'the program does not run on this machine'
}

# --- making it again -------------------------------------------------------------------------------------------------

# fake_program LINE: the archive of RELEASE holds a program that says so, and checksums.txt agrees
fake_program()
{
	rm -rf "$T/top"
	mkdir -p "$T/top/x/bin"
	printf '\0%s\n\0' "$1" >"$T/top/x/bin/buildtools"
	tar -czf "$RELEASE/$ARCHIVE" -C "$T/top" x
	(cd "$RELEASE" && find . -type f ! -name checksums.txt -printf '%P\n' | xargs sha256sum >checksums.txt)
}

verify_release() { run --separate-stderr "$ROOT/ci/verify-release" "$RELEASE" "$@"; }

@test "verify-release says what of a folder is not as checksums.txt has it, and what cannot be made again" {
	copied_release
	fake_program 'Version: 9.9.9, commit 0123456789ab, built at 2026-01-01T00:00:00Z'
	echo more >>"$RELEASE/install.sh"
	echo other >"$RELEASE/other"
	rm "$RELEASE/buildtools_${VERSION}_sources.tar.gz"
	verify_release
	expect_status 1
	expect_error '^differs: install\.sh is not what checksums\.txt says'
	expect_error '^differs: other is not listed in checksums\.txt'
	expect_error "^differs: buildtools_${VERSION}_sources\.tar\.gz is listed in checksums\.txt and is not there"
	expect_error 'commit 0123456789ab is not in this repository'

	fake_program 'Version: 9.9.9, commit 0123456789ab-dirty, built at 2026-01-01T00:00:00Z'
	verify_release
	expect_status 1
	expect_error 'changes on top of commit 0123456789ab that are in no repository'

	fake_program 'no version'
	verify_release
	expect_status 1
	expect_error "the program in $ARCHIVE names no commit"
}

@test "verify-release says what of an archive differs from what the commit gives" {
	local made=$RELEASE top=${ARCHIVE%.tar.gz}
	verify_release "$made"
	expect_status 0
	expect_in "$output" "^all $(wc -l <"$RELEASE/checksums.txt") files are what commit $COMMIT gives"

	copied_release
	mkdir "$T/changed"
	tar -xzf "$RELEASE/$ARCHIVE" -C "$T/changed"
	printf x >>"$T/changed/$top/bin/buildtools"
	rm "$T/changed/$top/bin/push"
	tar -C "$T/changed" -czf "$RELEASE/$ARCHIVE" "$top"
	rm "$RELEASE/buildtools_$VERSION.spdx.json"
	(cd "$RELEASE" && find . -type f ! -name checksums.txt -printf '%P\n' | xargs sha256sum >checksums.txt)
	verify_release "$made"
	expect_status 1
	expect_error "^differs: $ARCHIVE is not what the commit gives"
	expect_error "given: $top/bin/buildtools and made: $top/bin/buildtools differ"
	expect_error "Only in made: $top/bin: push"
	expect_error "^differs: buildtools_$VERSION\.spdx\.json is what the commit gives, and is not there"
	expect_error '^2 differences'
	expect_not_in "$stderr" 'install\.sh'
}
