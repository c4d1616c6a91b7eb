#!/usr/bin/env python3
"""A page that says which allocation answers: web.py PORT [HEALTH]

/health answers the status that stands in the file HEALTH, /fail always 500.

It also writes a line to standard output for each request, and one a second,
so that a test can see whether any was lost.
"""
import http.server
import os
import sys
import threading
import time


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = "hello from %s pid %d\n" % (
            os.environ.get("NOMAD_SHORT_ALLOC_ID", "nobody"),
            os.getpid(),
        )
        status = 200
        if self.path == "/health":
            with open(sys.argv[2]) as health:
                status = int(health.read())
        elif self.path == "/fail":
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


def count():
    n = 0
    while True:
        print("tick", n, flush=True)
        n += 1
        time.sleep(0.02)


threading.Thread(target=count, daemon=True).start()
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Page)
server.serve_forever()
