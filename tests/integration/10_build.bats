#!/usr/bin/env bats
# Checklist rows B-*: what a build does, whichever way it reaches the daemon. Here against the Docker Engine.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC1003,SC2012,SC2016 # Dockerfile text in quotes; file names of our own making

load helper

# a Dockerfile that copies the whole context, to look at what the daemon was given
copy_all()
{
	dockerfile "$@" <<-'END'
		FROM scratch
		COPY . /all/
	END
}

# --- order and simple errors -----------------------------------------------------------------------------------------

@test "B-01 steps fail in order: Engine, configuration, login, Dockerfile, commit and branch" {
	local good=$DOCKER_HOST
	# everything is wrong
	file .buildtools.yaml 'nonsense: true'
	DOCKER_HOST=bogus
	bt_build
	expect_failure 255 'unable to parse docker host .?`?bogus'
	expect_not_in "$stderr" 'nonsense'

	DOCKER_HOST=$good
	bt_build
	expect_failure 255 'nonsense'
	expect_not_in "$stderr" '[Cc]annot be empty|commit and/or branch|DOCKER_AUTH_CONFIG'

	# credentials that cannot be read: the login fails
	rm "$CTX/.buildtools.yaml"
	FLAGS=(--no-pull --retry-for 0)
	given CI_REGISTRY=127.0.0.1:1 CI_REGISTRY_USER=u DOCKER_AUTH_CONFIG='{"auths": 1}'
	bt_build
	expect_failure 255 'DOCKER_AUTH_CONFIG'
	expect_not_in "$stderr" 'Dockerfile|commit and/or branch'

	FLAGS=(--no-login --no-pull --retry-for 0)
	bt_build
	expect_failure 255 'Dockerfile'
	expect_not_in "$stderr" 'commit and/or branch'

	file Dockerfile 'FROM scratch'
	bt_build
	expect_failure 255 'commit and/or branch information is missing'
	expect_error '^hint: .*buildtools info'

	# names are read before anything is built
	given CI_COMMIT_SHA=1f4f217c0ab31ab8cd0e7e3ba1dd2b5b9b2dbd8e CI_PROJECT_NAME=x
	bt_build -t 'Bad Name'
	expect_failure 255 "--tag: invalid image reference 'Bad Name'"
	expect_not_in "$stderr" 'stage|#1 '
}

@test "B-02 a missing Dockerfile is named, exit status 255" {
	gitlab main
	bt_build
	expect_failure 255 'Dockerfile'
	bt_build -f deep/er/Dockerfile.dev
	expect_failure 255 'deep/er/Dockerfile\.dev'
	expect_error '[Nn]o such file'
	expect_error '^hint: -f FILE'
	file Dockerfile 'FROM scratch'
	bt_build "$CTX/Dockerfile"
	expect_failure 255 "context '.*/Dockerfile' is not a directory"
	expect_error '^hint: .* -f'
}

@test "B-03 a blank Dockerfile is refused" {
	gitlab main
	: >"$CTX/Dockerfile"
	bt_build
	expect_failure 255 'the Dockerfile cannot be empty'
	printf ' \n\t\r\n\n' >"$CTX/Dockerfile"
	bt_build
	expect_failure 255 'the Dockerfile cannot be empty'
	printf '\n' >"$T/blank"
	bt_build_stdin "$T/blank" -f -
	expect_failure 255 'the Dockerfile cannot be empty'
}

# --- where the Dockerfile comes from ---------------------------------------------------------------------------------

@test "B-04 -f - reads the Dockerfile from standard input, the context stays" {
	gitlab main
	file hello 'from the context'
	file Dockerfile 'this is not a Dockerfile'
	printf 'FROM scratch\nCOPY hello /hello\n' >"$T/in"
	bt_build_stdin "$T/in" -f -
	expect_status 0
	expect_file "$IMAGE:main" /hello 'from the context'
}

@test "B-05 -f in a subfolder keeps the context" {
	gitlab main
	file top 'top'
	file sub/top 'wrong one'
	dockerfile sub/Dockerfile.dev <<-'END'
		FROM scratch
		COPY top /top
	END
	bt_build_ok -f sub/Dockerfile.dev
	expect_file "$IMAGE:main" /top 'top'
}

@test "B-06 an absolute -f works, inside and outside the context" {
	gitlab main
	file top 'top'
	dockerfile sub.Dockerfile <<-'END'
		FROM scratch
		COPY top /inside
	END
	bt_build_ok -f "$CTX/sub.Dockerfile"
	expect_file "$IMAGE:main" /inside 'top'

	mkdir "$T/elsewhere"
	printf 'FROM scratch\nCOPY top /outside\n' >"$T/elsewhere/My.Dockerfile"
	bt_build_ok -f "$T/elsewhere/My.Dockerfile"
	expect_file "$IMAGE:main" /outside 'top'
}

@test "B-07 the context is never written to: nothing changes, and a read-only one builds" {
	gitlab main
	file a/b/c 'deep'
	dockerfile <<-'END'
		FROM busybox:test AS one
		RUN true
		FROM scratch
		COPY . /all/
	END
	state_of "$CTX" >"$T/before"
	bt_build_ok
	state_of "$CTX" >"$T/after"
	expect_equal "$(cat "$T/after")" "$(cat "$T/before")"

	mount --bind "$CTX" "$CTX"
	MOUNTS+=("$CTX")
	mount -o remount,ro,bind "$CTX"
	bt_build_ok
	expect_file "$IMAGE:main" /all/a/b/c 'deep'
}

@test "B-07 a failing build leaves nothing in the context" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN exit 3
	END
	state_of "$CTX" >"$T/before"
	bt_build
	expect_failure 255 'exit code: 3'
	state_of "$CTX" >"$T/after"
	expect_equal "$(cat "$T/after")" "$(cat "$T/before")"
}

@test "B-08 parallel builds in one folder are independent" {
	local n pids=() round
	for n in 1 2 3 4; do
		dockerfile "Dockerfile.$n" <<-END
			FROM busybox:test AS tell
			RUN echo $n >/n
			FROM scratch
			COPY --from=tell /n /n
		END
	done
	for round in 1 2; do
		pids=()
		for n in 1 2 3 4; do
			GIVEN=(CI_PROJECT_NAME="$NAME" CI_COMMIT_SHA="$SHA" CI_COMMIT_REF_NAME="r$round-b$n")
			GIVEN+=("IMAGE_NAME=$NAME/p$n")
			bt_start -f "Dockerfile.$n"
			pids+=("$BT_PID")
		done
		for n in "${pids[@]}"; do
			BT_PID=$n
			bt_wait
			expect_status 0
		done
		for n in 1 2 3 4; do
			expect_file "$IMAGE/p$n:r$round-b$n" /n "$n"
			cleaned "$IMAGE/p$n"
		done
	done
}

# --- ignore files ----------------------------------------------------------------------------------------------------

@test "B-09 <Dockerfile>.dockerignore is honoured and beats .dockerignore" {
	gitlab main
	copy_all My.Dockerfile
	file one
	file two
	file .dockerignore '*'
	file My.Dockerfile.dockerignore 'two'
	bt_build_ok -f My.Dockerfile
	expect_in " $(image_list "$IMAGE:main" /all) " ' one '
	expect_not_in " $(image_list "$IMAGE:main" /all) " ' two '
}

@test "B-09 <Dockerfile>.dockerignore is found beside a Dockerfile in a subfolder" {
	gitlab main
	mkdir "$CTX/build"
	copy_all build/My.Dockerfile
	file one
	file two
	file .dockerignore '*'
	file build/My.Dockerfile.dockerignore 'two'
	bt_build_ok -f build/My.Dockerfile
	expect_in " $(image_list "$IMAGE:main" /all) " ' one '
	expect_not_in " $(image_list "$IMAGE:main" /all) " ' two '
}

@test "B-10 .dockerignore has the meaning it has for Docker" {
	local name
	gitlab main
	copy_all
	for name in keep.txt drop.log deep/drop.log deep/keep.log secret/key secret/public/x sub/node_modules/m/index \
		sub/src/index a1 a2 ab '#hash' 'with space' dir/file; do
		file "$name"
	done
	cat >"$CTX/.dockerignore" <<-'END'
		# a comment
		.dockerignore
		Dockerfile

		**/*.log
		!deep/keep.log
		secret
		!secret/public
		**/node_modules/
		a?
		!a2
		/dir/file
		  with space  
	END
	bt_build_ok
	expect_equal "$(image_list "$IMAGE:main" /all)" \
		'#hash a2 deep/ deep/keep.log dir/ keep.txt secret/ secret/public/ secret/public/x sub/ sub/src/ sub/src/index'
}

@test "B-10 a context keeps modes, times, links and empty folders" {
	gitlab main
	copy_all
	file bin/tool 'x'
	chmod 4755 "$CTX/bin/tool"
	file plain 'x'
	chmod 640 "$CTX/plain"
	touch -d '2020-02-03 04:05:06.123456789Z' "$CTX/plain"
	ln -s ../plain "$CTX/bin/link"
	ln -s /nowhere "$CTX/dangling"
	ln "$CTX/plain" "$CTX/plain2"
	mkdir -m 1777 "$CTX/empty"
	bt_build_ok
	image_tar "$IMAGE:main" /all | TZ=UTC tar -tv --full-time --numeric-owner >"$T/list"
	expect_in "$(cat "$T/list")" '^-rwsr-xr-x 0/0 .* all/bin/tool$'
	expect_in "$(cat "$T/list")" '^-rw-r----- 0/0 .* 2020-02-03 04:05:06.* all/plain$'
	expect_in "$(cat "$T/list")" '^l.* all/bin/link -> \.\./plain$'
	expect_in "$(cat "$T/list")" '^l.* all/dangling -> /nowhere$'
	expect_in "$(cat "$T/list")" '^drwxrwxrwt 0/0 .* all/empty/$'
	expect_in "$(cat "$T/list")" ' all/plain2( link to all/plain)?$'
}

# --- tags ------------------------------------------------------------------------------------------------------------

@test "B-11 tags are commit and branch, and latest exactly on master and main" {
	local branch
	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	for branch in master main; do
		GIVEN=()
		gitlab "$branch"
		bt_build_ok
		expect_tags "$SHA latest $branch"
		expect_equal "$(image_id "$IMAGE:latest")" "$(image_id "$IMAGE:$SHA")"
		remove_images "$IMAGE"
	done
	for branch in feature1 mainline my-master release/main; do
		GIVEN=()
		gitlab "$branch"
		bt_build_ok
		expect_tags "$SHA ${branch//\//_}"
		remove_images "$IMAGE"
	done
}

@test "B-11 without CI data the tags come from the git repository" {
	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	git_repo feature/x
	given "IMAGE_NAME=$NAME"
	bt_build_ok
	expect_tags "$COMMIT feature_x"
}

@test "B-12 GitLab variables with branch feature1 give REG/NAME:<sha> and REG/NAME:feature1" {
	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	gitlab feature1
	given CI_REGISTRY=registry.example.com "CI_REGISTRY_IMAGE=registry.example.com/group/$NAME"
	bt_build_ok
	IMAGE=registry.example.com/group/$NAME
	cleaned "$IMAGE"
	expect_tags "$SHA feature1"
	expect_in "$output" "^$IMAGE:$SHA\$"
	expect_in "$output" "^$IMAGE:feature1\$"
}

# --- stages ----------------------------------------------------------------------------------------------------------

@test "B-13 every named stage is built, even one that the result does not need" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS unused
		RUN echo unused >/who
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok
	expect_tags "$SHA latest main unused"
	expect_file "$IMAGE:unused" /who 'unused'
}

@test "B-13 stages are built in file order, and the first that fails ends the build" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS one
		RUN echo one >/who
		FROM busybox:test AS two
		RUN echo two says no >&2; exit 42
		FROM busybox:test AS three
		RUN echo three >/who
		FROM scratch
		COPY Dockerfile /
	END
	bt_build
	expect_status 255
	expect_error 'two says no'
	expect_error 'exit code: 42'
	expect_tags 'one'
}

@test "B-13 --no-stages builds only the result" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS broken
		RUN exit 1
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok --no-stages
	expect_tags "$SHA latest main"
}

@test "B-14 a stage's result is tagged REG/NAME:<stage>" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS Build.Env-1
		RUN echo env >/who
		FROM busybox:test
		RUN echo final >/who
	END
	# a stage keeps its spelling or is lower-cased by the frontend: the tag keeps it
	bt_build_ok
	expect_tags "$SHA Build.Env-1 latest main"
	expect_file "$IMAGE:Build.Env-1" /who 'env'
	expect_file "$IMAGE:main" /who 'final'
}

@test "B-15 stage names follow the syntax of Dockerfiles" {
	gitlab main
	printf '%s\n' \
		'# FROM busybox:test AS comment' \
		'FROM busybox:test AS trailing  ' \
		'  FROM busybox:test AS indented' \
		"$(printf 'FROM\tbusybox:test\tas\ttabs')" \
		'from busybox:test \' \
		'  # inside a continuation' \
		'  aS \' \
		'  continued' \
		'FROM --platform=linux/amd64 busybox:test AS flagged' \
		'RUN echo \' \
		'FROM busybox:test AS argument' \
		'FROM busybox:test' \
		'RUN echo x >/x' >"$CTX/Dockerfile"
	bt_build_ok
	expect_tags "$SHA continued flagged indented latest main tabs trailing"
}

@test "B-15 CRLF and the escape directive are understood" {
	gitlab main
	printf '# escape=`\r\nFROM busybox:test `\r\n AS dos\r\nRUN echo a >/a\r\nFROM dos\r\nRUN echo b >/b\r\n' >"$CTX/Dockerfile"
	bt_build_ok
	expect_tags "$SHA dos latest main"
}

# --- cache -----------------------------------------------------------------------------------------------------------

@test "B-16 cache sources are own stage, earlier stages newest first, branch, latest" {
	local ref
	gitlab feature1
	given GITEA_REGISTRY=127.0.0.1:1 "GITEA_REPOSITORY=org/$NAME"
	ref=127.0.0.1:1/org/$NAME
	dockerfile <<-'END'
		FROM busybox:test AS one
		RUN echo one >/who
		FROM busybox:test AS two
		RUN echo two >/who
		FROM scratch
		COPY Dockerfile /
	END
	recorded
	bt_build_ok
	sent cache-imports >"$T/imports"
	cleaned "$ref"
	expect_equal "$(jq -r '[.[].Attrs.ref] | join(" ")' <"$T/imports")" "$(printf '%s\n' \
		"$ref:one $ref:feature1 $ref:latest" \
		"$ref:two $ref:one $ref:feature1 $ref:latest" \
		"$ref:two $ref:one $ref:feature1 $ref:latest")"
	expect_equal "$(jq -r '.[].Type' <"$T/imports" | sort -u)" registry
}

# --- build arguments -------------------------------------------------------------------------------------------------

# writes the values that the build sees to /args
show_args()
{
	dockerfile <<-'END'
		FROM busybox:test AS show
		ARG A=default
		ARG B=default
		ARG C=default
		ARG CI_COMMIT=none
		ARG CI_BRANCH=none
		RUN printf '%s\n' "A=$A" "B=$B" "C=$C" "CI_COMMIT=$CI_COMMIT" "CI_BRANCH=$CI_BRANCH" >/args
		FROM scratch
		COPY --from=show /args /args
	END
}

@test "B-17 --build-arg K=V, K=a=b, bare K from the environment, unknown bare K dropped" {
	gitlab feature/x
	given B=from-environment
	show_args
	bt_build_ok --build-arg A=a=b --build-arg B --build-arg C
	expect_file "$IMAGE:feature_x" /args "$(printf '%s\n' A=a=b B=from-environment C=default "CI_COMMIT=$SHA" CI_BRANCH=feature_x)"
}

@test "B-17 the last --build-arg of a name wins, commas and blanks are kept" {
	gitlab main
	show_args
	bt_build_ok --build-arg A=1 --build-arg A=2 --build-arg 'B=-Xmx1g,-Xms1g two  blanks' '--build-arg=C=$x"\'
	expect_in "$(image_file "$IMAGE:main" /args)" '^A=2$'
	expect_in "$(image_file "$IMAGE:main" /args)" '^B=-Xmx1g,-Xms1g two  blanks$'
	expect_in "$(image_file "$IMAGE:main" /args)" '^C=\$x"\\$'
}

@test "B-17 an existing but empty environment variable passes an empty value" {
	gitlab main
	given A=
	show_args
	bt_build_ok --build-arg A
	expect_in "$(image_file "$IMAGE:main" /args)" '^A=$'
}

@test "B-18 --build-arg K= passes an empty value" {
	gitlab main
	given A=from-environment
	show_args
	bt_build_ok --build-arg A=
	expect_in "$(image_file "$IMAGE:main" /args)" '^A=$'
}

@test "B-19 build arguments of the user override the automatic ones" {
	gitlab main
	show_args
	bt_build_ok --build-arg CI_COMMIT=mine --build-arg CI_BRANCH=other
	expect_in "$(image_file "$IMAGE:main" /args)" '^CI_COMMIT=mine$'
	expect_in "$(image_file "$IMAGE:main" /args)" '^CI_BRANCH=other$'
	expect_tags "$SHA latest main show"
}

@test "B-20 an inline cache is written by default, and not when BUILDKIT_INLINE_CACHE says so" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo cached >/file
	END
	bt_build_ok
	expect_in "$(image_config "$IMAGE:main" | jq -r 'keys | join(" ")')" 'moby\.buildkit\.cache\.v0'
	remove_images "$IMAGE"
	bt_build_ok --build-arg BUILDKIT_INLINE_CACHE=0
	expect_not_in "$(image_config "$IMAGE:main" | jq -r 'keys | join(" ")')" 'moby\.buildkit\.cache\.v0'
}

# --- go_mounts -------------------------------------------------------------------------------------------------------

# golang_image NAME: there is no network, so busybox is called so
golang_image()
{
	cleaned "$1"
	api POST "/images/busybox:test/tag?repo=$1&tag=test" >/dev/null
}

@test "B-21 go_mounts adds cache mounts to the RUN lines of Go stages, and to no other" {
	gitlab main
	golang_image golang
	given BUILDTOOLS_CACHE_GO_MOUNTS=true
	dockerfile <<-'END'
		FROM golang:test AS plain
		  run grep -c ' /root/.cache/go-build \| /go/pkg/mod ' /proc/mounts >/plain
		RUN ["/bin/sh", "-c", "grep -c ' /go/pkg/mod ' /proc/mounts >/exec; true"]
		RUN --mount=type=cache,target=/extra grep -c ' /extra \| /go/pkg/mod ' /proc/mounts >/extra.txt
		FROM plain AS inherited
		RUN grep -c ' /root/.cache/go-build \| /go/pkg/mod ' /proc/mounts >/inherited
		FROM busybox:test AS other
		RUN grep -c ' /go/pkg/mod ' /proc/mounts >/other; true
		FROM scratch
		COPY --from=inherited /plain /exec /extra.txt /inherited /
		COPY --from=other /other /
	END
	bt_build_ok
	expect_file "$IMAGE:main" /plain 2
	expect_file "$IMAGE:main" /exec 0
	expect_file "$IMAGE:main" /extra.txt 2
	expect_file "$IMAGE:main" /inherited 2
	expect_file "$IMAGE:main" /other 0
}

@test "B-21 without go_mounts nothing is added" {
	gitlab main
	golang_image golang
	dockerfile <<-'END'
		FROM golang:test AS plain
		RUN grep -c ' /go/pkg/mod ' /proc/mounts >/plain; true
		FROM scratch
		COPY --from=plain /plain /
	END
	bt_build_ok
	expect_file "$IMAGE:main" /plain 0
}

@test "B-22 go_mounts also for FROM --platform=... golang and mirrored names, not for golangci" {
	gitlab main
	golang_image golang
	golang_image mirror.example.com/library/golang
	golang_image golangci/tool
	file .buildtools.yaml 'cache: {go_mounts: true}'
	dockerfile <<-'END'
		FROM --platform=linux/amd64 golang:test AS platform
		RUN grep -c ' /go/pkg/mod ' /proc/mounts >/platform; true
		FROM	mirror.example.com/library/golang:test AS mirror
		RUN	grep -c ' /go/pkg/mod ' /proc/mounts >/mirror; true
		FROM golangci/tool:test AS lint
		RUN grep -c ' /go/pkg/mod ' /proc/mounts >/lint; true
		FROM scratch
		COPY --from=platform /platform /
		COPY --from=mirror /mirror /
		COPY --from=lint /lint /
	END
	bt_build_ok
	expect_file "$IMAGE:main" /platform 1
	expect_file "$IMAGE:main" /mirror 1
	expect_file "$IMAGE:main" /lint 0
}

# --- exported files --------------------------------------------------------------------------------------------------

@test "B-23 a stage starting with export writes its files to exported/, creates no tag" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS work
		RUN mkdir -p /out/sub && echo text >/out/file && echo deep >/out/sub/deep && ln -s file /out/link \
		 && chmod 750 /out/sub/deep && printf '#!/bin/sh\n' >/out/tool && chmod 755 /out/tool
		FROM scratch AS export
		COPY --from=work /out/ /
		FROM scratch AS export-more
		COPY --from=work /out/file /more
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok
	expect_tags "$SHA latest main work"
	expect_equal "$(cat "$CTX/exported/file")" 'text'
	expect_equal "$(cat "$CTX/exported/sub/deep")" 'deep'
	expect_equal "$(cat "$CTX/exported/more")" 'text'
	expect_equal "$(readlink "$CTX/exported/link")" 'file'
	expect_equal "$(stat -c %a "$CTX/exported/sub/deep" "$CTX/exported/tool" | paste -sd ' ')" '750 755'
	expect_equal "$(cd "$CTX" && find . -mindepth 1 -maxdepth 1 | LC_ALL=C sort | paste -sd ' ')" './Dockerfile ./exported'
}

@test "B-23 exported/ is replaced as a whole: no file of an older build stays" {
	gitlab main
	file exported/stale 'from long ago'
	dockerfile <<-'END'
		FROM scratch AS export
		COPY Dockerfile /fresh
		FROM scratch
		COPY Dockerfile /
	END
	bt_build_ok
	expect_equal "$(ls -A "$CTX/exported")" 'fresh'
}

@test "B-23 a failing export keeps the exported/ that was there" {
	gitlab main
	file exported/good 'keep me'
	dockerfile <<-'END'
		FROM busybox:test AS export
		COPY Dockerfile /half
		RUN exit 9
		FROM scratch
		COPY Dockerfile /
	END
	bt_build
	expect_failure 255 'exit code: 9'
	expect_equal "$(ls -A "$CTX/exported")" 'good'
	expect_equal "$(ls -A "$CTX" | paste -sd ' ')" 'Dockerfile exported'
}

@test "B-24 export as the last stage: files are exported and the image is built" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test AS work
		RUN echo text >/file
		FROM scratch AS export
		COPY --from=work /file /file
	END
	bt_build_ok
	expect_tags "$SHA latest main work"
	expect_equal "$(cat "$CTX/exported/file")" 'text'
	expect_file "$IMAGE:main" /file 'text'
}

@test "B-25 exported/ is not part of later contexts" {
	gitlab main
	file exported/old 'old'
	file sub/exported/mine 'a folder of that name further down is ordinary'
	dockerfile <<-'END'
		FROM busybox:test AS work
		COPY . /all/
		RUN ls /all >/seen
		FROM scratch AS export
		COPY --from=work /seen /seen
		FROM scratch
		COPY . /all/
	END
	bt_build_ok
	expect_equal "$(paste -sd ' ' "$CTX/exported/seen")" 'Dockerfile sub'
	expect_equal "$(image_list "$IMAGE:main" /all)" 'Dockerfile sub/ sub/exported/ sub/exported/mine'
	# the cache is not disturbed: the same image again
	local id
	id=$(image_id "$IMAGE:main")
	bt_build_ok
	expect_equal "$(image_id "$IMAGE:main")" "$id"
}

# --- outputs, ends, owners -------------------------------------------------------------------------------------------

@test "B-26 image-name is written in GitHub Actions, also when the build then fails" {
	given GITHUB_ACTIONS=true "GITHUB_OUTPUT=$T/github" "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main "GITHUB_REPOSITORY=org/$NAME"
	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	printf 'mine=1\n' >"$T/github"
	bt_build_ok
	expect_in "$(cat "$T/github")" '^mine=1$'
	expect_in "$(cat "$T/github")" "^image-name=$IMAGE\$"

	: >"$T/github"
	file Dockerfile 'FROM busybox:test
RUN exit 1'
	bt_build
	expect_failure 255 'exit code: 1'
	expect_in "$(cat "$T/github")" "^image-name=$IMAGE\$"
}

@test "B-26 no output is written elsewhere" {
	gitlab main
	file Dockerfile 'FROM scratch
COPY Dockerfile /'
	: >"$T/github"
	given "GITHUB_OUTPUT=$T/github"
	bt_build_ok
	expect_equal "$(cat "$T/github")" ''
}

@test "B-27 a cancelled build cancels the work of the daemon" {
	local seconds
	gitlab main
	seconds=$(unique_seconds)
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $seconds
	END
	bt_start
	await 60 running "$seconds" || fail 'the step does not start' "$(cat "$T/bg.err")"
	kill -TERM "$BT_PID"
	bt_wait
	expect_status 143
	await 60 not_running "$seconds" || fail 'the daemon still works on it'
	expect_no_image "$IMAGE:main"
	expect_equal "$(ls -A "$CTX")" 'Dockerfile'
}

@test "B-28 files of the context are owned 0:0 in the image" {
	gitlab main
	copy_all
	file a/b 'x'
	ln -s b "$CTX/a/link"
	chown -hR 1234:4321 "$CTX/a"
	bt_build_ok
	image_tar "$IMAGE:main" /all | tar -tv --numeric-owner >"$T/list"
	expect_not_in "$(cat "$T/list")" '1234|4321'
	expect_in "$(cat "$T/list")" ' 0/0 .* all/a/b$'
}

@test "--progress tty: the screen follows the size of its terminal" {
	gitlab main
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $(unique_seconds)
	END
	clean_env
	timeout -k 5 "$LIMIT" python3 - "${CLEAN[@]}" "$BT_BIN/build" "${FLAGS[@]}" --progress tty <<-'END' || fail 'it does not'
		import fcntl, os, pty, re, signal, struct, sys, termios
		def resize(fd, rows, columns):
		    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
		pid, fd = pty.fork()
		if pid == 0:
		    resize(1, 24, 100)
		    os.execvp(sys.argv[1], sys.argv[1:])
		# the last column stays free
		text, wanted = b"", [(99, 40), (39, 120), (119, None)]
		while wanted:
		    text = (text + os.read(fd, 4096))[-100000:]
		    heads = [len(m) for m in re.findall(rb"\[\+\] [^\r\n]*", text[: text.rfind(b"\n") + 1])]
		    if wanted[0][0] in heads:
		        text, columns = b"", wanted.pop(0)[1]
		        if columns:
		            resize(fd, 24, columns)
		os.kill(pid, signal.SIGINT)
		try:
		    while os.read(fd, 4096):
		        pass
		except OSError: # the other end is closed
		    pass
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 130)
	END
}
