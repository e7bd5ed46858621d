#!/usr/bin/env bats
# What `docker buildx build` can be asked for, with the Docker Engine: secrets, SSH agents, outputs, further contexts,
# notes on images, hosts and networks. 51_buildx_buildkit.bats has what needs a BuildKit daemon.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # $ and back quotes are part of Dockerfiles and messages

load helper
load buildx

# --- secrets ---------------------------------------------------------------------------------------------------------

@test "secrets of files, variables and the configuration reach the step that mounts them" {
	gitlab main
	secret_dockerfile
	printf 'of-a-file' >"$T/plain"
	printf 'of-the-configuration' >"$T/conf"
	file .buildtools.yaml "secrets: {three: $T/conf}"
	given ONE_TOKEN=of-a-variable two=named-as-the-id
	bt_build_ok --no-cache --secret id=one,env=ONE_TOKEN --secret id=two --secret "id=four,src=$T/plain" -o "$T/out"
	expect_equal "$(cat "$T/out/one")" "$(printf of-a-variable | md5sum | cut -c 1-32)"
	expect_equal "$(cat "$T/out/two")" "$(printf named-as-the-id | md5sum | cut -c 1-32)"
	expect_equal "$(cat "$T/out/three")" "$(printf of-the-configuration | md5sum | cut -c 1-32)"
	expect_equal "$(cat "$T/out/four")" "$(printf of-a-file | md5sum | cut -c 1-32)"
}

@test "a secret of 512000 bytes passes, a larger one is refused before anything is built" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN --mount=type=secret,id=large,required=true wc -c </run/secrets/large >/size
	END
	head -c 512000 /dev/zero | tr '\0' x >"$T/large"
	bt_build_ok --no-cache --secret "id=large,src=$T/large"
	expect_file "$IMAGE:main" /size 512000
	printf x >>"$T/large"
	bt_build --secret "id=large,src=$T/large"
	expect_failure 255 '--secret: .*larger than 512000 bytes'
}

@test "a secret that is required and was not given fails the step, one that is not required is absent" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN --mount=type=secret,id=none test ! -e /run/secrets/none
	END
	bt_build_ok
	dockerfile <<-'END'
		FROM busybox:test
		RUN --mount=type=secret,id=none,required=true true
	END
	bt_build
	expect_failure 255 'none'
}

@test "--secret that makes no sense, or that is not there, names the flag and never the value" {
	gitlab main
	secret_dockerfile
	bt_build --secret hunter2
	expect_failure 255 '--secret: not of the form id=X'
	expect_not_in "$stderr" hunter2
	bt_build --secret "id=a,src=$T/nowhere"
	expect_failure 255 "--secret: secret 'a': file '$T/nowhere'.*No such file"
	bt_build --secret id=nowhere
	expect_failure 255 "--secret: secret 'nowhere': file 'nowhere'.*No such file"
	expect_error "^hint: there is no variable 'nowhere' either"
	bt_build --secret id=a,env=NOT_SET_HERE
	expect_failure 255 "'NOT_SET_HERE' is not set"
	file .buildtools.yaml "secrets: {a: $T/nowhere}"
	rm "$CTX/Dockerfile"
	dockerfile <<<'FROM busybox:test'
	bt_build_ok
	expect_error "left out: secret 'a'"
}

@test "a build with secrets leaves no trace of them in logs, layers, history, metadata or temporary files" {
	local mark ref
	mark=$(secret_mark)
	gitlab main
	secret_dockerfile
	printf 'file-%s' "$mark" >"$T/plain"
	mkdir "$T/tmp"
	given "ONE_TOKEN=variable-$mark" "two=id-$mark" "TMPDIR=$T/tmp" GITLAB_CI=true
	touch "$T/stamp"
	bt_build_ok --verbose --no-cache --secret id=one,env=ONE_TOKEN --secret id=two --secret id=three,env=ONE_TOKEN \
		--secret "id=four,src=$T/plain" --metadata-file "$T/metadata" --env-file "$T/results" --iidfile "$T/iid"
	printf '%s\n' "$output" "$stderr" >"$T/log"
	for ref in "$IMAGE:main" "$IMAGE:with"; do
		image_config "$ref" >"$T/config.${ref##*:}"
		api GET "/images/$ref/history" >"$T/history.${ref##*:}"
		api GET "/images/$ref/get" -o "$T/layers.${ref##*:}"
	done
	expect_no_trace "$mark" "$T/log" "$T/metadata" "$T/results" "$T/iid" "$T/config.main" "$T/config.with" \
		"$T/history.main" "$T/history.with" "$T/layers.main" "$T/layers.with" "$CTX" "$T/tmp"
	expect_equal "$(ls -A "$T/tmp")" ''
	# the steps did see them
	expect_file "$IMAGE:with" /four "$(md5sum <"$T/plain" | cut -c 1-32)"
	bt_build_ok --dry-run --secret id=one,env=ONE_TOKEN
	expect_not_in "$output$stderr" "$mark"
}

# --- agents ----------------------------------------------------------------------------------------------------------

@test "--ssh forwards an agent: listing and signing pass, nothing else does" {
	gitlab main
	agent_start
	agent_dockerfile
	given "SSH_AUTH_SOCK=$T/agent"
	bt_build_ok --no-cache --ssh default -o "$T/out"
	expect_agent_answers "$T/out"
	bt_build_ok --no-cache --ssh "default=$T/agent" -o "$T/out"
	expect_agent_answers "$T/out"
}

@test "--ssh ID=KEY,KEY: the program is the agent of key files, of which OpenSSH lists and takes signatures" {
	gitlab main
	keys_dockerfile
	bt_build_ok --no-cache --ssh "default=$T/keys/ed25519,$T/keys/rsa,$T/keys/pem,$T/keys/ecdsa" -o "$T/out"
	expect_keys_signed "$T/out" ed25519 rsa pem ecdsa
	# what was not given does not sign
	bt_build --no-cache --ssh "default=$T/keys/rsa" -o "$T/out"
	expect_failure 255 'exit code: 1'
}

@test "--ssh with another id, with an agent that is missing, and with keys that cannot be used" {
	gitlab main
	agent_start
	agent_dockerfile
	bt_build --ssh default
	expect_failure 255 '--ssh: .*SSH_AUTH_SOCK, which is not set'
	bt_build --ssh "default=$T/nowhere"
	expect_failure 255 "--ssh: .*$T/nowhere.*No such file"
	file id_rsa key
	bt_build --ssh default=id_rsa
	expect_failure 255 "--ssh: key 'id_rsa': there is no private key"
	expect_error '^hint: .*ssh-add id_rsa'
	ssh-keygen -q -t ed25519 -N secret -f "$CTX/locked"
	bt_build --ssh default=locked
	expect_failure 255 "--ssh: key 'locked': the private key is encrypted with a passphrase"
	expect_error '^hint: .*ssh-add locked'
	bt_build --no-cache --ssh "other=$T/agent"
	expect_failure 255 'default'
}

# --- outputs ---------------------------------------------------------------------------------------------------------

@test "-o: a folder, a tar, standard output, several at once; nothing else is published" {
	gitlab main
	output_dockerfile
	bt_build_ok -o "$T/out/deep" -o "type=tar,dest=$T/a.tar"
	expect_equal "$(cat "$T/out/deep/file")" built
	expect_equal "$(tar -xOf "$T/a.tar" file)" built
	expect_no_image "$IMAGE:main"
	expect_equal "$output" ''

	in_clean_env "$BT_BIN/build" "${FLAGS[@]}" -o - </dev/null >"$T/b.tar" 2>"$T/err"
	expect_equal "$(tar -xOf "$T/b.tar" file)" built
	in_clean_env "$BT_BIN/build" "${FLAGS[@]}" -o type=tar,dest=- </dev/null 2>"$T/err" | tar -xO file >"$T/piped"
	expect_equal "$(cat "$T/piped")" built
}

@test "-o: an archive takes its place when it is complete, a failed build leaves what was there" {
	gitlab main
	printf old >"$CTX/a.tar"
	dockerfile <<-'END'
		FROM busybox:test
		COPY . /ctx
		RUN ls -A /ctx >&2; false
	END
	bt_build -o type=tar,dest=a.tar
	expect_failure 255 'exit code: 1'
	expect_equal "$(cat "$CTX/a.tar")" old
	expect_equal "$(ls -A "$CTX")" "$(printf 'Dockerfile\na.tar')"
	# the file that was under way is no part of the context
	expect_not_in "$stderr" 'buildtools-'

	output_dockerfile
	bt_build_ok -o type=tar,dest=a.tar
	expect_equal "$(tar -xOf "$CTX/a.tar" file)" built
	expect_equal "$(ls -A "$CTX")" "$(printf 'Dockerfile\na.tar')"

	ln -s a.tar "$CTX/link"
	bt_build_ok -o type=tar,dest=link
	[ -L "$CTX/link" ]
	bt_build_ok -o type=tar,dest=/dev/null
	[ -c /dev/null ]
}

@test "-o type=image and type=docker load into the Engine under the names given, else those of the plan" {
	gitlab main
	output_dockerfile
	cleaned "$NAME-other"
	bt_build_ok -o type=image
	expect_tags "$SHA latest main"
	expect_in "$output" "^$IMAGE:main\$"
	remove_images "$IMAGE"
	bt_build_ok -o "type=docker,name=$NAME-other:1" -o "$T/out"
	expect_no_image "$IMAGE:main"
	expect_image "$NAME-other:1"
	expect_equal "$(cat "$T/out/file")" built
	bt_build_ok --load
	expect_tags "$SHA latest main"
}

@test "-o that cannot be is refused with the reason" {
	gitlab main
	output_dockerfile
	bt_build -o type=oci,dest=x
	expect_failure 255 "--output: .*type 'oci' cannot be made"
	expect_error '^hint: .*BUILDKIT_HOST'
	[ ! -e "$CTX/x" ]
	# that is known before the first stage is built
	dockerfile <<<$'FROM busybox:test AS first\nRUN true\nFROM first'
	bt_build -o type=oci,dest=x
	expect_failure 255 "type 'oci' cannot be made"
	expect_not_in "$stderr" '#1 '
	bt_build -o type=zip,dest=x
	expect_failure 255 '--output: .*none of local, tar'
	bt_build -o type=local
	expect_failure 255 '--output: .*dest=FOLDER'
	bt_build -o - -o type=tar
	expect_failure 255 'both go to standard output'
	bt_build -o "type=tar,dest=$CTX"
	expect_failure 255 '--output: .*is a folder'
	bt_build --push
	expect_failure 255 '--push: no registry is configured'
	bt_build --annotation a=b -o "$T/out"
	expect_failure 255 '--annotation: no image is made'
}

# a project of GitLab whose registry wants a password
registry_project()
{
	use_peers registry
	gitlab main
	FLAGS=(--no-pull --retry-for 0)
	IMAGE=$BT_REGISTRY/group/$NAME
	cleaned "$IMAGE"
	given "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$IMAGE" "CI_REGISTRY_USER=$BT_REGISTRY_USER" \
		"CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD"
}

in_registry()
{
	curl -sS --fail --max-time 60 --cacert "$BT_REGISTRY_CA" -u "$BT_REGISTRY_USER:$BT_REGISTRY_PASSWORD" \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json' -o "$T/manifest" \
		"https://$BT_REGISTRY/v2/group/$NAME/manifests/$1" 2>/dev/null
}

@test "--push: the Engine pushes what it built, stages too, and the digests are those of the registry" {
	registry_project
	dockerfile <<-'END'
		FROM busybox:test AS make
		RUN echo built >/file
		FROM scratch
		COPY --from=make /file /file
	END
	bt_build_ok --push --env-file "$T/results"
	in_registry main
	expect_in "$output" "^$IMAGE:main@sha256:$(sha256sum <"$T/manifest" | cut -c 1-64)\$"
	expect_in "$(cat "$T/results")" "^DIGEST=sha256:$(sha256sum <"$T/manifest" | cut -c 1-64)\$"
	in_registry make
	expect_in "$output" "^$IMAGE:make@sha256:$(sha256sum <"$T/manifest" | cut -c 1-64)\$"
	in_registry "$SHA"
	expect_tags "$SHA latest main make"
}

@test "-o type=registry with an Engine pushes the names given and nothing else" {
	registry_project
	output_dockerfile
	bt_build_ok -o "type=registry,name=$IMAGE:mine"
	in_registry mine
	expect_equal "$output" "$IMAGE:mine@sha256:$(sha256sum <"$T/manifest" | cut -c 1-64)"
	run in_registry main
	[ "$status" -ne 0 ]
	expect_tags mine
}

@test "a signal while outputs are under way: the old archive stays, nothing else does" {
	local seconds
	gitlab main
	seconds=$(unique_seconds)
	printf old >"$CTX/a.tar"
	mkdir "$T/tmp"
	given "TMPDIR=$T/tmp"
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $seconds
	END
	bt_start -o type=tar,dest=a.tar -o type=tar
	await 60 running "$seconds"
	kill -TERM "$BT_PID"
	bt_wait
	expect_status 143
	expect_equal "$output" ''
	expect_equal "$(cat "$CTX/a.tar")" old
	expect_equal "$(find "$CTX" "$T/tmp" -name "*buildtools*")" ''
	await 60 not_running "$seconds"
}

@test "export stages still make exported/ beside -o" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS make
		RUN echo built >/file
		FROM scratch AS export
		COPY --from=make /file /from-stage
		FROM scratch
		COPY --from=make /file /from-result
	END
	bt_build_ok -o "$T/out"
	expect_equal "$(ls "$CTX/exported")" from-stage
	expect_equal "$(ls "$T/out")" from-result
	expect_tags make
}

# --- the rest --------------------------------------------------------------------------------------------------------

@test "--build-context with an Engine that is too old is named, and never ignored" {
	gitlab main
	dockerfile <<<'FROM base'
	mkdir "$CTX/sub"
	bt_build --build-context base=sub
	expect_failure 255 'moby.buildkit.frontend.contexts'
	expect_error 'warning: --build-context needs BuildKit 0\.10'
	bt_build --build-context base=oci-layout://x
	expect_failure 255 "--build-context: context 'base': folder 'x': No such file"
	bt_build --build-context base=nowhere
	expect_failure 255 "--build-context: context 'base': folder 'nowhere'.*No such file"
}

@test "what an old Engine does not know is left out with a warning that names it" {
	gitlab main
	output_dockerfile
	recorded
	bt_build_ok --provenance=mode=max --sbom=true --annotation index:a=b --ulimit nofile=100:200 --shm-size 64m
	expect_error 'warning: --provenance has no effect'
	expect_error 'warning: --sbom has no effect'
	expect_error 'warning: --annotation has no effect'
	expect_error 'warning: --ulimit has no effect'
	expect_error 'warning: --shm-size has no effect'
	expect_equal "$(sent attest:provenance)$(sent attest:sbom)$(sent annotation-index.a)" ''
	expect_equal "$(grep -c 'warning: --sbom' <<<"$stderr")" 1
	expect_image "$IMAGE:main"
}

@test "--label, --add-host with host-gateway, --network, --no-cache-filter, --allow, SOURCE_DATE_EPOCH, BUILDKIT_SYNTAX" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS one
		RUN grep -w 'name' /etc/hosts && grep -w there /etc/hosts | grep -v gateway
		FROM one
		RUN test "$(ls /sys/class/net)" = lo
	END
	given SOURCE_DATE_EPOCH=1700000000
	recorded
	bt_build_ok --label a=b --label c --add-host name:1.2.3.4 --add-host there:host-gateway --network none \
		--no-cache-filter one --no-cache-filter two,three --allow network.host
	expect_equal "$(image_get "$IMAGE:main" '.Config.Labels | .a + "/" + .c')" b/
	expect_equal "$(sent add-hosts | sort -u | sed 's/=[0-9a-f.:]*$/=ADDRESS/')" name=1.2.3.4,there=ADDRESS
	expect_equal "$(sent force-network-mode | sort -u)" none
	expect_equal "$(sent no-cache | sort -u)" one,two,three
	expect_equal "$(sent build-arg:SOURCE_DATE_EPOCH | sort -u)" 1700000000
	unproxied
	bt_build --allow security.insecure
	expect_failure 255 'security\.insecure is not allowed'

	recorded
	FLAGS+=(--no-stages)
	bt_build --build-arg BUILDKIT_SYNTAX='127.0.0.1:1/frontend:1 extra'
	expect_failure 255 '127\.0\.0\.1:1'
	expect_equal "$(sent source)" 127.0.0.1:1/frontend:1
	expect_equal "$(sent cmdline)" '127.0.0.1:1/frontend:1 extra'
}

@test "--context-report tells what is in the context and what is not, then builds" {
	gitlab main
	output_dockerfile
	printf '*.log\nskipped\n!keep.log\n' >"$CTX/.dockerignore"
	head -c 2000000 /dev/zero >"$CTX/large file"
	file small/one
	file a.log
	file b.log
	file keep.log
	file skipped/x
	bt_build_ok --context-report
	expect_error 'context: 5 files, 1 folders, 0 links, 2000[0-9]{3} bytes'
	expect_error 'context: +2\.0 MB +large file$'
	expect_error "context: kept out by '.*/\\.dockerignore'"
	expect_error 'context: +2 files, 0 folders with all below: \*\.log$'
	expect_error 'context: +[01] files, [01] folders with all below: skipped'
	expect_image "$IMAGE:main"
}

@test "an archive on standard input is the context: stages and exports are found in it, compressed or not" {
	gitlab main
	staged_archive
	bt_build_stdin "$T/context.tar" -f docker/File -
	expect_status 0
	expect_tags "$SHA compile latest main"
	cmp "$CTX/exported/data" "$T/data"
	expect_equal "$(ls -A "$CTX")" exported
	rm -r "$CTX/exported"
	mkdir "$T/tmp"
	given "TMPDIR=$T/tmp"
	bt_build_stdin "$T/context.tar.gz" -f ./docker/File --no-cache -
	expect_status 0
	cmp "$CTX/exported/data" "$T/data"
	expect_equal "$(ls -A "$T/tmp")" ''
}

@test "a Dockerfile on standard input in the place of PATH has no context; what is ambiguous is refused" {
	gitlab main
	dockerfile <<<$'FROM busybox:test\nCOPY . /all'
	file not-seen
	FLAGS+=(--no-stages)
	bt_build_stdin "$CTX/Dockerfile" -o "$T/out" -
	expect_status 0
	expect_equal "$(ls -A "$T/out/all")" ''
	bt_build_stdin "$CTX/Dockerfile" -f - -
	expect_failure 255 '--file: standard input cannot be the Dockerfile and the context'
	bt_build_stdin "$CTX/Dockerfile" -f other -
	expect_failure 255 '--file: there is a Dockerfile on standard input as well'
	bt_build_stdin /dev/null -
	expect_failure 255 'the Dockerfile cannot be empty'
	printf '\xfd7zXZ\0...' >"$T/xz"
	bt_build_stdin "$T/xz" -
	expect_failure 255 'standard input is compressed in a way'
	expect_error '^hint: .*xz -dc FILE \| build -'
	archived
	bt_build_stdin "$T/context.tar" -f nowhere/File -
	expect_failure 255 "standard input: 'nowhere/File' is not in the archive"
	bt_build_stdin "$T/context.tar" --context-report -
	expect_failure 255 '--context-report: the context is not a folder'
	head -c 3000 "$T/context.tar" >"$T/cut"
	printf 'x' | dd of="$T/cut" bs=1 seek=600 conv=notrunc status=none
	bt_build_stdin "$T/cut" -
	expect_failure 255 'standard input: the archive is damaged'
}
