#!/usr/bin/env bats
# Checklist rows K-* and P-02: a standalone BuildKit daemon, images published to registries.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # text for another shell

load helper
load buildkit

# --- addresses -------------------------------------------------------------------------------------------------------

@test "K-01 K-03 unix://: every solve goes there, the image is published with all tags, no Engine is needed" {
	project main
	staged
	watched
	bt_build_ok
	expect_error "Connecting to buildkit at unix://"
	expect_equal "$(sent target | paste -sd ' ')" 'compile export'
	expect_equal "$(sent name | sort -u)" "$(printf '%s\n' "$IMAGE:$SHA,$IMAGE:main,$IMAGE:latest" "$IMAGE:compile" | sort)"
	expect_equal "$(sent push | sort -u)" true
	expect_pushed "$SHA compile latest main"
	expect_equal "$(digest_of main)" "$(digest_of "$SHA")"
	expect_equal "$(digest_of latest)" "$(digest_of "$SHA")"
	expect_equal "$(registry_file main /made)" "$(cat "$CTX/exported/made")"
}

@test "K-01 standard output holds each reference with its own digest" {
	project feature
	staged
	bt_build_ok
	expect_equal "$output" "$(for tag in compile "$SHA" feature; do echo "$IMAGE:$tag@$(digest_of "$tag")"; done)"
	[ "$(digest_of compile)" != "$(digest_of feature)" ] || fail 'the stage is the image'
}

@test "K-01 tcp:// without TLS" {
	project main
	simple
	DOCKER_HOST=$BT_ENGINE_TCP
	SOCKET=${BT_BUILDKIT#unix://}
	python3 "$PROXY" serve tcp://127.0.0.1:0 "$BT_BUILDKIT" --ready "$T/tcp" </dev/null >/dev/null 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/tcp"
	builder "$(cat "$T/tcp")"
	bt_build_ok
	expect_equal "$(registry_file main /file)" built
}

@test "K-01 tcp:// with mutual TLS, by single files and by folder" {
	project main
	simple
	builder "$BT_BUILDKIT_TCP"
	given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem" "BUILDKIT_TLS_CERT=$BT_BUILDKIT_TLS/client.pem" \
		"BUILDKIT_TLS_KEY=$BT_BUILDKIT_TLS/client.key"
	bt_build_ok
	expect_equal "$(registry_file main /file)" built

	mkdir "$T/certs"
	cp "$BT_BUILDKIT_TLS/ca.pem" "$T/certs"
	cp "$BT_BUILDKIT_TLS/client.pem" "$T/certs/cert.pem"
	cp "$BT_BUILDKIT_TLS/client.key" "$T/certs/key.pem"
	given BUILDKIT_TLS_CACERT= BUILDKIT_TLS_CERT= BUILDKIT_TLS_KEY= "BUILDKIT_CERT_PATH=$T/certs"
	bt_build_ok
}

@test "K-01 tcp:// with TLS: another server name, the wrong authority, no certificate of our own" {
	project main
	simple
	builder "tcp://localhost:${BT_BUILDKIT_TCP##*:}"
	given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem" "BUILDKIT_TLS_CERT=$BT_BUILDKIT_TLS/client.pem" \
		"BUILDKIT_TLS_KEY=$BT_BUILDKIT_TLS/client.key"
	given BUILDKIT_TLS_SERVER_NAME=buildkitd
	bt_build_ok
	given BUILDKIT_TLS_SERVER_NAME=other.example
	bt_build
	expect_failure 255 "certificate of 'localhost:.* is issued for .*'buildkitd'.*, not for 'other\\.example'"
	expect_error '^hint: .*BUILDKIT_TLS_SERVER_NAME'
	given BUILDKIT_TLS_SERVER_NAME= "BUILDKIT_TLS_CACERT=$BT_REGISTRY_CA"
	bt_build
	expect_failure 255 "BuildKit at tcp://localhost:${BT_BUILDKIT_TCP##*:}: the certificate of .*not trusted|not with the key"
	expect_error "^hint: trusted: only 1 of '$BT_REGISTRY_CA'"
	given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem" BUILDKIT_TLS_CERT= BUILDKIT_TLS_KEY=
	bt_build
	expect_failure 255 'wants a client certificate'
	expect_error '^hint: .*BUILDKIT_TLS_CERT and BUILDKIT_TLS_KEY'
	given BUILDKIT_TLS_CACERT=
	bt_build
	expect_failure 255 "tcp://localhost:${BT_BUILDKIT_TCP##*:}.* before it said anything in HTTP/2"
	expect_error '^hint: .*BUILDKIT_TLS_CACERT'
}

@test "K-01 tcp:// with TLS: certificates that expired, or whose authority is the system's to know; another's of our own" {
	project main
	simple
	mkdir "$T/certs"
	sh "$ROOT/tests/unit/certificates.sh" "$T/certs"
	given "BUILDKIT_TLS_CACERT=$T/certs/ca.pem"
	tls_server expired
	builder "$SERVER"
	bt_build
	expect_failure 255 "BuildKit at $SERVER: the certificate of .* expired on 2024-01-02"
	expect_error '^hint: the clock of this machine'

	given BUILDKIT_TLS_CACERT= "BUILDKIT_TLS_CERT=$T/certs/client.pem" "BUILDKIT_TLS_KEY=$T/certs/client.key"
	tls_server good
	builder "$SERVER"
	bt_build
	expect_failure 255 "issued by 'Test Root', which is not trusted"
	expect_error '^hint: .*BUILDKIT_TLS_CACERT$'

	given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem"
	builder "$BT_BUILDKIT_TCP"
	bt_build
	expect_failure 255 'refuses the client certificate: unknown CA'
	expect_error '^hint: .*BUILDKIT_TLS_CERT'
}

@test "K-01 unix://: a path is taken as it is" {
	project main
	simple
	ln -s "$(dirname "${BT_BUILDKIT#unix://}")" "$T/a#b?c%20d e"
	builder "unix://$T/a#b?c%20d e/buildkitd.sock"
	bt_build_ok
	builder "unix://$T/none#1?"
	bt_build
	expect_failure 255 "BuildKit at unix://$T/none#1\\? .*No such file"
}

@test "K-01 --builder wins over BUILDKIT_HOST, the configuration comes last" {
	project main
	simple
	file .buildtools.yaml "builder: unix://$T/of-config.sock"
	builder "unix://$T/of-variable.sock"
	bt_build_ok --builder "$BT_BUILDKIT"
	bt_build
	expect_failure 255 "$T/of-variable\\.sock"
	builder ''
	bt_build
	expect_failure 255 "$T/of-config\\.sock"
}

@test "K-02 docker-container://NAME goes through the Engine's API" {
	project main
	simple
	container "bt-$NAME"
	given "DOCKER_HOST=$ENGINE"
	builder "docker-container://bt-$NAME"
	bt_build_ok
	expect_equal "$(registry_file main /file)" built
}

@test "K-02 docker-container://NAME?context=C uses the Engine of that context" {
	local meta
	project main
	simple
	container "bt-$NAME"
	meta=$T/home/.docker/contexts/meta/$(printf far | sha256sum | cut -d ' ' -f 1)
	mkdir -p "$meta"
	printf '{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"%s"}}}' "$ENGINE" >"$meta/meta.json"
	builder "docker-container://bt-$NAME?context=far"
	bt_build_ok
	expect_pushed "$SHA latest main"
}

@test "K-02 docker-container:// says when the container is missing, has stopped, has no buildctl or no daemon" {
	project main
	simple
	given "DOCKER_HOST=$ENGINE"
	builder "docker-container://bt-$NAME"
	bt_build
	expect_failure 255 "docker-container://bt-$NAME"
	expect_error '[Nn]o such container'
	expect_error '^hint: '

	container "bt-$NAME"
	api POST "/containers/bt-$NAME/stop?t=0"
	bt_build
	expect_failure 255 'not running'
	expect_error '^hint: .*start'

	CONTAINERS+=("bt-$NAME-bare")
	api POST "/containers/create?name=bt-$NAME-bare" -H 'Content-Type: application/json' \
		-d '{"Image": "busybox:test", "Cmd": ["/bin/sleep", "86400"]}' >/dev/null
	api POST "/containers/bt-$NAME-bare/start"
	builder "docker-container://bt-$NAME-bare"
	bt_build
	expect_failure 255 'buildctl'
	expect_error '^hint: '
}

@test "K-02 docker-container:// without an Engine: the message names both" {
	project main
	simple
	builder docker-container://buildkitd
	bt_build
	expect_failure 255 'docker-container://buildkitd'
	expect_error "$T/no-engine\\.sock"
}

@test "K-02 podman-container://, nerdctl-container://, kube-pod:// and ssh:// run their programs" {
	local row
	project main
	simple
	while read -r row; do
		set -- $row
		program "$1"
		builder "$2"
		bt_build_ok
		shift 2
		expect_equal "$(arguments_of "${row%% *}")" "$*"
	done <<-'END'
		podman podman-container://kit exec -i kit buildctl dial-stdio
		nerdctl nerdctl-container://kit exec -i kit buildctl dial-stdio
		nerdctl nerdctl-container://kit?namespace=k8s.io exec --namespace k8s.io -i kit buildctl dial-stdio
		kubectl kube-pod://pod-1 --context= --namespace= exec --container= -i pod-1 -- buildctl dial-stdio
		kubectl kube-pod://p?context=c&namespace=n&container=b --context=c --namespace=n exec --container=b -i p -- buildctl dial-stdio
		ssh ssh://me@far:2222 -l me -p 2222 -- far buildctl dial-stdio
		ssh ssh://far/run/kit.sock -- far buildctl --addr unix:///run/kit.sock dial-stdio
	END
	expect_pushed "$SHA latest main"
}

@test "K-02 a program that fails is quoted, one that is missing is named" {
	project main
	simple
	program podman 125 'Error: no container with name kit found'
	builder podman-container://kit
	bt_build
	expect_failure 255 'podman-container://kit'
	expect_error 'no container with name kit found'
	expect_error '^hint: '

	rm "$T/bin/podman"
	ln -s "$(command -v timeout)" "$T/bin/timeout"
	given "PATH=$T/bin"
	builder nerdctl-container://kit
	bt_build
	expect_failure 255 'nerdctl'
	expect_error '^hint: .*nerdctl.* PATH'
	builder kube-pod://pod-1
	bt_build
	expect_failure 255 "BuildKit at kube-pod://pod-1.*'kubectl'.*No such file"
	expect_error "^hint: .*'kubectl' on PATH"

	program ssh 255 'ssh: connect to host far port 22: Connection refused'
	builder ssh://far
	bt_build
	expect_failure 255 "BuildKit at ssh://far.*exit status 255: ssh: connect to host far port 22: Connection refused"
	expect_error '^hint: '
}

@test "K-20 an address that makes no sense, or that nobody answers at" {
	local row
	project main
	simple
	while read -r row; do
		set -- $row
		builder "$1"
		shift
		bt_build
		expect_failure 255 "$*"
	done <<-END
		unix://$T/none.sock BuildKit at unix://$T/none\\.sock .*No such file
		tcp://127.0.0.1:1 BuildKit at tcp://127\\.0\\.0\\.1:1 .*refused
		tcp://127.0.0.1 port
		npipe:////x npipe
		unix://relative '/'
		plain plain
		kube-pod://Pod_1 Pod_1
		docker-container:// container
		ssh://far/run/a\$b shell
	END
	builder "unix://$T/none.sock"
	bt_build
	expect_error '^hint: '
	builder tcp://127.0.0.1:1
	bt_build
	expect_error '^hint: is buildkitd running'
}

@test "K-20 something else answers: the message says that it is no BuildKit" {
	project main
	simple
	builder "tcp://$BT_MIRROR"
	bt_build
	expect_failure 255 "BuildKit at tcp://$BT_MIRROR: the peer speaks HTTP/1, not HTTP/2"
	expect_error '^hint: '
	builder "$ENGINE"
	bt_build
	expect_failure 255 "BuildKit at $ENGINE: the peer speaks HTTP/1"
	expect_error '^hint: '
}

@test "K-20 strange answers, with TLS and without: each is named" {
	local row
	project main
	simple
	for row in "SSH-2.0-x|speaks SSH, not HTTP/2" "certainly no frame|not speak HTTP/2 as it should" \
		"|closed the connection before it said anything"; do
		stranger "${row%%|*}"
		builder "$SERVER"
		given BUILDKIT_TLS_CACERT=
		bt_build
		expect_failure 255 "BuildKit at $SERVER.*${row#*|}"
		expect_error '^hint: .*without TLS'
		given "BUILDKIT_TLS_CACERT=$BT_BUILDKIT_TLS/ca.pem"
		bt_build
		expect_failure 255 "BuildKit at $SERVER.*(speaks no TLS|closed the connection during the TLS handshake)"
		expect_error '^hint: .*without them tcp:// is plain'
	done
}

@test "what a stranger says steers no terminal, neither in errors nor in the findings of doctor" {
	local body='{"message":"one\u001b[31mtwo\u0007\u009b2Jthree"}'
	gitlab main
	simple
	stranger "$(printf 'HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body")"
	builder ''
	given "DOCKER_HOST=$SERVER"
	bt_build
	expect_failure 255 'onetwo2?J?three'
	expect_not_in "$stderr" $'two\a|\e\\[31mtwo|\xc2\x9b'
	run_clean "$BT_BIN/buildtools" doctor
	expect_in "$output" 'problem  Docker Engine: .*onetwo2?J?three'
	expect_not_in "$output" $'\a|\e|\xc2\x9b'
}

# --- platforms -------------------------------------------------------------------------------------------------------

@test "K-04 K-07 several platforms, with a blank after the comma: one index under all tags, stages too" {
	project main
	staged
	bt_build_ok --platform 'linux/amd64, linux/arm64'
	expect_pushed "$SHA compile latest main"
	expect_equal "$(platforms_of main)" 'linux/amd64 linux/arm64'
	expect_equal "$(platforms_of compile)" 'linux/amd64 linux/arm64'
	expect_equal "$(digest_of latest)" "$(digest_of "$SHA")"
	expect_in "$output" "^$IMAGE:main@$(digest_of main)\$"
}

@test "K-14 files of an export stage, one folder for each platform" {
	project main
	staged
	bt_build_ok
	expect_equal "$(cd "$CTX/exported" && find . -type f)" ./made
	bt_build_ok --platform linux/amd64,linux/arm64
	expect_equal "$(cd "$CTX/exported" && find . -type f | sort | paste -sd ' ')" './linux_amd64/made ./linux_arm64/made'
	expect_not_in "$stderr" 'warning.*(login|credential|authenticat)'
}

@test "K-07 a platform that makes no sense is an error of one line" {
	project main
	simple
	bt_build --platform 'linux/amd64,,'
	expect_failure 255 'platform'
	bt_build --platform 'linux/no/such/thing'
	expect_failure 255 'no/such/thing'
}

@test "K-05 several platforms with an Engine that has no containerd store: warnings, and the setting to change" {
	gitlab main
	given "CI_REGISTRY=$BT_MIRROR" "CI_REGISTRY_IMAGE=$BT_MIRROR/$REPO" "DOCKER_HOST=$ENGINE"
	simple
	builder ''
	bt_build --platform linux/amd64,linux/arm64
	expect_failure 255 'exporter'
	expect_error 'warning: .*store'
	expect_error '^hint: .*containerd-snapshotter'
}

@test "K-05 K-06 several platforms with an Engine that has containerd's store: one index, of named stages too" {
	engine_new
	project_at "$BT_MIRROR" main
	staged
	sed -i "s|busybox:test|$BT_MIRROR/library/busybox:test|" "$CTX/Dockerfile"
	builder ''
	bt_build_ok --platform linux/amd64,linux/arm64
	expect_pushed "$SHA compile latest main"
	expect_equal "$(platforms_of main)" 'linux/amd64 linux/arm64'
	expect_equal "$(platforms_of compile)" 'linux/amd64 linux/arm64'
	expect_in "$output" "^$IMAGE:main@$(digest_of main)\$"
	expect_equal "$(cd "$CTX/exported" && find . -type f | sort | paste -sd ' ')" './linux_amd64/made ./linux_arm64/made'
	expect_not_in "$stderr" 'containerd-snapshotter'
	# it was published already, and the Engine holds the same
	bt_push
	expect_status 0
	expect_in "$output" "^$IMAGE:main@$(digest_of main)\$"
}

@test "an Engine that has containerd's store publishes a registry cache" {
	engine_new
	project_at "$BT_MIRROR" main
	simple
	builder ''
	file .buildtools.yaml "cache: {registry: {ref: $BT_MIRROR/$REPO:cache}}"
	bt_build_ok --no-pull
	expect_not_in "$stderr" 'warning'
	expect_pushed cache
}

# --- the request -----------------------------------------------------------------------------------------------------

@test "K-08 what is asked for: file name, platform, target, build arguments" {
	project feature/x
	dockerfile Other.Dockerfile <<-'END'
		FROM busybox:test AS one
		ARG X
		RUN echo "$X" >/x
		FROM one
	END
	watched
	bt_build_ok -f Other.Dockerfile --platform arm64 --build-arg X=value
	expect_equal "$(sent filename | sort -u)" Other.Dockerfile
	expect_equal "$(sent platform | sort -u)" linux/arm64
	expect_equal "$(sent target)" one
	expect_equal "$(sent build-arg:X | sort -u)" value
	expect_equal "$(sent build-arg:CI_BRANCH | sort -u)" feature_x
	expect_equal "$(sent build-arg:CI_COMMIT | sort -u)" "$SHA"
}

@test "K-16 base images are asked for by default; --no-pull takes what the daemon has" {
	project main
	simple
	watched
	bt_build_ok
	expect_equal "$(sent image-resolve-mode | sort -u)" pull
	watched
	bt_build_ok --no-pull
	expect_equal "$(sent image-resolve-mode | sort -u)" local
}

@test "K-15 the final digest goes to output 'digest', to --metadata-file and to --env-file" {
	file .buildtools.yaml "registry: {gitlab: {registry: $BT_REGISTRY, repository: $IMAGE, user: $BT_REGISTRY_USER,
  token: $BT_REGISTRY_PASSWORD}}"
	staged
	: >"$T/github"
	given GITHUB_ACTIONS=true "GITHUB_OUTPUT=$T/github" "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main \
		"GITHUB_REPOSITORY=group/$NAME"
	bt_build_ok --metadata-file "$T/metadata" --env-file "$T/env"
	expect_equal "$(sed -n 's/^digest=//p' "$T/github")" "$(digest_of main)"
	expect_equal "$(sed -n 's/^image-name=//p' "$T/github")" "$IMAGE"
	expect_equal "$(jq -r '."containerimage.digest"' "$T/metadata")" "$(digest_of main)"
	expect_in "$(cat "$T/env")" "^IMAGE_DIGEST=\"?$IMAGE@$(digest_of main)\"?\$"
}

@test "R-07 without a registry the image is built and not published, and a warning says so" {
	gitlab main
	simple
	watched
	bt_build_ok
	expect_error 'warning: no registry'
	expect_equal "$output" ''
	expect_equal "$(sent push)" ''
}

# --- credentials -----------------------------------------------------------------------------------------------------

@test "K-13 credentials go to their registry only: one whose name the other begins with gets none" {
	project main
	simple
	given "CI_REGISTRY=${BT_REGISTRY%?}"
	bt_build
	expect_failure 255 '401|[Uu]nauthorized|authoriz'
}

@test "K-12 image and cache in different registries, each with credentials of its own" {
	local auth
	project_at "$BT_MIRROR" main
	given CI_REGISTRY_USER=stranger CI_JOB_TOKEN=wrong
	auth=$(printf '%s:%s' "$BT_REGISTRY_USER" "$BT_REGISTRY_PASSWORD" | base64 -w 0)
	given "DOCKER_AUTH_CONFIG={\"auths\":{\"$BT_REGISTRY\":{\"auth\":\"$auth\"}}}"
	file .buildtools.yaml "cache: {registry: {ref: $BT_REGISTRY/$REPO/cache}}"
	simple
	bt_build_ok
	expect_pushed "$SHA latest main"
	IMAGE=$BT_REGISTRY/$REPO/cache
	expect_pushed latest
	expect_not_in "$stderr" 'warning'
}

@test "K-19 what one client may do, the next one may not: credentials are not shared" {
	project main
	simple
	bt_build_ok
	bt_build --no-login
	expect_failure 255 '401|[Uu]nauthorized|authoriz'
}

# --- caches ----------------------------------------------------------------------------------------------------------

@test "K-17 a fresh daemon reuses what an earlier build published inside its images" {
	local made last
	own_buildkit
	project main
	staged
	bt_build_ok
	made=$(registry_file main /made)
	last=$(registry_file main /last)
	fresh_buildkit
	bt_build_ok
	expect_equal "$(registry_file compile /made)" "$made"
	expect_equal "$(registry_file main /last)" "$last"
}

@test "K-17 a fresh daemon reuses a registry cache with everything in it, stages without a name and exports too" {
	local made last
	own_buildkit
	project main
	file .buildtools.yaml "cache: {registry: {ref: $BT_MIRROR/$REPO:cache, mode: max}}"
	dockerfile <<-'END'
		FROM busybox:test
		RUN head -c 16 /dev/urandom | od -An -tx1 >/made
		FROM scratch AS export
		COPY --from=0 /made /made
		FROM busybox:test
		COPY --from=0 /made /made
		RUN head -c 16 /dev/urandom | od -An -tx1 >/last
	END
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0
	made=$(registry_file main /made)
	last=$(registry_file main /last)
	IMAGE=$BT_MIRROR/$REPO expect_pushed 'cache cache-export'
	fresh_buildkit
	rm -r "$CTX/exported"
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0
	expect_equal "$(registry_file main /made)" "$made"
	expect_equal "$(registry_file main /last)" "$last"
	expect_equal "$(cat "$CTX/exported/made")" "$made"
}

@test "K-17 --cache-to and --cache-from carry a cache of the user's choice" {
	local made
	own_buildkit
	project main
	dockerfile <<-'END'
		FROM busybox:test
		RUN head -c 16 /dev/urandom | od -An -tx1 >/made
	END
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0 --cache-to "type=registry,ref=$BT_MIRROR/$REPO:mine,mode=max"
	made=$(registry_file main /made)
	fresh_buildkit
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0 --cache-from "$BT_MIRROR/$REPO:mine"
	expect_equal "$(registry_file main /made)" "$made"
}

@test "K-09 the ECR cache comes first, and is published whole; each stage has a place of its own" {
	local cache=123456789012.dkr.ecr.eu-west-1.amazonaws.com/cache
	project main
	staged
	given "BUILDTOOLS_CACHE_ECR_URL=$cache"
	watched
	bt_build_ok
	expect_equal "$(sent cache-imports | jq -r '.[0] | .Type + " " + .Attrs.ref' | sort -u)" "registry $cache:buildcache"
	expect_equal "$(sent ref | grep -c "^$cache:buildcache\$")" 4
	expect_equal "$(sent ref | grep "^$cache:buildcache-" | sort -u)" "$(printf '%s\n' "$cache:buildcache-compile" "$cache:buildcache-export")"
	expect_equal "$(sent mode | sort -u)" max
	expect_equal "$(sent image-manifest | sort -u)" true
	expect_equal "$(sent oci-mediatypes | sort -u)" true
}

@test "K-10 K-11 a cache that cannot be read or written is a warning, the image is published" {
	project main
	simple
	file .buildtools.yaml 'cache: {registry: {ref: "127.0.0.1:1/cache"}}'
	bt_build_ok
	expect_pushed "$SHA latest main"
	expect_error '127\.0\.0\.1:1/cache'
	expect_error 'warning: .*cache'
}

@test "K-10 a cache that the daemon refuses to set up is a warning as well" {
	project main
	simple
	file .buildtools.yaml 'cache: {gha: {token: nonsense, url: "http://127.0.0.1:1/"}}'
	bt_build_ok
	expect_pushed "$SHA latest main"
	expect_error 'warning: .*cache.*gha'
}

@test "a cache in S3 and one of GitHub are handed on to the daemon" {
	local token
	project main
	simple
	file .buildtools.yaml 'cache:
  s3: {bucket: things, region: eu-west-1, endpoint_url: "http://127.0.0.1:1", retry_max_attempts: "1",
       secret_access_key: hidden-secret}
  gha: {scope: mine}'
	# as GitHub makes them: with the scopes that may be read and written
	token=$(printf '%s\n' '{"alg":"none"}' '{"ac":"[{\"Scope\":\"main\",\"Permission\":3}]","exp":4102444800}' hidden |
		while read -r part; do printf %s "$part" | base64 -w 0 | tr -d =; echo; done | paste -sd .)
	given AWS_ACCESS_KEY_ID=stranger "ACTIONS_RUNTIME_TOKEN=$token" ACTIONS_RESULTS_URL=http://127.0.0.1:1/ \
		ACTIONS_CACHE_SERVICE_V2=True
	watched
	bt_build_ok
	expect_pushed "$SHA latest main"
	expect_equal "$(sent bucket | sort -u)" things
	expect_equal "$(sent secret_access_key | sort -u)" hidden-secret
	expect_equal "$(sent scope | sort -u)" mine
	expect_equal "$(sent token | sort -u)" "$token"
	expect_equal "$(sent url_v2 | sort -u)" http://127.0.0.1:1/
	expect_not_in "$stderr" 'hidden'
	bt_build --dry-run
	expect_not_in "$output$stderr" 'hidden'
}

@test "an Engine without containerd's store leaves such caches out, and names them" {
	gitlab main
	given "DOCKER_HOST=$ENGINE"
	IMAGE=noregistry/$NAME
	simple
	builder ''
	file .buildtools.yaml "cache: {registry: {ref: $BT_MIRROR/$REPO:cache}, s3: {bucket: b, region: r}}"
	bt_build_ok --no-pull
	expect_error "warning: .*type 'registry' is not published"
	expect_error "warning: .*type 's3' is not used"
	expect_image "$IMAGE:main"
}

# --- output ----------------------------------------------------------------------------------------------------------

@test "K-18 all of the output is there before the program ends" {
	local number
	project main
	dockerfile <<-'END'
		FROM busybox:test
		ARG N
		RUN echo "first of $N"; seq 1000; echo "last of $N"; exit 3
	END
	for number in 1 2 3 4 5 6 7 8; do
		bt_build --build-arg "N=$number"
		expect_failure 255 'exit code: 3'
		expect_error "^#[0-9]+ .*first of $number\$"
		expect_error "^#[0-9]+ .*last of $number\$"
	done
}

@test "P-02 push is a no-op with a BuildKit daemon, even without a Dockerfile" {
	project main
	given BUILDKIT_HOST="unix://$T/none.sock"
	bt_push
	expect_status 0
	expect_error 'images were pushed during build, skipping push'
	expect_equal "$output" ''
	simple
	bt_push
	expect_status 0
}
