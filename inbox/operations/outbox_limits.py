"""What replies cost and which limits the platform reported, shared by all workers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from connectors.exceptions import ConnectorError
from connectors.types import Limit, Sent
from inbox.models import Delivery, RateWindow
from inbox.operations.budget import Spent

EVERY = 0.25  # seconds
ROOM = """
insert into inbox_ratewindow as w (account_id, bucket, "limit", remaining, resets_at, updated_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (account_id, bucket) do update set "limit" = excluded.limit, remaining = excluded.remaining,
    resets_at = excluded.resets_at, updated_at = excluded.updated_at
where not (coalesce(w.remaining, 1) <= 0 and w.resets_at > excluded.updated_at)
"""


@dataclass(slots=True)
class Used:
    """What calls used, until it is written down: a few times a second, however many end."""

    spent: Spent = field(default_factory=Spent)
    rooms: dict[tuple[int, str], tuple[Limit, ...]] = field(default_factory=dict)
    written: float = field(default_factory=time.monotonic)

    def add(self, delivery: Delivery, outcome: Sent | ConnectorError) -> None:
        self.spent.add(delivery.account_id, cost=outcome.cost, limits=outcome.limits)
        if isinstance(outcome, Sent) and outcome.limits:
            self.rooms[delivery.account_id, delivery.mode] = outcome.limits

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self.written > EVERY

    def write(self) -> None:
        """Losing figures in a crash costs nothing: nobody waits for a disk."""
        self.written, rooms, self.rooms = time.monotonic(), self.rooms, {}
        if not self.spent.costs:
            return
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local synchronous_commit to off")
            self.spent.write(now=timezone.now())
            for (account_id, mode), told in sorted(rooms.items()):
                _write_room(account_id, mode, told)


def _write_room(account_id: int, mode: str, limits: tuple[Limit, ...]) -> None:
    """What is left for replies of this kind, by the window that ends first; what is held stays held."""
    now = timezone.now()
    told = [w for w in limits if w.remaining is not None and (w.resets_at is None or w.resets_at > now)]
    if told:
        least = min(told, key=lambda w: (w.remaining or 0) / (w.limit or 1_000))
        with connection.cursor() as cursor:
            cursor.execute(ROOM, [account_id, bucket_of(mode), least.limit, least.remaining, least.resets_at, now])


def bucket_of(mode: str) -> str:
    """The window in which we keep what is left for this kind of reply, whatever the platform calls its own."""
    return f"send:{mode}"


def hold(*, account_id: int, mode: str, until: datetime) -> None:
    """No reply of this kind leaves this account before `until`."""
    RateWindow.objects.update_or_create(
        account_id=account_id, bucket=bucket_of(mode),
        defaults={"limit": None, "remaining": 0, "resets_at": until, "updated_at": timezone.now()},
    )  # fmt: skip
