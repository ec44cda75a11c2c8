"""What an account may still ask of its platform today and in this window: replies first, then polls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import structlog
from django.utils import timezone

from connectors.types import Cost, Limit
from inbox.models import ChannelAccount, RateWindow, Usage
from inbox.operations.apart import apart
from inbox.operations.ingest_rows import execute, records
from inbox.operations.ingest_text import clip

log = structlog.get_logger()
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
    limits: dict[int, dict[str, Limit]] = field(default_factory=dict)

    def add(self, account_id: int, *, cost: Cost, limits: Iterable[Limit]) -> None:
        self.costs[account_id] = self.costs.get(account_id, Cost()) + cost
        self.limits.setdefault(account_id, {}).update({clip(limit.bucket, 80): limit for limit in limits})

    def write(self, *, now: datetime) -> None:
        """Add to the accounts' day and remember the windows as last reported. One that is gone costs the others nothing."""
        costs, limits = self.costs, self.limits
        self.costs, self.limits = {}, {}

        def write(accounts: Sequence[int]) -> None:
            day = today(now)
            execute(USAGE, [records([{"account_id": pk, "day": day, **_plain(costs[pk])} for pk in accounts])])
            RateWindow.objects.bulk_create(
                [_window(pk, bucket, w, now) for pk in accounts for bucket, w in sorted(limits[pk].items())],
                update_conflicts=True, unique_fields=["account", "bucket"],
                update_fields=["limit", "remaining", "resets_at", "updated_at"],
            )  # fmt: skip

        for pk, error in apart(sorted(costs), write):
            log.error("usage_not_written", account=pk, error=repr(error))


def _window(account_id: int, bucket: str, told: Limit, now: datetime) -> RateWindow:
    return RateWindow(account_id=account_id, bucket=bucket, limit=told.limit, remaining=told.remaining,
                      resets_at=told.resets_at, updated_at=now)  # fmt: skip


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
