#!/usr/bin/env python3
"""A Consul catalog that misbehaves: catalog.py PORT

It has one service, s, at a port where nobody listens. GET /be/HOW says how it
is from then on: noindex (answers tell no index), constant (always index 7 and
never held), noself (agent/self names no data centre). GET /count tells how
many requests came since. GET /file/PATH sends a file.
"""
import http.server
import json
import sys

HOW, COUNT = "noindex", 0
CHECK = {"Node": "n", "CheckID": "c", "Status": "passing", "ServiceID": "s",
         "ServiceName": "s", "ServiceTags": ["urlprefix-/s"]}
INSTANCE = {"Node": "n", "Address": "127.0.0.1", "ServiceID": "s",
            "ServiceName": "s", "ServiceTags": ["urlprefix-/s"],
            "ServiceAddress": "127.0.0.1", "ServicePort": 1}


class Catalog(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if HOW == "constant":
            self.send_header("X-Consul-Index", "7")
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(b"", 405)

    def do_GET(self):
        global HOW, COUNT
        path = self.path.split("?")[0]
        if path.startswith("/be/"):
            HOW, COUNT = path[len("/be/"):], 0
            return self.answer(b"")
        if path == "/count":
            return self.answer(str(COUNT).encode())
        if path.startswith("/file/"):
            with open(path[len("/file"):], "rb") as f:
                return self.answer(f.read())
        COUNT += 1
        if path == "/v1/agent/self":
            dc = {} if HOW == "noself" else {"Datacenter": "dc1"}
            return self.answer(json.dumps({"Config": dc}).encode())
        if path == "/v1/health/state/any":
            return self.answer(json.dumps([CHECK]).encode())
        if path == "/v1/catalog/service/s":
            return self.answer(json.dumps([INSTANCE]).encode())
        return self.answer(b"", 500)

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(sys.argv[1])), Catalog).serve_forever()
