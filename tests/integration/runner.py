#!/usr/bin/env python3
"""The calls of a CI runner to a Docker Engine that curl cannot make: the connection becomes the streams of a process.

  runner.py attach SOCKET CONTAINER [SAY]        attaches, starts the container, sends SAY, waits for its end
  runner.py exec SOCKET CONTAINER JSON [SAY]     the same for one more process, JSON as the API wants it, in a running one
  runner.py feed SOCKET CONTAINER SAY            only sends, to a container that goes on

What comes goes to standard output and standard error, the exit status is that of the process. SAY is a file that it gets
as standard input; with --after TEXT only once the process has printed TEXT. After that standard input ends.
"""

import argparse
import http.client
import json
import socket
import sys
import threading

LIMIT = 120  # seconds without a sign of life; only against hanging


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(LIMIT)
    s.connect(path)
    return s


class Engine(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine")
        self.path = path

    def connect(self):
        self.sock = connect(self.path)


def call(path, method, url, body=None):
    c = Engine(path)
    c.request(method, url, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = c.getresponse()
    text = answer.read()
    if answer.status >= 300:
        sys.exit(f"{method} {url}: {answer.status} {text.decode()}")
    return json.loads(text) if text else {}


def hijack(path, url, body=None):
    """The connection, and whether the streams on it are apart."""
    s = connect(path)
    text = json.dumps(body).encode() if body is not None else b""
    s.sendall((f"POST {url} HTTP/1.1\r\nHost: engine\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n").encode() + text)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = s.recv(1)
        if not byte:
            break
        head += byte
    if not head.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
        sys.exit(f"POST {url}: {head.decode()}")
    return s


def read_exact(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            break
        data += more
    return data


def chunks(s, tty):
    """(descriptor, bytes) until the end; without a terminal each piece has a header: stream, length."""
    while True:
        if tty:
            data, fd = s.recv(65536), 1
        else:
            head = read_exact(s, 8)
            fd, data = head[0] if head else 1, read_exact(s, int.from_bytes(head[4:8], "big")) if head else b""
        if not data:
            return
        yield fd, data


def say(s, data):
    """A process that ends without having read everything is as good as another."""
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def converse(s, tty, words, after):
    outs = {1: sys.stdout.buffer, 2: sys.stderr.buffer}
    speaker = threading.Thread(target=say, args=(s, words), daemon=True)
    if not after:
        speaker.start()
    seen = b""
    for fd, data in chunks(s, tty):
        outs[fd].write(data)
        outs[fd].flush()
        seen += data
        if after and after in seen:
            after = None
            speaker.start()


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("verb", choices=["attach", "exec", "feed"])
    p.add_argument("socket")
    p.add_argument("container")
    p.add_argument("words", nargs="*")
    p.add_argument("--after", type=str.encode)
    a = p.parse_args()
    if a.verb == "feed":
        with hijack(a.socket, f"/containers/{a.container}/attach?stream=1&stdin=1") as s, open(a.words[0], "rb") as f:
            say(s, f.read())
            return
    if a.verb == "exec":
        spec = json.loads(a.words.pop(0))
        tty = spec.get("Tty", False)
        process = call(a.socket, "POST", f"/containers/{a.container}/exec", spec)["Id"]
        s = hijack(a.socket, f"/exec/{process}/start", {"Detach": False, "Tty": tty})
    else:
        tty = call(a.socket, "GET", f"/containers/{a.container}/json")["Config"]["Tty"]
        s = hijack(a.socket, f"/containers/{a.container}/attach?stream=1&stdin=1&stdout=1&stderr=1")
        call(a.socket, "POST", f"/containers/{a.container}/start")
    words = b""
    if a.words:
        with open(a.words[0], "rb") as f:
            words = f.read()
    converse(s, tty, words, a.after)
    if a.verb == "exec":
        sys.exit(call(a.socket, "GET", f"/exec/{process}/json")["ExitCode"])
    sys.exit(call(a.socket, "POST", f"/containers/{a.container}/wait")["StatusCode"])


main()
