#!/usr/bin/env bats
# Checklist rows D-*: the Docker Engine as backend. What the reference put into the query of POST /build is asked for in
# the terms of Control.Solve, so the rows are checked by what was sent (through a recording proxy) and by its effect.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # back quotes are part of messages

load helper

simple()
{
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo built >/file
	END
}

# --- what is asked for -----------------------------------------------------------------------------------------------

@test "D-01 tags, target, file name, build arguments, cache sources and 256 MiB of shared memory are asked for" {
	local ref=127.0.0.1:1/org/$NAME
	gitlab main
	given GITEA_REGISTRY=127.0.0.1:1 "GITEA_REPOSITORY=org/$NAME"
	cleaned "$ref"
	dockerfile My.Dockerfile <<-'END'
		FROM busybox:test AS one
		ARG X
		RUN echo "$X" >/x
		FROM one
		RUN echo two >/y
	END
	recorded
	bt_build_ok -f My.Dockerfile --build-arg X=value
	expect_equal "$(sent target)" one
	expect_equal "$(sent filename | sort -u)" My.Dockerfile
	expect_equal "$(sent name | sort -u)" "$(printf '%s\n' "$ref:$SHA,$ref:main,$ref:latest" "$ref:one")"
	expect_equal "$(sent build-arg:X | sort -u)" value
	expect_equal "$(sent build-arg:CI_COMMIT | sort -u)" "$SHA"
	expect_equal "$(sent build-arg:CI_BRANCH | sort -u)" main
	expect_equal "$(sent shm-size | sort -u)" 268435456
	expect_equal "$(sent cache-imports | jq -r '[.[].Attrs.ref] | join(" ")')" "$(printf '%s\n' \
		"$ref:one $ref:main $ref:latest" "$ref:one $ref:main $ref:latest")"
}

@test "D-02 base images are resolved anew by default, and not with --no-pull" {
	gitlab main
	# the Engine has the image, its registry does not answer
	cleaned 127.0.0.1:1/base
	api POST '/images/busybox:test/tag?repo=127.0.0.1:1/base&tag=test' >/dev/null
	dockerfile <<-'END'
		FROM 127.0.0.1:1/base:test
		RUN echo built >/file
	END
	recorded
	FLAGS=(--no-login --retry-for 0)
	bt_build
	expect_failure 255 '127\.0\.0\.1:1'
	expect_equal "$(sent image-resolve-mode | sort -u)" pull
	unproxied

	recorded
	bt_build_ok --no-pull
	expect_not_in "$(sent image-resolve-mode)" pull
	expect_file "$IMAGE:main" /file built
}

@test "D-03 platform is sent only when given, and in its normal form" {
	gitlab main
	dockerfile <<-'END'
		FROM scratch
		COPY Dockerfile /
	END
	recorded
	bt_build_ok
	expect_equal "$(sent platform)" ''
	unproxied

	recorded
	bt_build_ok --platform amd64
	expect_equal "$(sent platform | sort -u)" linux/amd64
	expect_equal "$(image_get "$IMAGE:main" '.Os + "/" + .Architecture')" linux/amd64
	unproxied

	recorded
	bt_build_ok --platform Linux/AArch64
	expect_equal "$(sent platform | sort -u)" linux/arm64
	expect_equal "$(image_get "$IMAGE:main" '.Os + "/" + .Architecture')" linux/arm64
}

@test "D-03 a platform that cannot be is refused, exit status 255" {
	local platform
	gitlab main
	simple
	for platform in linux/ 'linux/amd64/v1/x' 'lin ux/amd64' /; do
		bt_build --platform "$platform"
		expect_failure 255 'platform'
	done
	expect_no_image "$IMAGE:main"
}

@test "D-04 the text of the daemon's error reaches the user" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo step says why >&2; exit 7
	END
	bt_build
	expect_failure 255 'step says why'
	expect_error 'exit code: 7'

	file Dockerfile 'FROM busybox:test
COPY no-such-file /'
	bt_build
	expect_failure 255 'no-such-file'
	expect_error '[Nn]ot found'

	file Dockerfile 'FROM busybox:test
NONSENSE x'
	bt_build
	expect_failure 255 'unknown instruction: NONSENSE'

	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	bt_build --target nowhere
	expect_failure 255 'nowhere'
}

# --- a positive end --------------------------------------------------------------------------------------------------

# a run that had a fault: a failure with a message, or a success that is one
expect_no_lie()
{
	expect_not_in "$stderr" 'Sanitizer|Segmentation|assert'
	if [ "$status" -eq 0 ]; then
		expect_file "$IMAGE:main" /file built
		expect_image "$IMAGE:$SHA"
		expect_image "$IMAGE:latest"
	else
		expect_failure 255 '.'
	fi
}

@test "D-05 a truncated answer is a failure, wherever it is cut" {
	local total percent
	gitlab main
	simple
	recorded
	bt_build_ok
	total=$(answered_bytes)
	unproxied
	[ "$total" -gt 500 ]
	for percent in 0 1 3 6 10 15 20 30 40 50 60 70 80 90 95 99; do
		remove_images "$IMAGE"
		proxied --cut $((total * percent / 100))
		bt_build
		unproxied
		expect_no_lie
		[ "$percent" -gt 50 ] || expect_failure 255 '.'
	done
}

@test "D-05 a garbled answer is a failure, wherever it begins" {
	local total percent
	gitlab main
	simple
	recorded
	bt_build_ok
	total=$(answered_bytes)
	unproxied
	for percent in 0 10 30 50 80 95; do
		remove_images "$IMAGE"
		proxied --garble $((total * percent / 100))
		bt_build
		unproxied
		expect_no_lie
		[ "$percent" -gt 50 ] || expect_failure 255 '.'
	done
}

@test "D-05 an empty answer, a wrong one and an error of HTTP are failures that say what came" {
	gitlab main
	simple
	: >"$T/reply"
	proxied --reply "$T/reply"
	bt_build
	unproxied
	expect_failure 255 '.'

	printf 'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n%s' \
		'{"message":"no space on disk"}' >"$T/reply"
	proxied --reply "$T/reply"
	bt_build
	unproxied
	expect_failure 255 'no space on disk'

	printf 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>proxy</html>\r\n' >"$T/reply"
	proxied --reply "$T/reply"
	bt_build
	unproxied
	expect_failure 255 '.'

	printf 'SSH-2.0-OpenSSH_9.2\r\n' >"$T/reply"
	proxied --reply "$T/reply"
	bt_build
	unproxied
	expect_failure 255 '.'
}

# --- where the Engine is ---------------------------------------------------------------------------------------------

@test "D-06 DOCKER_HOST: unix and tcp" {
	gitlab main
	simple
	bt_build_ok
	remove_images "$IMAGE"
	[ -n "$BT_ENGINE_TCP" ]
	DOCKER_HOST=$BT_ENGINE_TCP
	bt_build_ok
	expect_file "$IMAGE:main" /file built
}

@test "D-06 a malformed DOCKER_HOST is refused, exit status 255" {
	local host
	gitlab main
	simple
	for host in bogus /var/run/docker.sock 'unix:/x' '://'; do
		DOCKER_HOST=$host
		bt_build
		expect_failure 255 "unable to parse docker host \`$host\`"
	done
}

@test "D-06 an Engine that is not there is named, with the reason" {
	gitlab main
	simple
	DOCKER_HOST=unix://$T/nothing.sock
	bt_build
	expect_failure 255 "$T/nothing\\.sock"
	expect_error '[Nn]o such file'
	DOCKER_HOST=tcp://127.0.0.1:1
	bt_build
	expect_failure 255 '127\.0\.0\.1:1'
	expect_error '[Cc]onnection refused'
}

@test "D-06 DOCKER_CONTEXT and the current context are followed, DOCKER_HOST beats them" {
	local id there=$DOCKER_HOST
	gitlab main
	simple
	id=$(printf there | sha256sum | cut -d ' ' -f 1)
	mkdir -p "$T/home/.docker/contexts/meta/$id"
	printf '{"Name":"there","Metadata":{},"Endpoints":{"docker":{"Host":"%s","SkipTLSVerify":false}}}' "$there" \
		>"$T/home/.docker/contexts/meta/$id/meta.json"
	DOCKER_HOST=
	given DOCKER_CONTEXT=there
	bt_build_ok
	expect_image "$IMAGE:main"
	remove_images "$IMAGE"

	GIVEN=()
	gitlab main
	printf '{"currentContext":"there"}' >"$T/home/.docker/config.json"
	bt_build_ok
	expect_image "$IMAGE:main"

	given DOCKER_CONTEXT=elsewhere
	bt_build
	expect_failure 255 'elsewhere'
	DOCKER_HOST=$there
	bt_build_ok
}

# certificates: in $T/tls an authority, a server called localhost and a client; in $T/wrong an authority that signed none
certificates()
(
	need_command openssl openssl
	mkdir -p "$T/tls" "$T/wrong"
	cd "$T/tls" || exit 1
	for who in ca server key other; do
		openssl ecparam -name prime256v1 -genkey -noout -out "$who.key"
	done
	openssl req -x509 -new -key ca.key -subj /CN=authority -days 3000 -out ca.pem
	openssl req -x509 -new -key other.key -subj /CN=other -days 3000 -out "$T/wrong/ca.pem"
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >ext
	openssl req -new -key server.key -subj /CN=localhost |
		openssl x509 -req -CA ca.pem -CAkey ca.key -set_serial 2 -days 3000 -extfile ext -out server.pem
	openssl req -new -key key.key -subj /CN=client |
		openssl x509 -req -CA ca.pem -CAkey ca.key -set_serial 3 -days 3000 -out cert.pem
	mv key.key key.pem
	cp cert.pem key.pem "$T/wrong"
)

@test "D-06 DOCKER_CERT_PATH and DOCKER_TLS_VERIFY: mutual TLS, a wrong authority is refused" {
	local port
	gitlab main
	simple
	certificates 2>"$T/openssl.log"
	tls_proxied
	port=${DOCKER_HOST##*:}
	DOCKER_HOST=tcp://localhost:$port
	given "DOCKER_CERT_PATH=$T/tls" DOCKER_TLS_VERIFY=1
	bt_build_ok
	expect_file "$IMAGE:main" /file built
	DOCKER_HOST=tcp://127.0.0.1:$port
	bt_build_ok

	given "DOCKER_CERT_PATH=$T/wrong"
	bt_build
	expect_failure 255 '[Cc]ertificate|[Tt]rust'
	given "DOCKER_CERT_PATH=$T/nowhere"
	bt_build
	expect_failure 255 "$T/nowhere"
}

# tls_proxied: TLS on the loopback in front of the Engine
tls_proxied()
{
	python3 "$PROXY" serve tcp://127.0.0.1:0 "unix://$SOCKET" --ready "$T/tlsproxy" \
		--tls "$T/tls/server.pem" "$T/tls/server.key" "$T/tls/ca.pem" </dev/null >"$T/tlsproxy.log" 2>&1 3>&- &
	PIDS+=("$!")
	disown "$!"
	await 20 test -s "$T/tlsproxy" || fail "$(cat "$T/tlsproxy.log")"
	DOCKER_HOST=$(cat "$T/tlsproxy")
}

@test "D-06 DOCKER_API_VERSION that is no version is refused, exit status 255" {
	gitlab main
	simple
	given DOCKER_API_VERSION=newest
	bt_build
	expect_failure 255 'invalid API version'
}

@test "D-07 a pinned DOCKER_API_VERSION is used as is, with or without v" {
	local version
	gitlab main
	simple
	for version in 1.40 v1.41; do
		given "DOCKER_API_VERSION=$version"
		recorded
		bt_build_ok
		unproxied
		requests >"$T/requests"
		[ -s "$T/requests" ]
		# whatever carries a version carries this one
		expect_not_in "$(grep -v " /v${version#v}/" "$T/requests")" ' /v'
	done
}

@test "D-07 without a pin no version above the Engine's is used" {
	local newest version
	gitlab main
	simple
	newest=$(api GET /version | jq -r .ApiVersion)
	recorded
	bt_build_ok
	unproxied
	for version in $(requests | sed -n 's|.* /v\([0-9.]*\)/.*|\1|p'); do
		expect_equal "$(printf '%s\n' "$version" "$newest" | sort -V | tail -n 1)" "$newest"
	done
}

# --- results ---------------------------------------------------------------------------------------------------------

@test "D-08 the result is loaded into the Engine under all tags, and they are printed" {
	gitlab main
	simple
	bt_build_ok -t "$IMAGE:extra"
	expect_tags "$SHA extra latest main"
	expect_equal "$(image_id "$IMAGE:main")" "$(image_id "$IMAGE:$SHA")"
	expect_equal "$(image_id "$IMAGE:main")" "$(image_id "$IMAGE:latest")"
	expect_equal "$(image_id "$IMAGE:main")" "$(image_id "$IMAGE:extra")"
	expect_in "$output" "^$IMAGE:$SHA(@sha256:[0-9a-f]{64})?\$"
	expect_in "$output" "^$IMAGE:main(@sha256:[0-9a-f]{64})?\$"
	expect_in "$output" "^$IMAGE:latest(@sha256:[0-9a-f]{64})?\$"
	# results only
	expect_not_in "$(grep -vE "^$IMAGE:[^ ]+\$" <<<"$output")" '.'
}

@test "D-08 the same sources give the same image" {
	local id
	gitlab main
	simple
	bt_build_ok
	id=$(image_id "$IMAGE:main")
	bt_build_ok
	expect_equal "$(image_id "$IMAGE:main")" "$id"
}

@test "D-09 the Engine gives no digest output" {
	simple
	: >"$T/github"
	given GITHUB_ACTIONS=true "GITHUB_OUTPUT=$T/github" "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main "GITHUB_REPOSITORY=org/$NAME"
	bt_build_ok
	expect_in "$(cat "$T/github")" '^image-name='
	expect_not_in "$(cat "$T/github")" '^digest='
}
