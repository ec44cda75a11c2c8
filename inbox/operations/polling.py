"""Polls streams: many requests in flight in threads, every row written by the one thread that started them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import connections
from django.utils import timezone

from connectors.exceptions import ConnectorError
from connectors.types import Page, StreamRef
from inbox import wakeup
from inbox.gateway import connect
from inbox.models import Stream
from inbox.operations import breaker, ledger, polling_leases
from inbox.operations.apart import apart
from inbox.operations.budget import REPLIES, Spent
from inbox.operations.ingest import LeaseLost, Ready, ingest_page, prepare
from inbox.operations.polling_pace import BUDGET_LOOK, Pace
from inbox.operations.polling_walks import Question, advance, question

log = structlog.get_logger()
IN_FLIGHT = 32
IN_FLIGHT_PER_ACCOUNT = 4
PAGES_A_TURN = 8
RENEW_EVERY = timedelta(seconds=4)


def poll_due() -> int:
    """Lease what is due and wake workers for it; how many streams."""
    lease, pks = polling_leases.lease_due(now=timezone.now())
    for batch in polling_leases.batches(pks):
        wakeup.start("polling.poll_streams", batch, str(lease))
    return len(pks)


def poll_streams(pks: list[int], *, lease: UUID) -> int:
    """Poll those of these streams that the lease still holds; how many."""
    now = timezone.now()
    streams = polling_leases.held(pks, lease=lease, now=now)
    if not streams:
        return 0
    round_ = Round(lease, Pace.of(streams, now=now), deque(streams))
    round_.run()
    return len(streams)


@dataclass(slots=True)
class Asked:
    """A request in flight."""

    stream: Stream
    question: Question
    page: int


Row = tuple[Stream, dict[str, object]]


@dataclass(slots=True)
class Round:
    """One batch of streams on its way through the platforms."""

    lease: UUID
    pace: Pace
    waiting: deque[Stream]
    flying: dict[Future[tuple[Page, Ready]], Asked] = field(default_factory=dict)
    new: Counter[int] = field(default_factory=Counter)
    spent: Spent = field(default_factory=Spent)
    given_back: list[Row] = field(default_factory=list)
    quiet: list[Row] = field(default_factory=list)
    renewed_at: datetime = field(default_factory=timezone.now)
    stopped: set[int] = field(default_factory=set)  # accounts that proved dead in this round

    def run(self) -> None:
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="poll") as pool:
            while self.waiting or self.flying:
                self._fill(pool)
                done, _ = wait(self.flying, timeout=RENEW_EVERY.total_seconds(), return_when=FIRST_COMPLETED)
                for future in done:
                    self._answered(pool, self.flying.pop(future), future)
                self._keep()
        self._write()

    def _fill(self, pool: ThreadPoolExecutor) -> None:
        busy = Counter(asked.stream.account_id for asked in self.flying.values())
        for _ in range(len(self.waiting)):
            if len(self.flying) >= IN_FLIGHT:
                return
            stream = self.waiting.popleft()
            if busy[stream.account_id] >= IN_FLIGHT_PER_ACCOUNT:
                self.waiting.append(stream)
                continue
            busy[stream.account_id] += self._start(pool, stream)

    def _start(self, pool: ThreadPoolExecutor, stream: Stream) -> int:
        now = timezone.now()
        if stream.account_id in self.stopped:
            self._give_back(stream, now + timedelta(seconds=2), stream.reason)
            return 0
        if self.pace.stretch(stream, now=now) == float("inf"):
            ledger.open_gap(stream=stream, reason="budget", now=now)
            self._give_back(stream, now + BUDGET_LOOK, "budget")
            return 0
        self._ask(pool, stream, page=1)
        return 1

    def _ask(self, pool: ThreadPoolExecutor, stream: Stream, *, page: int) -> None:
        asked = question(stream, now=timezone.now())
        self.flying[pool.submit(_fetch, stream, asked)] = Asked(stream, asked, page)

    def _answered(self, pool: ThreadPoolExecutor, asked: Asked, future: Future[tuple[Page, Ready]]) -> None:
        stream = asked.stream
        try:
            page, ready = future.result()
        except Exception as error:
            self._failed(asked, error)
            return
        self.spent.add(stream.account_id, cost=page.cost, limits=page.limits)
        if _brought_nothing(stream, page):
            self._note_quiet(asked, page)
            return
        try:
            behind = self._store(asked, page, ready)
        except LeaseLost:
            log.info("lease_lost", stream=stream.pk)
            return
        except Exception as error:
            self._failed(asked, error)
            return
        self._after(pool, asked, page, behind=behind)

    def _note_quiet(self, asked: Asked, page: Page) -> None:
        """Nothing came and nothing was wrong: such polls are written down together."""
        stream, now = asked.stream, timezone.now()
        fields = advance(stream, asked=asked.question, page=page)
        buckets = [limit.bucket for limit in page.limits]
        paced = self.pace.next(stream, new=self.new[stream.pk], buckets=buckets, behind=False, now=now)
        self.quiet.append((stream, {
            **paced, "cursor": fields.get("cursor", stream.cursor), "complete_until": fields.get("complete_until"),
            "asked_from": asked.question.since or stream.complete_until, "asked_to": asked.question.asked_at,
            "finished_at": now, "calls": page.cost.calls, "money": page.cost.money,
        }))  # fmt: skip

    def _store(self, asked: Asked, page: Page, ready: Ready) -> bool:
        stream, now = asked.stream, timezone.now()
        fields = advance(stream, asked=asked.question, page=page)
        turn = ledger.Turn(asked.question.asked_at, asked.question.since or stream.complete_until, fields)
        done = ingest_page(stream=stream, page=page, now=now, lease=self.lease, turn=turn, ready=ready)
        for name, value in fields.items():
            setattr(stream, name, value)
        self.new[stream.pk] += done.new
        if done.new:
            stream.last_message_at = now
        breaker.poll_went_well(stream)
        return stream.backlog is not None

    def _after(self, pool: ThreadPoolExecutor, asked: Asked, page: Page, *, behind: bool) -> None:
        stream, now = asked.stream, timezone.now()
        buckets = [limit.bucket for limit in page.limits]
        if behind and _has_room(page) and asked.page < PAGES_A_TURN and stream.account_id not in self.stopped:
            self._ask(pool, stream, page=asked.page + 1)
            return
        paced = self.pace.next(stream, new=self.new[stream.pk], buckets=buckets, behind=behind, now=now)
        self.given_back.append((stream, paced))

    def _failed(self, asked: Asked, error: Exception) -> None:
        stream = asked.stream
        if isinstance(error, ConnectorError):
            self.spent.add(stream.account_id, cost=error.cost, limits=error.limits)
            self.stopped.add(stream.account_id)
        self._write_failure(stream, error, asked.question.asked_at)

    def _write_failure(self, stream: Stream, error: Exception, asked_at: datetime) -> None:
        """In the ledger; where not even that can be, it is told, and the round goes on."""

        def write(streams: Sequence[Stream]) -> None:
            breaker.poll_failed(streams[0], error=error, started_at=asked_at, now=timezone.now())

        for _, also in apart([stream], write):
            log.error("failure_not_written", stream=stream.pk, error=repr(error), also=repr(also))

    def _give_back(self, stream: Stream, at: datetime, reason: str) -> None:
        row: dict[str, object] = {"id": stream.pk, "next_poll_at": at, "interval": stream.interval}
        self.given_back.append((stream, {**row, "reason": reason, "buckets": stream.buckets}))

    def _keep(self) -> None:
        """Write what is done in batches, and keep the leases of what is not."""
        now = timezone.now()
        if len(self.given_back) + len(self.quiet) >= 100 or now - self.renewed_at >= RENEW_EVERY:
            self._write()
        if now - self.renewed_at >= RENEW_EVERY:
            mine = [asked.stream.pk for asked in self.flying.values()] + [stream.pk for stream in self.waiting]
            polling_leases.renew(mine, lease=self.lease, now=now)
            self.renewed_at = now

    def _write(self) -> None:
        """Together; a stream whose row cannot be written is a failure of its own."""
        given_back, quiet = self.given_back, self.quiet
        self.given_back, self.quiet = [], []
        self.spent.write(now=timezone.now())
        for rows, write in ((given_back, polling_leases.release), (quiet, polling_leases.finish_quiet)):
            for (stream, _), error in apart(rows, partial(_write_rows, write=write, lease=self.lease)):
                self._write_failure(stream, error, timezone.now())


def _write_rows(rows: Sequence[Row], *, write: Callable[..., None], lease: UUID) -> None:
    write([row for _, row in rows], lease=lease)


def _has_room(page: Page) -> bool:
    """Whether the windows that this answer named let us ask at once again."""
    return all(w.remaining is None or w.remaining - (w.limit or 0) * REPLIES >= 1 for w in page.limits)


def _brought_nothing(stream: Stream, page: Page) -> bool:
    """An empty answer of a healthy stream: nothing to store, no gap to open or close."""
    something = (
        page.messages
        or page.exposures
        or page.deletions
        or page.unreadable
        or page.has_more
        or page.gap_from
        or page.trouble
    )
    healthy = stream.state == Stream.State.OK and not stream.account.failures and not stream.account.trouble_since
    return healthy and not something and stream.backlog is None


def _fetch(stream: Stream, asked: Question) -> tuple[Page, Ready]:
    """One call, in a thread, and what can be done with its answer before the database is asked.

    A token that has to be refreshed uses the database: close that connection.
    """
    reference = StreamRef(stream.kind, stream.query, stream.language, tuple(stream.exclude))
    try:
        with connect(stream.account) as connector:
            page = connector.poll(reference, asked.cursor, since=asked.since)
        return page, prepare(page)
    finally:
        connections.close_all()
