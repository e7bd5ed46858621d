#!/usr/bin/env bats
# The templates of ci/templates: each is valid for its CI system's schema, and its commands, run as the CI system would,
# build an image and put it into a registry.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals

load helper

TEMPLATES=$ROOT/ci/templates
READ=$ROOT/tests/integration/templates.py

# The schemas come with a checker from the Python package index, every file of it locked by hash.
setup_file()
{
	local tools=$BATS_TEST_DIRNAME/../../out/tools/schemas lock=$BATS_TEST_DIRNAME/../tools/requirements.txt
	export CHECKER=$tools/bin/check-jsonschema
	if ! cmp -s "$lock" "$tools/lock"; then
		rm -rf "$tools"
		python3 -m venv "$tools"
		"$tools/bin/pip" -q --disable-pip-version-check install --require-hashes -r "$lock"
		cp "$lock" "$tools/lock"
	fi
}

setup()
{
	common_setup
	start_peers mirror
	IMAGE=$BT_MIRROR/group/$NAME
	cleaned "$IMAGE"
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo built >/file
	END
	file .buildtools.yaml "registry: {gitlab: {registry: $BT_MIRROR, repository: $BT_MIRROR/group}}"
	given "IMAGE_NAME=$NAME" "RUNNER_TEMP=$T/temp" "AGENT_TEMPDIRECTORY=$T/temp" "GITHUB_PATH=$T/path" \
		"GITHUB_OUTPUT=$T/output" "GITHUB_ACTION_PATH=$TEMPLATES/github"
	mkdir "$T/temp"
	touch "$T/path" "$T/output"
}

# valid SCHEMA FILE [INPUT=VALUE...]
valid()
{
	local schema=$1 file=$2
	shift 2
	python3 "$READ" document "$TEMPLATES/$file" "$@" >"$T/document.json"
	"$CHECKER" --builtin-schema "vendor.$schema" --force-filetype json "$T/document.json" >"$T/log" 2>&1 ||
		fail "$(cat "$T/log")"
}

# in_job FILE [INPUT=VALUE...]: its commands, with bases that are already there
in_job()
{
	local file=$1
	shift
	python3 "$READ" script "$TEMPLATES/$file" "$@" >"$T/script"
	run_clean bash "$T/script"
	expect_status 0
}

# expect_published: the registry has the commit's image
expect_published()
{
	curl -fsS "http://$BT_MIRROR/v2/group/$NAME/manifests/$SHA" -o "$T/manifest" \
		-H 'Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json' || fail 'the registry has no such image'
	expect_in "$output" "^$IMAGE:$SHA"
}

# release: a folder with the program under test, as install.sh finds it; sets RELEASE and VERSION
release()
{
	local name
	VERSION=$("$BT_BIN/buildtools" version | sed 's/^Version: \([^,]*\),.*/\1/')
	RELEASE=$T/release
	name=buildtools_${VERSION}_linux_$(uname -m)
	mkdir -p "$RELEASE/$name/bin"
	cp -L "$BT_BIN/buildtools" "$RELEASE/$name/bin/"
	tar -C "$RELEASE" -czf "$RELEASE/$name.tar.gz" "$name"
	(cd "$RELEASE" && sha256sum -- *.tar.gz >checksums.txt)
	cp "$ROOT/ci/install.sh" "$RELEASE/"
}

# without_program: what the template installs must be what runs
without_program() { BT_BIN=$T/bin; }

@test "GitLab component: valid, and its job builds, publishes and hands over the digest" {
	valid gitlab-ci gitlab/image.yml image=registry.example.com/buildtools:job
	given GITLAB_CI=true "CI_PROJECT_NAME=$NAME" "CI_COMMIT_SHA=$SHA" CI_COMMIT_REF_NAME=main
	in_job gitlab/image.yml image=registry.example.com/buildtools:job flags=--no-pull
	expect_published
	expect_in "$(cat "$CTX/build.env")" "^DIGEST=sha256:$(sha256sum <"$T/manifest" | cut -d' ' -f1)$"
}

@test "GitLab component: an input without a value is an error" {
	run -1 python3 "$READ" script "$TEMPLATES/gitlab/image.yml"
	expect_in "$output" 'without a value: image'
}

@test "GitHub container action: valid, and its arguments are understood" {
	valid github-actions github-container/action.yml
	[ -f "$TEMPLATES/github-container/$(jq -r .runs.image "$T/document.json")" ] || fail 'its Dockerfile is not there'
	given GITHUB_ACTIONS=true GITHUB_REPOSITORY=group/project "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main
	# the runner's Engine has the base image, here as there
	sed -i 's/busybox:test/scratch/; /RUN/d' "$CTX/Dockerfile"
	printf 'COPY Dockerfile /\n' >>"$CTX/Dockerfile"
	in_job github-container/action.yml
	expect_published
	expect_in "$(cat "$T/output")" '^digest=sha256:'
}

@test "GitHub composite action: valid, installs the program, builds, publishes and has outputs" {
	release
	valid github-actions github/action.yml url=x version=x
	given GITHUB_ACTIONS=true GITHUB_REPOSITORY=group/project "GITHUB_SHA=$SHA" GITHUB_REF=refs/heads/main
	without_program
	in_job github/action.yml "url=$RELEASE" "version=$VERSION" 'flags=--no-pull --no-stages'
	expect_published
	expect_in "$(cat "$T/path")" "^$T/temp/buildtools$"
	expect_in "$(cat "$T/output")" '^digest=sha256:'
	for name in image-name digest tags; do
		expect_in "$(cat "$T/output")" "^$name(=|<<)"
		expect_in "$(jq -r ".outputs[\"$name\"].value" "$T/document.json")" "outputs\.$name "
	done
	rm "$T/output"
	touch "$T/output"
	in_job github/action.yml "url=$RELEASE" "version=$VERSION" flags=--no-pull push=false
	expect_not_in "$stderr" 'Pushing'
}

@test "Azure steps: valid, and they install the program, build and publish" {
	release
	valid azure-pipelines azure/build-image.yml url=x version=x
	python3 -u -m http.server 0 --bind 127.0.0.1 --directory "$RELEASE" </dev/null >"$T/http.log" 2>&1 3>&- &
	PIDS+=($!)
	await 30 grep -q 'port [0-9]' "$T/http.log" || fail "$(cat "$T/http.log")"
	given TF_BUILD=True "BUILD_SOURCEVERSION=$SHA" BUILD_SOURCEBRANCH=refs/heads/main BUILD_REPOSITORY_NAME=project
	without_program
	in_job azure/build-image.yml "url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$T/http.log")" \
		"version=$VERSION" flags=--no-pull
	expect_published
}

@test "Tekton task: its step builds and publishes with a BuildKit daemon alone" {
	local peer
	peer=$("$ROOT/ci/peers.sh" start buildkit 2>/dev/null; "$ROOT/ci/peers.sh" env buildkit) || fail 'no BuildKit'
	eval "$peer"
	given "BUILDKIT_HOST=$BT_BUILDKIT" "CI_COMMIT_SHA=$SHA" CI_COMMIT_REF_NAME=main "CI_PROJECT_NAME=$NAME"
	DOCKER_HOST=unix:///nowhere
	in_job tekton/task.yaml
	expect_published
	expect_equal "$(jq -r '.["containerimage.digest"]' "$CTX/metadata.json")" "sha256:$(sha256sum <"$T/manifest" | cut -d' ' -f1)"
}

@test "Buildkite plugin: its command builds and publishes" {
	given BUILDKITE=true "BUILDKITE_COMMIT=$SHA" BUILDKITE_BRANCH=main BUILDKITE_PIPELINE_SLUG=project \
		'BUILDKITE_PLUGIN_BUILDTOOLS_FLAGS=--no-pull --no-stages'
	expect_equal "$(python3 -c 'import sys, yaml; print(*yaml.safe_load(sys.stdin)["configuration"]["properties"])' \
		<"$TEMPLATES/buildkite/plugin.yml")" 'path flags push'
	given "BUILDKITE_JOB_ID=$SHA" BUILDKITE_AGENT_ACCESS_TOKEN=s3cret BUILDKITE_AGENT_ENDPOINT=https://127.0.0.1:1/v3
	run_clean "$TEMPLATES/buildkite/hooks/command"
	expect_status 0
	expect_published
	# an API that does not answer costs nothing but a warning
	expect_error "meta-data of the build are not set: .*127\.0\.0\.1:1"
	expect_not_in "$stderr" s3cret

	given BUILDKITE_PLUGIN_BUILDTOOLS_PUSH=false
	run_clean "$TEMPLATES/buildkite/hooks/command"
	expect_status 0
	expect_not_in "$stderr" "[Pp]ush"
}

@test "Bitbucket, Drone, Woodpecker, Jenkins and TeamCity: valid, and their commands build and publish" {
	local file
	sed -i 's/busybox:test/scratch/; /RUN/d' "$CTX/Dockerfile"
	printf 'COPY Dockerfile /\n' >>"$CTX/Dockerfile"
	valid bitbucket-pipelines bitbucket/bitbucket-pipelines.yml
	valid drone-ci drone/.drone.yml
	valid woodpecker-ci woodpecker/.woodpecker.yml
	given "CI_COMMIT_SHA=$SHA" CI_COMMIT_REF_NAME=main "CI_PROJECT_NAME=$NAME"
	for file in bitbucket/bitbucket-pipelines.yml drone/.drone.yml woodpecker/.woodpecker.yml jenkins/Jenkinsfile \
		teamcity/settings.kts; do
		in_job "$file"
		expect_published
	done
}
