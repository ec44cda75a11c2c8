"""An S3-compatible store for tests: real HTTP, path style, and nothing for whoever does not sign with the key."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, BUCKET = "store-key", "store-secret-0123456789", "webcare-files"
SIGNED = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/s3/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=(\w{64})")


class ObjectStore:
    """`with ObjectStore() as store`: its address, and what is kept in it."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str]] = {}
        self.refused = 0
        self.headers: list[dict[str, str]] = []
        self.down = False
        store = self

        class Handler(_Handler):
            kept = store

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: ObjectStore

    def log_message(self, *_: Any) -> None:
        """Quietly."""

    def do_PUT(self) -> None:
        body = self._body()
        if self._signed():
            self.kept.objects[self._name()] = (body, self.headers.get("Content-Type", ""))
            self.kept.headers.append(dict(self.headers.items()))
            self._answer(200, headers={"ETag": '"etag"'})

    def do_GET(self) -> None:
        if self._signed():
            found = self.kept.objects.get(self._name())
            if found is None:
                return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            self._answer(200, found[0], headers={"Content-Type": found[1], "ETag": '"etag"'})
        return None

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        if self._signed():
            self.kept.objects.pop(self._name(), None)
            self._answer(204)

    def _name(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _signed(self) -> bool:
        """The signature made again from what arrived: anything else is refused, and so is a bucket of another name."""
        if self.kept.down:
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
            return False
        said = SIGNED.search(self.headers.get("Authorization", ""))
        if said and said[1] == KEY and self.path.startswith(f"/{BUCKET}/") and self._signature(said) == said[4]:
            return True
        self.kept.refused += 1
        self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        return False

    def _signature(self, said: re.Match[str]) -> str:
        headers = {name: self.headers[name] for name in said[3].split(";")}
        request = AWSRequest(self.command, f"{self.kept.url}{self.path}", headers=headers)
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        auth = S3SigV4Auth(Credentials(KEY, SECRET), "s3", said[2])
        canonical = auth.canonical_request(request)
        return str(auth.signature(auth.string_to_sign(request, canonical), request))

    def _answer(self, status: int, body: bytes = b"", *, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
