"""What one poll gathers: messages, and set aside whole, with why, what could not be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.exceptions import ConnectorError
from connectors.facebook.errors import limits
from connectors.facebook.graph import Graph
from connectors.facebook.paging import turned
from connectors.facebook.values import UnreadableError, entry, identifier
from connectors.http import told_time
from connectors.payloads import glimpse
from connectors.types import Cost, Cursor, InboundMessage, Page, Unreadable, Visibility

DAY, AHEAD = timedelta(days=1), timedelta(minutes=5)
REMEMBERED = 300  # items set aside that the cursor knows, so that a poll does not bring them again and again


class Harvest:
    """Gathers over the calls of one poll; `aside` are the keys of what was set aside before."""

    def __init__(self, graph: Graph, *, aside: Any = ()) -> None:
        self.graph = graph
        self.messages: list[InboundMessage] = []
        self.unreadable: list[Unreadable] = []
        self.recovered: list[str] = []
        self.aside: list[str] = [key for key in aside if isinstance(key, str)] if aside else []
        self.calls = 0
        self.fetched = 0
        self.at = datetime.now(UTC)  # by the platform's clock, as its latest answer shows it

    def read(self, path: str, **params: Any) -> dict[str, Any]:
        """One call for a node."""
        self.calls += 1
        answer = self.graph.read(path, **params)
        self.at = told_time(self.headers)
        return answer

    def read_edge(self, path: str, *, after: str = "", **params: Any) -> dict[str, Any]:
        """One call for a page of an edge."""
        self.calls += 1
        answer = self.graph.read_edge(path, **params, **turned(after))
        self.at = told_time(self.headers)
        return answer

    def take(self, payload: Any, read: Callable[[dict[str, Any]], InboundMessage]) -> InboundMessage | None:
        """One item, read or set aside: it never costs its neighbours."""
        self.fetched += 1
        try:
            if not isinstance(payload, dict):
                raise UnreadableError(f"an item is a {type(payload).__name__}")
            message = read(payload)
            if message.sent_at > self.at + DAY:
                raise UnreadableError(f"impossible time: {message.sent_at.isoformat()}")
        except Exception as error:
            self.set_aside(payload, reason(error))
            return None
        self.messages.append(message)
        return message

    def set_aside(self, payload: Any, why: str) -> None:
        """Keep it whole, once."""
        key = identifier(entry(payload).get("id")) or _digest(payload)
        if key in self.aside:
            return
        self.aside = [*self.aside, key][-REMEMBERED:]
        self.unreadable.append(Unreadable(payload, why, identifier(entry(payload).get("id"))))

    def recover(self, key: str) -> None:
        """What was set aside under this id could be read after all."""
        if key in self.aside:
            self.aside.remove(key)
            self.recovered.append(key)

    def page(
        self, cursor: Cursor, *, has_more: bool, complete_until: datetime | None = None, trouble: str = ""
    ) -> Page:
        """Everything gathered."""
        return Page(
            messages=tuple(self.messages),
            unreadable=tuple(self.unreadable),
            recovered=tuple(self.recovered),
            cursor=cursor | {"aside": self.aside},
            has_more=has_more,
            complete_until=None if has_more or trouble else complete_until,
            trouble=trouble,
            fetched=self.fetched,
            cost=self.cost(),
            limits=limits(self.headers),
        )

    def cost(self) -> Cost:
        """Calls, and what they brought."""
        private = sum(message.visibility is Visibility.PRIVATE for message in self.messages)
        return Cost(calls=self.calls, post_reads=self.fetched - private, message_reads=private)

    @property
    def headers(self) -> Any:
        """Of the latest answer."""
        last = self.graph.session.last
        return last.headers if last else {}

    def past(self, at: datetime | None) -> datetime | None:
        """A time to go on from, unless it has not come yet: nothing that is said later would be read."""
        return at if at is not None and at <= self.at + AHEAD else None


def reason(error: Exception) -> str:
    """Why an item is set aside, in words for a person."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, ConnectorError):
        return f"{error.code}: {error.detail}"
    return f"{type(error).__name__}: {error}"


def _digest(payload: Any) -> str:
    try:
        told = json.dumps(payload, sort_keys=True, default=str)
    except RecursionError:
        told = glimpse(payload)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
