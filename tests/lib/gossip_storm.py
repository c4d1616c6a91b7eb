#!/usr/bin/env python3
"""Records what members of a pool send each other, and sends it again, as it
was or damaged.

gossip_storm.py record SECONDS FILE       what is sent by UDP on lo
gossip_storm.py replay HOST PORT N FILE   N datagrams as they were recorded
gossip_storm.py damage HOST PORT N FILE   N that were changed: bits flipped,
        cut, grown, spliced, doubled within compounds, with a wrong CRC, and
        as if sealed with another key

Prints how many datagrams that were. Chance is the same each time."""
import os
import random
import socket
import struct
import sys
import time

PORT = 7946
rnd = random.Random(7)


def record(seconds, path):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    s.bind(("lo", 0))
    s.settimeout(0.2)
    end = time.monotonic() + seconds
    seen = set()
    while time.monotonic() < end:
        try:
            ip = s.recv(65535)
        except socket.timeout:
            continue
        head = (ip[0] & 15) * 4
        if ip[9] == 17 and struct.unpack(">H", ip[head + 2:head + 4])[0] == PORT:
            seen.add(ip[head + 8:])
    with open(path, "wb") as f:
        for p in sorted(seen):
            f.write(struct.pack(">I", len(p)) + p)
    print(len(seen))


def load(path):
    packets, at = [], 0
    data = open(path, "rb").read()
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        packets.append(data[at + 4:at + 4 + n])
        at += 4 + n
    return packets


def flip(p):
    b = bytearray(p)
    for _ in range(rnd.randrange(1, 8)):
        b[rnd.randrange(len(b))] ^= 1 << rnd.randrange(8)
    return bytes(b)


def compound(parts):
    return b"\x07" + bytes([len(parts)]) + b"".join(struct.pack(">H", len(p)) for p in parts) + b"".join(parts)


def nest(p):
    for _ in range(rnd.randrange(1, 40)):
        p = compound([p] * rnd.randrange(1, 3))
        if len(p) > 30000:
            break
    return p


KINDS = [
    flip,
    lambda p: p[:rnd.randrange(len(p))],
    lambda p: p + os.urandom(rnd.randrange(1, 1400)),
    lambda p: p + bytes(65000 - len(p)) if rnd.randrange(50) == 0 else flip(p),
    lambda p: nest(flip(p)),
    lambda p: b"\x0c" + os.urandom(4) + p,
    lambda p: b"\x01" + os.urandom(12 + len(p) + 16),
    lambda p: b"\x09\x82\xa4Algo\x00\xa3Buf\xda" + struct.pack(">H", len(p)) + p,
]


def damage(packets, n):
    for _ in range(n):
        p = rnd.choice(packets)
        if rnd.randrange(20) == 0:
            q = rnd.choice(packets)
            yield p[:rnd.randrange(len(p))] + q[rnd.randrange(len(q)):]
        else:
            yield rnd.choice(KINDS)(p)


def send(host, port, packets):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, port))
    n = 0
    for p in packets:
        try:
            s.send(p)
        except OSError:  # the port is closed, or the packet too long
            continue
        n += 1
    print(n)


what = sys.argv[1]
if what == "record":
    record(float(sys.argv[2]), sys.argv[3])
else:
    host, port, n, packets = sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), load(sys.argv[5])
    if what == "replay":
        send(host, port, (rnd.choice(packets) for _ in range(n)))
    else:
        # Made before they are sent: sending is to be fast.
        made = list(damage(packets, min(n, 50000)))
        send(host, port, (made[i % len(made)] for i in range(n)))
