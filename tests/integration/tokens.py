#!/usr/bin/env python3
"""A token server for docker-registry: who shows user and password gets a signed token for what was asked.

tokens.py --ready FILE --log FILE --cert FILE --key FILE --user USER:PASSWORD [--busy FILE]

FILE of --ready gets host:port once it listens, that of --log a line of JSON for each request: who asked (User-Agent), as
whom, for which scopes, and the status of the answer. --cert is what the registry has as rootcertbundle; nobody gets a
token without a password.
"""
import argparse
import base64
import json
import pathlib
import subprocess
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PARSER = argparse.ArgumentParser()
for option in ("--ready", "--log", "--cert", "--key", "--user"):
    PARSER.add_argument(option, required=True)
PARSER.add_argument("--busy")
ARGS = PARSER.parse_args()
ISSUER = "buildtools tests"
PEM = pathlib.Path(ARGS.cert).read_text(encoding="ascii")
DER = "".join(line for line in PEM.splitlines() if "-" not in line)


def word(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(user, service, scopes):
    """A JSON web token, signed by openssl (RS256)."""
    now = int(time.time())
    access = []
    for scope in " ".join(scopes).split():
        kind, name, actions = scope.split(":", 1)[0], scope.split(":", 1)[1].rsplit(":", 1)[0], scope.rsplit(":", 1)[1]
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    head = {"typ": "JWT", "alg": "RS256", "x5c": [DER]}
    claims = {"iss": ISSUER, "sub": user, "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now,
              "jti": str(uuid.uuid4()), "access": access}
    text = word(json.dumps(head).encode()) + b"." + word(json.dumps(claims).encode())
    made = subprocess.run(["openssl", "dgst", "-sha256", "-sign", ARGS.key], input=text, check=True, capture_output=True)
    return (text + b"." + word(made.stdout)).decode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def is_busy(self):
        counter = pathlib.Path(ARGS.busy)
        left = int(counter.read_text(encoding="ascii")) if counter.exists() else 0
        if left > 0:
            counter.write_text(str(left - 1), encoding="ascii")
        return left > 0

    def answer(self, login, query):
        if ARGS.busy and self.is_busy():
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        good = login == ARGS.user
        with open(ARGS.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"method": self.command, "agent": self.headers.get("User-Agent", ""),
                                  "user": login.split(":")[0], "scopes": query.get("scope", []),
                                  "status": 200 if good else 401}) + "\n")
        if good:
            document = {"token": token(login.split(":")[0], query["service"][0], query.get("scope", [])), "expires_in": 300}
        else:
            document = {"errors": [{"code": "UNAUTHORIZED", "message": "nobody knows that password"}]}
        body = json.dumps(document).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        scheme, _, text = self.headers.get("Authorization", "").partition(" ")
        login = base64.b64decode(text).decode() if scheme == "Basic" else ":"
        self.answer(login, parse_qs(urlsplit(self.path).query))

    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self.answer(form.get("username", [""])[0] + ":" + form.get("password", [""])[0], form)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
ready = pathlib.Path(ARGS.ready + ".part")
ready.write_text("%s:%d\n" % server.server_address, encoding="ascii")
ready.rename(ARGS.ready)
server.serve_forever()
