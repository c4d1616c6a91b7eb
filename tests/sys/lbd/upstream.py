#!/usr/bin/env python3
"""An upstream for lbd's tests: upstream.py PORT NAME.

/echo...    says what it was asked: request line, fields, body
/sum        length and SHA-256 of the body
/slowsum    the same, but it starts reading after a second
/chunks/N   N chunks of 1000 bytes
/big/N      N bytes with their length told
/forever/N  N bytes until close
/die        no answer, just the end
/late       an answer after two seconds
/cut        an answer that ends in the middle
"""
import hashlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAME = sys.argv[2]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def log_message(self, *args):
        pass

    def pieces(self):
        """The request's body as it comes."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                n = int(self.rfile.readline().split(b";")[0], 16)
                if n == 0:
                    self.rfile.readline()
                    return
                yield self.rfile.read(n)
                self.rfile.readline()
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            p = self.rfile.read(min(left, 65536))
            if not p:
                return
            left -= len(p)
            yield p

    def reply(self, body, status=200, fields=()):
        self.send_response(status)
        self.send_header("X-Instance", NAME)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def echo(self):
        body = b"".join(self.pieces())
        self.reply(
            self.requestline.encode("latin-1") + b"\n" + bytes(self.headers).replace(b"\r", b"") + body,
            fields=[("Keep-Alive", "timeout=5"), ("Connection", "X-Hop, keep-alive"), ("X-Hop", "1"), ("X-Kept", "1")],
        )

    def sum(self, wait=0):
        time.sleep(wait)
        h, n = hashlib.sha256(), 0
        for p in self.pieces():
            h.update(p)
            n += len(p)
        self.reply(f"{n} {h.hexdigest()}".encode())

    def chunks(self, n):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i in range(n):
            self.wfile.write(b"3e8\r\n" + bytes([97 + i % 26]) * 1000 + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def big(self, n, told):
        self.send_response(200)
        if told:
            self.send_header("Content-Length", str(n))
        else:
            self.close_connection = True
        self.end_headers()
        block = b"x" * 65536
        while n > 0:
            self.wfile.write(block[:n])
            n -= min(n, len(block))

    def upgrade(self):
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.write(b"hello")
        self.wfile.flush()
        while data := self.connection.recv(65536):
            if data == b"quit":
                break
            self.connection.sendall(data.upper())
        self.close_connection = True

    def answer(self):
        path = self.path.split("?")[0]
        if self.headers.get("Upgrade") == "websocket":
            self.upgrade()
        elif path == "/sum":
            self.sum()
        elif path == "/slowsum":
            self.sum(1)
        elif path.startswith("/chunks/"):
            self.chunks(int(path.split("/")[2]))
        elif path.startswith("/big/"):
            self.big(int(path.split("/")[2]), True)
        elif path.startswith("/forever/"):
            self.big(int(path.split("/")[2]), False)
        elif path == "/die":
            self.close_connection = True
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif path == "/late":
            time.sleep(2)
            self.reply(b"late")
        else:
            self.echo()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer


ThreadingHTTPServer.daemon_threads = True
ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
