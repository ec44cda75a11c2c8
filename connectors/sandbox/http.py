"""HTTP/1.1 on an asyncio transport: small, fast, and able to break in every way a platform breaks."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

import httptools

Headers = dict[str, str]
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query_string: str
    headers: Headers
    body: bytes
    query: dict[str, str] = field(default_factory=dict)
    _form: dict[str, Any] | None = None

    @property
    def is_write(self) -> bool:
        """Whether it would change something."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    def form(self) -> dict[str, Any]:
        """The body's parameters, whatever their encoding; files come as (name, type, bytes)."""
        if self._form is None:
            self._form = _read_form(self)
        return self._form

    def json(self) -> Any:
        """The JSON body; ValueError when it is none."""
        return json.loads(self.body or b"null")


@dataclass(slots=True)
class Response:
    """An answer, and what to do to the connection instead of answering properly."""

    status: int = 200
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"
    delay: float = 0.0  # seconds before it goes out
    cut: bool = False  # close without a byte
    truncate: int = 0  # promise all, send so many bytes, close
    bare: bool = False  # the head alone: HEAD asked for no more

    def head(self) -> bytes:
        """Status line and headers, with the length of the whole body."""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        if self.content_type:
            lines.append(f"content-type: {self.content_type}")
        lines.append(f"content-length: {len(self.body)}")
        lines.extend(f"{name}: {value}" for name, value in self.headers.items())
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def json_response(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """UTF-8 JSON as X writes it."""
    body = _compact.encode(data).encode()
    return Response(status, body, dict(headers or {}))


def html_response(text: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page."""
    return Response(status, text.encode(), dict(headers or {}), "text/html; charset=utf-8")


def redirect(location: str) -> Response:
    """302 to an address."""
    return Response(302, b"", {"location": location}, "text/html; charset=utf-8")


@dataclass(slots=True)
class Later:
    """Act only after `seconds`: how a platform accepts what its client gave up on."""

    seconds: float
    act: Callable[[], Response]


Handler = Callable[[Request], "Response | Later"]


class Protocol(asyncio.Protocol):
    """One connection. Requests are answered in order, one at a time."""

    def __init__(self, handler: Handler, open_connections: set[Protocol]) -> None:
        self.handler = handler
        self.connections = open_connections
        self.waiting: deque[tuple[Request, bool]] = deque()
        self.busy = False
        self._start()

    def _start(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.url = b""
        self.headers: Headers = {}
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.write(Response(400, b"Bad Request", {"connection": "close"}, "text/plain").head())
            self.transport.close()

    def on_message_begin(self) -> None:
        self.url, self.headers, self.body = b"", {}, b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self.headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        request = _request(self.parser.get_method().decode(), self.url, self.headers, self.body)
        self.waiting.append((request, self.parser.should_keep_alive()))
        self._next()

    def _next(self) -> None:
        while self.waiting and not self.busy:
            request, keep = self.waiting.popleft()
            self._answer(self._handled(request), keep=keep)

    def _handled(self, request: Request) -> Response | Later:
        """A fault of the sandbox's own is shown, and costs one answer."""
        bare = request.method == "HEAD"
        request.method = "GET" if bare else request.method
        try:
            answer = self.handler(request)
        except Exception:
            text = traceback.format_exc()
            print(text, file=sys.stderr, flush=True)
            answer = Response(500, text.encode(), {}, "text/plain; charset=utf-8")
        if isinstance(answer, Response):
            answer.bare = bare
        return answer

    def _answer(self, answer: Response | Later, *, keep: bool) -> None:
        if isinstance(answer, Later):
            self._wait(answer.seconds, lambda: self._answer(answer.act(), keep=keep))
        elif answer.delay:
            self._wait(answer.delay, lambda: self._write(answer, keep=keep))
        else:
            self._write(answer, keep=keep)

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self.busy = True
        asyncio.get_running_loop().call_later(seconds, self._resume, then)

    def _resume(self, then: Callable[[], None]) -> None:
        self.busy = False
        then()
        self._next()

    def _write(self, response: Response, *, keep: bool) -> None:
        if self.transport.is_closing():
            return
        if response.cut:
            self.transport.abort()
            return
        if response.truncate:
            self.transport.write(response.head() + response.body[: response.truncate])
            self.transport.close()
            return
        if not keep:
            response.headers["connection"] = "close"
        self.transport.write(response.head() + (b"" if response.bare else response.body))
        if not keep:
            self.transport.close()


def _request(method: str, url: bytes, headers: Headers, body: bytes) -> Request:
    parts = httptools.parse_url(url)
    query = (parts.query or b"").decode("latin-1")
    params = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    return Request(method, unquote((parts.path or b"/").decode("latin-1")), query, headers, body, params)


def _read_form(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/"):
        return _read_multipart(kind, request.body)
    if "json" in kind:
        try:
            data = request.json()
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _read_multipart(kind: str, body: bytes) -> dict[str, Any]:
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    form: dict[str, Any] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        filename = part.get_filename()
        form[name] = (filename, part.get_content_type(), content) if filename else content.decode()
    return form
