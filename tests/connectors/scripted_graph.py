"""A loopback server that answers Graph calls with exactly the bytes a test gives it, and remembers the calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Reply:
    body: Any = None
    status: int = 200
    content_type: str = "text/javascript; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    raw: bytes


class ScriptedGraph:
    """`answer` decides; by default the replies in `queue`, in order."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.queue: list[Reply] = []
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Reply] = lambda _: self.queue.pop(0)

    def add(self, body: Any, status: int = 200, **more: Any) -> None:
        self.queue.append(Reply(body, status, **more))


@contextmanager
def scripted_graph() -> Iterator[ScriptedGraph]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    graph = ScriptedGraph(f"http://127.0.0.1:{server.server_port}")
    server.graph = graph  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield graph
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        address = urlsplit(self.path)
        is_form = "urlencoded" in self.headers.get("content-type", "")
        form = {key: values[0] for key, values in parse_qs(raw.decode()).items()} if is_form else {}
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        headers = {key.lower(): value for key, value in self.headers.items()}
        call = Call(self.command, address.path, query, form, headers, raw)
        self.server.graph.calls.append(call)  # type: ignore[attr-defined]
        reply = self.server.graph.answer(call)  # type: ignore[attr-defined]
        if reply.cut:
            self.close_connection = True
            self.connection.close()
            return
        body = reply.content()
        self.send_response(reply.status)
        if reply.content_type:
            self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _handle

    def log_message(self, *_: Any) -> None:
        """Quiet."""
