"""A page of a platform becomes rows: all of it and its cursor in one transaction, or nothing of it.

The same page again, overlapping pages, pages in any order, several workers at once and a crash anywhere end in the
same rows: what we have is found by its key, what is new is copied in, and the unique keys decide every race (the
loser starts over and finds the row). One poison message is set aside with its payload; its neighbours go on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction

from connectors.types import Author, Direction, InboundMessage, Page, Unreadable, Visibility
from inbox.models import Stream
from inbox.operations import ingest_edits, ingest_effects
from inbox.operations.apart import PYTHON, apart, lost_a_race, of_the_data
from inbox.operations.ingest_conversations import (
    Changes,
    Norms,
    bring_up_to_date,
    lock_conversations,
    make_conversations,
    store_threads,
)
from inbox.operations.ingest_messages import Arrival, prepared, store_messages
from inbox.operations.ingest_people import Person, erased, store_people
from inbox.operations.ingest_placeholders import fill_placeholders, put_placeholders
from inbox.operations.ingest_rows import Keys, execute, fetch
from inbox.operations.ingest_text import clip
from inbox.operations.ledger import Turn, record_page, set_aside_all, store_exposures, take_up
from inbox.operations.outbox_echoes import settle_echoes
from inbox.operations.threading import partner_of, place

TRIES = 6
HELD = """
    SELECT state, complete_until FROM inbox_stream WHERE id = %s AND (%s::uuid IS NULL OR lease = %s::uuid)
    FOR NO KEY UPDATE"""
AROUND = """
    SELECT EXISTS (SELECT FROM inbox_tombstone WHERE brand_id = %s AND platform = %s),
        EXISTS (SELECT FROM inbox_vanished WHERE account_id = %s),
        EXISTS (SELECT FROM inbox_gap WHERE stream_id = %s AND closed_at IS NULL AND closable),
        EXISTS (SELECT FROM inbox_setaside WHERE stream_id = %s AND resolved_at IS NULL),
        (SELECT jsonb_object_agg(id, target_minutes) FROM inbox_stream WHERE account_id = %s AND proactive)::text"""


@dataclass(frozen=True, slots=True)
class Around:
    """What most pages do not meet, asked in one go; and the norms."""

    erasures: bool  # of people who had themselves forgotten
    vanished: bool  # deletions that came before what they delete
    gaps: bool
    aside: bool  # what could not be read before
    norms: Norms

    @classmethod
    def of(cls, stream: Stream) -> Around:
        account = stream.account
        asked = [account.brand_id, account.kind, account.pk, stream.pk, stream.pk, account.pk]
        erasures, vanished, gaps, aside, proactive = fetch(AROUND, asked)[0]
        return cls(erasures, vanished, gaps, aside, Norms.of(account, proactive=json.loads(proactive or "{}")))


Ready = tuple[list[Arrival], list[Unreadable]]


class LeaseLost(Exception):
    """Another worker polls this stream now: nothing was stored."""


@dataclass(slots=True)
class Ingested:
    """What came of a page."""

    new: int = 0
    seen: int = 0
    set_aside: int = 0
    exposures: int = 0
    lag_seconds: float | None = None
    conversations: set[int] = field(default_factory=set)

    def add(self, part: Ingested) -> None:
        """What came of another part of the page."""
        self.new, self.seen, self.set_aside = (
            self.new + part.new,
            self.seen + part.seen,
            self.set_aside + part.set_aside,
        )
        self.exposures += part.exposures
        lags = [lag for lag in (self.lag_seconds, part.lag_seconds) if lag is not None]
        self.lag_seconds, self.conversations = min(lags, default=None), self.conversations | part.conversations


def ingest_page(
    *, stream: Stream, page: Page, now: datetime, lease: UUID | None, turn: Turn | None = None, ready: Ready | None = None
) -> Ingested:  # fmt: skip
    """Store a page and move the stream's cursor; LeaseLost when the stream is no longer ours to store for.

    `ready` is the page as `prepare` made it, where somebody had the time to do that beforehand.
    """
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return _store(stream=stream, page=page, now=now, lease=lease, turn=turn, ready=ready or prepare(page))
        except (DatabaseError, *PYTHON) as error:
            if left and lost_a_race(error):
                ready = None  # what a try did to it is of no use to the next
            elif of_the_data(error):
                return _store_apart(stream=stream, page=page, now=now, lease=lease, turn=turn)
            else:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _store_apart(*, stream: Stream, page: Page, now: datetime, lease: UUID | None, turn: Turn | None) -> Ingested:
    """The page in parts, without the messages that the database will not take: those are set aside."""
    stored, aside = Ingested(), Turn(now, fields=None)

    def store(messages: Sequence[InboundMessage]) -> None:
        part = Page(messages=tuple(messages))
        stored.add(_store(stream=stream, page=part, now=now, lease=lease, turn=aside, ready=prepare(part)))

    bad = [
        Unreadable(message.raw, f"{type(error).__name__}: {error}"[:500], str(message.external_id))
        for message, error in apart(page.messages, store)
    ]
    rest = replace(page, messages=(), unreadable=(*page.unreadable, *bad), fetched=page.fetched or len(page.messages))
    return _store(stream=stream, page=rest, now=now, lease=lease, turn=turn, ready=prepare(rest), stored=stored)


def _store(
    *, stream: Stream, page: Page, now: datetime, lease: UUID | None, turn: Turn | None, ready: Ready,
    stored: Ingested | None = None,
) -> Ingested:  # fmt: skip
    """`stored` is what came of parts of it that are in already."""
    stream = _held(stream, lease)
    arrivals, unreadable = ready
    done = Ingested()
    changes = Changes()
    if arrivals or page.deletions:
        counts = _store_messages(arrivals, stream=stream, page=page, now=now, changes=changes)
        done.new, done.seen, done.lag_seconds = counts
    if page.recovered:
        take_up(page.recovered, stream=stream, now=now)
    done.exposures = store_exposures(page.exposures, account=stream.account)
    done.set_aside = set_aside_all((*page.unreadable, *unreadable), stream=stream, now=now)
    done.conversations = changes.touched | changes.made
    done.add(stored or Ingested())
    record_page(stream=stream, page=page, now=now, turn=turn, done=done)
    ingest_effects.announce(changes, account=stream.account, now=now)
    return done


def _held(stream: Stream, lease: UUID | None) -> Stream:
    """The stream under its row lock, as it stands now, when it is ours to store for."""
    rows = fetch(HELD, [stream.pk, lease, lease])
    if not rows:
        raise LeaseLost(f"stream {stream.pk}")
    stream.state, stream.complete_until = rows[0]
    return stream


def prepare(page: Page) -> Ready:
    """Readable messages, the newest version of each, and what is wrong with the others. Asks nothing of the database."""
    readable, unreadable = [], []
    for message in page.messages:
        try:
            readable.append(prepared(message))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            unreadable.append(Unreadable(message.raw, reason, str(message.external_id or "")))
    arrivals: dict[str, Arrival] = {}
    for arrival in sorted(readable, key=lambda a: _version_order(a.message)):
        older = arrivals.get(arrival.message.external_id)
        if older is not None:
            arrival.later = [*older.later, older.message]
        arrivals[arrival.message.external_id] = arrival
    return list(arrivals.values()), unreadable


def _version_order(message: InboundMessage) -> tuple[Any, ...]:
    return (message.edited_at or message.sent_at, len(message.version_id), message.version_id)


def _store_messages(
    arrivals: list[Arrival], *, stream: Stream, page: Page, now: datetime, changes: Changes
) -> tuple[int, int, float | None]:
    account, around = stream.account, Around.of(stream)
    authors = _authors(arrivals)
    gone_people = erased(authors.values(), account=account) if around.erasures else set()
    wanted = [a for a in arrivals if not ({p.external_id for p in _people_of(a)} & gone_people)]
    known = _known(account.pk, wanted, page)
    fresh = [a for a in wanted if a.message.external_id not in known or known[a.message.external_id][6]]
    already = [a for a in wanted if a.message.external_id in known and not known[a.message.external_id][6]]
    fresh = _without_echoes(fresh, account=account, changes=changes)
    keys = _keys(fresh, authors)
    authors = {k: v for k, v in authors.items() if k not in gone_people}
    people = store_people(authors, account=account, keys=keys, now=now)
    new = _place_and_store(fresh, stream=stream, page=page, known=known, people=people, now=now, changes=changes,
                           already=already, around=around, keys=keys)  # fmt: skip
    if around.aside:
        take_up([a.message.external_id for a in wanted], stream=stream, now=now)
    lag = max((a.message.sent_at for a in fresh), default=None)
    return new, len(arrivals) - new, (now - lag).total_seconds() if lag else None


def _keys(fresh: list[Arrival], authors: dict[str, Author]) -> Keys:
    """For all that this page can bring at most."""
    many = len(fresh)
    return Keys(inbox_contact=len(authors) + many, inbox_identity=len(authors), inbox_thread=many,
                inbox_conversation=many, inbox_message=many)  # fmt: skip


def _people_of(arrival: Arrival) -> list[Author]:
    message = arrival.message
    people = [message.partner, message.author if arrival.inbound else None]
    return [person for person in people if person is not None]


def _authors(arrivals: list[Arrival]) -> dict[str, Author]:
    authors: dict[str, Author] = {}
    for arrival in arrivals:
        for person in {id(p): p for p in (*_people_of(arrival), partner_of(arrival.message)) if p is not None}.values():
            authors[person.external_id] = _fuller(authors.get(person.external_id), person)
    return authors


def _fuller(one: Author | None, other: Author) -> Author:
    if one is None or one == other:
        return other
    return other if _said_of(other) >= _said_of(one) else one


def _said_of(author: Author) -> tuple[int, int]:
    """How much a page says of somebody."""
    words = (author.handle, author.name, author.bio, author.place, author.avatar_url, author.profile_url)
    said = [len(word) for word in words if word]
    return len(said) + (author.followers is not None), sum(said)


def _known(account_id: int, arrivals: list[Arrival], page: Page) -> dict[str, tuple[Any, ...]]:
    ids = {a.message.external_id for a in arrivals} | {clip(d.external_id, 120) for d in page.deletions}
    ids |= {a.message.parent_id for a in arrivals if not a.inbound and a.message.parent_id}
    return {row[0]: row for row in fetch(ingest_edits.KNOWN, [account_id, sorted(ids)])} if ids else {}


def _without_echoes(fresh: list[Arrival], *, account: Any, changes: Changes) -> list[Arrival]:
    """Our own replies coming back settle their deliveries; only those made elsewhere are new."""
    ours = [a for a in fresh if not a.inbound]
    if not ours:
        return fresh
    told = [_echo(arrival) for arrival in ours]
    settled = settle_echoes(account=account, outbound=told)
    if settled:
        rows = fetch("SELECT conversation_id FROM inbox_message WHERE account_id = %s AND external_id = ANY(%s)",
                     [account.pk, sorted(settled)])  # fmt: skip
        changes.touched |= {row[0] for row in rows}
    return [a for a in fresh if a.message.external_id not in settled]


def _echo(arrival: Arrival) -> tuple[Any, ...]:
    m = arrival.message
    return (m.external_id, arrival.text, m.thread_id, m.parent_id, m.sent_at, m.permalink)


def _place_and_store(
    fresh: list[Arrival], *, stream: Stream, page: Page, known: dict[str, tuple[Any, ...]], people: dict[str, Person],
    now: datetime, changes: Changes, already: list[Arrival], around: Around,
    keys: Keys,
) -> int:  # fmt: skip
    account, norms = stream.account, around.norms
    _place_all(fresh, known=known)
    placed = [a for a in fresh if a.place is not None]
    threads = store_threads(fresh, account=account, keys=keys) if fresh else {}
    edited = [a for a in already if _differs(a, known[a.message.external_id], norms=norms, stream=stream)]
    here = [known[a.message.external_id][2] for a in edited]
    here += [known[d.external_id][2] for d in page.deletions if d.external_id in known]
    here += [known[a.message.external_id][2] for a in placed if a.message.external_id in known]
    locked = lock_conversations(account, keys=[a.place.key for a in placed if a.place], ids=[*here, *changes.touched])
    gone = {d.external_id: d.at or now for d in page.deletions}
    if placed and around.vanished:
        gone |= ingest_edits.vanished(account, ids=[a.message.external_id for a in placed])
    for arrival in placed:
        arrival.deleted_at = gone.get(arrival.message.external_id)
    unknown = [a for a in placed if a.place and a.place.key not in locked]
    made = make_conversations(
        unknown, account=account, threads=threads, people=people, norms=norms, stream=stream, keys=keys, now=now
    )
    changes.made |= set(made.values())
    changes.made_private |= {
        made[a.place.key] for a in unknown if a.place and a.message.visibility == Visibility.PRIVATE
    }
    _note_touched(placed, locked=locked, made=made, people=people, changes=changes)
    fill_placeholders(placed, known=known, changes=changes)
    store_messages(placed, account=account, stream=stream, people=people, keys=keys, now=now)
    put_placeholders(placed, account=account, stream=stream, known=known, now=now)
    _store_edits(edited, placed, known=known, stream=stream, now=now, changes=changes, norms=norms)
    changes.touched |= ingest_edits.mark_deleted(page.deletions, account=account, now=now)
    locked |= lock_conversations(account, keys=[], ids=sorted(changes.touched & changes.made))
    bring_up_to_date(changes, locked=locked, norms=norms)
    ingest_effects.count_hours(placed, stream=stream)
    if placed and around.gaps:
        ingest_effects.count_recovered(placed, stream=stream)
    return len(fresh)


def _place_all(fresh: list[Arrival], *, known: dict[str, tuple[Any, ...]]) -> None:
    keys = {external_id: row[9] for external_id, row in known.items()}
    for arrival in sorted(fresh, key=lambda a: (a.message.direction != Direction.INBOUND, a.message.sent_at)):
        arrival.place = place(arrival.message, known=keys)
        if arrival.place is not None:
            keys[arrival.message.external_id] = arrival.place.key


def _note_touched(
    placed: list[Arrival], *, locked: dict[str, tuple[Any, ...]], made: dict[str, int], people: dict[str, Person],
    changes: Changes,
) -> None:  # fmt: skip
    for arrival in placed:
        assert arrival.place is not None
        key = arrival.place.key
        pk = arrival.conversation_id = made[key] if key in made else locked[key][0]
        if key in made:
            continue
        changes.touched.add(pk)
        (changes.written if arrival.inbound else changes.answered).add(pk)
        if arrival.place.person is not None:
            changes.persons[pk] = people[arrival.place.person.external_id]


def _differs(arrival: Arrival, row: tuple[Any, ...], *, norms: Norms, stream: Stream) -> bool:
    message = arrival.message
    _, _, _, version_id, text, hidden_at, _, stream_id, direction, _ = row
    other_version = bool(message.version_id) and message.version_id != version_id
    addressed = stream_id in norms.streams and stream.pk not in norms.streams
    return (
        text != arrival.text or other_version or bool(arrival.later)
        or message.hidden not in {None, hidden_at is not None} or (addressed and direction == "in")
    )  # fmt: skip


def _store_edits(
    edited: list[Arrival], placed: list[Arrival], *, known: dict[str, tuple[Any, ...]], stream: Stream, now: datetime,
    changes: Changes, norms: Norms,
) -> None:  # fmt: skip
    for arrival in placed:
        if arrival.later:
            ingest_edits.store_versions(arrival.id, versions=arrival.later, now=now)
    for arrival in edited:
        row = known[arrival.message.external_id]
        ingest_edits.store_versions(row[1], versions=[*arrival.later, arrival.message], now=now)
        changes.touched.add(row[2])
        if row[7] in norms.streams and stream.pk not in norms.streams:
            execute("UPDATE inbox_message SET stream_id = %s WHERE id = %s", [stream.pk, row[1]])
    ingest_edits.mark_hidden([(known[a.message.external_id][1], a.message.hidden) for a in edited], now=now)
