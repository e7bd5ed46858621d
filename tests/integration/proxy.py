#!/usr/bin/env python3
"""A stream proxy that misbehaves on request, and a reader of what it recorded.

proxy.py serve LISTEN UPSTREAM --ready FILE [options]
    LISTEN, UPSTREAM   unix:///path or tcp://host:port; port 0 of LISTEN picks a free one
    --ready FILE       written with the address once connections are accepted
    --record FOLDER    each connection's two directions as N.up (from the client) and N.down
    --tls CERT KEY CA  LISTEN speaks TLS and wants a client certificate signed by CA
    --cut N            ends all connections after N bytes of answer, counted over all of them
    --garble N         inverts every byte of answer from the Nth on
    --hook N COMMAND   after N bytes from the client: holds the stream, runs COMMAND, goes on
    --reply FILE       answers the first bytes of each connection with FILE, and closes it
    --times K          the fault strikes K times, later connections pass
    Signal USR1 ends all connections; new ones pass.

proxy.py count FOLDER up|down            bytes recorded in that direction
proxy.py requests FOLDER                 HTTP/1.1 request lines
proxy.py attrs FOLDER KEY                values that a string map sent under KEY, one a line
proxy.py strings FOLDER                  every recorded gRPC message from the client, printable text only
"""

import argparse
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading


def parse(address):
    kind, rest = address.split("://", 1)
    if kind == "unix":
        return socket.AF_UNIX, rest
    host, port = rest.rsplit(":", 1)
    return socket.AF_INET, (host, int(port))


class Proxy:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.down = 0
        self.up = 0
        self.strikes = args.times
        self.hook_done = False
        self.number = 0
        self.links = []

    def serve(self):
        family, where = parse(self.args.listen)
        server = socket.socket(family, socket.SOCK_STREAM)
        server.bind(where)
        server.listen(64)
        address = self.args.listen
        if family == socket.AF_UNIX:
            pathlib.Path(where).chmod(0o666)
        else:
            address = "tcp://%s:%d" % server.getsockname()
        signal.signal(signal.SIGUSR1, lambda number, frame: self.end_all())
        context = None
        if self.args.tls:
            cert, key, authority = self.args.tls
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
            context.load_verify_locations(authority)
            context.verify_mode = ssl.CERT_REQUIRED
        pathlib.Path(self.args.ready + ".part").write_text(address + "\n")
        pathlib.Path(self.args.ready + ".part").rename(self.args.ready)
        while True:
            client, _ = server.accept()
            threading.Thread(target=self.link, args=(client, context), daemon=True).start()

    def link(self, client, context):
        with self.lock:
            number = self.number
            self.number += 1
        try:
            if context:
                client = context.wrap_socket(client, server_side=True)
            if self.args.reply is not None:
                client.recv(65536)
                client.sendall(pathlib.Path(self.args.reply).read_bytes())
                close(client)
                return
            family, where = parse(self.args.upstream)
            upstream = socket.socket(family, socket.SOCK_STREAM)
            upstream.connect(where)
        except OSError:
            close(client)
            return
        with self.lock:
            self.links.append((client, upstream))
        back = threading.Thread(target=self.pump, args=(upstream, client, number, "down"), daemon=True)
        back.start()
        self.pump(client, upstream, number, "up")
        back.join()
        close(client)
        close(upstream)

    def pump(self, source, sink, number, way):
        log = None
        if self.args.record:
            log = open(pathlib.Path(self.args.record) / ("%d.%s" % (number, way)), "wb", buffering=0)
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if log:
                    log.write(data)
                data = self.answer(data) if way == "down" else self.question(data)
                sink.sendall(data)
        except OSError:
            pass
        try:
            # only this direction has ended
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def end_all(self):
        links, self.links = self.links, []
        for pair in links:
            for end in pair:
                close(end)

    def question(self, data):
        with self.lock:
            self.up += len(data)
            if self.args.hook and not self.hook_done and self.up >= int(self.args.hook[0]):
                self.hook_done = True
                subprocess.run(self.args.hook[1], shell=True, check=False)
        return data

    def answer(self, data):
        with self.lock:
            before = self.down
            self.down += len(data)
            if self.strikes == 0:
                return data
            if self.args.garble is not None and self.down > self.args.garble:
                start = max(0, self.args.garble - before)
                return data[:start] + bytes(b ^ 0xFF for b in data[start:])
            if self.args.cut is not None and self.down > self.args.cut:
                self.strikes -= 1
                self.down = 0
                self.end_all()
                raise OSError("cut")
        return data


def close(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


def files(folder, way):
    return sorted(pathlib.Path(folder).glob("*." + way), key=lambda p: int(p.stem))


def payloads(raw):
    """Body bytes of every HTTP/2 stream of one direction of a connection; an HTTP/1.1 head may come first."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    at = raw.find(preface)
    if at < 0:
        return []
    at += len(preface)
    streams = {}
    while at + 9 <= len(raw):
        size = int.from_bytes(raw[at:at + 3], "big")
        kind, flags = raw[at + 3], raw[at + 4]
        stream = int.from_bytes(raw[at + 5:at + 9], "big") & 0x7FFFFFFF
        body = raw[at + 9:at + 9 + size]
        at += 9 + size
        if kind != 0:
            continue
        if flags & 8:
            body = body[1:len(body) - body[0]]
        streams[stream] = streams.get(stream, b"") + body
    return [streams[key] for key in sorted(streams)]


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def attrs(folder, key):
    """A protobuf map entry is field 1 = key, field 2 = value."""
    needle = b"\x0a" + bytes([len(key)]) + key.encode() + b"\x12"
    for path in files(folder, "up"):
        for body in payloads(path.read_bytes()):
            at = body.find(needle)
            while at >= 0:
                size, start = varint(body, at + len(needle))
                print(body[start:start + size].decode("utf-8", "replace"))
                at = body.find(needle, start + size)


def main():
    if sys.argv[1:2] and sys.argv[1] != "serve":
        verb, folder, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
        if verb == "count":
            print(sum(p.stat().st_size for p in files(folder, rest[0])))
        elif verb == "requests":
            for path in files(folder, "up"):
                for line in re.findall(rb"^((?:GET|HEAD|POST|PUT|DELETE) \S+) HTTP/1\.1\r$", path.read_bytes(), re.M):
                    print(line.decode())
        elif verb == "attrs":
            attrs(folder, rest[0])
        elif verb == "strings":
            for path in files(folder, "up"):
                for body in payloads(path.read_bytes()):
                    print(re.sub(rb"[^\x20-\x7e]+", b"\n", body).decode())
        else:
            sys.exit(__doc__)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb")
    parser.add_argument("listen")
    parser.add_argument("upstream")
    parser.add_argument("--ready", required=True)
    parser.add_argument("--record")
    parser.add_argument("--tls", nargs=3)
    parser.add_argument("--cut", type=int)
    parser.add_argument("--garble", type=int)
    parser.add_argument("--hook", nargs=2)
    parser.add_argument("--reply")
    parser.add_argument("--times", type=int, default=-1)
    Proxy(parser.parse_args()).serve()


main()
