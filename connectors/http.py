"""The one HTTP session every platform SDK is handed: it cannot hang, leak a token or raise others' errors.

How a connector uses it:

    session = PlatformSession(base_url=credentials.base_url, timeout=timeout, secrets=data.values())
    sdk = Sdk(token, session=session)      # or: sdk.session = session
    answer = session.last                  # status, headers and JSON of the latest answer, error answers too

What it promises:
- Every call goes to `base_url` when there is one, whatever host the SDK has built in (OAuth 1.0a signatures
  are made before, over the built-in host). It never follows a redirect and never retries.
- Every call has a connect and a read time-out, and a deadline for the whole answer, dripping ones too.
- What comes back is a `requests.Response` whose body is JSON (`.json()` costs nothing: it is parsed once, and
  cleaned of what no database stores), whatever its status. Everything else raises a `ConnectorError`:
    not connected                                  -> TemporaryFailure
    no answer, half an answer, no JSON, HTML, 5xx  -> TemporaryFailure on a read, OutcomeUnknown on a write
  A write is any method but GET and HEAD, save inside `with session.harmless():` (uploads, look-ups by POST).
  A 5xx with a JSON body is handed on: the platform's own codes decide, `failure()` makes the error.
- `session.redact(text)`: every text of the platform's passes it before it becomes an error or a log line.
"""

from __future__ import annotations

import io
import logging
import math
import os
import re
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse as PlainResponse
from threading import RLock
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.poolmanager import PoolManager

from connectors.exceptions import (
    AuthorizationLost,
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.payloads import parse_json, storable_text

MAX_BYTES = 8 * 1024 * 1024  # a full page is well under one megabyte; read, it takes up to twenty times as much
TOTAL_SECONDS = 30.0
LONGEST_WINDOW = timedelta(hours=25)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)
_leave_by: ContextVar[tuple[float, float]] = ContextVar("leave_by", default=(math.inf, math.inf))


@contextmanager
def leaving_within(seconds: float) -> Iterator[None]:
    """A write that begins later than this does not leave: a TemporaryFailure. Uploads before it may take their time.

    By two clocks: one does not notice that the machine slept, the other may be set back.
    """
    token = _leave_by.set((time.monotonic() + seconds, time.time() + seconds))
    try:
        yield
    finally:
        _leave_by.reset(token)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (case-insensitive) and parsed body of one answer."""

    status: int
    headers: CaseInsensitiveDict[str]
    json: Any = None
    method: str = "GET"


class PlatformSession(requests.Session):
    """See the module's docstring. Not shared between threads."""

    def __init__(
        self,
        *,
        base_url: str = "",
        timeout: tuple[float, float] = (3.05, 10.0),
        secrets: Iterable[str] = (),
        total: float = TOTAL_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__()
        self.timeout, self.total, self.max_bytes = timeout, total, max_bytes
        self.last: Answer | None = None
        self.calls = 0
        self._secrets = {s for s in secrets if len(s) >= 6}
        self._harmless = False
        self.trust_env = False  # a .netrc would replace our Authorization header
        if not base_url:
            self.proxies = dict(get_environ_proxies("https://platform.invalid"))
            self.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        adapter = _Redirect(base_url)
        self.mount("https://", adapter)
        self.mount("http://", adapter)
        with _live_lock:
            _live.add(self)

    def add_secret(self, secret: str) -> None:
        """A value that must never be seen in a text of ours (a token that arrived later)."""
        if len(secret) >= 6:
            self._secrets.add(secret)

    @contextmanager
    def harmless(self) -> Iterator[None]:
        """Calls in here change nothing anybody sees: losing one is a TemporaryFailure."""
        before, self._harmless = self._harmless, True
        try:
            yield
        finally:
            self._harmless = before

    def redact(self, text: str) -> str:
        """The text without any token, whole or in a URL, and at most 2,000 characters of it, which can be stored."""
        return storable_text(redact(text[:20_000], self._secrets)[:2_000])

    def is_write(self, method: str | None) -> bool:
        """Whether losing this call's answer leaves us in doubt."""
        return (method or "GET").upper() not in _READS and not self._harmless

    def failure(self, method: str | None, detail: str, *, code: str = "") -> ConnectorError:
        """The error for a call that reached the platform and got no clear answer."""
        kind = OutcomeUnknown if self.is_write(method) else TemporaryFailure
        return kind(self.redact(detail), code=code)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """One answer with a JSON body, or a ConnectorError."""
        steady, wall = _leave_by.get()
        if self.is_write(request.method) and (time.monotonic() > steady or time.time() > wall):
            raise TemporaryFailure("Not sent: whoever waited for it may have given it up", code="too_late")
        self.calls += 1
        self.last = None
        kwargs |= {"allow_redirects": False, "stream": True}
        kwargs["timeout"] = kwargs.get("timeout") or self.timeout
        token = _deadline.set(time.monotonic() + max(self.total, sum(kwargs["timeout"])))
        try:
            answer = self._exchange(request, kwargs)
        finally:
            _deadline.reset(token)
        if isinstance(answer, ConnectorError):
            raise answer  # outside of any except: the SDK's error, with its URL, is not chained to ours
        return answer

    def _exchange(
        self, request: requests.PreparedRequest, kwargs: dict[str, Any]
    ) -> requests.Response | ConnectorError:
        try:
            response = super().send(request, **kwargs)
            self.last = Answer(response.status_code, response.headers)
            body = self._read(response)
        except ConnectorError as error:
            return error
        except (requests.RequestException, OSError, ValueError) as error:
            return self._broken(request.method, error)
        return self._understood(request.method, response, body)

    def _broken(self, method: str | None, error: Exception) -> ConnectorError:
        if never_left(error):
            return TemporaryFailure(self.redact(f"Not connected: {error}"), code="not_connected")
        return self.failure(method, f"No answer: {type(error).__name__}: {error}", code="no_answer")

    def _read(self, response: requests.Response) -> bytes:
        parts, size = [], 0
        try:
            for part in response.iter_content(65_536):
                size += len(part)
                if size > self.max_bytes:
                    raise self.failure(response.request.method, f"Answer over {self.max_bytes} bytes", code="oversize")
                parts.append(part)
        finally:
            response.close() if size > self.max_bytes else None
        return b"".join(parts)

    def _understood(
        self, method: str | None, response: requests.Response, body: bytes
    ) -> requests.Response | ConnectorError:
        response._content, response._content_consumed = body, True  # type: ignore[attr-defined]
        try:
            parsed = parse_json(body)
        except ValueError:
            return self._not_json(method, response, body)
        self.last = Answer(response.status_code, response.headers, parsed, method or "GET")
        response.json = lambda **_: parsed  # type: ignore[method-assign]
        response.headers["Content-Type"] = "application/json"
        return response

    def _not_json(self, method: str | None, response: requests.Response, body: bytes) -> ConnectorError:
        status = response.status_code
        words = self.redact(f"{status} {response.reason or ''}: {_plain(body)}".strip())
        code = f"http_{status}"
        if status == 429:
            return RateLimited(words, code=code, retry_at=retry_after(response.headers))
        if status == 401:
            return AuthorizationLost(words, code=code)
        if status == 413:
            return Rejected(words, code=code, reason="too_large")
        if 400 <= status < 500:  # a gateway said no before the platform saw it
            return TemporaryFailure(words, code=code, retry_at=retry_after(response.headers))
        return self.failure(method, words, code=code if status >= 500 else "not_json")


class _Redirect(HTTPAdapter):
    """Sends to another base URL than the request names, and reads against the deadline.

    Tweepy 4.17 builds its host into a method; there is no setting to change it.
    """

    def __init__(self, base_url: str) -> None:
        self.base = urlsplit(base_url)
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager  # type: ignore[assignment]
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        if self.base.netloc:
            there = urlsplit(request.url or "")
            path = self.base.path.rstrip("/") + there.path
            request.url = urlunsplit((self.base.scheme, self.base.netloc, path, there.query, ""))
            kwargs["proxies"] = {}
        return super().send(request, **kwargs)


class _DeadlineReader(io.RawIOBase):
    """Reads a socket, each time with no more patience than the whole answer has left."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self.patience, self.until = sock, sock.gettimeout() or TOTAL_SECONDS, _deadline.get()
        self.raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took longer than its deadline")
        self.sock.settimeout(min(self.patience, left))
        return self.raw.readinto(buffer)

    def close(self) -> None:
        self.raw.close()
        super().close()


class _Response(PlainResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock))  # type: ignore[assignment]


class _Connection(HTTPConnection):
    response_class = _Response  # type: ignore[assignment]


class _SecureConnection(HTTPSConnection):
    response_class = _Response  # type: ignore[assignment]


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def never_left(error: BaseException) -> bool:
    """Whether the request surely was not written: no connection was made."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return True
    if isinstance(error, requests.exceptions.SSLError):  # other TLS errors can come after the request was written
        return "CERTIFICATE" in str(error).upper()
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def within_a_day(moment: datetime) -> datetime:
    """No platform's window is longer; whatever an answer says beyond it, we ask again then."""
    return min(moment, datetime.now(UTC) + LONGEST_WINDOW)


def told_time(headers: Mapping[str, str]) -> datetime:
    """The platform's clock, by which its windows and its messages are timed; ours where it tells nothing likely."""
    try:
        at = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return datetime.now(UTC)
    return at if 2020 <= at.year < 2100 else datetime.now(UTC)


def retry_after(headers: Mapping[str, str]) -> datetime | None:
    """When an answer's Retry-After says to come back, within a day; None when it says nothing readable."""
    value = headers.get("retry-after", "").strip()
    try:
        if value.replace(".", "", 1).isdecimal():
            return within_a_day(datetime.fromtimestamp(time.time() + float(value), UTC))
        return within_a_day(parsedate_to_datetime(value).astimezone(UTC))
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _plain(body: bytes) -> str:
    text = re.sub(r"(?is)<(script|style).*?</\1>|<[^>]+>", " ", body[:4_000].decode("utf-8", "replace"))
    return " ".join(text.split())[:300]


# Redaction

_NAMES = (
    r"(?:access_token|refresh_token|client_secret|appsecret_proof|app_secret|oauth_token|oauth_token_secret"
    r"|oauth_signature|oauth_consumer_key|oauth_verifier|fb_exchange_token|input_token|bearer_token"
    r"|consumer_secret|consumer_key|access_token_secret|code_verifier|(?<=[?&])code|password)"
)
_PAIR = re.compile(rf"(?i)(?<![a-z]){_NAMES}(['\"]?\s*[=:]\s*u?b?['\"]?)(?!\*\*\*)[^\s&'\",;}}<>)\]]{{6,}}")
_BEARER = re.compile(r"\b([Bb]earer|Basic)(\s+|%20)[A-Za-z0-9._~+/=%-]{12,}")
_live: WeakSet[PlatformSession] = WeakSet()
_live_lock = RLock()  # collecting garbage may log while we hold it


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with every given secret, and everything that looks like one, replaced by ***."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _BEARER.sub(r"\1\2***", text)
    return _PAIR.sub(lambda m: m[0][: m.end(1) - m.start()] + "***", text)


class _Redaction(logging.Filter):
    """The SDKs log whole URLs, headers and bodies at DEBUG: cleaned before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        with _live_lock:
            secrets = {secret for session in list(_live) for secret in session._secrets}
        record.msg, record.args = redact(record.getMessage(), secrets), ()
        return True


_TALKATIVE = """
    tweepy.client tweepy.api tweepy.auth facebook urllib3.connectionpool urllib3.connection urllib3.util.retry
    requests_oauthlib requests_oauthlib.oauth1_auth requests_oauthlib.oauth1_session
    requests_oauthlib.oauth2_session oauthlib oauthlib.oauth1.rfc5849 oauthlib.oauth2.rfc6749
""".split()  # noqa: SIM905 - names read as a text
for _name in _TALKATIVE:
    logging.getLogger(_name).addFilter(_Redaction())
