#!/usr/bin/env python3
"""What lbd promises its clients: check.py PROXY_PORT UI_PORT LBD_PID.

The table is that of test_lbd.sh: /strip/ is stripped, /two has a live and a
dead target, /dead only a dead one, /deny turns us away, /old redirects;
/kept/... have a dead target for everybody and a live one that is not for us.
"""
import hashlib
import http.client
import json
import os
import socket
import sys
import time
import unittest

PROXY, UI, PID = (int(a) for a in sys.argv[1:4])
BIG = 64 << 20


def rss():
    with open(f"/proc/{PID}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ask(path, method="GET", body=None, headers=None, port=PROXY):
    headers = headers or {}
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request(method, path, body=body, headers=headers, encode_chunked="Transfer-Encoding" in headers)
    r = c.getresponse()
    data = r.read()
    c.close()
    return r, data


def raw(data, wait=3.0):
    """Sends bytes and returns all that comes until the end or a silence."""
    s = socket.create_connection(("127.0.0.1", PROXY), timeout=wait)
    s.sendall(data)
    got = b""
    try:
        while p := s.recv(65536):
            got += p
    except (TimeoutError, ConnectionResetError):
        pass
    s.close()
    return got


class Lbd(unittest.TestCase):
    def test_passes_a_request_and_says_where_it_came_from(self):
        r, data = ask("/echo/a%2Fb?q=1", headers={"X-Forwarded-For": "9.9.9.9", "Connection": "X-Gone", "X-Gone": "1"})
        text = data.decode()
        self.assertEqual(r.status, 200)
        self.assertTrue(text.startswith("GET /echo/a%2Fb?q=1 HTTP/1.1\n"), text)
        self.assertIn("X-Forwarded-For: 9.9.9.9, 127.0.0.1\n", text)
        self.assertIn("X-Real-Ip: 127.0.0.1\n", text)
        self.assertIn("X-Forwarded-Proto: http\n", text)
        self.assertIn(f"X-Forwarded-Port: {PROXY}\n", text)
        self.assertIn(f"Host: 127.0.0.1:{PROXY}\n", text)
        self.assertNotIn("X-Gone", text)
        self.assertIsNone(r.getheader("X-Hop"))
        self.assertIsNone(r.getheader("Keep-Alive"))
        self.assertEqual(r.getheader("X-Kept"), "1")

    def test_keeps_connections(self):
        c = http.client.HTTPConnection("127.0.0.1", PROXY, timeout=10)
        for i in range(20):
            c.request("GET", f"/echo/{i}")
            r = c.getresponse()
            self.assertIn(f"GET /echo/{i} ", r.read().decode())
        sock = c.sock
        c.request("POST", "/sum", body=b"abc")
        self.assertTrue(c.getresponse().read().startswith(b"3 "))
        self.assertIs(c.sock, sock)
        c.close()

    def test_answers_pipelined_requests_in_order(self):
        one = b"GET /echo/%d HTTP/1.1\r\nHost: x\r\n\r\n"
        got = raw(one % 1 + one % 2 + b"GET /echo/3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        at = [got.index(b"GET /echo/%d " % i) for i in (1, 2, 3)]
        self.assertEqual(at, sorted(at))

    def test_passes_chunks_both_ways(self):
        body = os.urandom(300000)
        r, data = ask("/sum", "POST", body=iter([body[:1000], body[1000:]]), headers={"Transfer-Encoding": "chunked"})
        self.assertEqual(data.decode(), f"300000 {hashlib.sha256(body).hexdigest()}")
        r, data = ask("/chunks/50")
        self.assertEqual(r.getheader("Transfer-Encoding"), "chunked")
        self.assertEqual(len(data), 50000)
        self.assertEqual(data[49000:], b"x" * 1000)

    def test_speaks_http_1_0(self):
        got = raw(b"GET /chunks/3 HTTP/1.0\r\n\r\n")
        head, _, body = got.partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head.lower())
        self.assertEqual(len(body), 3000)

    def test_passes_answers_that_end_with_the_connection(self):
        _, data = ask("/forever/200000")
        self.assertEqual(len(data), 200000)

    def test_passes_head(self):
        r, data = ask("/echo", "HEAD")
        self.assertEqual((r.status, data), (200, b""))
        self.assertGreater(int(r.getheader("Content-Length")), 0)

    def test_strips_prefixes(self):
        _, data = ask("/strip/echo/x")
        self.assertTrue(data.startswith(b"GET /echo/x "), data)
        self.assertIn(b"X-Forwarded-Prefix: /strip\n", data)

    def test_knows_no_route(self):
        r, data = ask("/nowhere")
        self.assertEqual((r.status, data), (404, b""))

    def test_redirects(self):
        r, _ = ask("/old/x?q=1")
        self.assertEqual((r.status, r.getheader("Location")), (301, "http://new.example/x?q=1"))

    def test_turns_away(self):
        r, data = ask("/deny")
        self.assertEqual((r.status, data), (403, b"access denied\n"))
        self.assertEqual(ask("/auth")[0].status, 401)

    def test_passes_over_a_dead_target(self):
        for _ in range(20):
            self.assertEqual(ask("/two/echo")[0].status, 200)
            r, data = ask("/two/sum", "POST", body=b"abc")
            self.assertEqual(r.status, 200)
            self.assertTrue(data.startswith(b"3 "))

    def test_goes_around_no_rule_when_a_target_is_dead(self):
        for path, refused in ("deny", 403), ("auth", 401), ("https", 502):
            seen = {ask(f"/kept/{path}")[0].status for _ in range(10)}
            self.assertEqual(seen, {502, refused}, path)

    def test_says_when_the_upstream_fails(self):
        answer, body = ask("/dead")[:2]
        self.assertEqual(answer.status, 502)
        self.assertEqual(body, b"no instance answers\n")
        self.assertEqual(ask("/die", "POST", body=b"x")[0].status, 502)
        self.assertEqual(ask("/cut/../dead")[0].status, 502)
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            ask("/cut")

    def test_refuses_ambiguous_requests(self):
        shapes = [
            b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\n\r\na\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\na\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
            b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
            b"GET /echo HTTP/1.1\nHost: x\n\n",
            b"GET /echo HTTP/1.1\r\nHo st: x\r\n\r\n",
            b"GET /echo HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            b"GET /echo HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded\r\n\r\n",
            b"GET /echo HTTP/1.1\r\n\r\n",
            b"GET /echo HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n",
            b"GET /echo/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
        for shape in shapes:
            got = raw(shape, 1.0)
            self.assertTrue(got.startswith(b"HTTP/1.1 400 "), (shape, got[:80]))

    def test_passes_websockets(self):
        s = socket.create_connection(("127.0.0.1", PROXY), timeout=5)
        s.sendall(
            b"GET /echo/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        got = b""
        while not got.endswith(b"hello"):
            got += s.recv(65536)
        head = got.split(b"\r\n\r\n")[0].lower()
        self.assertTrue(head.startswith(b"http/1.1 101 "), head)
        self.assertIn(b"upgrade: websocket", head)
        for word in (b"ping", b"pong" * 1000):
            s.sendall(word)
            back = b""
            while len(back) < len(word):
                back += s.recv(65536)
            self.assertEqual(back, word.upper())
        s.sendall(b"quit")
        self.assertEqual(s.recv(10), b"")
        s.close()

    def test_holds_back_for_a_slow_client(self):
        before = rss()
        s = socket.create_connection(("127.0.0.1", PROXY), timeout=10)
        s.sendall(b"GET /big/%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % BIG)
        time.sleep(1)
        self.assertLess(rss() - before, 24 << 20)
        n = 0
        while p := s.recv(1 << 20):
            n += len(p)
        s.close()
        self.assertGreater(n, BIG)
        self.assertLess(n, BIG + 1000)

    def test_holds_back_for_a_slow_upstream(self):
        before = rss()
        h = hashlib.sha256()
        block = os.urandom(1 << 20)
        most = 0

        def body():
            nonlocal most
            for _ in range(BIG >> 20):
                h.update(block)
                most = max(most, rss() - before)
                yield block

        _, data = ask("/slowsum", "POST", body=body(), headers={"Content-Length": str(BIG)})
        self.assertEqual(data.decode(), f"{BIG} {h.hexdigest()}")
        self.assertLess(most, 24 << 20)

    def test_notices_clients_that_leave(self):
        for _ in range(20):
            s = socket.create_connection(("127.0.0.1", PROXY), timeout=5)
            s.sendall(b"GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
            s.close()
        self.assertEqual(ask("/echo")[0].status, 200)

    def test_shows_its_table(self):
        r, data = ask("/api/routes", port=UI)
        rows = json.loads(data)
        row = next(x for x in rows if x["src"] == "/strip")
        self.assertEqual((row["service"], row["cmd"], row["opts"]), ("web", "route add", "strip=/strip"))
        self.assertAlmostEqual(sum(x["weight"] for x in rows if x["src"] == "/two"), 1)
        r, data = ask("/", port=UI)
        self.assertIn("text/html", r.getheader("Content-Type"))
        self.assertIn(b"/strip", data)
        self.assertEqual(ask("/health", port=UI)[1], b"OK\n")
        self.assertIn(b"route add web /strip ", ask("/api/routes?raw", port=UI)[1])
        self.assertEqual(ask("/elsewhere", port=UI)[0].status, 303)
        self.assertEqual(ask("/routes", "POST", port=UI)[0].status, 405)
        self.assertIn("strategy", {k.lower() for k in json.loads(ask("/api/config", port=UI)[1])})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
