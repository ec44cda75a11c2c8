"""The event stream: tells open browsers what changed, as server-sent events that carry ids only.

One Valkey subscription a process, fanned out in memory, because a subscription per browser costs three times as
much. A browser that connects (again) gets `hello` and fetches anew, so a lost event costs freshness, never truth.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import redis.asyncio
import structlog
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host
from redis.exceptions import RedisError

from inbox.access import brands_of
from inbox.events import CHANNEL

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

GAP = 0.25  # seconds between two writes to a brand's browsers; what comes in between goes together, each id once
AT_ONCE = 200  # browsers written to before anything else has its turn
PATIENCE = 0.5  # seconds that one browser may hold up the others
COUNTS_GAP = 1.0  # seconds between two `counts` of one brand
PING_EVERY = 15  # seconds; proxies cut what is silent
JUST = 5  # seconds in which nobody doubts a stream that said something
PING = b":\n\n"
RECHECK_EVERY = 60  # seconds between two looks at an open stream's rights
OWN_ONLY = {"notification"}  # kinds that concern one agent alone
QUIET = {"presence", "draft", "notification", "counts", "hello"}  # kinds that change no count
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
log = structlog.get_logger()


class Connection:
    """One open browser. `pending` holds encoded events for it alone; equal ones fall together."""

    __slots__ = ("agent_id", "audience", "brand_id", "closed", "greeted", "key", "pending", "send")

    def __init__(self, audience: Audience, send: Send, *, agent_id: int, brand_id: int, key: tuple[str, str]) -> None:
        self.audience, self.send = audience, send
        self.agent_id, self.brand_id, self.key = agent_id, brand_id, key
        self.pending: dict[bytes, None] = {}
        self.greeted = False
        self.closed = asyncio.get_running_loop().create_future()

    def give(self, event: bytes) -> None:
        """Write this soon."""
        self.audience.told = self.audience.told or event != PING
        self.pending[event] = None
        self.audience.waiting[self] = None
        self.audience.wake.set()

    def close(self) -> None:
        """Write what is pending, and end."""
        if not self.closed.done():
            self.closed.set_result(None)

    async def write(self, common: bytes = b"") -> None:
        """Write what is pending, and what all are told, in one piece; what comes before the greeting goes with it."""
        if not self.greeted:
            if common:
                self.pending[common] = None
            return
        if self.pending:
            common = b"".join([*self.pending, common])
            self.pending.clear()
        if common:
            await self.send(part(common))


class Audience:
    """The open browsers of one brand. One task writes to all of them: a task for each takes several times as long."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.waiting: dict[Connection, None] = {}  # those with something of their own
        self.common: dict[bytes, None] = {}  # encoded events for all of them
        self.wake = asyncio.Event()
        self.told = False  # something happened, since the last gap
        self.heard = 0.0  # when all of them were told something, by the loop's clock
        self.writer = asyncio.create_task(self.write())

    def tell(self, event: bytes) -> None:
        """Write this to everybody soon."""
        self.told = True
        self.common[event] = None
        self.wake.set()

    async def write(self) -> None:
        """Write what is pending, a few times a second at most; a ping makes nobody wait for what comes after it."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            common, self.common = b"".join(self.common), {}
            waiting, self.waiting = list(self.connections if common else self.waiting), {}
            told, self.told = self.told, False
            self.heard = asyncio.get_running_loop().time() if common else self.heard
            for start in range(0, len(waiting), AT_ONCE):
                await _write(waiting[start : start + AT_ONCE], common)
                await asyncio.sleep(0)  # pages have their turn
            if told:
                await asyncio.sleep(GAP)


def part(body: bytes) -> dict[str, Any]:
    """A piece of a stream, for `send`."""
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _write(few: list[Connection], common: bytes) -> None:
    """Write to each of them. Who does not read what it is sent is cut off: it comes back and fetches anew."""
    same = part(common)  # nearly everybody is told this and nothing else
    while few:
        connection = few[-1]
        try:
            async with asyncio.timeout(PATIENCE):
                while few:
                    connection = few.pop()
                    if common and connection.greeted and not connection.pending:
                        await connection.send(same)
                    else:
                        await connection.write(common)
        except TimeoutError:
            log.info("stream_cut")
            connection.close()
        except Exception:  # whatever it is, the others are told
            log.exception("stream_broken")
            connection.close()


def encode(kind: str, data: dict[str, Any]) -> bytes:
    """One event as it goes over the wire."""
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def hello() -> bytes:
    """The first event of every connection: from here on you are told, before it you must ask."""
    return encode("hello", {"now": datetime.now(UTC).isoformat(timespec="milliseconds")})


def identify(session_key: str, slug: str) -> tuple[int, int | None] | None:
    """(agent, brand) of a session; brand None for an outsider; None for nobody. Runs in a thread."""
    close_old_connections()
    try:
        request = HttpRequest()
        request.session = SessionStore(session_key)
        agent = get_user(request)
        if not agent.is_authenticated:
            return None
        brand = brands_of(agent).filter(slug=slug).values_list("pk", flat=True).first()  # type: ignore[arg-type]
        return agent.pk, brand
    finally:
        close_old_connections()  # a pooled connection goes back now: an open stream holds none


class Hub:
    """All open browsers of this process."""

    def __init__(self) -> None:
        self.by_brand: dict[int, Audience] = {}
        self.counted: dict[int, float] = {}  # brand -> when its next `counts` may go, or has been set to go
        self.threads = ThreadPoolExecutor(4, thread_name_prefix="stream")  # few: each may keep a database connection
        self.tasks: list[asyncio.Task[None]] = []
        self.closing = False

    def start(self) -> None:
        """Listen to Valkey and keep the connections alive, until `stop`."""
        self.closing = False
        self.tasks = [asyncio.create_task(self.listen()), asyncio.create_task(self.keep_alive())]

    async def stop(self) -> None:
        """End everything."""
        self.close_all()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.threads.shutdown(wait=False, cancel_futures=True)

    def close_all(self) -> None:
        """End every stream now: a server that is told to stop must not wait for them."""
        self.closing = True
        for connection in self.connections():
            connection.close()

    def connections(self) -> list[Connection]:
        return [connection for audience in self.by_brand.values() for connection in audience.connections]

    async def identify(self, key: tuple[str, str]) -> tuple[int, int | None] | None:
        return await asyncio.get_running_loop().run_in_executor(self.threads, identify, *key)

    # From Valkey

    async def listen(self) -> None:
        """Follow the channel for ever; after an interruption everybody is told to fetch anew."""
        interrupted = False
        while True:
            try:
                async with (
                    redis.asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=10) as client,
                    client.pubsub(ignore_subscribe_messages=True) as subscription,
                ):
                    await subscription.subscribe(CHANNEL)
                    if interrupted:
                        for audience in self.by_brand.values():
                            audience.tell(hello())
                        log.info("events_back")
                        interrupted = False
                    await self.follow(subscription)
            except (RedisError, OSError) as error:
                if not interrupted:
                    log.warning("events_interrupted", error=type(error).__name__)
                interrupted = True
                await asyncio.sleep(0.5)

    async def follow(self, subscription: redis.asyncio.client.PubSub) -> None:
        while True:
            message = await subscription.get_message(timeout=5)
            if message is not None:
                self.read(message["data"])

    def read(self, raw: bytes) -> None:
        """Hand one published event to those it concerns; what cannot be read is told and left."""
        try:
            event = json.loads(raw)
            kind, brand_id = str(event.pop("kind")), int(event.pop("brand"))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("event_unreadable")
            return
        if kind == "rights":
            self.recheck_agent(event.get("agent"))
            return
        audience, told = self.by_brand.get(brand_id), encode(kind, event)
        if audience is None:  # nobody here looks at it
            return
        if kind in OWN_ONLY:
            for connection in audience.connections:
                if connection.agent_id == event.get("agent"):
                    connection.give(told)
        else:
            audience.tell(told)
        if kind not in QUIET:
            self.count(brand_id)

    def count(self, brand_id: int) -> None:
        """Say that counts changed: at once, with what changed them, if it was quiet; else when a second has passed."""
        loop = asyncio.get_running_loop()
        now, next_at = loop.time(), self.counted.get(brand_id, 0.0)
        if next_at <= now:
            self.counted[brand_id] = now + COUNTS_GAP
            self.tell_counts(brand_id)
        elif next_at <= now + COUNTS_GAP:  # otherwise one is on its way
            self.counted[brand_id] = next_at + COUNTS_GAP + 1e-6
            loop.call_at(next_at, self.tell_counts, brand_id)

    def tell_counts(self, brand_id: int) -> None:
        if audience := self.by_brand.get(brand_id):
            audience.tell(encode("counts", {}))

    # Rights

    def recheck_agent(self, agent_id: int | None) -> None:
        """Somebody's rights changed: look again at their open streams."""
        self.recheck([c for c in self.connections() if agent_id is None or c.agent_id == agent_id])

    def recheck(self, group: list[Connection]) -> None:
        same: dict[tuple[str, str], list[Connection]] = defaultdict(list)
        for connection in group:
            same[connection.key].append(connection)
        for key, its in same.items():
            task = asyncio.create_task(self.recheck_key(key, its))
            task.add_done_callback(_done)

    async def recheck_key(self, key: tuple[str, str], group: list[Connection]) -> None:
        """Close the streams of a session that may not see this brand any more."""
        found = await self.identify(key)
        for connection in group:
            if found != (connection.agent_id, connection.brand_id):
                connection.give(encode("rights", {}))
                connection.close()

    async def keep_alive(self) -> None:
        """A comment to every browser each 15 s, unless it just heard something; a look at its rights each 60 s."""
        second, loop = 0, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1)
            second += 1
            everyone = self.connections()
            for audience in self.by_brand.values():
                if loop.time() - audience.heard < JUST:
                    continue
                for connection in audience.connections:
                    if (id(connection) >> 6) % PING_EVERY == second % PING_EVERY:
                        connection.give(PING)
            self.recheck([c for c in everyone if hash(c.key) % RECHECK_EVERY == second % RECHECK_EVERY])

    # To browsers

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET /stream/<brand>/ until the browser leaves, its rights end or the server stops."""
        slug = scope["path"].removeprefix("/stream/").strip("/")
        refusal = _refusal(scope, slug)
        if refusal or self.closing:
            await _refuse(send, refusal or 503)
            return
        key = (_session_key(scope), slug)
        found = await self.identify(key)
        agent_id, brand_id = found or (0, None)
        if brand_id is None:
            await _refuse(send, 404 if found else 401)
            return
        connection = self.join(key, agent_id, brand_id, send)
        try:
            await self.stream(connection, receive, send)
        finally:
            self.forget(connection)

    def join(self, key: tuple[str, str], agent_id: int, brand_id: int, send: Send) -> Connection:
        """From here on it is told."""
        audience = self.by_brand.get(brand_id) or self.by_brand.setdefault(brand_id, Audience())
        connection = Connection(audience, send, agent_id=agent_id, brand_id=brand_id, key=key)
        audience.connections.add(connection)
        return connection

    def forget(self, connection: Connection) -> None:
        audience = connection.audience
        audience.connections.discard(connection)
        audience.waiting.pop(connection, None)
        if not audience.connections and self.by_brand.get(connection.brand_id) is audience:
            audience.writer.cancel()
            del self.by_brand[connection.brand_id]

    @staticmethod
    async def stream(connection: Connection, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        retry = b"retry: %d\n" % random.randint(1000, 3000)  # ms; after a restart not everybody comes at once
        connection.pending = {retry + hello(): None, **connection.pending}
        connection.greeted = True
        await connection.write()
        reader = asyncio.create_task(leave(receive))
        await asyncio.wait((reader, connection.closed), return_when=asyncio.FIRST_COMPLETED)
        if not reader.done():
            reader.cancel()
            await connection.write()
            connection.greeted = False
            await send({"type": "http.response.body", "body": b""})


def _done(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:  # the database is away: the next look decides
        log.warning("recheck_failed", error=type(task.exception()).__name__)


async def leave(receive: Receive) -> None:
    """Return when the browser has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _refusal(scope: Scope, slug: str) -> int:
    """The status of a request that is none of ours; 0 when it may go on."""
    headers = dict(scope["headers"])
    domain, _ = split_domain_port(headers.get(b"host", b"").decode("latin-1"))
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return 400
    if scope["method"] != "GET":
        return 405
    return 404 if not slug or "/" in slug else 0


def _session_key(scope: Scope) -> str:
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    return parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, "")


async def _refuse(send: Send, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    if status == 405:
        headers.append((b"allow", b"GET"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
