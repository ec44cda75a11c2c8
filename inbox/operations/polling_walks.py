"""Which page to ask for next: what is new first, and what is older in turns that never starve it.

A walk that does not end in one page is kept in `stream.backlog`; while it is there, what is new is read by walks of
their own that stop where the last one began. `complete_until` moves when no walk is left: only then is there proof.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.types import Cursor, Page
from inbox.models import Stream

OVERLAP = timedelta(minutes=10)  # some posts show up late, below the newest id already seen
HEAD_EVERY = timedelta(seconds=20)


@dataclass(slots=True)
class Question:
    """One page to ask the platform for."""

    cursor: Cursor
    since: datetime | None
    head: bool  # the newest, rather than the rest of an older walk
    asked_at: datetime


def question(stream: Stream, *, now: datetime) -> Question:
    """The newest, unless that was just asked and something older is waiting."""
    state = stream.backlog
    if not state:
        return Question(dict(stream.cursor), _bound(stream, now), head=True, asked_at=now)
    if not timedelta(0) <= now - datetime.fromisoformat(state["head_at"]) < HEAD_EVERY:
        since = min(datetime.fromisoformat(state["since"]), now - OVERLAP)
        return Question({}, since, head=True, asked_at=now)
    return Question(dict(state["walks"][0]["cursor"]), _bound(stream, now), head=False, asked_at=now)


def _bound(stream: Stream, now: datetime) -> datetime | None:
    """What lies before is in; never the future, where a clock that has been set back since put it."""
    return min(stream.complete_until, now) - OVERLAP if stream.complete_until else stream.since


def advance(stream: Stream, *, asked: Question, page: Page) -> dict[str, Any]:
    """The stream's cursor, backlog and proof after this page. What was said after we asked is proved by no answer."""
    if page.complete_until is not None:
        page = replace(page, complete_until=min(page.complete_until, asked.asked_at))
    state: dict[str, Any] = deepcopy(stream.backlog or {"walks": [], "proof": None})
    fields = _after_head(state, asked, page) if asked.head else _after_walk(state, stream, page)
    if state["walks"]:
        return {**fields, "backlog": state}
    proof = datetime.fromisoformat(state["proof"]) if state["proof"] else None
    known = [min(at, asked.asked_at) for at in (stream.complete_until, proof, page.complete_until) if at is not None]
    moved = {"complete_until": max(known)} if proof or page.complete_until else {}
    return {**fields, **moved, "backlog": None}


def _after_head(state: dict[str, Any], asked: Question, page: Page) -> dict[str, Any]:
    if not page.has_more and page.complete_until is None and state["walks"]:
        state["head_at"] = asked.asked_at.isoformat()
        return {}
    for walk in state["walks"]:
        walk["head"] = False
    state |= {"head_at": asked.asked_at.isoformat(), "since": (asked.asked_at - OVERLAP).isoformat()}
    if page.has_more:
        state["walks"].insert(0, {"cursor": page.cursor, "head": True})
        return {}
    state["proof"] = page.complete_until.isoformat() if page.complete_until else None
    return {"cursor": page.cursor} if page.cursor or not state["walks"] else {}


def _after_walk(state: dict[str, Any], stream: Stream, page: Page) -> dict[str, Any]:
    if page.has_more:
        state["walks"][0]["cursor"] = page.cursor
        return {}
    walk = state["walks"].pop(0)
    lost_its_way = page.complete_until is None
    if lost_its_way:
        state["proof"] = None
        return {"cursor": page.cursor}  # asks for everything since then once more
    if walk["head"]:
        state["proof"] = page.complete_until.isoformat() if page.complete_until else None
        return {"cursor": page.cursor}
    return {} if stream.cursor else {"cursor": page.cursor}
