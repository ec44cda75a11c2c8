"""A small platform in memory: a timeline that is read newest first in pages, and that fails when told to."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone

from connectors.base import Connector, OAuth
from connectors.registry import PLATFORMS, Platform
from connectors.types import (
    AccountInfo,
    Capabilities,
    Cost,
    InboundMessage,
    Limit,
    Page,
    Refreshed,
    StreamSpec,
    Visibility,
)

KIND = "memory"


class Timeline:
    """What one account can read, shared by all connectors of the test."""

    accounts: ClassVar[dict[str, Timeline]] = {}

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.errors: list[Exception] = []  # raised by the next polls, in order
        self.always: Exception | None = None
        self.page_size = 100
        self.limits: tuple[Limit, ...] = ()
        self.cost = Cost(calls=1)
        self.delay = 0.0
        self.asked: list[dict[str, Any]] = []
        self.refreshed = Refreshed()
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()


class MemoryConnector(Connector):
    """Polls a `Timeline` by account id, with the contract's cursors."""

    kind = KIND
    capabilities = Capabilities(
        "Memory", "memory", "plain",
        streams=(
            StreamSpec("mentions", Visibility.PUBLIC, default_interval=20, min_interval=5),
            StreamSpec("search", Visibility.PUBLIC, needs_query=True, proactive=True, default_interval=60, min_interval=5),
        ),
    )  # fmt: skip

    def poll(self, stream: Any, cursor: dict[str, Any], *, since: datetime | None = None, limit: int = 100) -> Page:
        timeline = Timeline.accounts[self.credentials.account_id]
        with timeline.lock:
            timeline.asked.append(dict(cursor))
            timeline.in_flight += 1
            timeline.most_in_flight = max(timeline.most_in_flight, timeline.in_flight)
        try:
            time.sleep(timeline.delay)
            return self._page(timeline, cursor, since)
        finally:
            with timeline.lock:
                timeline.in_flight -= 1

    def _page(self, timeline: Timeline, cursor: dict[str, Any], since: datetime | None) -> Page:
        if timeline.always or timeline.errors:
            raise timeline.always or timeline.errors.pop(0)
        now = timezone.now()
        floor = cursor.get("since") or (since.isoformat() if since else "")
        until = cursor.get("until") or now.isoformat()
        below = sorted(
            (m for m in timeline.messages if floor < m.sent_at.isoformat() <= until),
            key=lambda m: m.sent_at,
            reverse=True,
        )
        start = cursor.get("start", 0)
        part = below[start : start + timeline.page_size]
        more = len(below) > start + timeline.page_size
        walk = {"since": floor, "until": until, "start": start + timeline.page_size}
        return Page(
            tuple(part), cursor=walk if more else {"since": until}, has_more=more, fetched=len(part), cost=timeline.cost,
            limits=timeline.limits, complete_until=None if more else datetime.fromisoformat(until),
        )  # fmt: skip

    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        return Timeline.accounts[self.credentials.account_id].refreshed

    def check(self) -> AccountInfo:
        return AccountInfo(self.credentials.account_id, "Memory")

    def send(self, message: Any) -> Any:
        raise NotImplementedError

    find_sent = hide = unhide = delete_own = permalink = send

    @classmethod
    def length(cls, text: str) -> int:
        return len(text)

    @classmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        raise NotImplementedError


class MemoryOAuth(OAuth):
    """Never needs a refresh."""

    scopes = ()

    @classmethod
    def needs_refresh(cls, data: dict[str, str], *, now: datetime) -> bool:
        return False

    @classmethod
    def authorize_url(cls, app: Any, *, state: str, verifier: str) -> str:
        raise NotImplementedError

    check_app = exchange = accounts = refresh = revoke = authorize_url


def install() -> None:
    """Put it on the list of platforms."""
    PLATFORMS[KIND] = Platform("Memory", f"{__name__}.MemoryConnector", f"{__name__}.MemoryOAuth")


def remove() -> None:
    """Take it off again."""
    PLATFORMS.pop(KIND, None)
    Timeline.accounts.clear()
