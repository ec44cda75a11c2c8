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


REPLIES = """
insert into inbox_ratewindow as w (account_id, bucket, "limit", remaining, resets_at, updated_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (account_id, bucket) do update set "limit" = excluded.limit, remaining = excluded.remaining,
    resets_at = excluded.resets_at, updated_at = excluded.updated_at
where not (coalesce(w.remaining, 1) <= 0 and w.resets_at > excluded.updated_at)
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


def record_room(*, account_id: int, mode: str, limits: Iterable[Limit]) -> None:
    """What is left for replies of this kind, by the window that ends first; what is held stays held."""
    now = timezone.now()
    told = [w for w in limits if w.remaining is not None and (w.resets_at is None or w.resets_at > now)]
    if told:
        least = min(told, key=lambda w: (w.remaining or 0) / (w.limit or 1_000))
        with connection.cursor() as cursor:
            cursor.execute(REPLIES, [account_id, bucket_of(mode), least.limit, least.remaining, least.resets_at, now])


def bucket_of(mode: str) -> str:
    """The window in which we keep what is left for this kind of reply, whatever the platform calls its own."""
    return f"send:{mode}"


def hold(*, account_id: int, mode: str, until: datetime) -> None:
    """No reply of this kind leaves this account before `until`."""
    record_limits(account_id=account_id, limits=[Limit(bucket_of(mode), None, 0, until)])
