#!/usr/bin/env python3
"""Writes and reads for as long as nobody says stop.

load.py STOP URL...: until the file STOP exists, one thread writes variables
and two read a job and a variable, each from one server after the other. What
is refused is tried again at the next server, for five seconds. Then every
variable that was acknowledged is asked for. The last line is JSON: how much
was done, how often it was tried again, the longest that anything took, and
what was not done in time, or lost.
"""
import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request

PATIENCE_S = 5
stop, urls = sys.argv[1], sys.argv[2:]
lock = threading.Lock()
total = {"writes": 0, "reads": 0, "again": 0, "longest_ms": 0, "failed": []}


def ask(n, path, body=None):
    """The answer's bytes, from whichever server gives one; None: nobody."""
    began = time.monotonic()
    why = ""
    while time.monotonic() - began < PATIENCE_S:
        req = urllib.request.Request(urls[n % len(urls)] + path, data=body, method="PUT" if body else "GET")
        n += 1
        try:
            with urllib.request.urlopen(req, timeout=PATIENCE_S) as r:
                answer = r.read()
            with lock:
                total["longest_ms"] = max(total["longest_ms"], int((time.monotonic() - began) * 1000))
            return answer
        except (OSError, urllib.error.URLError) as e:
            why = str(e)
            if isinstance(e, urllib.error.HTTPError):
                why += ": " + e.read().decode(errors="replace")
            with lock:
                total["again"] += 1
            time.sleep(0.02)
    with lock:
        total["failed"].append("%s: %s" % (path, why))
    return None


def writer(done):
    n = 0
    while not os.path.exists(stop):
        body = json.dumps({"Path": "load/%d" % n, "Items": {"n": str(n)}}).encode()
        if ask(n, "/v1/var/load/%d" % n, body) is not None:
            done.append(n)
        n += 1


def reader(first, path):
    n = first
    while not os.path.exists(stop):
        if ask(n, path) is not None:
            with lock:
                total["reads"] += 1
        n += 1


def main():
    done = []
    threads = [
        threading.Thread(target=writer, args=(done,)),
        threading.Thread(target=reader, args=(1, "/v1/job/web/allocations")),
        threading.Thread(target=reader, args=(2, "/v1/nodes?stale")),
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    total["writes"] = len(done)
    for n in done:
        answer = ask(0, "/v1/var/load/%d" % n)
        if answer is None or json.loads(answer)["Items"] != {"n": str(n)}:
            total["failed"].append("write %d is lost" % n)
    print(json.dumps(total))
    sys.exit(1 if total["failed"] else 0)


main()
