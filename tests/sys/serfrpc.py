#!/usr/bin/env python3
"""A client of a Serf agent's RPC: serfrpc.py HOST:PORT answer|rules

answer: follows queries and answers those called "question" with 42.
rules:  breaks the rules, one after the other, and looks what comes of it.
"""
import socket
import struct
import sys


def pack(v):
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        return bytes([v]) if v < 128 else b"\xcf" + struct.pack(">Q", v)
    if isinstance(v, (str, bytes)):
        b = v.encode() if isinstance(v, str) else v
        return (bytes([0xA0 | len(b)]) if len(b) < 32 else b"\xda" + struct.pack(">H", len(b))) + b
    if isinstance(v, dict):
        return bytes([0x80 | len(v)]) + b"".join(pack(k) + pack(x) for k, x in v.items())
    raise TypeError(v)


class Client:
    def __init__(self, place):
        host, port = place.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)), timeout=30)
        self.f = self.s.makefile("rb")
        self.seq = 0

    def take(self, n):
        b = self.f.read(n)
        if len(b) < n:
            raise EOFError
        return b

    def number(self, n):
        return int.from_bytes(self.take(n), "big")

    def read(self):
        c = self.take(1)[0]
        if c < 0x80:
            return c
        if c < 0x90:
            return {self.read(): self.read() for _ in range(c & 15)}
        if c < 0xA0:
            return [self.read() for _ in range(c & 15)]
        if c < 0xC0:
            return self.take(c & 31)
        if c in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[c]
        if c in (0xC4, 0xD9):
            return self.take(self.number(1))
        if c in (0xCC, 0xCD, 0xCE, 0xCF):
            return self.number(1 << (c - 0xCC))
        raise ValueError(hex(c))

    def ask(self, command, body=None):
        self.seq += 1
        self.s.sendall(pack({"Command": command, "Seq": self.seq}) + (pack(body) if body is not None else b""))
        head = self.read()
        assert head[b"Seq"] == self.seq, head
        return head[b"Error"].decode()

    def closed(self):
        try:
            return self.f.read(1) == b""
        except ConnectionError:
            return True


def answer(place):
    c = Client(place)
    assert c.ask("handshake", {"Version": 1}) == ""
    assert c.ask("stream", {"Type": "query:question"}) == ""
    while True:
        c.read()
        q = c.read()
        assert q[b"Name"] == b"question", q
        assert c.ask("respond", {"ID": q[b"ID"], "Payload": "42"}) == ""
        assert c.ask("respond", {"ID": q[b"ID"], "Payload": "42"}) == "No pending queries matching ID"


def rules(place):
    c = Client(place)
    assert c.ask("members") == "Handshake required" and c.closed()
    c = Client(place)
    assert c.ask("handshake", {"Version": 9}) == "Unsupported IPC version"
    assert c.ask("handshake", {"Version": 1}) == ""
    assert c.ask("handshake", {"Version": 1}) == "Handshake already performed"
    assert c.ask("stream", {"Type": "nonsense"}) == "Invalid event filter"
    assert c.ask("stream", {"Type": "member-join,user:x"}) == ""
    assert c.ask("stop", {"Stop": c.seq}) == ""
    assert c.ask("monitor", {"LogLevel": "nonsense"}) != ""
    assert c.ask("bogus") == "Unsupported command" and c.closed()
    for junk in (b"\xc1", b"\x01", b"\x82\xc1", b"\xdf\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        c = Client(place)
        c.s.sendall(junk)
        assert c.closed(), junk
    c = Client(place)
    assert c.ask("handshake", {"Version": 1}) == ""
    c.s.sendall(pack({"Command": "members-filtered", "Seq": 2}) + pack({"Name": "(", "Status": "", "Tags": {}}))
    assert c.closed()
    many = [Client(place) for _ in range(80)]
    for c in many:
        c.s.close()


{"answer": answer, "rules": rules}[sys.argv[2]](sys.argv[1])
