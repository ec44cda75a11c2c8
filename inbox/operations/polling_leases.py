"""Who polls what: streams are leased by one conditional update, so that each is polled once at a time."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from inbox.models import Stream
from inbox.operations.ingest_rows import execute, fetch, records

LEASE = timedelta(seconds=14)  # a dead worker's streams are free after this; a living one renews
BATCH = 250
AT_ONCE = 5000
# Between the clocks of two machines. What lies further ahead was written before a clock was set back.
SKEW = timedelta(minutes=2)
DUE = "(s.next_poll_at <= %(now)s OR s.last_polled_at > %(ahead)s)"
FREE = "(s.leased_until IS NULL OR s.leased_until < %(now)s OR s.leased_until > %(too_long)s)"
LEASED = f"""
    WITH ranked AS (
        SELECT s.id, s.next_poll_at, a.failures,
            row_number() OVER (PARTITION BY s.account_id ORDER BY s.next_poll_at, s.id) AS turn
        FROM inbox_stream s JOIN inbox_channelaccount a ON a.id = s.account_id
        WHERE s.enabled AND {DUE} AND {FREE}
            AND a.state = 'connected' AND (a.retry_at IS NULL OR a.retry_at <= %(now)s OR a.trouble_since > %(ahead)s)
    ), picked AS (
        SELECT s.id FROM inbox_stream s
        WHERE s.id = ANY(ARRAY(SELECT id FROM ranked WHERE failures < 2 OR turn = 1
                ORDER BY turn, next_poll_at LIMIT %(limit)s))
            AND {DUE} AND {FREE}
        FOR UPDATE SKIP LOCKED
    )
    UPDATE inbox_stream s SET lease = %(lease)s, leased_until = %(until)s
    WHERE s.id = ANY(ARRAY(SELECT id FROM picked)) RETURNING s.id, s.account_id"""
RELEASE = """
    UPDATE inbox_stream s SET lease = NULL, leased_until = NULL, next_poll_at = r.next_poll_at, interval = r.interval,
        reason = r.reason, buckets = r.buckets
    FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, next_poll_at timestamptz, interval double precision, reason text,
        buckets jsonb) WHERE s.id = r.id AND s.lease = %s"""
QUIET = """
    WITH done AS (
        SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(id bigint, next_poll_at timestamptz, interval double precision,
            reason text, buckets jsonb, cursor jsonb, complete_until timestamptz, asked_from timestamptz,
            asked_to timestamptz, finished_at timestamptz, calls int, money numeric)
    ), mine AS (
        UPDATE inbox_stream s SET lease = NULL, leased_until = NULL, next_poll_at = d.next_poll_at, interval = d.interval,
            reason = d.reason, buckets = d.buckets, cursor = d.cursor, detail = '', failures = 0, state = 'ok',
            complete_until = coalesce(d.complete_until, s.complete_until), last_polled_at = d.finished_at,
            last_success_at = d.finished_at
        FROM done d WHERE s.id = d.id AND s.lease = %s RETURNING s.id
    )
    INSERT INTO inbox_poll (stream_id, started_at, finished_at, asked_from, asked_to, outcome, fetched, new, seen, set_aside,
        exposures, calls, money, error_code, error)
    SELECT d.id, d.asked_to, d.finished_at, d.asked_from, d.asked_to, 'complete', 0, 0, 0, 0, 0, d.calls, d.money, '', ''
    FROM done d JOIN mine USING (id)"""


def lease_due(*, now: datetime) -> tuple[UUID, list[int]]:
    """Lease what is due, every account's first before anyone's second; an account in trouble gets one try.

    A clock that was set back is not waited for: who was polled later than now is due.
    """
    lease = uuid4()
    values = {
        "now": now, "lease": lease, "until": now + LEASE, "limit": AT_ONCE, "ahead": now + SKEW,
        "too_long": now + LEASE + SKEW,
    }  # fmt: skip
    rows = fetch(LEASED, values)  # type: ignore[arg-type]
    turns: Counter[int] = Counter()
    ordered = []
    for pk, account_id in sorted(rows):
        turns[account_id] += 1
        ordered.append((turns[account_id], pk))
    return lease, [pk for _, pk in sorted(ordered)]


def batches(pks: list[int]) -> list[list[int]]:
    """For one task each."""
    return [pks[start : start + BATCH] for start in range(0, len(pks), BATCH)]


def renew(pks: list[int], *, lease: UUID, now: datetime) -> None:
    """Still at it. Also the worker's first act: a task that comes late or twice finds nothing of its own."""
    Stream.objects.filter(pk__in=pks, lease=lease).update(leased_until=now + LEASE)


def held(pks: list[int], *, lease: UUID, now: datetime) -> list[Stream]:
    """The streams that this lease still holds, with their accounts, in turn order."""
    renew(pks, lease=lease, now=now)
    found = Stream.objects.select_related("account").filter(pk__in=pks, lease=lease, leased_until__gt=now).in_bulk()
    return [found[pk] for pk in pks if pk in found]


def release(rows: list[dict[str, object]], *, lease: UUID) -> None:
    """Give streams back with the time of their next poll."""
    if rows:
        execute(RELEASE, [records(sorted(rows, key=lambda row: str(row["id"]))), lease])


def finish_quiet(rows: list[dict[str, object]], *, lease: UUID) -> None:
    """Polls that brought nothing, many at once: ledger, cursor, proof and next time in one statement."""
    if rows:
        execute(QUIET, [records(sorted(rows, key=lambda row: str(row["id"]))), lease])
