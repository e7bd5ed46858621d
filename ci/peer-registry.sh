# shellcheck shell=bash
# Two registries (docker-registry), read by peers.sh:
#
#   mirror     plain HTTP, for everybody: holds the base image busybox:test for linux/amd64 and linux/arm64
#   registry   TLS with a certificate of our own authority, user and password
#
# Both keep their port, so that a daemon that knows them finds them again after a restart.

# Not secret: the registry is reachable from this machine only, and its data is thrown away.
registry_user=builder
registry_password='pass word'

# authority FOLDER: ca.pem and ca.key, made once
authority()
{
	[ -s "$1/ca.pem" ] && return
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=buildtools test authority' \
		-addext 'keyUsage=critical,keyCertSign,cRLSign' -keyout "$1/ca.key" -out "$1/ca.pem" 2>/dev/null
}

# certificate FOLDER NAME PURPOSE ALT: NAME.pem and NAME.key of the authority there; PURPOSE is serverAuth or clientAuth
certificate()
{
	local dir=$1 name=$2
	authority "$dir"
	[ -s "$dir/$name.pem" ] && return
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$dir/$name.key" -out "$dir/$name.csr" 2>/dev/null
	openssl x509 -req -days 30 -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
		-extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4") -out "$dir/$name.pem" 2>/dev/null
	rm -f "$dir/$name.csr"
}

# kept_port PEER: the port of last time when nobody else has taken it
kept_port()
{
	local file port
	file=$(dir_of "$1")/port
	port=$(cat "$file" 2>/dev/null || true)
	if [ -z "$port" ] || (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
		port=$(free_port)
		printf '%s\n' "$port" >"$file"
	fi
	printf '%s\n' "$port"
}

# registry_up PEER: reads what comes on standard input behind the common part of its configuration
registry_up()
{
	local peer=$1 dir
	dir=$(dir_of "$peer")
	{
		printf 'version: 0.1\nlog: {level: warn, accesslog: {disabled: true}}\n'
		printf 'storage: {delete: {enabled: true}, filesystem: {rootdirectory: "%s/data"}}\n' "$dir"
		cat
	} >"$dir/config.yml"
	# variables of the environment would change the configuration
	spawn "$peer" env -i PATH="$PATH" docker-registry serve "$dir/config.yml"
}

mirror_address() { printf '127.0.0.1:%s\n' "$(cat "$(dir_of mirror)/port")"; }
registry_address() { printf '127.0.0.1:%s\n' "$(cat "$(dir_of registry)/port")"; }

mirror_call() { curl -sS --fail --max-time 60 "http://$(mirror_address)$1" "${@:2}"; }

registry_call()
{
	curl -sS --fail --max-time 60 --cacert "$(dir_of registry)/ca.pem" -u "$registry_user:$registry_password" \
		"https://$(registry_address)$1" "${@:2}"
}

# push_blob FILE: into library/busybox of the mirror; prints "digest size"
push_blob()
{
	local digest where
	digest=sha256:$(sha256sum "$1" | cut -d ' ' -f 1)
	where=$(mirror_call /v2/library/busybox/blobs/uploads/ -X POST -D - -o /dev/null |
		sed -n 's|^[Ll]ocation: *\([^\r]*\)\r*$|\1|p')
	case $where in http*) ;; *) where=http://$(mirror_address)$where ;; esac
	curl -sS --fail --max-time 60 -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" \
		"$where&digest=$digest" >/dev/null
	printf '%s %s\n' "$digest" "$(stat -c %s "$1")"
}

# push_manifest FILE TYPE TAG: prints "digest size"
push_manifest()
{
	mirror_call "/v2/library/busybox/manifests/$3" -X PUT -H "Content-Type: $2" --data-binary "@$1" >/dev/null
	printf 'sha256:%s %s\n' "$(sha256sum "$1" | cut -d ' ' -f 1)" "$(stat -c %s "$1")"
}

# mirror_base: busybox:test as an index. The files are those of this machine for both platforms: nothing that is not
# native is ever really needed in the tests.
mirror_base()
{
	local oci=application/vnd.oci.image work layer config manifest arch list='' diff
	mirror_call /v2/library/busybox/manifests/test -o /dev/null 2>/dev/null && return
	work=$(mktemp -d)
	base_tree "$work/root"
	tar -C "$work/root" --sort name --mtime @0 --numeric-owner --owner 0 --group 0 -cf "$work/layer.tar" .
	diff=sha256:$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
	gzip -n "$work/layer.tar"
	layer=$(push_blob "$work/layer.tar.gz")
	for arch in amd64 arm64; do
		printf '{"architecture":"%s","os":"linux","config":{"Cmd":["/bin/sh"],"Env":["PATH=/bin"]},%s}' "$arch" \
			"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"$diff\"]}" >"$work/config"
		config=$(push_blob "$work/config")
		printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":%s,"layers":[%s]}' "$oci" \
			"$(descriptor "$oci.config.v1+json" "$config")" "$(descriptor "$oci.layer.v1.tar+gzip" "$layer")" \
			>"$work/manifest"
		manifest=$(push_manifest "$work/manifest" "$oci.manifest.v1+json" "test-$arch")
		list+=${list:+,}$(descriptor "$oci.manifest.v1+json" "$manifest" \
			",\"platform\":{\"os\":\"linux\",\"architecture\":\"$arch\"}")
	done
	printf '{"schemaVersion":2,"mediaType":"%s.index.v1+json","manifests":[%s]}' "$oci" "$list" >"$work/index"
	push_manifest "$work/index" "$oci.index.v1+json" test >/dev/null
	rm -rf "$work"
}

# descriptor TYPE "DIGEST SIZE" [MORE]
descriptor()
{
	printf '{"mediaType":"%s","digest":"%s","size":%s%s}' "$1" "${2% *}" "${2#* }" "${3-}"
}

start_mirror()
{
	local dir port
	dir=$(dir_of mirror)
	need docker-registry docker-registry
	if ! pid_of mirror >/dev/null; then
		mkdir -p "$dir"
		port=$(kept_port mirror)
		registry_up mirror <<-END
			http: {addr: "127.0.0.1:$port"}
		END
	fi
	await 300 mirror mirror_call /v2/ || die "mirror: does not start, log in $dir/log"
	mirror_base
	say "mirror: http://$(mirror_address)"
}

start_registry()
{
	local dir port
	dir=$(dir_of registry)
	need docker-registry docker-registry
	need openssl openssl
	if ! pid_of registry >/dev/null; then
		mkdir -p "$dir"
		port=$(kept_port registry)
		certificate "$dir" server serverAuth 'IP:127.0.0.1,DNS:localhost'
		# a salt that is always the same will do for a password that everybody knows
		perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2b$05$abcdefghijklmnopqrstuu)), "\n"' \
			"$registry_user" "$registry_password" >"$dir/htpasswd"
		registry_up registry <<-END
			auth: {htpasswd: {realm: buildtools, path: "$dir/htpasswd"}}
			http: {addr: "127.0.0.1:$port", tls: {certificate: "$dir/server.pem", key: "$dir/server.key"}}
		END
	fi
	await 300 registry registry_call /v2/ || die "registry: does not start, log in $dir/log"
	say "registry: https://$(registry_address)"
}

stop_mirror() { end_peer mirror 100; }
stop_registry() { end_peer registry 100; }

env_mirror() { printf 'export BT_MIRROR=%s\n' "$(mirror_address)"; }

env_registry()
{
	printf 'export BT_REGISTRY=%s\n' "$(registry_address)"
	printf 'export BT_REGISTRY_CA=%s/ca.pem\n' "$(dir_of registry)"
	printf 'export BT_REGISTRY_USER=%s\n' "$registry_user"
	printf 'export BT_REGISTRY_PASSWORD=%q\n' "$registry_password"
}
