#!/usr/bin/env python3
"""A gate before a real registry: asks for passwords or tokens, checks what it is shown, and misbehaves on request.

gate.py UPSTREAM --ready FILE [options]
    UPSTREAM             host:port of a registry that speaks plain HTTP
    --ready FILE         written with host:port of the gate once connections are accepted
    --log FILE           a line for each request: METHOD PATH STATUS WHO
    --auth basic|bearer  what is asked for (default: nothing)
    --user U, --password P
    --password-file FILE the password is what is in the file at the moment
    --grant ACTIONS      what a token is good for at most (default: pull,push)
    --immutable          a tag is written once
    --connect CERT KEY   the gate is a proxy: whoever is asked for, it speaks TLS with this certificate itself
    --tls FILE           certificate and key: HTTPS is spoken
    --token-tls FILE     tokens come from https://localhost and a port of its own, with this certificate and key
    --flood PATTERN      GET requests whose path matches are answered with an index that does not end
    --uses N             requests that a token is good for
    --limit BYTES        of one request; more is refused before it is read, as proxies do
    --fault METHOD PATTERN WHAT TIMES
                         the first TIMES requests of that method whose path matches are answered with the status WHAT
                         and an error document, or not at all ("cut"); may be repeated

Tokens come from /token of the gate itself, for those who show user and password, or to anybody if there are none.
"""

import argparse
import base64
import http.client
import http.server
import json
import pathlib
import re
import secrets
import ssl
import threading
import urllib.parse

CODES = {"403": "DENIED", "404": "MANIFEST_BLOB_UNKNOWN", "429": "TOOMANYREQUESTS", "503": "UNAVAILABLE"}


class Gate:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.tokens = {}
        self.faults = [[method, re.compile(pattern), what, int(times)] for method, pattern, what, times in args.fault]
        self.realm = None

    @property
    def expected(self):
        """What Basic has to show, or None."""
        if not self.args.user:
            return None
        password = self.args.password
        if self.args.password_file:
            password = pathlib.Path(self.args.password_file).read_text().strip()
        return base64.b64encode(("%s:%s" % (self.args.user, password)).encode()).decode()

    def note(self, text):
        if self.args.log:
            with self.lock, open(self.args.log, "a") as log:
                log.write(text + "\n")

    def fault(self, method, path):
        with self.lock:
            for fault in self.faults:
                if fault[0] == method and fault[3] and fault[1].search(path):
                    fault[3] -= 1
                    return fault[2]
        return None


def errors(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gate = None

    def log_message(self, *_):
        pass

    def content(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body=b"", fields=(), who="-"):
        self.gate.note("%s %s %d %s" % (self.command, self.path, status, who))
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in fields):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, status, body, fields=(), who="-"):
        self.answer(status, body, [("Content-Type", "application/json"), *fields], who)

    def token(self, query):
        """One token for the scopes that were asked for, cut down to what is granted."""
        scopes = query.get("scope", [])
        shown = self.headers.get("Authorization", "")
        if self.gate.expected and shown and shown != "Basic " + self.gate.expected:
            return self.json(401, errors("UNAUTHORIZED", "incorrect username or password"))
        trusted = not self.gate.expected or bool(shown)
        granted = {}
        for scope in scopes:
            _, name, actions = scope.split(":")
            granted[name] = [a for a in actions.split(",") if trusted and a in self.gate.args.grant.split(",")]
        token = secrets.token_urlsafe(24)
        self.gate.tokens[token] = granted
        return self.json(200, json.dumps({"token": token, "expires_in": 300}).encode(), who=" ".join(scopes))

    def let_in(self, path):
        """Who it is, or None after the refusal was sent."""
        args = self.gate.args
        shown = self.headers.get("Authorization", "")
        name = re.match(r"/v2/(.+)/(?:blobs|manifests|tags)/", path)
        if args.auth == "basic":
            if shown == "Basic " + self.gate.expected:
                return args.user
            self.json(401, errors("UNAUTHORIZED", "authentication required"), [("WWW-Authenticate", 'Basic realm="gate"')])
            return None
        if args.auth != "bearer":
            return "anybody"
        granted = self.gate.tokens.get(shown[7:]) if shown.startswith("Bearer ") else None
        action = "pull" if self.command in ("GET", "HEAD") else "push"
        if granted is not None and args.uses:
            granted["uses"] = granted.get("uses", 0) + 1
            if granted["uses"] > args.uses:
                granted = None
        if granted is not None and (not name or action in granted.get(name.group(1), [])):
            return "token"
        realm = self.gate.realm or "%s://%s/token" % ("https" if args.tls else "http", self.headers["Host"])
        ask = 'Bearer realm="%s",service="gate, the"' % realm
        if name:
            ask += ',scope="repository:%s:%s"' % (name.group(1), "pull" if action == "pull" else "pull,push")
        self.json(401, errors("UNAUTHORIZED", "authentication required"), [("WWW-Authenticate", ask)])
        return None

    def do_CONNECT(self):
        self.gate.note("CONNECT %s 200 -" % self.path)
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.gate.args.connect)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def forward(self, data, who):
        upstream = http.client.HTTPConnection(self.gate.args.upstream, timeout=60)
        fields = {k: v for k, v in self.headers.items() if k.lower() not in ("authorization", "transfer-encoding")}
        fields["Content-Length"] = str(len(data))
        if self.gate.args.connect or self.gate.args.tls:
            fields["X-Forwarded-Proto"] = "https"
        upstream.request(self.command, self.path, data, fields)
        reply = upstream.getresponse()
        body = reply.read()
        kept = [(k, v) for k, v in reply.getheaders() if k.lower() not in ("transfer-encoding", "connection")]
        self.answer(reply.status, body, kept, who)
        upstream.close()

    def exists(self, path):
        upstream = http.client.HTTPConnection(self.gate.args.upstream, timeout=60)
        kinds = ("docker.distribution.manifest.v2", "oci.image.manifest.v1", "oci.image.index.v1")
        upstream.request("GET", path, headers={"Accept": ", ".join("application/vnd.%s+json" % kind for kind in kinds)})
        there = upstream.getresponse().status == 200
        upstream.close()
        return there

    def flood(self):
        self.gate.note("%s %s flood" % (self.command, self.path))
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.oci.image.index.v1+json")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" " * 65536)
        except OSError:
            pass

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        if self.gate.args.flood and self.command == "GET" and re.search(self.gate.args.flood, url.path):
            self.flood()
            return
        if self.gate.args.limit and int(self.headers.get("Content-Length", 0)) > self.gate.args.limit:
            self.close_connection = True
            self.answer(413, b"<html>too large</html>", [("Content-Type", "text/html"), ("Connection", "close")])
            return
        data = self.content()
        what = self.gate.fault(self.command, url.path)
        if what == "cut":
            self.gate.note("%s %s cut" % (self.command, self.path))
            self.close_connection = True
            return
        if what:
            fields = [("Retry-After", "0")] if what in ("429", "503") else []
            self.json(int(what), errors(CODES.get(what, "UNKNOWN"), "asked to fail with " + what), fields)
            return
        if url.path == "/token":
            self.token(urllib.parse.parse_qs(url.query))
            return
        who = self.let_in(url.path)
        if not who:
            return
        tag = re.search(r"/manifests/([^:]+)$", url.path)
        if self.command == "PUT" and tag and self.gate.args.immutable and self.exists(self.path):
            self.json(400, errors("TAG_INVALID", "the image tag '%s' exists and the repository is immutable" % tag.group(1)))
            return
        self.forward(data, who)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def listen(certificate):
    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # the handshake is the business of each connection's own thread
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream")
    parser.add_argument("--ready", required=True)
    parser.add_argument("--log")
    parser.add_argument("--auth", choices=("basic", "bearer"))
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--password-file")
    parser.add_argument("--grant", default="pull,push")
    parser.add_argument("--immutable", action="store_true")
    parser.add_argument("--tls")
    parser.add_argument("--token-tls")
    parser.add_argument("--flood")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--uses", type=int)
    parser.add_argument("--connect", nargs=2)
    parser.add_argument("--fault", nargs=4, action="append", default=[])
    args = parser.parse_args()
    Handler.gate = Gate(args)
    server = listen(args.tls)
    if args.token_tls:
        tokens = listen(args.token_tls)
        Handler.gate.realm = "https://localhost:%d/token" % tokens.server_address[1]
        threading.Thread(target=tokens.serve_forever, daemon=True).start()
    part = pathlib.Path(args.ready + ".part")
    part.write_text("%s:%d\n" % server.server_address)
    part.rename(args.ready)
    server.serve_forever()


main()
