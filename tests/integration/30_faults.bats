#!/usr/bin/env bats
# What happens when something breaks: nothing is lost, nothing lies, the message is clear and the exit status right.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # a test is a function for bats; helper.bash reads and sets globals
# shellcheck disable=SC2012,SC2016 # file names of our own making; text for another shell

load helper

simple()
{
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo built >/file
	END
}

# a step that lasts until somebody ends it; sets SECONDS_OF_SLEEP
endless()
{
	SECONDS_OF_SLEEP=$(unique_seconds)
	dockerfile <<-END
		FROM busybox:test
		RUN sleep $SECONDS_OF_SLEEP
	END
}

await_step() { await 60 running "$SECONDS_OF_SLEEP" || fail 'the step does not start' "$(cat "$T/bg.err")"; }

# peak_kib FILE: resident memory at its highest, as GNU time wrote it
peak_kib() { tail -n 1 "$1"; }

# bt_build_measured ARG...: as bt_build; the peak goes to $T/peak
bt_build_measured()
{
	need_command time time
	run_clean /usr/bin/time -q -f %M -o "$T/peak" "$BT_BIN/build" "${FLAGS[@]}" "$@"
}

expect_peak_below() { [ "$(peak_kib "$T/peak")" -lt "$1" ] || fail "peak memory $(peak_kib "$T/peak") KiB, want below $1"; }

# --- the daemon goes away --------------------------------------------------------------------------------------------

@test "kill -9 of the Engine in mid build: failure with a message, exit status 255" {
	own_engine
	gitlab main
	endless
	bt_start
	await_step
	own_peers kill engine
	bt_wait
	expect_failure 255 '[Cc]onnection|[Ee]nd of|closed|reset|EOF'
	expect_equal "$(ls -A "$CTX")" 'Dockerfile'
}

@test "kill -9 of the Engine in mid build: when it comes back in time, the build is repeated and succeeds" {
	own_engine
	FLAGS=(--no-login --no-pull --retry-for 120s)
	gitlab main
	SECONDS_OF_SLEEP=$(unique_seconds)
	file mode wait
	dockerfile <<-END
		FROM busybox:test
		COPY mode /mode
		RUN if grep -q wait /mode; then sleep $SECONDS_OF_SLEEP; else echo built >/file; fi
	END
	bt_start
	await_step
	own_peers kill engine
	file mode go
	own_peers start engine
	bt_wait
	expect_status 0
	expect_error '[Rr]etry|again'
	expect_file "$IMAGE:main" /file built
}

@test "a connection that breaks in mid build is repeated, the result is complete" {
	gitlab main
	FLAGS=(--no-login --no-pull --retry-for 60s)
	SECONDS_OF_SLEEP=$(unique_seconds)
	file mode wait
	dockerfile <<-END
		FROM busybox:test
		COPY mode /mode
		RUN if grep -q wait /mode; then sleep $SECONDS_OF_SLEEP; else echo built >/file; fi
	END
	proxied
	bt_start
	await_step
	file mode go
	# every connection ends, new ones pass
	kill -USR1 "$PROXY_PID"
	bt_wait
	expect_status 0
	unproxied
	await 60 not_running "$SECONDS_OF_SLEEP" || fail 'the daemon still works on the first one'
	expect_file "$IMAGE:main" /file built
	expect_tags "$SHA latest main"
}

@test "a failing step is never repeated" {
	gitlab main
	FLAGS=(--no-login --no-pull --retry-for 60s)
	dockerfile <<-'END'
		FROM busybox:test
		RUN echo once; exit 5
	END
	recorded
	bt_build
	unproxied
	expect_failure 255 'exit code: 5'
	# one Solve, so its name was sent once for each form of the exporter
	[ "$(sent filename | wc -l)" -eq 1 ] || fail "sent more than once"
}

@test "a socket without permission: the message names it and what to do" {
	gitlab main
	simple
	bt_build_as_nobody
	expect_failure 255 "$SOCKET"
	expect_error '[Pp]ermission denied'
	expect_error '^hint: '
}

@test "no Engine anywhere: every address tried is listed, with the reason" {
	gitlab main
	simple
	DOCKER_HOST=unix://$T/none.sock
	bt_build
	expect_failure 255 "$T/none\\.sock"
	expect_error '[Nn]o such file'
	expect_error '^hint: '
}

# --- the context -----------------------------------------------------------------------------------------------------

@test "an unreadable file in the context: the message names it, exit status 255" {
	gitlab main
	file locked/secret 'x'
	chmod 000 "$CTX/locked/secret"
	file Dockerfile 'FROM scratch
COPY . /all/'
	DOCKER_HOST=$BT_ENGINE_TCP
	bt_build_as_nobody
	expect_failure 255 'locked/secret'
	expect_error '[Pp]ermission denied'
	expect_no_image "$IMAGE:main"
	# what is ignored need not be readable
	file .dockerignore 'locked'
	bt_build_as_nobody
	expect_status 0
}

@test "an unreadable folder in the context: the message names it, exit status 255" {
	gitlab main
	file locked/secret 'x'
	chmod 000 "$CTX/locked"
	file Dockerfile 'FROM scratch
COPY . /all/'
	DOCKER_HOST=$BT_ENGINE_TCP
	bt_build_as_nobody
	expect_failure 255 'locked'
	expect_error '[Pp]ermission denied'
	file .dockerignore 'locked'
	bt_build_as_nobody
	expect_status 0
}

# changing_file COMMAND: COMMAND runs when the first bytes of a file of 64 MiB have been sent and the rest has not
changing_file()
{
	gitlab main
	head -c 67108864 /dev/urandom >"$CTX/big"
	file Dockerfile 'FROM scratch
COPY big /big'
	proxied --hook 4194304 "$1"
	bt_build
	unproxied
}

@test "a file that shrinks while it is read: the message names it, exit status 255" {
	changing_file "truncate -s 1000 '$CTX/big'"
	expect_failure 255 'big'
	expect_error 'shr[au]nk|changed|short|truncated|while'
	expect_no_image "$IMAGE:main"
}

@test "a file that grows while it is read: exactly the announced bytes are sent, or the message names it" {
	changing_file "printf more >>'$CTX/big'"
	if [ "$status" -eq 0 ]; then
		expect_equal "$(image_file "$IMAGE:main" /big | wc -c)" 67108864
	else
		expect_failure 255 'big'
	fi
}

@test "a file that is replaced by a link to elsewhere while the context is read stays inside" {
	gitlab main
	printf 'outside\n' >"$T/outside"
	head -c 33554432 /dev/urandom >"$CTX/a-big"
	file z/victim 'inside'
	file Dockerfile 'FROM scratch
COPY . /all/'
	proxied --hook 4194304 "rm -r '$CTX/z'; ln -s '$T' '$CTX/z'; ln '$T/outside' '$T/victim'"
	bt_build
	unproxied
	if [ "$status" -eq 0 ]; then
		expect_not_in "$(image_tar "$IMAGE:main" /all/z/victim | tar -xO)" outside
	else
		expect_failure 255 'z'
	fi
}

@test "special files in the context are no trouble: a socket, a fifo that nobody writes to" {
	gitlab main
	mkfifo "$CTX/fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$CTX/sock"
	file plain 'x'
	file Dockerfile 'FROM scratch
COPY plain /plain'
	bt_build_ok
	expect_file "$IMAGE:main" /plain x
}

@test "file names with blanks, patterns, line ends and bytes beyond ASCII arrive unchanged" {
	local name
	gitlab main
	for name in 'with blank' ' edge ' '[a-c]*?' '!not' '#hash' 'back\slash' $'line\nend' 'žluťoučký' '-dash'; do
		printf '%s' "$name" >"$CTX/$name"
	done
	file Dockerfile 'FROM scratch
COPY . /all/'
	bt_build_ok
	image_tar "$IMAGE:main" /all | tar -x -C "$T"
	for name in 'with blank' ' edge ' '[a-c]*?' '!not' '#hash' 'back\slash' $'line\nend' 'žluťoučký' '-dash'; do
		expect_equal "$(cat "$T/all/$name")" "$name"
	done
}

# --- exported/ -------------------------------------------------------------------------------------------------------

@test "a full disk under exported/: the message says so, the old exported/ stays, exit status 255" {
	gitlab main
	mount -t tmpfs -o size=1m,mode=755 tmpfs "$CTX"
	MOUNTS+=("$CTX")
	file exported/good 'keep me'
	dockerfile <<-'END'
		FROM busybox:test AS work
		RUN mkdir /out && echo small >/out/a && head -c 4000000 /dev/zero >/out/big
		FROM scratch AS export
		COPY --from=work /out/ /
		FROM scratch
		COPY Dockerfile /
	END
	bt_build
	expect_failure 255 '[Nn]o space left'
	expect_error 'exported|big'
	expect_equal "$(ls -A "$CTX" | paste -sd ' ')" 'Dockerfile exported'
	expect_equal "$(ls -A "$CTX/exported")" 'good'
	expect_no_image "$IMAGE:main"
}

@test "exported/ that cannot be written to: the message names it, exit status 255" {
	gitlab main
	dockerfile <<-'END'
		FROM scratch AS export
		COPY Dockerfile /file
		FROM scratch
		COPY Dockerfile /
	END
	mount --bind "$CTX" "$CTX"
	MOUNTS+=("$CTX")
	mount -o remount,ro,bind "$CTX"
	bt_build
	expect_failure 255 'exported'
	expect_error '[Rr]ead-only'
}

@test "an export whose folder is a link is not followed outside" {
	gitlab main
	mkdir "$T/outside"
	file mine 'x'
	ln -s "$T/outside" "$CTX/exported"
	dockerfile <<-'END'
		FROM scratch AS export
		COPY Dockerfile /file
		FROM scratch
		COPY mine /
	END
	bt_build
	expect_equal "$(ls -A "$T/outside")" ''
}

# --- logs ------------------------------------------------------------------------------------------------------------

@test "an endless log line passes in bounded memory, and the error after it is seen" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN yes | tr -d '\n' | head -c 50000000; echo; echo the end >&2; exit 3
	END
	bt_build_measured
	expect_failure 255 'exit code: 3'
	expect_peak_below 16384
}

@test "an endless log line is cancelled by a signal" {
	gitlab main
	SECONDS_OF_SLEEP=$(unique_seconds)
	dockerfile <<-END
		FROM busybox:test
		RUN sh -c 'yes | tr -d "\\\\n"' $SECONDS_OF_SLEEP
	END
	bt_start
	await_step
	kill -INT "$BT_PID"
	bt_wait
	expect_status 130
	await 60 not_running "$SECONDS_OF_SLEEP" || fail 'the daemon still works on it'
}

@test "control characters and markup in logs arrive without harm" {
	gitlab main
	dockerfile <<-'END'
		FROM busybox:test
		RUN printf '100%% done %%s <red>\n::error::fake\n##vso[task.complete]\n'
	END
	bt_build_ok --no-cache
	expect_in "$stderr" '100% done %s <red>'
	# no line of the build's own starts a command of a CI system
	expect_not_in "$stderr" '^(::error::fake|##vso)'
}

# --- signals ---------------------------------------------------------------------------------------------------------

@test "SIGINT cancels the daemon's work, exit status 130" {
	gitlab main
	endless
	bt_start
	await_step
	kill -INT "$BT_PID"
	bt_wait
	expect_status 130
	expect_equal "$output" ''
	await 60 not_running "$SECONDS_OF_SLEEP" || fail 'the daemon still works on it'
}

@test "SIGTERM cancels the daemon's work, exit status 143" {
	gitlab main
	endless
	bt_start
	await_step
	kill -TERM "$BT_PID"
	bt_wait
	expect_status 143
	expect_equal "$output" ''
	await 60 not_running "$SECONDS_OF_SLEEP" || fail 'the daemon still works on it'
}

@test "a signal before the daemon answers ends the program as well" {
	gitlab main
	simple
	# accepts, and never answers
	python3 -c 'import socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
taken = []
while True:
    taken.append(server.accept())
    open(sys.argv[2], "w").close()' "$T/mute.sock" "$T/taken" </dev/null >/dev/null 2>&1 3>&- &
	PIDS+=("$!")
	disown "$!"
	await 20 test -S "$T/mute.sock"
	DOCKER_HOST=unix://$T/mute.sock
	bt_start
	await 60 test -e "$T/taken"
	kill -TERM "$BT_PID"
	bt_wait
	expect_status 143
}

@test "a reader of standard output that has gone does not change the result" {
	gitlab main
	simple
	run in_clean_env sh -c '"$0" "$@" 2>/dev/null | true' "$BT_BIN/build" "${FLAGS[@]}" </dev/null
	await 60 has_image "$IMAGE:main" || fail 'no image'
}

# --- size ------------------------------------------------------------------------------------------------------------

# fifty_thousand: 50 000 files of 8 KiB, all different
fifty_thousand()
{
	python3 - "$CTX/files" <<-'END'
		import os
		import sys
		block = os.urandom(8192 - 8)
		for folder in range(500):
		    path = "%s/%03d" % (sys.argv[1], folder)
		    os.makedirs(path)
		    for number in range(100):
		        with open("%s/%02d.bin" % (path, number), "wb") as out:
		            out.write(b"%03d-%03d " % (folder, number) + block)
	END
}

@test "a context of 50 000 files and 400 MB builds in 16 MiB; unchanged, it is not sent again" {
	local first second
	gitlab main
	fifty_thousand
	dockerfile <<-'END'
		FROM busybox:test AS count
		COPY files /files
		RUN find /files -type f | wc -l >/count
		FROM scratch
		COPY --from=count /count /count
	END
	bt_build_measured --no-stages
	expect_status 0
	expect_peak_below 16384
	expect_file "$IMAGE:main" /count 50000

	recorded
	bt_build_ok --no-stages
	second=$(sent_bytes)
	unproxied
	# names and times of the files are sent to compare, their data is not
	first=$((50000 * 8192))
	[ "$second" -lt $((first / 50)) ] || fail "sent $second bytes for an unchanged context"
}
