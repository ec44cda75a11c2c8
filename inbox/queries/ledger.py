"""The page "Nothing missed": the sum that has to come out, the proof per stream, gaps and what was set aside.

Every read is bounded: by the period through an index, by the brand's streams, or by a limit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language

from connectors.types import StreamSpec
from inbox.models import Brand, ChannelAccount, ClosingReason, Gap, HourlyCount, Message, Poll, SetAside, Stream

HOURS = 12
WEEKS = 4  # what is usual: the same hour of the last four weeks
COUNTED = 200_000  # conversations; beyond it the sum says so
PERIODS = ("today", "yesterday", "week", "month")
SUM = """
    SELECT CASE
            WHEN status = 'resolved' AND outcome NOT IN ('', 'answered') THEN outcome
            WHEN status = 'resolved' OR (waiting_since IS NULL AND last_reply_at IS NOT NULL) THEN '+'
            ELSE '-' END AS what, kind = 'compliment', count(*)
    FROM (SELECT status, outcome, waiting_since, last_reply_at, kind FROM inbox_conversation
        WHERE brand_id = %s AND last_message_at >= %s AND last_inbound_at >= %s AND last_inbound_at < %s
            AND NOT proactive LIMIT %s) c GROUP BY 1, 2"""


@dataclass(slots=True)
class Sum:
    """Arrived is answered, plus closed with a reason, plus still open."""

    answered: int = 0
    closed: int = 0
    open: int = 0
    reasons: list[tuple[str, int]] = field(default_factory=list)
    compliments: int = 0
    compliments_answered: int = 0
    at: datetime = field(default_factory=timezone.now)

    @property
    def arrived(self) -> int:
        return self.answered + self.closed + self.open

    @property
    def is_capped(self) -> bool:
        return self.arrived >= COUNTED


@dataclass(slots=True)
class Bar:
    """A column of the small chart, in its own units (96 x 28)."""

    x: int
    y: float
    height: float
    usual_y: float
    is_now: bool


@dataclass(slots=True)
class Stretch:
    """A gap on the strip of 24 hours (288 wide)."""

    x: float
    width: float
    css: str
    gap: Gap


@dataclass(slots=True)
class Row:
    """One stream on the page."""

    stream: Stream
    spec: StreamSpec | None
    health: str  # ok, behind, late
    icon: str
    strip: list[Stretch]
    proof_until: float
    bars: list[Bar]
    now: int | None
    usual: float
    gaps: int
    open_gaps: int
    lost_gaps: int
    set_aside: int
    proof: datetime | None


@dataclass(slots=True)
class Trouble:
    """Streams of one account that stand still for one reason."""

    account: ChannelAccount
    streams: int
    since: datetime | None
    reason: str


def period(name: str, *, now: datetime | None = None) -> tuple[str, datetime, datetime]:
    """A known period in the reader's time zone: its name, from, until."""
    now = timezone.localtime(now)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    starts = {"today": today, "week": today - timedelta(days=6), "month": today - timedelta(days=29)}
    if name == "yesterday":
        return name, today - timedelta(days=1), today
    name = name if name in starts else "today"
    return name, starts[name], now + timedelta(minutes=1)


def reckon(brand: Brand, *, start: datetime, end: datetime) -> Sum:
    """What became of everybody who wrote to us in this period."""
    made = Sum()
    names = dict(
        ClosingReason.objects.filter(brand=brand).values_list(
            "code", "name_nl" if get_language() == "nl" else "name_en"
        )
    )
    reasons: dict[str, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(SUM, [brand.pk, start, start, end, COUNTED])
        rows = cursor.fetchall()
    for what, is_compliment, count in rows:
        made.answered += count if what == "+" else 0
        made.open += count if what == "-" else 0
        made.compliments += count if is_compliment else 0
        made.compliments_answered += count if is_compliment and what == "+" else 0
        if what not in "+-":
            made.closed += count
            reasons[names.get(what, what)] += count
    made.reasons = sorted(reasons.items(), key=lambda pair: -pair[1])
    return made


def streams_of(brand: Brand) -> list[Stream]:
    """The streams whose completeness is promised."""
    found = Stream.objects.select_related("account").filter(account__brand=brand, enabled=True)
    found = found.exclude(account__state=ChannelAccount.State.REMOVED).defer("account__credentials")
    return list(found.order_by("account__name", "account_id", "pk"))


def rows(brand: Brand, *, now: datetime) -> list[Row]:
    """Every stream with its strip, its hours and its gaps."""
    streams = streams_of(brand)
    day = Gap.objects.filter(stream__in=streams, starts_at__lt=now)
    day = day.filter(Q(ends_at=None) | Q(ends_at__gt=now - timedelta(hours=24)) | Q(closed_at=None))
    gaps: dict[int, list[Gap]] = defaultdict(list)
    for gap in day.order_by("starts_at")[:1000]:
        gaps[gap.stream_id].append(gap)
    counted = list(_waiting(SetAside.objects.filter(stream__in=streams)).values_list("stream_id", flat=True)[:5000])
    hours = _hours(streams, now=now)
    return [_row(stream, gaps[stream.pk], hours, counted.count(stream.pk), now) for stream in streams]


def _hours(streams: list[Stream], *, now: datetime) -> dict[tuple[int, datetime], int]:
    last = now.replace(minute=0, second=0, microsecond=0)
    shown = [last - timedelta(hours=n) for n in range(HOURS)]
    wanted = [hour - timedelta(weeks=week) for hour in shown for week in range(WEEKS + 1)]
    found = HourlyCount.objects.filter(stream__in=streams, hour__in=wanted)
    return {(pk, hour): messages for pk, hour, messages in found.values_list("stream_id", "hour", "messages")}


def _row(stream: Stream, gaps: list[Gap], hours: dict[tuple[int, datetime], int], aside: int, now: datetime) -> Row:
    health, icon = health_of(stream, now=now)
    bars, current, usual = _bars(stream, hours, now)
    seen = [gap for gap in gaps if gap.ends_at is None or gap.ends_at > now - timedelta(hours=24)]
    still = health == "late" and stream.account.state != ChannelAccount.State.CONNECTED
    proof = stream.complete_until
    return Row(
        stream, stream.account.capabilities.stream(stream.kind), health, icon, [_stretch(g, now) for g in seen],
        _place(proof, now) if proof else 0.0, bars, None if still else current, usual, len(gaps),
        sum(g.closed_at is None and g.closable for g in gaps), sum(not g.closable for g in gaps), aside, proof,
    )  # fmt: skip


def health_of(stream: Stream, *, now: datetime) -> tuple[str, str]:
    """A word for the colour, and the icon beside it."""
    if stream.account.state == ChannelAccount.State.LOST:
        return "late", "unplug"
    if stream.account.state == ChannelAccount.State.PAUSED:
        return "warn", "clock"
    if stream.state in (Stream.State.FAILING, Stream.State.STOPPED) and stream.reason:
        return "late", "triangle-alert"
    promised = timedelta(minutes=stream.account.at_most_minutes_old)
    if stream.complete_until is None or now - stream.complete_until > max(
        promised, timedelta(seconds=3 * stream.interval)
    ):
        return "warn", "hourglass"
    return "ok", "circle-check"


def _place(at: datetime, now: datetime) -> float:
    """Where a moment of the last 24 hours lies on the strip."""
    return round(min(288.0, max(0.0, 288.0 - (now - at).total_seconds() / 300.0)), 1)


def _stretch(gap: Gap, now: datetime) -> Stretch:
    start, end = _place(gap.starts_at, now), _place(gap.ends_at or now, now)
    css = "mended" if gap.closed_at is not None else "open" if gap.closable else "lost"
    return Stretch(min(start, 285.0), max(end - start, 3.0), css, gap)


def _bars(stream: Stream, hours: dict[tuple[int, datetime], int], now: datetime) -> tuple[list[Bar], int, float]:
    last = now.replace(minute=0, second=0, microsecond=0)
    shown = [last - timedelta(hours=n) for n in reversed(range(HOURS))]
    counts = [hours.get((stream.pk, hour), 0) for hour in shown]
    usual = [_usual(stream, hour, hours) for hour in shown]
    top = max([*counts, *usual, 1])
    bars = [
        Bar(
            n * 8,
            round(27 - 24 * count / top, 1),
            round(24 * count / top, 1),
            round(27 - 24 * usually / top, 1),
            n == HOURS - 1,
        )
        for n, (count, usually) in enumerate(zip(counts, usual, strict=True))
    ]
    return bars, counts[-1], round(usual[-1]) if usual[-1] >= 10 or usual[-1] == int(usual[-1]) else round(usual[-1], 1)


def _usual(stream: Stream, hour: datetime, hours: dict[tuple[int, datetime], int]) -> float:
    """The mean of the same hour of earlier weeks, over the weeks that the stream has lived."""
    weeks = min(WEEKS, max(1, (hour - stream.created_at).days // 7))
    return sum(hours.get((stream.pk, hour - timedelta(weeks=w)), 0) for w in range(1, WEEKS + 1)) / weeks


def troubles(found: list[Row]) -> list[Trouble]:
    """What keeps the first sentence from being short."""
    grouped: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in found:
        if row.health != "ok":
            account = row.stream.account
            reason = account.state if account.state != ChannelAccount.State.CONNECTED else row.stream.reason or "behind"
            grouped[account.pk, reason].append(row)
    return [
        Trouble(group[0].stream.account, len(group), min((r.proof for r in group if r.proof), default=None), reason)
        for (_, reason), group in grouped.items()
    ]


def gaps_of(brand: Brand, *, start: datetime) -> list[tuple[Gap, list[Stream], int]]:
    """Gaps of a period and, of any time, those that stay open; newest first.

    Those of one account with one cause are one, with all recovered messages.
    """
    found = Gap.objects.select_related("stream__account").filter(stream__account__brand=brand)
    found = found.filter(Q(starts_at__gte=start) | Q(closed_at=None) | Q(ends_at__gte=start))
    grouped: dict[tuple[Any, ...], tuple[Gap, list[Stream], int]] = {}
    for gap in found.defer("stream__account__credentials").order_by("-starts_at", "-pk")[:200]:
        minute = gap.starts_at.replace(second=0, microsecond=0)
        key = (gap.stream.account_id, gap.reason, minute, gap.ends_at is None, gap.closed_at is None, gap.closable)
        first, streams, recovered = grouped.get(key, (gap, [], 0))
        grouped[key] = (first, [*streams, gap.stream], recovered + gap.recovered)
    return list(grouped.values())


def set_aside_of(brand: Brand, *, limit: int = 50) -> list[SetAside]:
    """What could not be read and nobody has dealt with, newest first."""
    found = _waiting(SetAside.objects.select_related("stream__account").filter(stream__account__brand=brand))
    return list(found.defer("stream__account__credentials").order_by("-created_at")[:limit])


def _waiting(found: QuerySet[SetAside]) -> QuerySet[SetAside]:
    """Those that nobody has dealt with, and that no later poll brought in after all."""
    here = Message.objects.filter(
        account=OuterRef("stream__account"), external_id=OuterRef("external_id"), placeholder=False,
        created_at__gt=OuterRef("created_at"),  # one that was here before had something else that could not be read
    )  # fmt: skip
    return found.filter(~Exists(here), resolved_at=None)


def polls_of(brand: Brand, *, start: datetime, end: datetime) -> Iterator[Poll]:
    """The whole ledger of a period, read as it is written out."""
    found = Poll.objects.select_related("stream__account").filter(
        stream__in=Stream.objects.filter(account__brand=brand), started_at__gte=start, started_at__lt=end
    )
    return found.defer("stream__account__credentials").order_by("stream_id", "-started_at").iterator(chunk_size=2000)
