#!/usr/bin/env python3
"""A web server that has one file whole, and cuts every other in half.

	cut.py FILE

Prints "port N" and goes on until it is killed.
"""

import os
import socket
import sys


def main():
	with open(sys.argv[1], "rb") as f:
		whole = f.read()
	listener = socket.create_server(("127.0.0.1", 0))
	print("port", listener.getsockname()[1])
	while True:
		peer = listener.accept()[0]
		asked = peer.recv(65536)
		body = whole if os.path.basename(sys.argv[1]).encode() in asked else b"x" * 1000
		size = len(body) if body is whole else 2 * len(body)
		peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)
		peer.close()


main()
