"""What an account may still ask of its platform today and in this window: replies first, then polls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from connectors.types import Cost, Limit
from inbox.models import ChannelAccount, RateWindow, Usage
from inbox.operations.ingest_rows import execute, records

REPLIES = 0.2  # of every window is kept for replies
LAST = 0.05  # of the daily budget is kept for replies
QUIET_SLOWS_AT, ALL_SLOW_AT = 0.6, 0.85
BLIND_WAIT = timedelta(minutes=5)  # when a window is used up and does not say until when
USAGE = """
    INSERT INTO inbox_usage AS u (account_id, day, calls, post_reads, user_reads, message_reads, writes, money)
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(account_id bigint, day date, calls int, post_reads int,
        user_reads int, message_reads int, writes int, money numeric)
    ON CONFLICT (account_id, day) DO UPDATE SET calls = u.calls + excluded.calls,
        post_reads = u.post_reads + excluded.post_reads, user_reads = u.user_reads + excluded.user_reads,
        message_reads = u.message_reads + excluded.message_reads, writes = u.writes + excluded.writes,
        money = u.money + excluded.money"""


@dataclass(slots=True)
class Spent:
    """What a batch of polls used, per account, until it is written down."""

    costs: dict[int, Cost] = field(default_factory=dict)
    limits: dict[tuple[int, str], Limit] = field(default_factory=dict)

    def add(self, account_id: int, *, cost: Cost, limits: Iterable[Limit]) -> None:
        self.costs[account_id] = self.costs.get(account_id, Cost()) + cost
        self.limits |= {(account_id, limit.bucket): limit for limit in limits}

    def write(self, *, now: datetime) -> None:
        """Add to the accounts' day and remember the windows as last reported."""
        day = today(now)
        costs = [{"account_id": pk, "day": day, **_plain(cost)} for pk, cost in sorted(self.costs.items())]
        if costs:
            execute(USAGE, [records(costs)])
        rows = [
            RateWindow(account_id=pk, bucket=bucket[:80], limit=w.limit, remaining=w.remaining, resets_at=w.resets_at,
                       updated_at=now)
            for (pk, bucket), w in sorted(self.limits.items())
        ]  # fmt: skip
        RateWindow.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["account", "bucket"],
            update_fields=["limit", "remaining", "resets_at", "updated_at"],
        )  # fmt: skip
        self.costs, self.limits = {}, {}


def record_cost(*, account_id: int, cost: Cost) -> None:
    """Add one call to the account's usage of today."""
    spent = Spent()
    spent.add(account_id, cost=cost, limits=())
    spent.write(now=timezone.now())


def _plain(cost: Cost) -> dict[str, object]:
    names = ("calls", "post_reads", "user_reads", "message_reads", "writes", "money")
    return {name: getattr(cost, name) for name in names}


def today(now: datetime) -> date:
    """Budgets are per UTC day, as the platforms charge."""
    return now.astimezone(UTC).date()


def share_used(account: ChannelAccount, *, usage: Usage | None) -> float:
    """How much of the day's ceiling is gone: calls or money, whichever is further. 0 without a ceiling."""
    if usage is None:
        return 0.0
    calls = usage.calls / account.daily_calls if account.daily_calls else 0.0
    money = float(Decimal(usage.money) / account.daily_money) if account.daily_money else 0.0
    return max(calls, money)


def stretch(used: float, *, quiet: bool) -> float:
    """By how much a stream slows down: quiet ones first; infinite when only the share of replies is left."""
    if used >= 1 - LAST:
        return float("inf")
    start = QUIET_SLOWS_AT if quiet else ALL_SLOW_AT
    return 1.0 if used < start else 1.0 + 7.0 * (used - start) / (1 - LAST - start)


def spacing(windows: Iterable[RateWindow], *, streams: int, now: datetime) -> float:
    """Seconds that must lie between two polls of a stream when so many share these windows."""
    longest = 0.0
    for window in windows:
        if window.remaining is None or (window.resets_at is not None and window.resets_at <= now):
            continue
        left = window.remaining - (window.limit or 0) * REPLIES
        until = window.resets_at or window.updated_at + BLIND_WAIT
        seconds = max((until - now).total_seconds(), 0.0)
        if window.resets_at is None and left > 0:
            continue  # a share of use without a time: fine while it is low
        longest = max(longest, seconds if left < 1 else streams * seconds / left)
    return longest
