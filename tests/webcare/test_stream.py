"""The event stream: who hears what, and what happens when something ends."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from inbox.events import CHANNEL, publish, valkey
from inbox.models import Agent, Membership
from tests import builders
from tests.browser import session_of
from webcare import stream


class Listener:
    """A browser's end of a stream: blocks until the next event."""

    def __init__(self, live: str, slug: str, session: str) -> None:
        address = urlsplit(live)
        self.socket = socket.create_connection((address.hostname or "", address.port or 0), timeout=15)
        self.socket.sendall(
            f"GET /stream/{slug}/ HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={session}\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = dict(self.lines())

    def lines(self) -> Iterator[tuple[str, str]]:
        while line := self.file.readline().decode().strip():
            name, _, value = line.partition(":")
            yield name.lower(), value.strip()

    def next(self) -> tuple[str, dict[str, object]] | None:
        """The next event as (kind, data); None when the server ended the stream."""
        kind = ""
        while line := self.file.readline():
            text = line.decode().strip()
            if text.startswith("event: "):
                kind = text.removeprefix("event: ")
            if text.startswith("data: "):
                return kind, json.loads(text.removeprefix("data: "))
        return None

    def until(self, kind: str) -> dict[str, object]:
        """The data of the next event of this kind."""
        while event := self.next():
            if event[0] == kind:
                return event[1]
        raise AssertionError(f"the stream ended before {kind}")

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def listen(live: str) -> Iterator[Callable[[Agent, str], Listener]]:
    """Open a stream as this agent; it has said hello when this returns."""
    opened: list[Listener] = []

    def open_stream(agent: Agent, slug: str) -> Listener:
        listener = Listener(live, slug, session_of(agent))
        opened.append(listener)
        assert listener.status == 200
        assert "now" in listener.until("hello")
        return listener

    yield open_stream
    for listener in opened:
        listener.close()


def test_a_change_reaches_the_agents_of_its_brand_as_an_id(listen):
    brand = builders.brand()
    listener = listen(builders.agent(brand), brand.slug)
    publish("conversation", brand_id=brand.pk, id=42)
    assert listener.next() == ("conversation", {"id": 42})
    assert listener.until("counts") == {}


def test_the_answer_is_not_cached_and_not_buffered(listen):
    brand = builders.brand()
    listener = listen(builders.agent(brand), brand.slug)
    assert listener.headers["content-type"].startswith("text/event-stream")
    assert "no-cache" in listener.headers["cache-control"]
    assert listener.headers["x-accel-buffering"] == "no"


def test_another_brands_change_stays_unheard(listen):
    mine, other = builders.brand(), builders.brand()
    listener = listen(builders.agent(mine), mine.slug)
    publish("conversation", brand_id=other.pk, id=1)
    publish("conversation", brand_id=mine.pk, id=2)
    assert listener.next() == ("conversation", {"id": 2})


def test_a_notification_reaches_its_agent_alone(listen):
    brand = builders.brand()
    anna, bram = builders.agent(brand), builders.agent(brand)
    to_anna, to_bram = listen(anna, brand.slug), listen(bram, brand.slug)
    publish("notification", brand_id=brand.pk, agent=anna.pk)
    publish("account", brand_id=brand.pk, id=7)
    assert to_anna.next() == ("notification", {"agent": anna.pk})
    assert to_bram.next() == ("account", {"id": 7})


def test_a_burst_about_one_conversation_is_told_a_few_times_not_a_thousand(listen):
    brand = builders.brand()
    listener = listen(builders.agent(brand), brand.slug)
    pipeline = valkey().pipeline()
    for _ in range(1000):
        pipeline.publish(CHANNEL, json.dumps({"kind": "conversation", "brand": brand.pk, "id": 5}))
    pipeline.execute()
    publish("account", brand_id=brand.pk, id=9)
    told = 0
    while (event := listener.next()) and event[0] != "account":
        told += event[0] == "conversation"
    assert 1 <= told < 20


def test_a_change_does_not_wait_for_what_follows_a_ping(monkeypatch):
    monkeypatch.setattr(stream, "GAP", 3600)

    async def heard() -> list[bytes]:
        written: list[bytes] = []
        arrived = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            written.append(message["body"])
            arrived.set()

        audience = stream.Audience()
        connection = stream.Connection(audience, send, agent_id=1, brand_id=1, key=("", ""))
        connection.greeted = True
        for event in (stream.PING, stream.PING, b"event: conversation\n\n"):
            connection.give(event)
            await asyncio.wait_for(arrived.wait(), 20)
            arrived.clear()
        audience.writer.cancel()
        return written

    with ThreadPoolExecutor(1) as apart:  # the browser of other tests may have a loop in this one
        told = apart.submit(lambda: asyncio.run(heard())).result(60)
    assert told == [stream.PING, stream.PING, b"event: conversation\n\n"]


def test_what_all_are_told_goes_with_what_is_ones_own_and_waits_for_the_greeting():
    async def heard() -> list[list[bytes]]:
        written: list[list[bytes]] = [[], [], []]
        audience, arrived = stream.Audience(), asyncio.Event()

        def connected(n: int, *, greeted: bool) -> stream.Connection:
            async def send(message: MutableMapping[str, Any]) -> None:
                written[n].append(message["body"])
                if written[0] and written[1]:
                    arrived.set()

            made = stream.Connection(audience, send, agent_id=n, brand_id=1, key=("", ""))
            made.greeted = greeted
            audience.connections.add(made)
            return made

        told, _, late = connected(0, greeted=True), connected(1, greeted=True), connected(2, greeted=False)
        told.give(b"own\n")
        audience.tell(b"all\n")
        await arrived.wait()
        assert written[2] == []
        late.greeted = True
        await late.write()
        audience.writer.cancel()
        return written

    with ThreadPoolExecutor(1) as apart:
        written = apart.submit(lambda: asyncio.run(asyncio.wait_for(heard(), 30))).result(60)
    assert written == [[b"own\nall\n"], [b"all\n"], [b"all\n"]]


def test_a_browser_that_does_not_read_holds_up_nobody(listen):
    brand = builders.brand()
    listener, deaf = (listen(builders.agent(brand), brand.slug) for _ in range(2))
    assert deaf.status == 200
    for n in range(50):  # 20 MB: more than a connection takes unread
        pipeline = valkey().pipeline(transaction=False)
        for k in range(40):
            told = {"kind": "account", "brand": brand.pk, "id": f"{n}-{k}-{'x' * 10_000}"}
            pipeline.publish(CHANNEL, json.dumps(told))
        pipeline.execute()
        while not str(listener.until("account")["id"]).startswith(f"{n}-39-"):
            pass
    publish("conversation", brand_id=brand.pk, id=1)
    assert listener.until("conversation") == {"id": 1}


def test_an_outsider_gets_404_and_nobody_gets_401(live):
    brand = builders.brand()
    outsider = builders.agent(builders.brand())
    for session, expected in ((session_of(outsider), 404), ("nonsense", 401), ("", 401)):
        with closing(Listener(live, brand.slug, session)) as listener:
            assert listener.status == expected


def test_a_brand_that_does_not_exist_is_404(live):
    with closing(Listener(live, "nowhere", session_of(builders.agent(builders.brand())))) as listener:
        assert listener.status == 404


def test_only_get_is_allowed(live):
    request = urllib.request.Request(f"{live}/stream/x/", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 405
    refused.value.close()


def test_a_stream_ends_when_its_agent_loses_the_brand(listen):
    brand = builders.brand()
    agent = builders.agent(brand)
    listener = listen(agent, brand.slug)
    Membership.objects.all().delete()
    publish("rights", brand_id=brand.pk, agent=agent.pk)
    assert listener.next() == ("rights", {})
    assert listener.next() is None


def test_what_cannot_be_read_on_the_channel_harms_nobody(listen):
    brand = builders.brand()
    listener = listen(builders.agent(brand), brand.slug)
    for broken in ("", "no json", "[]", "7", '{"kind": "x"}', '{"kind": "x", "brand": "y"}'):
        valkey().publish(CHANNEL, broken)
    publish("conversation", brand_id=brand.pk, id=3)
    assert listener.next() == ("conversation", {"id": 3})


def test_open_streams_hold_no_database_connection_each(listen):
    from django.db import connection

    brand = builders.brand()
    agent = builders.agent(brand)
    for _ in range(30):
        listen(agent, brand.slug)
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid != pg_backend_pid()"
        )
        (held,) = cursor.fetchone()
    assert held <= 16


def test_after_valkey_was_away_everybody_is_told_to_fetch_anew(listen):
    from tests.servers import SERVERS

    brand = builders.brand()
    listener = listen(builders.agent(brand), brand.slug)
    SERVERS.processes["valkey"].kill()
    SERVERS.processes["valkey"].wait()
    SERVERS.start_one("valkey")
    SERVERS.valkey.wait()
    assert "now" in listener.until("hello")
    publish("conversation", brand_id=brand.pk, id=8)
    assert listener.until("conversation") == {"id": 8}


def test_streams_end_at_once_when_the_server_is_told_to_stop(live, tmp_path):
    from tests.browser import Program, free_port

    brand = builders.brand()
    session = session_of(builders.agent(brand))
    port = free_port()
    server = Program("web", tmp_path / "log", PORT=str(port))
    server.wait_for(f"http://localhost:{port}/account/login/")
    with closing(Listener(f"http://localhost:{port}", brand.slug, session)) as listener:
        assert "now" in listener.until("hello")
        os.kill(server.process.pid, 15)
        assert listener.next() is None
    server.process.wait(30)
