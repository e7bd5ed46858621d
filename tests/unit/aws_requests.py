"""Prints requests and what another implementation signs them with, one a line, fields separated by tabs:
time, access key, secret, token, region, service, method, URL, body, then NAME=VALUE of the fields, then Authorization.

    aws_requests.py COUNT
"""
import random
import sys
from urllib.parse import quote

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    sys.exit("botocore is missing: install the package python3-botocore")

dice = random.Random(20150830)
WORDS = ["a", "b2", "Key", "x-y_z.~", "with blank", "100%", "a/b", "ümlaut", "plus+sign", "", "=", "&", "*()!'"]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def word():
    return dice.choice(WORDS) + dice.choice(["", str(dice.randrange(1000))])


def text(n):
    return "".join(dice.choice(ALPHABET) for _ in range(n))


def url():
    host = dice.choice(["api.ecr.eu-west-1.amazonaws.com", "sts.amazonaws.com", "example.com:8443", "localhost:80"])
    path = "".join("/" + quote(dice.choice(["v2", "a b", ".", "..", "", "x~y", "ü"])) for _ in range(dice.randrange(5)))
    query = "&".join(f"{quote(word(), safe='-_.~')}={quote(word(), safe='-_.~')}" for _ in range(dice.randrange(4)))
    return "https://" + host + (path or "/") + ("?" + query if query else "")


def one():
    key, secret = "AKIA" + text(16), text(40)
    token = dice.choice([None, text(100)])
    region, service = dice.choice(["us-east-1", "eu-central-1", "cn-north-1"]), dice.choice(["ecr", "sts", "s"])
    method = dice.choice(["GET", "POST", "PUT"])
    body = "" if method == "GET" else dice.choice(["", "{}", "Action=X&Version=1", text(300)])
    fields = {}
    if body:
        fields["Content-Type"] = dice.choice(["application/x-amz-json-1.1", "application/json;  charset=utf-8"])
    for _ in range(dice.randrange(3)):
        fields["X-Amz-" + dice.choice(["Target", "Thing", "meta"]) + str(dice.randrange(3))] = "a  b " + text(5) + "  "
    when = f"20{dice.randrange(10, 40)}{dice.randrange(1, 13):02}{dice.randrange(1, 29):02}T{dice.randrange(24):02}" \
           f"{dice.randrange(60):02}{dice.randrange(60):02}Z"
    request = AWSRequest(method=method, url=url(), data=body.encode(), headers=dict(fields))
    auth = SigV4Auth(Credentials(key, secret, token), service, region)
    request.context["timestamp"] = when
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    auth._inject_signature_to_request(request, signature)
    values = [when, key, secret, token or "", region, service, method, request.url, body]
    values += [f"{name}={value}" for name, value in fields.items()]
    print("\t".join(values + [request.headers["Authorization"]]))


for _ in range(int(sys.argv[1])):
    one()
