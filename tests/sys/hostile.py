#!/usr/bin/env python3
"""Bytes that nobody should send:

    hostile.py bus|http PLACE
    hostile.py raft PLACE CLUSTER TO FROM TERM

bus: to an nng REP socket at unix:PATH or HOST:PORT. http: to HOST:PORT.
raft: mail to the server TO of CLUSTER, which is in TERM, in the name of FROM;
the first three in hexadecimal.
Says nothing and exits 0 when the other side bore all of it as it should.
"""
import os
import socket
import struct
import sys

REQ = 0x30


def connect(place):
    if place.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        s.connect(place[5:])
    else:
        host, port = place.rsplit(":", 1)
        s = socket.create_connection((host, int(port)))
    s.settimeout(5)
    return s


def read_all(s):
    got = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece
    except (ConnectionResetError, socket.timeout):
        return got


class Peer:
    """One that has shaken hands, as a REQ socket does."""

    def __init__(self, place):
        self.ipc = place.startswith("unix:")
        self.s = connect(place)
        self.s.sendall(b"\0SP\0" + struct.pack(">HH", REQ, 0))
        assert self.s.recv(8)[:4] == b"\0SP\0"

    def head(self, n):
        self.s.sendall((b"\1" if self.ipc else b"") + struct.pack(">Q", n))

    def send(self, body):
        body = struct.pack(">I", 0x80000001) + body
        self.head(len(body))
        self.s.sendall(body)


def expect_closed(s, what):
    s.settimeout(5)
    try:
        if s.recv(1) != b"":
            sys.exit("%s: an answer came" % what)
    except ConnectionResetError:
        pass
    except socket.timeout:
        sys.exit("%s: the connection stays open" % what)


def bus(place):
    for n in (9 << 20, 1 << 40, (1 << 64) - 1):
        p = Peer(place)
        p.head(n)
        try:
            p.s.sendall(b"x" * 1000)
        except (BrokenPipeError, ConnectionResetError):
            continue
        expect_closed(p.s, "a message of %d bytes" % n)
    # Truncated: announced, begun, gone.
    p = Peer(place)
    p.head(100)
    p.s.sendall(b"x" * 10)
    p.s.close()
    # No handshake at all.
    s = connect(place)
    s.sendall(b"GET / HTTP/1.1\r\n\r\n")
    s.close()
    # Whole messages that are no envelope, or one cut short.
    for body in (b"", b"\0", os.urandom(20), os.urandom(5000), b"\xff" * 4096):
        p = Peer(place)
        p.send(body)
        p.s.close()


SMUGGLED = {
    "two lengths": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"GET /v1/jobs HTTP/1.1\nHost: x\n\n",
    "bad chunk": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "blank before colon": b"GET /v1/jobs HTTP/1.1\r\nHost : x\r\n\r\n",
    "blank in a name": b"GET /v1/jobs HTTP/1.1\r\nHo st: x\r\n\r\n",
    "folded field": b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "no host": b"GET /v1/jobs HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "control byte": b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nA: b\1c\r\n\r\n",
    "TE with a blank": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "negative length": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "plus length": b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
}


def http(place):
    for what, text in SMUGGLED.items():
        s = connect(place)
        # Whatever hides behind it must not be answered.
        s.sendall(text + b"GET /v1/regions HTTP/1.1\r\nHost: x\r\n\r\n")
        got = read_all(s)
        # A proxy may have said that there is no route before the body came.
        if not got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 ")):
            sys.exit("%s: %r" % (what, got[:80]))
        if got.count(b"HTTP/1.1 ") != 1:
            sys.exit("%s: a second answer: %r" % (what, got))
    s = connect(place)
    s.sendall(b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    got = read_all(s)
    if not (got.startswith(b"HTTP/1.1 414") or got.startswith(b"HTTP/1.1 431")
            or got.startswith(b"HTTP/1.1 400")):
        sys.exit("a long head: %r" % got[:80])
    # A client that goes in the middle of its request.
    s = connect(place)
    s.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
    s.close()


RAFT_MAIL = 30
APPEND, HEARTBEAT, TIMEOUT_NOW = 5, 7, 11


def pack(v):
    """As msgpack: what a mail is made of."""
    if isinstance(v, dict):
        return bytes([0x80 | len(v)]) + b"".join(pack(k) + pack(v[k]) for k in v)
    if isinstance(v, list):
        return bytes([0x90 | len(v)]) + b"".join(map(pack, v))
    if isinstance(v, int) and v < 128:
        return bytes([v])
    return b"\xcf" + struct.pack(">Q", v)


def raft(place, cluster, to, by, term):
    cluster, to, by, term = int(cluster, 16), int(to, 16), int(by, 16), int(term)
    far = term + (1 << 33)
    said = {1: HEARTBEAT, 2: term}

    def mail(cluster=cluster, to=to, by=by, says=said):
        return pack({1: cluster, 2: by, 3: to, 4: 1, 5: [says]})

    bodies = [
        os.urandom(200),
        pack({1: [1], 5: 7}),
        mail(cluster=cluster + 1),
        mail(to=to + 1),
        mail(by=to),
        mail(says={1: 99, 2: term}),
        mail(says={1: HEARTBEAT, 2: far}),
        mail(says={1: APPEND, 2: (1 << 64) - 1, 10: [{1: 1, 2: 1}]}),
        mail(says={1: APPEND, 2: term, 10: [{1: far, 2: 1}]}),
        mail(says={1: TIMEOUT_NOW, 2: term}),
        mail(),
        mail(by=0x5555),
    ]
    for i, body in enumerate(bodies):
        p = Peer(place)
        p.send(b"rv" + struct.pack(">BBHBBQI", 1, 0, RAFT_MAIL, 0, 0, i, 1000) + body)
        p.s.settimeout(5)
        if p.s.recv(1) == b"":
            sys.exit("mail %d: closed without a word" % i)
        p.s.close()


{"bus": bus, "http": http, "raft": raft}[sys.argv[1]](*sys.argv[2:])
