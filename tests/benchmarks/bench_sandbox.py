"""Requests a second of the sandbox on one core: `python -m tests.benchmarks.bench_sandbox`.

The sandbox is pinned to one core where the system allows it. The load comes from a few plain sockets in this
process, so that no client library is what we measure.
"""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.sandbox.process import SandboxProcess

RESULT = Path(__file__).resolve().parents[2] / "var" / "bench" / "sandbox.json"
SECONDS = 3.0
CONNECTIONS = 8
POSTS = 100_000


def fill(sandbox: SandboxProcess) -> None:
    """A hundred thousand posts on X, a busy thread on Facebook."""
    for start in range(0, POSTS, 10_000):
        items = [
            {"verb": "x/post", "author": f"p{n % 2000}", "text": f"@noordtreinen bericht {n} over de trein"}
            for n in range(start, start + 10_000)
        ]
        sandbox.client.publish_many(items)
    page = sandbox.client.account("noordtreinen", "facebook")["external_id"]
    post = sandbox.client.fb_post(page, "Vandaag volgens plan")
    items = [{"verb": "facebook/comment", "on": post["id"], "author": "Jan", "message": f"nr {n}"} for n in range(300)]
    sandbox.client.publish_many(items)


def requests_of(sandbox: SandboxProcess) -> dict[str, bytes]:
    """The calls a poller makes, as bytes."""
    x = sandbox.client.account("noordtreinen")
    facebook = sandbox.client.account("noordtreinen", "facebook")
    bearer = f"Authorization: Bearer {x['credentials']['access_token']}\r\n"
    mine, page = f"/2/users/{x['external_id']}", facebook["external_id"]
    newest = max(int(e["id"]) for e in sandbox.client.ledger("published", platform="x", after=POSTS - 1))
    fields = "tweet.fields=author_id,conversation_id,created_at,public_metrics,referenced_tweets&expansions=author_id"
    token = f"access_token={facebook['credentials']['access_token']}"
    paths = {
        "X mentions, nothing new": (f"{mine}/mentions?since_id={newest}&{fields}", bearer),
        "X mentions, ten posts": (f"{mine}/mentions?max_results=10&{fields}", bearer),
        "X mentions, a hundred posts": (f"{mine}/mentions?max_results=100&{fields}", bearer),
        "X search, ten posts": (f"/2/tweets/search/recent?query=trein&max_results=10&{fields}", bearer),
        "X who am I": ("/2/users/me", bearer),
        "Graph feed, one post": (f"/v24.0/{page}/feed?fields=id,message,from,created_time&{token}", ""),
        "Graph conversations, none": (f"/v24.0/{page}/conversations?{token}", ""),
    }
    head = "GET {} HTTP/1.1\r\nHost: sandbox\r\n{}\r\n"
    return {name: head.format(path, headers).encode() for name, (path, headers) in paths.items()}


def read_answer(sock: socket.socket) -> bytes:
    """One whole answer; its status is checked by the caller."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65536)
    return head


def measure(address: tuple[str, int], request: bytes) -> dict[str, Any]:
    """Keep some connections busy for a while and count the answers."""
    sockets = [socket.create_connection(address) for _ in range(CONNECTIONS)]
    for sock in sockets:
        sock.sendall(request)
    begun, done = time.perf_counter(), 0
    while time.perf_counter() - begun < SECONDS:
        for sock in sockets:
            head = read_answer(sock)
            if b" 200 " not in head[:20]:
                raise RuntimeError(head.decode())
            sock.sendall(request)
            done += 1
    took = time.perf_counter() - begun
    for sock in sockets:
        sock.close()
    return {"requests": done, "seconds": round(took, 2), "per_second": round(done / took)}


def main() -> None:
    """Measure every call and write the figures down."""
    with SandboxProcess(limits=0) as sandbox:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(sandbox.process.pid, {min(os.sched_getaffinity(0))})
        begun = time.perf_counter()
        fill(sandbox)
        filled = round(time.perf_counter() - begun, 1)
        address = urlsplit(sandbox.url)
        where = (str(address.hostname), int(address.port or 0))
        figures = {name: measure(where, request) for name, request in requests_of(sandbox).items()}
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    document = {"posts": POSTS, "fill_seconds": filled, "connections": CONNECTIONS, "calls": figures}
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{POSTS:,} posts published in {filled} s")
    for name, figure in figures.items():
        print(f"{name:30}{figure['per_second']:>8,} requests/s")


if __name__ == "__main__":
    main()
