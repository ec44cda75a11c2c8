"""Walks through X's newest-first answers that lose nothing, whatever breaks between two pages.

A walk starts at the newest and goes back to what was stored before. Its state is the cursor:
`since`, `since_at`: up to where everything is stored; moved only when a walk has ended.
`token`, `newest`, `newest_at`, `oldest`, `oldest_at`, `still`, `walked`, `walk_at`: the walk under way, if any.
`paid`: what was charged today, because X charges a thing once a day.
A walk reads a little below `since`: some posts show up late, below newer ones; and meeting them again proves
that nothing is missing between.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.exceptions import CursorTooOld
from connectors.types import Cursor, InboundMessage, Page
from connectors.x.calls import WINDOW, Reply
from connectors.x.mapping import Read
from connectors.x.wire import before, born, count, items, likely, mapping, moment, newer, number, word

OVERLAP = 600  # seconds
STILL = 10  # pages of a walk that bring nothing older: it goes round, or has no end
AHEAD = timedelta(minutes=5)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
_WALK = ("token", "newest", "newest_at", "oldest", "oldest_at", "still", "walked", "walk_at", "start", "gap")

Fetch = Callable[..., Reply]  # fetch(since_id=, start_time=, pagination_token=) -> Reply


class Walk:
    """One poll of a stream of posts."""

    def __init__(self, cursor: Cursor, *, ceiling: int, window: bool) -> None:
        self.cursor = dict(cursor)
        self.ceiling, self.window = ceiling, window
        self.token = word(cursor.get("token"))
        self.since = word(cursor.get("since"))
        if not likely(self.since, LAST):
            self.since = ""  # nothing goes on from there
        self.since_at = moment(cursor.get("since_at"))
        self.paid = dict(mapping(cursor.get("paid")))

    def fetch(self, ask: Fetch, *, since: datetime | None) -> Reply:
        """The next page of the walk; falls back where X no longer knows our place in it."""
        if self.token and moment(self.cursor.get("walk_at")):
            try:
                return ask(**self._bounds(since), pagination_token=self.token)
            except CursorTooOld:
                self._forget_walk()  # the token has expired: once more from the top
        self._forget_walk()
        try:
            return ask(**self._bounds(since))
        except CursorTooOld:
            return self._from_window(ask)

    def _bounds(self, since: datetime | None) -> dict[str, Any]:
        start = moment(self.cursor.get("start"))
        if start:
            return {"start_time": start}
        if self.since:
            return {"since_id": before(self.since, OVERLAP)}
        if since is None:
            return {}
        start = max(since, datetime.now(UTC) - WINDOW) if self.window else since
        self.cursor["start"] = _iso(start)
        return {"start_time": start}

    def _from_window(self, ask: Fetch) -> Reply:
        """Our place is older than X reads back: take all there is and say what is lost."""
        self._forget_walk()
        self.cursor["gap"] = "window" if self.since else ""
        return ask()

    def _forget_walk(self) -> None:
        for name in _WALK:
            self.cursor.pop(name, None)
        self.token = ""

    def page(self, reply: Reply, read: Read, **parts: Any) -> Page:
        """What came, with the cursor from where to go on."""
        self._advance(reply, read)
        following = word(mapping(reply.json.get("meta")).get("next_token"))
        lost_way = following != "" and (following == self.token or self.cursor["still"] >= STILL)
        more = bool(following) and not lost_way and not self._passed(read)
        gap: dict[str, Any] = {}
        complete = None
        if more:
            self.cursor["token"] = following
        elif lost_way:
            self._forget_walk()  # the same page for ever: begin again next time, nothing moved
        else:
            gap, complete = self._gap(reply, read), moment(self.cursor.get("walk_at"))
            self._finish()
        self.cursor["paid"] = self.paid
        return Page(
            messages=tuple(read.messages),
            exposures=tuple(read.exposures),
            deletions=tuple(read.deletions),
            unreadable=tuple(read.unreadable),
            cursor={name: value for name, value in self.cursor.items() if value not in ("", None, {})},
            has_more=more,
            complete_until=complete,
            trouble="no_end" if lost_way else "",
            fetched=read.fetched,
            limits=reply.limits,
            **gap,
            **parts,
        )

    def _advance(self, reply: Reply, read: Read) -> None:
        """Only what came moves our place, never what an answer says of itself, nor an id of a day to come."""
        cursor, times = self.cursor, [at for at in _times(read) if at <= reply.at + AHEAD]
        for identifier in read.ids:
            if likely(identifier, reply.at) and number(identifier) > number(word(cursor.get("newest"))):
                cursor["newest"] = identifier
        cursor |= _progress(cursor, read)
        newest = max([*times, *filter(None, [moment(cursor.get("newest_at"))])], default=None)
        oldest = min([*times, *filter(None, [moment(cursor.get("oldest_at"))])], default=None)
        cursor["newest_at"], cursor["oldest_at"] = _iso(newest), _iso(oldest)
        cursor["walked"] = (count(cursor.get("walked")) or 0) + read.fetched
        cursor.setdefault("walk_at", _iso(reply.at))

    def _passed(self, read: Read) -> bool:
        """Whether all of this page was below what we asked for: X may forget `since_id` on later pages."""
        floor = number(before(self.since, OVERLAP)) if self.since else 0
        known = [number(identifier) for identifier in read.ids if number(identifier)]
        return bool(known) and max(known) <= floor

    def _gap(self, reply: Reply, read: Read) -> dict[str, Any]:
        oldest = moment(self.cursor.get("oldest_at"))
        if self.cursor.get("gap"):
            return {
                "gap_from": self.since_at,
                "gap_until": min(filter(None, [oldest, reply.at - WINDOW])),
                "gap_reason": "window",
            }
        met_again = any(0 < number(identifier) <= number(self.since) for identifier in read.ids)
        if self.since and not met_again and (count(self.cursor.get("walked")) or 0) >= self.ceiling:
            return {"gap_from": self.since_at, "gap_until": oldest, "gap_reason": "ceiling"}
        return {}

    def _finish(self) -> None:
        newest = newer(word(self.cursor.get("newest")), self.since)
        if newest and newest != self.since:
            told = self.cursor.get("newest_at") or _iso(born(newest))
            self.cursor |= {"since": newest, "since_at": told}
        self._forget_walk()


def _progress(cursor: Cursor, read: Read) -> Cursor:
    """The oldest that a walk has come to, and how many pages in a row brought nothing older."""
    oldest = min((number(i) for i in [*read.ids, word(cursor.get("oldest"))] if number(i)), default=0)
    further = oldest != number(word(cursor.get("oldest")))
    return {"oldest": str(oldest), "still": 0 if further else (count(cursor.get("still")) or 0) + 1}


def _times(read: Read) -> list[datetime]:
    return [m.edited_at or m.sent_at for m in read.messages] + [e.at for e in read.exposures]


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""


# Direct messages: no since_id; newest first; 30 days back; 15 calls in 15 minutes

DIRECT_DAYS = 30
_REMEMBERED = 50


def direct_page(cursor: Cursor, reply: Reply, read: Read, *, since: datetime | None, **parts: Any) -> Page:
    """A page of events. The walk ends at the first event known from before, or at `since` on a first poll."""
    known = [word(identifier) for identifier in items(cursor.get("known"))]
    arrived = [identifier for identifier in read.ids if number(identifier)]
    fresh, progress = [*map(word, items(cursor.get("fresh"))), *arrived], _progress(cursor, read)
    following = word(mapping(reply.json.get("meta")).get("next_token"))
    lost_way = following != "" and (following == word(cursor.get("token")) or progress["still"] >= STILL)
    met = bool(set(known) & set(arrived))
    messages, beyond = _since(read.messages, since if not known else None)
    more = bool(following) and not met and not beyond and not lost_way
    walk_at = word(cursor.get("walk_at")) or _iso(reply.at)
    then: Cursor = {"known": known, "newest_at": word(cursor.get("newest_at")), "paid": parts.pop("paid", {})}
    told = [_iso(m.sent_at) for m in read.messages if m.sent_at <= reply.at + AHEAD]
    newest = max([word(cursor.get("walk_newest")), *told], default="")
    gap: dict[str, Any] = {}
    if more:
        walk = {"token": following, "fresh": fresh[:_REMEMBERED], "walk_at": walk_at, "walk_newest": newest}
        then |= walk | progress
    elif not lost_way:
        gap = {} if met or not known else _direct_gap(then, reply)
        then |= {"known": list(dict.fromkeys([*fresh, *known]))[:_REMEMBERED]}
        then["newest_at"] = max(newest, then["newest_at"])
    return Page(
        messages=tuple(messages),
        unreadable=tuple(read.unreadable),
        cursor={name: value for name, value in then.items() if value},
        has_more=more,
        complete_until=None if more or lost_way else moment(walk_at),
        trouble="no_end" if lost_way else "",
        fetched=read.fetched,
        limits=reply.limits,
        **gap,
        **parts,
    )


def _since(messages: list[InboundMessage], since: datetime | None) -> tuple[list[InboundMessage], bool]:
    kept = [m for m in messages if since is None or m.sent_at >= since]
    return kept, len(kept) < len(messages)


def _direct_gap(then: Cursor, reply: Reply) -> dict[str, Any]:
    last, horizon = moment(then["newest_at"]), reply.at - timedelta(days=DIRECT_DAYS)
    if last is None or last >= horizon:
        return {}
    return {"gap_from": last, "gap_until": horizon, "gap_reason": "window"}
