"""What calls cost and which limits the platform reported, shared by all workers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.utils import timezone

from connectors.types import Cost, Limit
from inbox.models import RateWindow

USAGE = """
insert into inbox_usage as u (account_id, day, calls, post_reads, user_reads, message_reads, writes, money)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (account_id, day) do update set calls = u.calls + excluded.calls,
    post_reads = u.post_reads + excluded.post_reads, user_reads = u.user_reads + excluded.user_reads,
    message_reads = u.message_reads + excluded.message_reads, writes = u.writes + excluded.writes,
    money = u.money + excluded.money
"""


def record_cost(*, account_id: int, cost: Cost) -> None:
    """Add to the account's usage of today."""
    today = timezone.now().date()
    with connection.cursor() as cursor:
        cursor.execute(USAGE, [account_id, today, cost.calls, cost.post_reads, cost.user_reads, cost.message_reads,
                               cost.writes, cost.money])  # fmt: skip


def record_limits(*, account_id: int, limits: Iterable[Limit]) -> None:
    """Remember the windows as the platform last reported them."""
    now = timezone.now()
    rows = {
        w.bucket: RateWindow(account_id=account_id, bucket=w.bucket, limit=w.limit, remaining=w.remaining,
                             resets_at=w.resets_at, updated_at=now)
        for w in limits
    }  # fmt: skip
    if not rows:
        return
    RateWindow.objects.bulk_create(
        [rows[bucket] for bucket in sorted(rows)], update_conflicts=True, unique_fields=["account", "bucket"],
        update_fields=["limit", "remaining", "resets_at", "updated_at"],
    )  # fmt: skip


def hold(*, account_id: int, mode: str, until: datetime) -> None:
    """No reply of this kind leaves this account before `until`."""
    record_limits(account_id=account_id, limits=[Limit(f"send:{mode}", None, 0, until)])
