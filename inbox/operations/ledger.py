"""The ledger of a stream: what each poll asked and got, gaps and their reasons, and what could not be read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import F, Q

from connectors.exceptions import ConnectorError
from connectors.types import Cost, Exposure, Page, Unreadable
from inbox.models import ChannelAccount, Gap, Poll, SetAside, Stream
from inbox.operations.ingest_rows import execute, fetch
from inbox.operations.ingest_text import clip, json_text

PAGE = """
    WITH poll AS (
        INSERT INTO inbox_poll (stream_id, started_at, finished_at, asked_from, asked_to, outcome, fetched, new, seen,
            set_aside, exposures, lag_seconds, calls, money, error_code, error)
        VALUES (%(stream)s, %(asked_at)s, %(now)s, %(asked_from)s, %(asked_at)s, %(outcome)s, %(fetched)s, %(new)s,
            %(seen)s, %(set_aside)s, %(exposures)s, %(lag)s, %(calls)s, %(money)s, %(code)s, ''))
    UPDATE inbox_stream SET cursor = coalesce(%(cursor)s::jsonb, cursor), last_polled_at = %(now)s, last_success_at = %(now)s,
        backlog = CASE WHEN %(has_backlog)s THEN %(backlog)s::jsonb ELSE backlog END, failures = 0, detail = '', reason = '',
        complete_until = coalesce(%(proof)s, complete_until), state = %(state)s,
        last_message_at = coalesce(%(newest)s, last_message_at) WHERE id = %(stream)s"""
SET_ASIDE = """
    INSERT INTO inbox_setaside (stream_id, fingerprint, external_id, payload, error, created_at)
    SELECT stream_id, fingerprint, external_id, payload::jsonb, error, %s
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
        AS r(stream_id, fingerprint, external_id, payload, error)
    ON CONFLICT (stream_id, fingerprint) DO UPDATE SET resolved_at = NULL, error = EXCLUDED.error
        WHERE inbox_setaside.resolved_at IS NOT NULL AND inbox_setaside.dismissed_by_id IS NULL
            AND inbox_setaside.external_id <> '' -- an erased person's stays as it is
    RETURNING id"""
EXPOSURES = """
    INSERT INTO inbox_exposure (account_id, external_id, kind, original_external_id, author_external_id, followers, at)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING id"""
OF_WALKS = ("no_end", "part_unread")  # reasons that `Page.trouble` gives
TROUBLE_AFTER = timedelta(seconds=90)  # shorter hiccups are no gap: the next poll overlaps them


@dataclass(slots=True)
class Turn:
    """What was asked of the platform, and what the answer makes of the stream's row."""

    started_at: datetime
    asked_from: datetime | None = None
    fields: dict[str, Any] | None = field(default_factory=dict)  # None: not a poll, leave the stream's row alone


class Counts(Protocol):
    """What ingest counted."""

    new: int
    seen: int
    set_aside: int
    exposures: int
    lag_seconds: float | None


def record_page(*, stream: Stream, page: Page, now: datetime, turn: Turn | None, done: Counts) -> None:
    """The ledger row, the cursor and the proof that one page brings, in the transaction of its messages."""
    turn = turn or Turn(now, stream.complete_until, plain_fields(page))
    if turn.fields is None:
        return
    values = _stream_values(turn.fields, now, new=done.new > 0)
    if page.trouble:  # what came is in, and proves nothing
        open_gap(stream, reason=page.trouble, now=now)
        values["state"] = Stream.State.BEHIND.value
    execute(PAGE, _page_values(stream, page, now, turn, done) | values)
    if page.gap_from is not None:
        _record_window_gap(stream, page, page.gap_from, now)
    if not page.trouble and (stream.state != Stream.State.OK or page.gap_from is not None):
        _end_gaps(stream, turn, now, walking=page.has_more)


def _page_values(stream: Stream, page: Page, now: datetime, turn: Turn, done: Counts) -> dict[str, Any]:
    return {
        "stream": stream.pk, "now": now, "asked_at": turn.started_at, "asked_from": turn.asked_from,
        "outcome": (Poll.Outcome.MORE if page.has_more or page.trouble else Poll.Outcome.COMPLETE).value,
        "code": page.trouble, "fetched": page.fetched or len(page.messages), "new": done.new, "seen": done.seen, "set_aside": done.set_aside,
        "exposures": done.exposures, "lag": done.lag_seconds, "calls": page.cost.calls, "money": page.cost.money,
    }  # fmt: skip


def _stream_values(fields: dict[str, Any], now: datetime, *, new: bool) -> dict[str, Any]:
    """`fields` may hold cursor, backlog and complete_until; what it leaves out stays."""
    backlog = fields.get("backlog")
    return {
        "cursor": json.dumps(fields["cursor"]) if "cursor" in fields else None, "has_backlog": "backlog" in fields,
        "backlog": None if backlog is None else json.dumps(backlog), "proof": fields.get("complete_until"),
        "state": (Stream.State.OK if backlog is None else Stream.State.BEHIND).value, "newest": now if new else None,
    }  # fmt: skip


def plain_fields(page: Page) -> dict[str, Any]:
    """The stream's row after a page that was not part of a turn."""
    fields: dict[str, Any] = {"cursor": page.cursor} if page.cursor else {}
    return fields | ({"complete_until": page.complete_until} if page.complete_until and not page.has_more else {})


def _record_window_gap(stream: Stream, page: Page, start: datetime, now: datetime) -> None:
    """A stretch that the platform no longer gives: it stays."""
    until = page.gap_until or now
    Gap.objects.get_or_create(
        stream=stream,
        starts_at=start,
        closable=False,
        defaults={"ends_at": until, "reason": page.gap_reason or "window"},
    )
    closable = Gap.objects.filter(stream=stream, closable=True, closed_at=None, starts_at__lt=until)
    closable.filter(ends_at__lte=until).update(closable=False)
    closable.filter(Q(ends_at=None) | Q(ends_at__gt=until)).update(starts_at=until)


def _end_gaps(stream: Stream, turn: Turn, now: datetime, *, walking: bool) -> None:
    """The trouble is over; what it left open is closed only by proof. That of a walk is over where a walk ends well."""
    going_on = Gap.objects.filter(stream=stream, ends_at=None)
    (going_on.exclude(reason__in=OF_WALKS) if walking else going_on).update(ends_at=turn.started_at)
    proof = (turn.fields or {}).get("complete_until")
    if proof is not None:
        ended = Gap.objects.filter(
            stream=stream, closed_at=None, closable=True, ends_at__lte=proof + timedelta(seconds=1)
        )
        ended.update(closed_at=now)


def open_gap(stream: Stream, *, reason: str, now: datetime, detail: str = "", at_once: bool = False) -> bool:
    """From here on nothing can be proved. A short hiccup opens none; one is open per stream at most."""
    start = stream.complete_until or stream.created_at
    if not at_once and now - start < TROUBLE_AFTER:
        return False
    gap = Gap(stream=stream, starts_at=start, reason=reason, detail=clip(detail, 2000))
    Gap.objects.bulk_create([gap], ignore_conflicts=True)
    return True


def record_failure(
    *, stream: Stream, outcome: str, started_at: datetime, now: datetime, error: Exception, cost: Cost
) -> None:
    """A poll that brought nothing, with the platform's own words."""
    Poll.objects.create(
        stream=stream, started_at=started_at, finished_at=now, asked_from=stream.complete_until, asked_to=started_at,
        outcome=outcome, calls=cost.calls, money=cost.money, error_code=error_code(error),
        error=clip(str(error), 2000),
    )  # fmt: skip


def error_code(error: Exception) -> str:
    """The platform's code, or the kind of failure."""
    return clip((error.code if isinstance(error, ConnectorError) else "") or type(error).__name__, 40)


def set_aside_all(items: Iterable[Unreadable], *, stream: Stream, now: datetime) -> int:
    """Keep what could not be read, once; how many were not kept already, or were read since and now cannot be again."""
    rows = {}
    for item in items:
        payload = json_text(item.payload)
        mark = hashlib.sha256(payload.encode()).hexdigest()
        rows[mark] = (stream.pk, mark, clip(item.external_id, 120), payload, clip(item.error, 2000))
    if not rows:
        return 0
    return len(fetch(SET_ASIDE, [now, *_columns(rows)]))


def take_up(external_ids: Iterable[str], *, stream: Stream, now: datetime) -> None:
    """What was set aside of these is read now: nobody need look at it any more."""
    waiting = SetAside.objects.filter(stream=stream, external_id__in=external_ids, resolved_at=None)
    waiting.update(resolved_at=now)


def store_exposures(exposures: tuple[Exposure, ...], *, account: ChannelAccount) -> int:
    """Reposts, quotes and reactions; how many are new."""
    rows = {
        key: (account.pk, key, e.kind, clip(e.original_id, 120), clip(e.author.external_id, 120) if e.author else "",
              e.author.followers if e.author else None, e.at)
        for e in exposures if (key := clip(e.external_id, 120))
    }  # fmt: skip
    if not rows:
        return 0
    return len(fetch(EXPOSURES, _columns(rows)))


def _columns(rows: dict[str, tuple[Any, ...]]) -> list[list[Any]]:
    """As arrays, in the order of their keys: a statement has room for 65,535 values."""
    return [list(column) for column in zip(*(rows[key] for key in sorted(rows)), strict=True)]


def dismiss(item: SetAside, *, agent: Any, now: datetime) -> bool:
    """Somebody looked at it and wants it no more; kept, but out of sight."""
    waiting = SetAside.objects.filter(pk=item.pk, resolved_at=None)
    return waiting.update(resolved_at=now, dismissed_by=agent) == 1


def note_trouble(account: ChannelAccount, *, code: str, detail: str, now: datetime) -> bool:
    """True for the first to notice that an outage or limit began: it is logged once."""
    started = ChannelAccount.objects.filter(pk=account.pk, trouble_since=None)
    return started.update(trouble_since=now, trouble_code=code[:40], trouble_detail=clip(detail, 2000)) == 1


def end_trouble(account: ChannelAccount) -> bool:
    """True for the first to notice that it is over."""
    troubled = ChannelAccount.objects.filter(pk=account.pk, trouble_since__isnull=False)
    return troubled.update(trouble_since=None, trouble_code="", trouble_detail="", failures=0, retry_at=None) == 1


def count_failure(account: ChannelAccount) -> int:
    """How many calls in a row went wrong, this one included."""
    ChannelAccount.objects.filter(pk=account.pk).update(failures=F("failures") + 1)
    return ChannelAccount.objects.values_list("failures", flat=True).get(pk=account.pk)
