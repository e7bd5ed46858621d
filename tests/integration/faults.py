#!/usr/bin/env python3
"""Pushes again and again, and breaks another request each time.

faults.py UPSTREAM [options] -- COMMAND...
    UPSTREAM        host:port of a registry that speaks plain HTTP
    --repository R  what a run pushes to in its registry
    --tags T,T...   what it is to leave there
    --kinds K,K...  the faults, below
    --lasting       the request and all that follow are struck, not that one alone
    --codes N,N...  exit statuses of a run that may fail; without it every run must succeed
    --each N        strikes each request by N of the kinds only, those taken in turn
    --jobs N        runs at a time (default: 48)

A run is COMMAND with one more argument: host:port of a registry of its own, which is a part of UPSTREAM behind a front
that counts requests. The first run is a clean one; then request 1 is struck by each kind of fault, then request 2...

    cut     the connection ends before the request was looked at
    lost    the request is carried out, the connection ends without an answer
    short   the answer ends in its middle
    slow    the answer comes a little later
    NNN     an answer of that status, with an error document and, below 500, without any further field

Each run must end in one of two ways. With status 0: every tag names the image of the clean run, all of whose blobs are
there and have the content that their digests say, and standard output names that digest. Or with one of --codes,
standard output empty, and on standard error what the registry said: then each tag names that image or does not exist.
One line for each run that ended otherwise; the last line is a summary.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

LIMIT = 100  # seconds; only a guard against hanging
SLOW = 0.2
SPLIT = sys.argv.index("--")
PARSER = argparse.ArgumentParser(description=__doc__)
PARSER.add_argument("upstream")
PARSER.add_argument("--repository", required=True)
PARSER.add_argument("--tags", required=True)
PARSER.add_argument("--kinds", required=True)
PARSER.add_argument("--lasting", action="store_true")
PARSER.add_argument("--codes", default="")
PARSER.add_argument("--each", type=int)
PARSER.add_argument("--jobs", type=int, default=48)
ARGS = PARSER.parse_args(sys.argv[1:SPLIT])
COMMAND = sys.argv[SPLIT + 1:]
TAGS = ARGS.tags.split(",")
CODES = [int(code) for code in ARGS.codes.split(",") if code]
CODES_OF = {"401": "UNAUTHORIZED", "403": "DENIED", "429": "TOOMANYREQUESTS", "503": "UNAVAILABLE"}
# an answer to HEAD has no words of its own
WORDS = {"401": "unauthorized", "403": "denied"}
# what Engine, BuildKit and we ourselves call a connection that ends
BROKEN = r"EOF|reset|closed|broken pipe|end of|ended|cut off|before"
ACCEPT = ", ".join("application/vnd." + name + "+json" for name in (
    "oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2",
    "docker.distribution.manifest.v2"))


class Front(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, number, kind, at):
        super().__init__(("127.0.0.1", 0), Handler)
        self.part = "part%d-%d-%d" % (os.getpid(), time.time_ns(), number)
        self.kind, self.at = kind, at
        self.lock = threading.Lock()
        self.count = 0
        self.struck = None
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        pass

    def fault(self, line):
        with self.lock:
            self.count += 1
            if self.kind and (self.count == self.at or (ARGS.lasting and self.count > self.at)):
                self.struck = self.struck or line.partition("?")[0]
                return self.kind
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        # TLS is tried first; plain HTTP as an answer to it is what clients know
        if self.connection.recv(1, socket.MSG_PEEK) == b"\x16":
            self.connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
            return
        super().handle()

    def content(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            data += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return data

    def hang_up(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def respond(self, status, fields, body, short=False):
        head = ["HTTP/1.1 %d %s" % (status, http.client.responses.get(status, "-"))]
        head += ["%s: %s" % (name, value) for name, value in fields
                 if name.lower() not in ("transfer-encoding", "connection", "content-length")]
        # an answer to HEAD has the length that GET would have
        length = next((value for name, value in fields if name.lower() == "content-length"), len(body))
        head += ["Content-Length: %s" % (length if self.command == "HEAD" else len(body)), "", ""]
        data = "\r\n".join(head).encode() + (b"" if self.command == "HEAD" else body)
        self.wfile.write(data[:len(data) // 2] if short else data)
        if short:
            self.hang_up()

    def forward(self, data):
        upstream = http.client.HTTPConnection(ARGS.upstream, timeout=60)
        fields = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "connection")}
        fields["Content-Length"] = str(len(data))
        part = self.server.part
        path = re.sub("^/v2/(?=.)", "/v2/%s/" % part, self.path)
        upstream.request(self.command, path, data, fields)
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        return answer.status, [(k, v.replace("/v2/%s/" % part, "/v2/")) for k, v in answer.getheaders()], body

    def handle_any(self):
        data = self.content()
        kind = self.server.fault("%s %s" % (self.command, self.path))
        if kind == "cut":
            return self.hang_up()
        if kind and kind.isdigit():
            words = json.dumps({"errors": [{"code": CODES_OF.get(kind, "UNKNOWN"), "message": "struck by " + kind}]})
            fields = [("Content-Type", "application/json")] + ([("Retry-After", "0")] if kind == "429" else [])
            return self.respond(int(kind), fields, words.encode())
        status, fields, body = self.forward(data)
        if kind == "lost":
            return self.hang_up()
        if kind == "slow":
            time.sleep(SLOW)
        return self.respond(status, fields, body, kind == "short")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


def fetch(path):
    """Body, straight from UPSTREAM, or None."""
    upstream = http.client.HTTPConnection(ARGS.upstream, timeout=60)
    upstream.request("GET", path, headers={"Accept": ACCEPT})
    answer = upstream.getresponse()
    body = answer.read()
    upstream.close()
    return body if answer.status == 200 else None


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blobs_fault(repository, manifest):
    """What is wrong with what a manifest or index refers to, or None."""
    document = json.loads(manifest)
    for child in document.get("manifests", []):
        data = fetch("/v2/%s/manifests/%s" % (repository, child["digest"]))
        fault = "no manifest %s" % child["digest"] if data is None or sha(data) != child["digest"] \
            else blobs_fault(repository, data)
        if fault:
            return fault
    for blob in document.get("layers", []) + ([document["config"]] if "config" in document else []):
        data = fetch("/v2/%s/blobs/%s" % (repository, blob["digest"]))
        if data is None or sha(data) != blob["digest"] or len(data) != blob["size"]:
            return "blob %s is missing or wrong" % blob["digest"]
    return None


def tags_state(front):
    """Digest of each tag that is there, and what is wrong with one, or None."""
    repository = front.part + "/" + ARGS.repository
    state, fault = {}, None
    for tag in TAGS:
        manifest = fetch("/v2/%s/manifests/%s" % (repository, tag))
        if manifest is not None:
            state[tag] = sha(manifest)
            fault = fault or blobs_fault(repository, manifest)
    return state, fault


def fault_of(kind, result, state, wrong, want):
    """What is wrong with how a run ended, or None."""
    if wrong:
        return wrong
    if any(digest != want for digest in state.values()):
        return "a tag names another image: %s" % state
    if result.returncode == 0:
        missing = [tag for tag in TAGS if tag not in state]
        if missing:
            return "status 0, and no tag %s" % " ".join(missing)
        told = [tag for tag in TAGS if ":%s@%s\n" % (tag, want) in result.stdout]
        return None if told == TAGS else "not all is on standard output"
    if result.returncode not in CODES:
        return "status %d" % result.returncode
    if result.stdout:
        return "a failed run prints results"
    words = BROKEN if not kind.isdigit() else "%s|%s" % (kind, WORDS.get(kind, kind))
    return None if re.search(words, result.stderr) else "the cause is not told"


def run(number, kind, at):
    front = Front(number, kind, at)
    try:
        result = subprocess.run(COMMAND + ["127.0.0.1:%d" % front.server_address[1]], capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as late:
        result = subprocess.CompletedProcess(COMMAND, -1, "", "does not end: %s" % (late.stderr or b"").decode())
    finally:
        front.shutdown()
        front.server_close()
    state, wrong = tags_state(front)
    return front, result, state, wrong


def main():
    front, result, state, wrong = run(0, None, 0)
    want = next(iter(state.values()), None)
    fault = fault_of("0", result, state, wrong, want)
    if fault or result.returncode:
        sys.exit("clean run: %s\n%s%s" % (fault, result.stdout, result.stderr))
    kinds = ARGS.kinds.split(",")
    points, each = front.count, ARGS.each or len(kinds)
    plan = [(kinds[(at * each + n) % len(kinds)], at) for at in range(1, points + 1) for n in range(each)]
    good = bad = 0
    with concurrent.futures.ThreadPoolExecutor(ARGS.jobs) as pool:
        jobs = {pool.submit(run, n + 1, *row): row for n, row in enumerate(plan)}
        for job in concurrent.futures.as_completed(jobs):
            kind, at = jobs[job]
            front, result, state, wrong = job.result()
            fault = fault_of(kind, result, state, wrong, want)
            # a run that needs fewer requests is a good one, too
            if fault:
                bad += 1
                print("BAD %s at %d (%s): %s\n%s" % (kind, at, front.struck, fault, result.stderr))
            good += result.returncode == 0
    print("%d requests, %d runs, %d succeeded, %d wrong" % (points, len(plan), good, bad))
    sys.exit(1 if bad else 0)


main()
