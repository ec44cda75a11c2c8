"""A local HTTP server that answers what a test tells it to, and misbehaves on the wire as platforms do."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Script = Callable[[socket.socket], None]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Loopback:
    """Answers in the order given; the last answer is repeated."""

    answers: list[bytes | Script] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.stopped = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.listener.close()

    def then(self, *answers: bytes | Script) -> Loopback:
        self.answers.extend(answers)
        return self

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.asked.append(_request(connection))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)
            except OSError:
                return  # the client has given up, which is what some tests want

    def drip(self, head: bytes = b"") -> Script:
        """A byte now and then, for ever."""

        def run(connection: socket.socket) -> None:
            connection.sendall(head)
            while not self.stopped.wait(0.05):
                connection.sendall(b" ")

        return run

    def silence(self, connection: socket.socket) -> None:
        """Never a byte."""
        self.stopped.wait(30)


def cut(connection: socket.socket) -> None:
    """The line goes dead after the request was read."""


def _request(connection: socket.socket) -> Asked:
    reader = connection.makefile("rb")
    method, target, _ = reader.readline().decode().split(" ", 2)
    headers: dict[str, str] = {}
    while line := reader.readline().strip():
        name, _, value = line.decode().partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Asked(method, parts.path, query, headers, body)


def answer(body: Any, *, status: int = 200, kind: str = "application/json", **headers: Any) -> bytes:
    """A whole answer; header names with underscores for dashes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content
