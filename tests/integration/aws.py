#!/usr/bin/env python3
"""A small AWS: token service, ECR and ECR Public on one port. Every signed request is checked before it is answered.

aws.py --ready FILE --log FILE [--key ID:SECRET] [--account N] [--have REPOSITORY]... [--fail OPERATION=CODE]...
       [--mutability MUTABLE|IMMUTABLE] [--alias NAME]

FILE of --ready gets the URL once it listens, that of --log a line of JSON for each request.
"""
import argparse
import base64
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PARSER = argparse.ArgumentParser()
PARSER.add_argument("--ready", required=True)
PARSER.add_argument("--log", required=True)
PARSER.add_argument("--key", default="AKIATEST:secret/key+of=test")
PARSER.add_argument("--account", default="123456789012")
PARSER.add_argument("--have", action="append", default=[])
PARSER.add_argument("--fail", action="append", default=[])
PARSER.add_argument("--mutability", default="MUTABLE")
PARSER.add_argument("--alias", default="team")
ARGS = PARSER.parse_args()
# what a request is for decides what it has to be signed for
SERVICES = {None: "sts", "AmazonEC2ContainerRegistry_V20150921": "ecr", "SpencerFrontendService": "ecr-public"}
FAIL = dict(item.split("=", 1) for item in ARGS.fail)
REPOSITORIES = set(ARGS.have)


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_fault(method, path, headers, body, target):
    """What is wrong with the signature, or None."""
    scheme, _, rest = headers.get("Authorization", "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        return "MissingAuthenticationToken"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    key_id, secret = ARGS.key.split(":", 1)
    given_id, date, region, service, end = parts["Credential"].split("/")
    if given_id != key_id:
        return "UnrecognizedClientException"
    if service != SERVICES.get(target and target.split(".")[0]) or (service == "ecr-public" and region != "us-east-1"):
        return "SignatureDoesNotMatch"
    names = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-date", "content-type"} <= set(names) or end != "aws4_request":
        return "IncompleteSignature"
    when = headers["X-Amz-Date"]
    stamp = time.mktime(time.strptime(when, "%Y%m%dT%H%M%SZ")) - time.timezone
    if abs(stamp - time.time()) > 300 or not when.startswith(date):
        return "RequestExpired"
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    canonical = "\n".join([method, path, "", lines, ";".join(names), hashlib.sha256(body).hexdigest()])
    scope = "/".join([date, region, service, end])
    text = "\n".join([scheme, when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for step in (date, region, service, end):
        key = mac(key, step)
    if not hmac.compare_digest(mac(key, text).hex(), parts["Signature"]):
        return "InvalidSignatureException"
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, text):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target")
        if target:
            operation, request = target.split(".")[1], json.loads(body)
        else:
            request = {key: value[0] for key, value in parse_qs(body.decode()).items()}
            operation = request["Action"]
        code = signature_fault("POST", self.path, self.headers, body, target) or FAIL.get(operation)
        with open(ARGS.log, "a", encoding="utf-8") as log:
            scope = self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
            log.write(json.dumps({"operation": operation, "scope": scope, "request": request, "fault": code}) + "\n")
        if not code and operation == "DescribeRepositories" and request["repositoryNames"][0] not in REPOSITORIES:
            code = "RepositoryNotFoundException"
        if code and target:
            self.answer(400, json.dumps({"__type": "aws#" + code, "message": f"test says {code}"}))
        elif code:
            self.answer(403, f"<ErrorResponse><Error><Code>{code}</Code><Message>test says {code}</Message></Error>"
                             "</ErrorResponse>")
        elif operation == "GetCallerIdentity":
            self.answer(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>"
                             f"{ARGS.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>")
        elif operation == "GetAuthorizationToken":
            token = base64.b64encode(b"AWS:token-of-ecr").decode()
            data = {"authorizationToken": token, "expiresAt": time.time() + 43200.5}
            public = target.startswith("Spencer")
            self.answer(200, json.dumps({"authorizationData": data if public else [data]}))
        elif operation == "DescribeRepositories":
            self.answer(200, json.dumps({"repositories": [{"imageTagMutability": ARGS.mutability}]}))
        elif operation == "DescribeRegistries":
            self.answer(200, json.dumps({"registries": [{"aliases": [{"name": ARGS.alias, "status": "ACTIVE"}]}]}))
        else:
            if operation == "CreateRepository":
                REPOSITORIES.add(request["repositoryName"])
            self.answer(200, "{}")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(ARGS.ready, "w", encoding="utf-8") as ready:
    ready.write(f"http://127.0.0.1:{server.server_address[1]}\n")
server.serve_forever()
