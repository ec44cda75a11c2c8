"""Reading an edge that Graph gives newest first: visitor posts, tagged posts, reviews, our own posts.

Cursor: {"mark": newest time of the last finished walk, "walk": {"after", "newest", "stop", "began", "trail"}}.
The mark moves only when a walk has reached it: a crash in between starts over from it and loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.facebook.harvest import Harvest
from connectors.facebook.paging import following, goes_round
from connectors.facebook.values import entries, entry, moment_or_none
from connectors.types import Cursor, InboundMessage, Page

CALLS_A_POLL = 3


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge, how its items are read, and how late one may show up beneath newer ones."""

    path: str
    fields: str
    read: Callable[[dict[str, Any]], InboundMessage]
    overlap: timedelta


def poll_edge(harvest: Harvest, edge: Edge, cursor: Cursor, *, since: datetime | None, limit: int) -> Page:
    """The next stretch of the walk, or the first of a new one."""
    mark = moment_or_none(cursor.get("mark"))
    walk = dict(entry(cursor.get("walk")))
    if not walk:
        walk = {"after": "", "newest": iso(mark), "stop": iso(mark - edge.overlap if mark else since)}
    done = False
    while not done and harvest.calls < CALLS_A_POLL and len(harvest.messages) < limit:
        done = _step(harvest, edge, walk, limit=limit)
    began = moment_or_none(walk.get("began"))
    if walk.get("lost"):
        return harvest.page({"mark": cursor.get("mark")}, has_more=False, trouble="no_end")
    if done:
        return harvest.page({"mark": walk["newest"] or cursor.get("mark")}, has_more=False, complete_until=began)
    return harvest.page({"mark": cursor.get("mark"), "walk": walk}, has_more=True)


def _step(harvest: Harvest, edge: Edge, walk: dict[str, Any], *, limit: int) -> bool:
    asked = max(1, min(limit - len(harvest.messages), 100))
    answer = harvest.read_edge(edge.path, fields=edge.fields, limit=asked, after=walk["after"])
    walk.setdefault("began", iso(harvest.at))
    stop = moment_or_none(walk["stop"])
    items = entries(answer.get("data"))
    for item in items:
        at = created(item)
        walk["newest"] = iso(latest(moment_or_none(walk["newest"]), harvest.past(at)))
        if at is None or stop is None or at >= stop:
            harvest.take(item, edge.read)
    walk["after"] = following(answer)
    walk["lost"] = bool(walk["after"]) and goes_round(walk.setdefault("trail", {}), items)
    return walk["lost"] or not walk["after"] or reached([created(item) for item in items], stop)


def created(item: Any, key: str = "created_time") -> datetime | None:
    """When an item was made, if it says so."""
    return moment_or_none(entry(item).get(key))


def iso(at: datetime | None) -> str | None:
    """A time as a cursor keeps it."""
    return at.isoformat() if at else None


def latest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two, either of which may be unknown."""
    return max((at for at in (one, other) if at), default=None)


def reached(times: list[datetime | None], stop: datetime | None) -> bool:
    """Whether everything further on is older than `stop`.

    A page out of order proves nothing, nor does one item alone below newer ones (its time may be wrong): read on.
    """
    known = [at for at in times if at]
    if stop is None or not known:
        return False
    return known == sorted(known, reverse=True) and all(at < stop for at in known[-2:])
