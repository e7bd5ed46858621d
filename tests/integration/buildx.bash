# shellcheck shell=bash
# Scenes that 50_buildx.bats and 51_buildx_buildkit.bats play with an Engine and with a BuildKit daemon.

# secret_dockerfile: keeps a hash of each of four secrets, never one itself
secret_dockerfile()
{
	dockerfile <<-'END'
		FROM busybox:test AS with
		RUN --mount=type=secret,id=one --mount=type=secret,id=two --mount=type=secret,id=three \
			--mount=type=secret,id=four,mode=0444,target=/elsewhere \
			for i in one two three; do md5sum </run/secrets/$i | cut -c 1-32 >/$i; done; \
			md5sum </elsewhere | cut -c 1-32 >/four
		FROM scratch
		COPY --from=with /one /two /three /four /
	END
}

# secret_mark: a word that is nowhere else
secret_mark() { printf 'mark%s%s\n' "$$" "$(od -An -N 12 -tx1 /dev/urandom | tr -d ' \n')"; }

# expect_no_trace MARK PATH...: not in files, not in archives within archives, whether compressed or not
expect_no_trace()
{
	python3 - "$@" <<-'END' || fail "a secret left a trace"
		import gzip, io, os, sys, tarfile
		mark, bad = sys.argv[1].encode(), []
		def look(name, data):
		    if mark in data:
		        bad.append(name)
		    if data[:2] == b"\x1f\x8b":
		        look(name + " unpacked", gzip.decompress(data))
		    try:
		        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
		            for m in tar:
		                if mark in m.name.encode():
		                    bad.append(name + ": " + m.name)
		                if m.isfile():
		                    look(name + ": " + m.name, tar.extractfile(m).read())
		    except tarfile.TarError:
		        pass
		for top in sys.argv[2:]:
		    if not os.path.isdir(top):
		        look(top, open(top, "rb").read())
		    for folder, _, files in os.walk(top):
		        for f in files:
		            look(os.path.join(folder, f), open(os.path.join(folder, f), "rb").read())
		for name in bad:
		    print("trace in", name, file=sys.stderr)
		sys.exit(1 if bad else 0)
	END
}

# agent_start: an SSH agent at $T/agent that answers every message with "12" and the message's type, and writes the types
# that it gets to $T/asked
agent_start()
{
	python3 - "$T/agent" "$T/asked" </dev/null >/dev/null 2>&1 3>&- <<-'END' &
		import socket, struct, sys, threading
		def serve(c):
		    def take(n):
		        data = b""
		        while len(data) < n:
		            more = c.recv(n - len(data))
		            if not more:
		                raise EOFError
		            data += more
		        return data
		    try:
		        while True:
		            body = take(struct.unpack(">I", take(4))[0])
		            with open(sys.argv[2], "a") as f:
		                f.write("%d\n" % body[0])
		            c.sendall(struct.pack(">IBB", 2, 12, body[0]))
		    except (EOFError, OSError):
		        c.close()
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen()
		while True:
		    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
	END
	PIDS+=("$!")
	disown "$!"
	await 20 test -S "$T/agent" || fail 'the agent does not start'
}

# agent_dockerfile: asks an agent to list, add, sign, remove all and lock; a static program stands for ssh
agent_dockerfile()
{
	need_command gcc gcc
	cat >"$T/ask.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		#include <unistd.h>
		int main(void)
		{
			static const unsigned char types[] = {11, 17, 13, 19, 22};
			struct sockaddr_un a = {.sun_family = AF_UNIX};
			int s = socket(AF_UNIX, SOCK_STREAM, 0);
			snprintf(a.sun_path, sizeof(a.sun_path), "%s", getenv("SSH_AUTH_SOCK"));
			if (connect(s, (struct sockaddr *)&a, sizeof(a)))
				return 1;
			for (int i = 0; i < 5; i++) {
				unsigned char q[5] = {0, 0, 0, 1, types[i]}, h[4], b[256];
				if (write(s, q, 5) != 5 || recv(s, h, 4, MSG_WAITALL) != 4 || h[3] == 0 ||
					recv(s, b, h[3], MSG_WAITALL) != h[3])
					return 2;
				printf("%d:%d\n", types[i], b[0]);
			}
			return 0;
		}
	END
	gcc -static -o "$CTX/ask" "$T/ask.c" || fail "gcc cannot make a static program (package libc6-dev)"
	dockerfile <<-'END'
		FROM busybox:test AS asks
		COPY ask /ask
		RUN --mount=type=ssh,required=true /ask >/answers
		FROM scratch
		COPY --from=asks /answers /
	END
	FLAGS+=(--no-stages)
}

# expect_agent_answers FOLDER: 5 is a refusal, and what was refused never came to the agent
expect_agent_answers()
{
	expect_equal "$(paste -sd ' ' "$1/answers")" '11:12 17:5 13:12 19:5 22:5'
	expect_equal "$(sort -u "$T/asked" | paste -sd ' ')" '11 13'
}

# keys_dockerfile: makes a key of each kind in $T/keys; asks for what an agent has, for a signature with each key, and for
# all keys to be removed, by OpenSSH's own programs, which come with their libraries
keys_dockerfile()
{
	local name program library
	need_command ssh-keygen openssh-client
	mkdir -p "$T/keys" "$CTX/root/bin" "$CTX/root/keys" "$CTX/root/etc"
	ssh-keygen -q -N '' -t rsa -b 2048 -f "$T/keys/rsa"
	ssh-keygen -q -N '' -t rsa -b 2048 -m PEM -f "$T/keys/pem"
	ssh-keygen -q -N '' -t ecdsa -b 384 -m PKCS8 -f "$T/keys/ecdsa"
	ssh-keygen -q -N '' -t ed25519 -f "$T/keys/ed25519"
	cp "$T"/keys/*.pub "$CTX/root/keys/"
	echo 'root:x:0:0:root:/:/bin/sh' >"$CTX/root/etc/passwd"
	for program in ssh-add ssh-keygen; do
		cp "$(command -v "$program")" "$CTX/root/bin/"
		for library in $(ldd "$(command -v "$program")" | grep -o '/[^ ]*'); do
			mkdir -p "$CTX/root${library%/*}"
			cp -L "$library" "$CTX/root$library"
		done
	done
	dockerfile <<-'END'
		FROM busybox:test AS asks
		COPY root /
		RUN --mount=type=ssh,required=true mkdir /answers && ssh-add -L >/answers/list && \
			for key in /keys/*; do ssh-keygen -q -Y sign -n test -f $key </etc/passwd >/answers/${key##*/}.sig || exit 1; done && \
			! ssh-add -D
		FROM scratch
		COPY --from=asks /answers /
	END
	FLAGS+=(--no-stages)
}

# expect_keys_signed FOLDER KEY...: the agent had these keys, and the signatures of each hold
expect_keys_signed()
{
	local out=$1 key
	shift
	expect_equal "$(cut -d ' ' -f 1,2 "$out/list")" "$(for key; do cut -d ' ' -f 1,2 "$T/keys/$key.pub"; done)"
	for key; do
		printf 'me %s\n' "$(cat "$T/keys/$key.pub")" >"$T/allowed"
		ssh-keygen -q -Y verify -f "$T/allowed" -I me -n test -s "$out/$key.pub.sig" <"$CTX/root/etc/passwd" ||
			fail "the signature of '$key' is wrong"
	done
}

output_dockerfile()
{
	dockerfile <<-'END'
		FROM busybox:test AS make
		RUN echo built >/file
		FROM scratch
		COPY --from=make /file /file
	END
	FLAGS+=(--no-stages)
}

# archived: the context folder has moved into $T/context.tar and $T/context.tar.gz, and is empty
archived()
{
	tar -C "$CTX" -cf "$T/context.tar" .
	gzip -k "$T/context.tar"
	find "$CTX" -mindepth 1 -delete
}

# staged_archive: a stage, files to export, an image of both, out of an archive
staged_archive()
{
	mkdir -p "$CTX/docker"
	head -c 200000 /dev/urandom >"$CTX/data"
	cp "$CTX/data" "$T/data"
	dockerfile docker/File <<-'END'
		FROM busybox:test AS compile
		COPY data /data
		RUN echo built >/file
		FROM scratch AS export
		COPY --from=compile /data /file /
		FROM busybox:test
		COPY --from=compile /data /
	END
	archived
}
