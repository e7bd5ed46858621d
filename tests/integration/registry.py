#!/usr/bin/env python3
"""A registry in front of another one that is ill for a while.

registry.py UPSTREAM READY REGEX STATUS FILE
    UPSTREAM   host:port, plain HTTP
    READY      written with our own host:port once requests are accepted
    REGEX      requests ("METHOD /path") that match get the answer STATUS while FILE exists;
               status 0 cuts the connection instead

Every request is printed with the status it got.
"""

import http.client
import http.server
import pathlib
import re
import sys

UPSTREAM, READY, REGEX, STATUS, ILL = sys.argv[1:6]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            data += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return data

    def respond(self, status, headers, data):
        print("%s %s %d" % (self.command, self.path, status), flush=True)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        if "content-length" not in [name.lower() for name, _ in headers]:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def handle_any(self):
        data = self.body()
        if pathlib.Path(ILL).exists() and re.search(REGEX, "%s %s" % (self.command, self.path)):
            if int(STATUS) == 0:
                print("%s %s cut" % (self.command, self.path), flush=True)
                self.close_connection = True
                return
            self.respond(int(STATUS), [("Content-Type", "application/json")], b'{"errors":[]}')
            return
        upstream = http.client.HTTPConnection(UPSTREAM)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("transfer-encoding", "connection")}
        headers["Content-Length"] = str(len(data))
        # the Host that was asked for makes the locations in the answers lead here again
        upstream.request(self.command, self.path, data, headers)
        answer = upstream.getresponse()
        self.respond(answer.status, answer.getheaders(), answer.read())
        upstream.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
ready = pathlib.Path(READY + ".part")
ready.write_text("%s:%d\n" % server.server_address)
ready.rename(READY)
server.serve_forever()
