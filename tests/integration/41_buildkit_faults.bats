#!/usr/bin/env bats
# BuildKit daemons and registries that break: what passes by itself costs a retry, the rest is a clear failure.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2016 # text for another shell

load helper
load buildkit

# waiting: a step that lasts until somebody ends it, unless the file mode in the context says go; sets SECONDS_OF_SLEEP
waiting()
{
	SECONDS_OF_SLEEP=$(unique_seconds)
	file mode wait
	dockerfile <<-END
		FROM busybox:test
		COPY mode /mode
		RUN if grep -q wait /mode; then sleep $SECONDS_OF_SLEEP; else echo built >/file; fi
	END
}

await_step() { await 60 running "$SECONDS_OF_SLEEP" || fail 'the step does not start' "$(cat "$T/bg.err")"; }

# --- the daemon ------------------------------------------------------------------------------------------------------

@test "kill -9 of the daemon in mid build: failure with a message, exit status 255, nothing published" {
	own_buildkit
	project main
	waiting
	bt_start
	await_step
	own_peers kill buildkit
	bt_wait
	expect_failure 255 'closed|reset|EOF|end of'
	expect_pushed ''
}

@test "kill -9 of the daemon in mid build: when it comes back in time, the build is repeated and published" {
	own_buildkit
	FLAGS=(--retry-for 120s)
	project main
	waiting
	bt_start
	await_step
	own_peers kill buildkit
	file mode go
	own_peers start buildkit
	bt_wait
	expect_status 0
	expect_error 'warning: .*trying again in'
	expect_equal "$(registry_file main /file)" built
	expect_pushed "$SHA latest main"
}

@test "a daemon that stays away: the build gives up when the time is spent, and says so" {
	own_buildkit
	FLAGS=(--retry-for 2s)
	project main
	waiting
	bt_start
	await_step
	own_peers kill buildkit
	bt_wait
	expect_failure 255 'giving up after [0-9]+ tries'
	expect_error 'BuildKit at unix://.*(refused|No such file)'
}

@test "a connection that breaks once is repeated, the result is complete" {
	project main
	simple
	FLAGS=(--retry-for 60s)
	through --cut 3000 --times 1
	bt_build_ok
	expect_error 'trying again in'
	expect_equal "$(registry_file main /file)" built
}

@test "a BuildKit container that is killed and started again costs a retry" {
	project main
	waiting
	container "bt-$NAME"
	given "DOCKER_HOST=$ENGINE"
	builder "docker-container://bt-$NAME"
	FLAGS=(--retry-for 120s)
	bt_start
	await_step
	api POST "/containers/bt-$NAME/kill"
	file mode go
	# once because of the lost connection, once more because nothing runs there
	await 60 grep -q 'is not running.*trying again in' "$T/bg.err" || fail 'no retry' "$(cat "$T/bg.err")"
	api POST "/containers/bt-$NAME/start"
	bt_wait
	expect_status 0
	expect_equal "$(registry_file main /file)" built
}

@test "an answer that makes no sense is a failure" {
	project main
	simple
	through --garble 2000
	bt_build
	expect_failure 255 '.'
	expect_pushed ''
}

@test "a failing step is never repeated, whatever its command looks like" {
	project main
	FLAGS=(--retry-for 60s)
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo "failed to push x: unexpected status from PUT request to y: 503 Service Unavailable"; exit 5
	END
	watched
	bt_build
	expect_failure 255 'exit code: 5'
	expect_not_in "$stderr" 'trying again'
	[ "$(sent filename | wc -l)" -eq 1 ] || fail 'sent more than once'
}

@test "a signal cancels the daemon's work, exit statuses 130 and 143" {
	local row
	project main
	for row in INT:130 TERM:143; do
		waiting
		bt_start
		await_step
		kill "-${row%:*}" "$BT_PID"
		bt_wait
		expect_status "${row#*:}"
		expect_equal "$output" ''
		await 60 not_running "$SECONDS_OF_SLEEP" || fail 'the daemon still works on it'
	done
	expect_pushed ''
}

# --- the registry ----------------------------------------------------------------------------------------------------

# heals_after STATUS: pushes manifests to a registry that answers them with STATUS until the build says that it tries again
heals_after()
{
	flaky '^PUT .*/manifests/' "$1"
	project_at "$FLAKY" main
	FLAGS=(--retry-for 120s)
	simple
	bt_start
	await 120 grep -q 'trying again in' "$T/bg.err" || fail 'no retry' "$(cat "$T/bg.err")"
	rm "$T/ill"
	bt_wait
	expect_status 0
	[ "$(grep -c 'trying again in' <<<"$stderr")" -ge 1 ]
	expect_pushed "$SHA latest main"
	# what was built is not built again
	expect_equal "$(registry_file main /file)" built
	expect_error '#[0-9]+ CACHED'
}

@test "429 of the registry while pushing is retried" { heals_after 429; }
@test "503 of the registry while pushing is retried" { heals_after 503; }
@test "a registry that cuts the connection while pushing is retried" { heals_after 0; }

@test "a registry that stays ill: the build gives up when the time is spent, and names the cause" {
	flaky '^PUT .*/manifests/' 429
	project_at "$FLAKY" main
	FLAGS=(--retry-for 2s)
	simple
	bt_build
	expect_failure 255 'giving up after [0-9]+ tries'
	expect_error 'error:.*failed to push .*429'
	expect_pushed ''
}

@test "a registry that refuses is not asked again" {
	local answer
	FLAGS=(--retry-for 60s)
	for answer in 401 403 404; do
		flaky '^PUT .*/manifests/' "$answer"
		project_at "$FLAKY" main
		simple
		bt_build
		expect_failure 255 'failed to push'
		expect_not_in "$stderr" 'trying again'
	done
}

@test "a base image whose registry is busy is asked for again" {
	flaky '^(GET|HEAD) .*/base/' 503
	project main
	FLAGS=(--retry-for 120s)
	file Dockerfile "FROM $FLAKY/base/busybox:test"
	bt_start
	await 120 grep -q 'trying again in' "$T/bg.err" || fail 'no retry' "$(cat "$T/bg.err")"
	rm "$T/ill"
	bt_wait
	# it is well again, and has no such image
	expect_failure 255 'not found'
}

# --- many at once ----------------------------------------------------------------------------------------------------

@test "20 builds at once against one daemon finish, each with its own image" {
	local number pids=() failed=
	FLAGS=(--retry-for 0)
	for number in $(seq 20); do
		mkdir -p "$T/many/$number"
		printf 'number %d\n' "$number" >"$T/many/$number/number"
		printf 'FROM busybox:test\nCOPY number /number\nRUN cp /number /copy\n' >"$T/many/$number/Dockerfile"
	done
	project main
	for number in $(seq 20); do
		given "CI_PROJECT_NAME=$NAME-$number"
		in_clean_env timeout -k 5 "$LIMIT" "$BT_BIN/build" "${FLAGS[@]}" "$T/many/$number" \
			</dev/null >"$T/many/$number.out" 2>"$T/many/$number.err" 3>&- &
		pids+=("$!")
	done
	for number in $(seq 20); do
		wait "${pids[number - 1]}" || failed+=" $number"
	done
	[ -z "$failed" ] || fail "failed:$failed" "$(tail -n 20 "$T/many/${failed##* }.err")"
	for number in $(seq 20); do
		IMAGE=$(dirname "$IMAGE")/$NAME-$number
		expect_equal "$(registry_file main /copy)" "number $number"
		expect_equal "$(head -n 1 "$T/many/$number.out")" "$IMAGE:$SHA@$(digest_of main)"
	done
}

@test "a login that ended while the build went on is made again" {
	local seconds
	seconds=$(unique_seconds)
	cat >"$T/bin/docker-credential-vault" <<-END
		#!/bin/sh
		printf '{"ServerURL":"x","Username":"u","Secret":"%s"}' "\$(cat "$T/password")"
	END
	chmod 755 "$T/bin/docker-credential-vault"
	mkdir "$T/home/.docker"
	echo '{"credsStore": "vault"}' >"$T/home/.docker/config.json"
	echo first >"$T/password"
	python3 "$ROOT/tests/integration/gate.py" "$BT_MIRROR" --ready "$T/gate" --auth basic --user u \
		--password-file "$T/password" --log "$T/gate.log" </dev/null >"$T/gate.out" 2>&1 3>&- &
	PIDS+=("$!")
	await 20 test -s "$T/gate" || fail "the gate does not start: $(cat "$T/gate.out")"
	project_at "$(cat "$T/gate")" main
	given "PATH=$BT_BIN:$T/bin:/usr/bin:/bin"
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $seconds || echo built >/file
	END
	bt_start
	await 60 running "$seconds" || fail 'the step does not start' "$(cat "$T/bg.err")"
	echo second >"$T/password"
	end_running "$seconds"
	bt_wait
	expect_status 0
	expect_error '401 Unauthorized.*; trying again with a new login'
	expect_not_in "$stderr" 'first|second'
	expect_in "$(cat "$T/gate.log")" "^PUT /v2/$REPO/manifests/main 201 u"
}
