#!/usr/bin/env bats
# The images of the program as CI runners start them: each test issues the commands that the runner issues, with the
# environment of its jobs, and looks for the image in the registry afterwards.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # text of scripts; a test is a function for bats; helpers' globals

load helper
load runners

setup_file() { runner_images; }
teardown_file() { runner_images_remove; }
setup() { runner_setup; }
teardown() { runner_teardown; }

# --- GitLab ----------------------------------------------------------------------------------------------------------

# shell_detection [ARG]: what GitLab's runner passes to `sh -c`
shell_detection()
{
	local word=if shell
	for shell in /usr/local/bin/bash /usr/bin/bash /bin/bash /usr/local/bin/sh /usr/bin/sh /bin/sh /busybox/sh; do
		printf '%s [ -x %s ]; then\n\texec %s %s\n' "$word" "$shell" "$shell" "${1-}"
		word=elif
	done
	printf 'else\n\techo shell not found\n\texit 1\nfi\n\n'
}

# quoted TEXT: $'...', or with POSIX=1 in double quotes
quoted()
{
	if [ -n "${POSIX-}" ]; then
		printf '"%s"' "$(sed 's/[\\"$`]/\\&/g' <<<"$1")"
	else
		printf "\$'%s'" "$(sed "s/[\\\\']/\\\\&/g; s/\\x1b/\\\\x1b/g" <<<"$1" | awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }')"
	fi
}

# job_script COMMAND...: the text that the runner sends; FLAGS_OF_SCRIPT names what differs from the default
job_script()
{
	local tmp=/builds/group/$NAME.tmp body command run POSIX=
	case $FLAGS_OF_SCRIPT in *posix*) POSIX=1 ;; esac
	body=$(
		printf 'export FROM_JOB=%s\n' "$(quoted "a'b\"c \$d")"
		printf 'mkdir -p "%s"\nprintf %s %s > "%s/FILE"\nexport FILE="%s/FILE"\n' "$tmp" "'%s'" \
			"$(quoted $'two\nlines')" "$tmp" "$tmp"
		printf 'mkdir -p "%s"\ntouch "%s/gitlab_runner_env"\n' "$tmp" "$tmp"
		printf 'while read -r line; do export "$line"; done < "%s/gitlab_runner_env"\n' "$tmp"
		printf 'cd %s\n' "$(quoted "/builds/group/$NAME")"
		for command in "$@"; do
			case $FLAGS_OF_SCRIPT in
			*sections*)
				printf '%s\n' "printf '%b\\n' section_start:\$(awk 'BEGIN { srand(); printf(\"%d\", srand()) }'):section_x" ;;
			esac
			printf 'echo %s\n%s\n' "$(quoted $'\x1b[32;1m'"\$ $command"$'\x1b[0;m')" "$command"
			case $FLAGS_OF_SCRIPT in
			*check*) echo '_runner_exit_code=$?; if [ $_runner_exit_code -ne 0 ]; then exit $_runner_exit_code; fi' ;;
			esac
		done
	)
	run="(trap 'exit 1' TERM; eval $(quoted "$body")) < /dev/null"
	case $FLAGS_OF_SCRIPT in *legacy*) run=": | eval $(quoted "$body")" ;; esac
	printf "#!/usr/bin/env bash\n\ntrap 'exit 1' TERM\n\n"
	case $FLAGS_OF_SCRIPT in *kubernetes*) kubernetes_prologue ;; esac
	case $FLAGS_OF_SCRIPT in *trace*) echo 'set -o xtrace' ;; esac
	printf '%s\n' 'case "$(set -o)" in *"pipefail"*) set -o pipefail;; esac; set -o errexit' 'set +o noclobber' "$run" 'exit 0'
}

gitlab_job()
{
	job CI=true GITLAB_CI=true CI_SERVER=yes "CI_PROJECT_DIR=/builds/group/$NAME" "CI_PROJECT_NAME=$NAME" \
		"CI_PROJECT_PATH=group/$NAME" "CI_COMMIT_SHA=$SHA" "CI_COMMIT_REF_NAME=$BRANCH" "CI_COMMIT_BRANCH=$BRANCH" \
		CI_DEFAULT_BRANCH=main CI_PIPELINE_SOURCE=push "CI_REGISTRY=$BT_REGISTRY" "CI_REGISTRY_IMAGE=$IMAGE" \
		"CI_REGISTRY_USER=$BT_REGISTRY_USER" "CI_JOB_TOKEN=$BT_REGISTRY_PASSWORD" "$@"
	volume "$CTX:/builds/group/$NAME"
	mkdir "$T/tmp"
	volume "$T/tmp:/builds/group/$NAME.tmp"
	FLAGS_OF_SCRIPT=
}

# docker_executor IMAGE [ARG [JSON]]: the build container, not started; ARG is that of the shell, JSON what the job wants
docker_executor()
{
	create "$1" "$(jq -c '. + {OpenStdin: true, StdinOnce: true}' <<<"${3-"{}"}")" sh -c "$(shell_detection "${2-}")"
}

# run_script COMMAND...: starts the container, once more for each script
run_script()
{
	job_script "$@" >"$T/script"
	attached "$T/script"
}

@test "GitLab, Docker executor: script and after_script in one container" {
	gitlab_job CI_JOB_STATUS=running
	docker_executor "$JOB"
	run_script 'printf "%s\n" "$FROM_JOB" "$(cat "$FILE")"' build push
	expect_status 0
	expect_in "$output" "^a'b\"c \\\$d\$"
	expect_in "$output" '^lines$'
	expect_in "$output" "^$IMAGE:$SHA@sha256:"
	expect_published "$BRANCH"
	run_script 'buildtools version'
	expect_status 0
	expect_in "$output" '^Version: '
	# the exit status of the job is that of the command
	run_script 'build --no-such-flag' 'echo never'
	expect_status 255
	expect_not_in "$output" '^never$'
	# how the runner asks for the user whose files these are
	printf 'id -u' >"$T/script"
	attached "$T/script"
	expect_equal "$output" 0
}

@test "GitLab, Docker executor: every form of script that its feature flags make" {
	local form
	gitlab_job
	# entrypoint: [""] of a job
	docker_executor "$JOB" -l '{"Entrypoint": [""]}'
	for form in posix legacy check trace sections 'posix legacy check trace sections'; do
		FLAGS_OF_SCRIPT=$form
		run_script 'printf "%s\n" "$FROM_JOB" "$(cat "$FILE")"' $'if true; then\n  buildtools info\nfi' 'sh -c "exit 3"' 'echo never'
		[ "$status" -eq 3 ] || fail "a script with $form ends with $status"
		expect_in "$output" "^a'b\"c \\\$d\$"
		expect_in "$output" "$IMAGE"
		expect_not_in "$output" '^never$'
	done
}

@test "GitLab, Docker executor: a cancelled job takes its build along" {
	local mark
	mark=$(unique_seconds)
	gitlab_job
	printf 'FROM %s/library/busybox:test\nRUN sleep %s\n' "$BT_MIRROR" "$mark" >"$CTX/Dockerfile"
	docker_executor "$JOB"
	job_script build >"$T/script"
	python3 "$RUNNER" attach "$SOCKET" "$ID" "$T/script" >"$T/bg.out" 2>"$T/bg.err" 3>&- &
	PIDS+=("$!")
	await 60 running "$mark" || fail "the build does not start" "$(cat "$T/bg.out" "$T/bg.err")"
	# the runner's own way: TERM for all but the first process, the youngest first, then for the container
	exec_in '{}' sh -c 'PROCS=$(cd /proc && ls -rvd [0-9]*) &&
for P in $PROCS; do
	if [ $$ -ne $P ] && [ $P -ne 1 ]; then
		kill -TERM $P 2>/dev/null &&
		ATTEMPTS=6 &&
		while [ -e /proc/$P ] && [ $ATTEMPTS -gt 0 ]; do
			sleep 1 && ATTEMPTS=$((ATTEMPTS-1));
		done;
	fi;
done
'
	api POST "/containers/$ID/stop?t=10" >/dev/null
	await 60 not_running "$mark" || fail 'the step goes on'
	[ "$(exit_status)" -ne 0 ] || fail 'a cancelled job succeeds'
}

@test "GitLab, Docker executor, an image without a shell: build and push, and it says so" {
	gitlab_job CI_JOB_STATUS=running
	docker_executor "$TOOL"
	# longer than what a pipe holds: nobody reads it
	run_script build push "$(printf ': %0200000d' 0)"
	expect_status 0
	expect_in "$stderr" "no shell .*running build, then push, in '/builds/group/$NAME'"
	expect_in "$output" "^$IMAGE:$SHA@sha256:"
	expect_published "$BRANCH"

	printf 'FROM none.invalid/none\n' >"$CTX/Dockerfile"
	run_script build push
	expect_status 255
	expect_in "$stderr" 'none.invalid'
	expect_not_in "$stderr" '^push: '
}

@test "GitLab, Docker executor, an image without a shell: the exit status of push, and nothing for after_script" {
	gitlab_job CI_JOB_STATUS=running CI_REGISTRY= CI_REGISTRY_IMAGE=
	cleaned "noregistry/$NAME"
	docker_executor "$TOOL"
	run_script build push
	expect_status 249
	expect_in "$stderr" 'push not supported by registry'

	JOB_ENV=(GITLAB_CI=true CI_JOB_STATUS=failed)
	docker_executor "$TOOL"
	run_script 'echo over'
	expect_status 0
	expect_in "$stderr" 'no shell for after_script'
	expect_equal "$output" ''
}

# --- GitLab in Kubernetes --------------------------------------------------------------------------------------------

kubernetes_prologue()
{
	cat <<-'END'
		start_json="{\"script\": \"$0\"}"
		echo "$start_json"
		runner_script_trap() {
			exit_code=$?
			out_json="{\"command_exit_code\": $exit_code, \"script\": \"$0\"}"

			echo ""
			echo "$out_json"
			exit 0
		}

		trap runner_script_trap EXIT
	END
}

# saved NAME FILE: a script of the runner, put into the pod by a shell there
saved()
{
	local to=/scripts-1-2/$1 text
	text=$(cat "$2")
	printf 'echo %s > %s.tmp\nchmod 777 %s.tmp\nmv %s.tmp %s\n' "$(quoted "$text")" "$to" "$to" "$to" "$to" >"$T/save"
	exec_fed "$T/save" '{}' sh -c "$(shell_detection)"
	expect_status 0
}

# pod_script COMMAND...: as the attach strategy does; CODE is what the script reports in the log
pod_script()
{
	job_script "$@" >"$T/step"
	saved step_script "$T/step"
	: >"$T/logs/output.log"
	printf "sh -c '%s'\n" '((/scripts-1-2/detect_shell_script /scripts-1-2/step_script; ec=$?; if [ $ec -ne 0 ]; then echo; echo "{\"command_exit_code\": $ec, \"script\": \"/scripts-1-2/step_script\"}"; fi) 2>&1 | tee -a /logs-1-2/output.log) &' >"$T/say"
	python3 "$RUNNER" feed "$SOCKET" "$ID" "$T/say"
	await "$LIMIT" grep -q command_exit_code "$T/logs/output.log" || fail "no end of the script" "$(cat "$T/logs/output.log")"
	CODE=$(sed -n 's/.*"command_exit_code": \([0-9]*\).*/\1/p' "$T/logs/output.log")
}

@test "GitLab, Kubernetes executor: attached, with the image's entrypoint or without" {
	local entry
	gitlab_job
	mkdir "$T/scripts" "$T/logs"
	volume "$T/scripts:/scripts-1-2" "$T/logs:/logs-1-2"
	for entry in '{}' "$(jq -nc '{Entrypoint: $ARGS.positional}' --args -- sh -c "$(shell_detection)")"; do
		if [ "$entry" = '{}' ]; then
			create "$JOB" '{"OpenStdin": true}' sh -c "$(shell_detection)"
		else
			create "$JOB" "$(jq -c '. + {OpenStdin: true}' <<<"$entry")"
		fi
		start
		shell_detection '$@' >"$T/detect"
		saved detect_shell_script "$T/detect"
		FLAGS_OF_SCRIPT=kubernetes
		pod_script build push 'sh -c "exit 3"'
		expect_equal "$CODE" 3
		# the strategy without attach: the whole script by a shell
		FLAGS_OF_SCRIPT=
		job_script 'buildtools info' >"$T/step"
		exec_fed "$T/step" '{}' sh -c "$(shell_detection)"
		expect_status 0
		expect_in "$output" "$IMAGE"
	done
	expect_published "$BRANCH"
}

# --- GitHub ----------------------------------------------------------------------------------------------------------

github_job()
{
	configured
	mkdir "$T/temp" "$T/github"
	touch "$T/temp/output"
	job CI=true GITHUB_ACTIONS=true "$@"
	GITHUB=(GITHUB_EVENT_NAME=push "GITHUB_SHA=$SHA" "GITHUB_REF=refs/heads/$BRANCH" "GITHUB_REF_NAME=$BRANCH"
		GITHUB_REF_TYPE=branch "GITHUB_REPOSITORY=group/$NAME" GITHUB_REPOSITORY_OWNER=group
		GITHUB_SERVER_URL=https://github.com GITHUB_RUN_ID=1)
}

@test "GitHub, container: and run: with the default shell and with bash" {
	local path step
	github_job HOME=/github/home
	volume "$T:/__w" "$CTX:/__w/$NAME/$NAME" "$T/github:/github/home"
	create "$JOB" "{\"Entrypoint\": [\"tail\"], \"WorkingDir\": \"/__w/$NAME/$NAME\"}" -f /dev/null
	start
	is_running || fail 'it does not stay'
	path=$(api GET "/containers/$ID/json" | jq -r '.Config.Env[] | select(startswith("PATH="))')
	exec_in '{}' sh -c 'cat /etc/*release | grep ^ID'
	expect_status 0
	expect_in "$output" '^ID='

	step=$(jq -nc --arg dir "/__w/$NAME/$NAME" --arg path "$path" '{WorkingDir: $dir, Env: ($ARGS.positional + [$path])}' \
		--args -- "${GITHUB[@]}" GITHUB_OUTPUT=/__w/temp/output)
	printf 'build\npush\n' >"$T/temp/1.sh"
	exec_in "$step" sh -e /__w/temp/1.sh
	expect_status 0
	expect_published "$BRANCH"
	expect_in "$(cat "$T/temp/output")" "^image-name=$IMAGE\$"
	expect_in "$(cat "$T/temp/output")" '^digest=sha256:'
	printf 'false | true\necho never\n' >"$T/temp/2.sh"
	exec_in "$step" bash --noprofile --norc -e -o pipefail /__w/temp/2.sh
	expect_status 1
	expect_equal "$output" ''
	# a program that takes a script may be the shell
	exec_in "$step" env -- build -q --label a=b
	expect_status 0
}

@test "GitHub, uses: docker:// with and without an entrypoint of its own" {
	github_job HOME=/github/home "GITHUB_OUTPUT=/github/file_commands/output"
	job "${GITHUB[@]}"
	volume "$CTX:/github/workspace" "$T/github:/github/home" "$T/temp:/github/file_commands"
	create "$TOOL" '{"WorkingDir": "/github/workspace"}' build --push
	attached
	expect_status 0
	expect_published "$BRANCH"
	expect_in "$(cat "$T/temp/output")" '^digest=sha256:'
	create "$TOOL" '{"WorkingDir": "/github/workspace", "Entrypoint": ["push"]}'
	attached
	expect_status 0
}

# --- Gitea, Forgejo --------------------------------------------------------------------------------------------------

# act_job SYSTEM ENTRYPOINT ARG...: a job container whose steps are copied into it; registry and password are the server's
act_job()
{
	local system=$1
	shift
	JOB_ENV=(CI=true "${system}_ACTIONS=true" GITHUB_ACTIONS=true RUNNER_TEMP=/tmp)
	create "$JOB" "{\"Entrypoint\": $(json_list "$@"), \"Cmd\": null, \"WorkingDir\": \"/workspace/group/$NAME\"}"
	start
	mkdir -p "$T/copied/var/run/act/workflow"
	printf 'build\npush\n' >"$T/copied/var/run/act/workflow/0"
	tar -C "$T/copied" -cf - var | api PUT "/containers/$ID/archive?path=/" -H 'Content-Type: application/x-tar' --data-binary @-
	exec_in '{}' id -u
	expect_equal "$output" 0
	exec_in '{}' id -g
	expect_equal "$output" 0
	exec_in '{}' chown -R 0:0 /var/run/act
	expect_status 0
	exec_in "$(jq -nc '{Env: $ARGS.positional}' --args -- GITHUB_EVENT_NAME=push "GITHUB_SHA=$SHA" \
		"GITHUB_REF=refs/heads/$BRANCH" "GITHUB_REF_NAME=$BRANCH" GITHUB_REF_TYPE=branch "GITHUB_REPOSITORY=group/$NAME" \
		GITHUB_REPOSITORY_OWNER=group "GITHUB_SERVER_URL=https://$BT_REGISTRY" "GITHUB_ACTOR=$BT_REGISTRY_USER" \
		"GITHUB_TOKEN=$BT_REGISTRY_PASSWORD")" sh -e /var/run/act/workflow/0
	expect_status 0
	expect_published "$BRANCH"
}

@test "Gitea and Forgejo: steps in a container that sleeps" {
	volume "$CTX:/workspace/group/$NAME"
	act_job GITEA /bin/sleep 10800
	act_job FORGEJO tail -f /dev/null
}

# --- Woodpecker, Drone -----------------------------------------------------------------------------------------------

@test "Woodpecker: commands, out of a variable" {
	configured
	volume "$CTX:/woodpecker/src/example.com/group/$NAME"
	cat >"$T/script" <<-END

		if [ -n "\$CI_NETRC_MACHINE" ]; then
		cat <<EOF > \$HOME/.netrc
		machine \$CI_NETRC_MACHINE
		login \$CI_NETRC_USERNAME
		password \$CI_NETRC_PASSWORD
		EOF
		chmod 0600 \$HOME/.netrc
		fi
		unset CI_NETRC_USERNAME
		unset CI_NETRC_PASSWORD
		unset CI_SCRIPT
		mkdir -p "/woodpecker/src/example.com/group/$NAME"
		cd "/woodpecker/src/example.com/group/$NAME"

		echo + 'build'
		build

		echo + 'push'
		push
	END
	job CI=woodpecker CI_SYSTEM_NAME=woodpecker "CI_REPO=group/$NAME" "CI_COMMIT_SHA=$SHA" "CI_COMMIT_BRANCH=$BRANCH" \
		CI_REPO_DEFAULT_BRANCH=main CI_PIPELINE_EVENT=push HOME=/root SHELL=/bin/sh CI_NETRC_MACHINE=example.com \
		CI_NETRC_USERNAME=a CI_NETRC_PASSWORD=b "CI_SCRIPT=$(base64 -w 0 "$T/script")"
	create "$JOB" '{"Entrypoint": ["/bin/sh", "-c", "echo $CI_SCRIPT | base64 -d | /bin/sh -e"], "WorkingDir": "/woodpecker"}'
	attached
	expect_status 0
	expect_published "$BRANCH"
}

@test "Drone: commands; Woodpecker and Drone: as a plugin" {
	configured
	volume "$CTX:/drone/src"
	job CI=true DRONE=true "DRONE_REPO=group/$NAME" "DRONE_COMMIT_SHA=$SHA" "DRONE_BRANCH=$BRANCH" \
		DRONE_REPO_BRANCH=main DRONE_BUILD_EVENT=push HOME=/root "DRONE_NETRC_FILE=machine example.com"
	create "$TOOL" '{"WorkingDir": "/drone/src"}'
	attached
	expect_status 0
	expect_in "$output" "^$IMAGE:$SHA\$"

	job DRONE_SCRIPT='
if [ ! -z "${DRONE_NETRC_FILE}" ]; then
	echo $DRONE_NETRC_FILE > $HOME/.netrc
	chmod 600 $HOME/.netrc
fi

unset DRONE_SCRIPT
unset DRONE_NETRC_FILE

set -e

echo + "build"
build

echo + "push"
push
'
	create "$JOB" '{"Entrypoint": ["/bin/sh", "-c"], "WorkingDir": "/drone/src"}' 'echo "$DRONE_SCRIPT" | /bin/sh'
	attached
	expect_status 0
	expect_published "$BRANCH"
}

# --- Jenkins ---------------------------------------------------------------------------------------------------------

@test "Jenkins: a container of the agent's user that runs cat, steps beside it" {
	local dir=/home/jenkins/workspace/$NAME control
	control=$dir@tmp/durable-1
	configured
	mkdir -p "$T/tmp/durable-1"
	chown -R "$OTHER:$OTHER" "$T/tmp"
	volume "$CTX:$dir:rw,z" "$T/tmp:$dir@tmp:rw,z"
	job JENKINS_URL=https://ci.example.com/ "GIT_COMMIT=$SHA" "BRANCH_NAME=$BRANCH" "WORKSPACE=$dir"
	create "$JOB" "{\"Tty\": true, \"User\": \"$OTHER:$OTHER\", \"WorkingDir\": \"$dir\", \"HostConfig\": {\"GroupAdd\": [\"$(stat -c %g "$SOCKET")\"]}}" cat
	start
	expect_in "$(api GET "/containers/$ID/top?ps_args=-eo%20pid,comm" | jq -r '.Processes[][1]')" '^cat$'

	printf 'build\npush\n' >"$T/tmp/durable-1/script.sh"
	exec_in "{\"WorkingDir\": \"$dir\"}" nohup sh -c "(cp '$control/script.sh' '$control/script.sh.copy'; { while [ -d '$control' -a \! -f '$control/jenkins-result.txt' ]; do touch '$control/jenkins-log.txt'; sleep 3; done } & jsc=durable-1; JENKINS_SERVER_COOKIE=\$jsc sh -xe '$control/script.sh.copy' > '$control/jenkins-log.txt' 2>&1; echo \$? > '$control/jenkins-result.txt.tmp'; mv '$control/jenkins-result.txt.tmp' '$control/jenkins-result.txt'; wait) >&- 2>&- &"
	expect_status 0
	await "$LIMIT" test -e "$T/tmp/durable-1/jenkins-result.txt" || fail 'no end of the step'
	expect_equal "$(cat "$T/tmp/durable-1/jenkins-result.txt")" 0
	expect_in "$(cat "$T/tmp/durable-1/jenkins-log.txt")" '^\+ push$'
	expect_published "$BRANCH"
	# what the step left behind was adopted, and is gone when it has ended
	no_step() { [ "$(api GET "/containers/$ID/top?ps_args=-eo%20pid,comm" | jq -r '.Processes | length')" = 2 ]; }
	await 30 no_step || fail 'the step is still there' "$(api GET "/containers/$ID/top")"
	api POST "/containers/$ID/stop?t=60" >/dev/null
	expect_equal "$(exit_status)" 143
}

# --- command, or nothing ---------------------------------------------------------------------------------------------

@test "Tekton, Concourse, Argo, Cloud Build: the command itself, as a user without a name" {
	configured
	mkdir -m 777 "$T/results"
	volume "$CTX:/workspace/source" "$T/results:/tekton/results"
	local as='"User": "65532:0", "WorkingDir": "/workspace/source", "HostConfig": {"ReadonlyRootfs": true}'
	job HOME=/tekton/home TZ=Europe/Berlin
	create "$TOOL" "{\"Entrypoint\": [\"build\"], $as}" --metadata-file /tekton/results/metadata
	attached
	expect_status 0
	create "$TOOL" "{\"Entrypoint\": [\"/usr/local/bin/push\"], $as}"
	attached
	expect_status 0
	expect_published "$BRANCH"
	expect_equal "$(jq -r '."image.name"' "$T/results/metadata" | tr , '\n' | grep -c "$IMAGE")" 2

	# script: is a file with its interpreter's name
	printf '#!/usr/bin/env sh\nset -e\nbuild\n' >"$T/results/script"
	chmod 755 "$T/results/script"
	create "$JOB" "{\"Entrypoint\": [\"/tekton/results/script\"], $as}"
	attached
	expect_status 0
	# arguments for the image's own entrypoint
	create "$TOOL" "{$as}" push
	attached
	expect_status 0
}

@test "docker run: nothing, flags, verbs, programs" {
	local row want
	configured
	volume "$CTX:/repo"
	create "$TOOL" '{"WorkingDir": "/repo"}'
	attached
	expect_status 0
	expect_image "$IMAGE:$SHA"
	create "$TOOL" '{"WorkingDir": "/repo"}' --push -q
	attached
	expect_status 0
	expect_published "$BRANCH"
	for row in '0 version' '127 nosuch' '126 /etc/passwd'; do
		read -r want row <<<"$row"
		create "$TOOL" '{}' "$row"
		attached
		[ "$status" -eq "$want" ] || fail "'$row' ends with $status, not $want"
	done
	create "$TOOL" '{}' sh -c true
	attached
	expect_status 127
	expect_error 'hint: this image has no shell, the job image has one'
	for row in '3 exit 3' '143 kill -TERM $PPID; while :; do :; done'; do
		read -r want row <<<"$row"
		create "$JOB" '{}' sh -c "$row"
		attached
		[ "$status" -eq "$want" ] || fail "'$row' ends with $status, not $want"
	done
}

# stopped IMAGE JSON [ARG...]: `docker stop` in the middle of the step that sleeps for $mark
stopped()
{
	create "$@"
	start
	await 60 running "$mark" || fail "the build does not start: $(said)"
	api POST "/containers/$ID/stop?t=60" >/dev/null
	expect_equal "$(exit_status)" 143
	expect_in "$(said)" 'stopped by SIGTERM'
	expect_not_in "$(said)" 'never$'
	await 60 not_running "$mark" || fail 'the step goes on'
}

@test "docker run: SIGTERM for the first process cancels the build; so does Ctrl-C on a terminal" {
	local mark
	mark=$(unique_seconds)
	configured
	volume "$CTX:/repo"
	printf 'FROM %s/library/busybox:test\nRUN echo begun; sleep %s\n' "$BT_MIRROR" "$mark" >"$CTX/Dockerfile"
	stopped "$TOOL" '{"WorkingDir": "/repo"}'
	# a shell dies of it, what it has started gets it too
	stopped "$JOB" '{"WorkingDir": "/repo"}' sh -c 'build; echo never'

	printf '\003' >"$T/keys"
	create "$TOOL" '{"WorkingDir": "/repo", "Tty": true, "OpenStdin": true, "StdinOnce": true}' --progress plain
	attached "$T/keys" --after begun
	expect_status 130
	await 60 not_running "$mark" || fail 'the step goes on'

	# a shell to work in has the terminal to itself
	printf 'sleep 0 & wait; exit 3\n' >"$T/keys"
	create "$JOB" '{"Tty": true, "OpenStdin": true, "StdinOnce": true}' sh
	attached "$T/keys" --after '#'
	expect_status 3
	expect_not_in "$output" 'job control'
}
