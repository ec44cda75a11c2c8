"""When a stream is polled again: faster when messages come, slower when quiet, inside every limit and budget."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.types import StreamSpec
from inbox.models import RateWindow, Stream, Usage
from inbox.operations import budget

QUIET = timedelta(hours=1)
SILENT = timedelta(days=1)
BUDGET_LOOK = timedelta(seconds=60)  # how soon we see that somebody raised the ceiling
CATCHING_UP = 1.0  # seconds between turns while there is a backlog


@dataclass(slots=True)
class Pace:
    """What is known of the accounts of a batch: usage, windows, how many streams share a window."""

    usage: dict[int, Usage] = field(default_factory=dict)
    windows: dict[int, dict[str, RateWindow]] = field(default_factory=dict)
    sharing: dict[tuple[int, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, streams: list[Stream], *, now: datetime) -> Pace:
        accounts = {stream.account_id for stream in streams}
        pace = cls()
        for usage in Usage.objects.filter(account__in=accounts, day=budget.today(now)):
            pace.usage[usage.account_id] = usage
        for window in RateWindow.objects.filter(account__in=accounts):
            pace.windows.setdefault(window.account_id, {})[window.bucket] = window
        enabled = Stream.objects.filter(account__in=accounts, enabled=True)
        for account_id, buckets in enabled.values_list("account_id", "buckets"):
            for bucket in buckets:
                pace.sharing[account_id, bucket] = pace.sharing.get((account_id, bucket), 0) + 1
        return pace

    def stretch(self, stream: Stream, *, now: datetime) -> float:
        """How much the day's budget slows this stream."""
        used = budget.share_used(stream.account, usage=self.usage.get(stream.account_id))
        return budget.stretch(used, quiet=is_quiet(stream, now=now))

    def spacing(self, stream: Stream, *, buckets: list[str], now: datetime) -> float:
        """How much the platform's windows slow it."""
        known = self.windows.get(stream.account_id, {})
        sharing = max((self.sharing.get((stream.account_id, bucket), 1) for bucket in buckets), default=1)
        return budget.spacing((known[b] for b in buckets if b in known), streams=sharing, now=now)

    def next(self, stream: Stream, *, new: int, buckets: list[str], behind: bool, now: datetime) -> dict[str, object]:
        """The stream's row after a turn that went well."""
        interval = adapted(stream, new=new, now=now)
        stretch, spacing = self.stretch(stream, now=now), self.spacing(stream, buckets=buckets, now=now)
        wait = CATCHING_UP if behind else interval
        reason = ""
        if stretch > 1:
            wait, reason = min(wait * stretch, 24 * 3600.0), "slowed_by_budget"
        if spacing > wait:
            wait, reason = spacing, "slowed_by_limit" if spacing > interval else ""
        wait *= random.uniform(0.95, 1.0)  # so that streams do not march in step
        return {"id": stream.pk, "next_poll_at": now + timedelta(seconds=wait), "interval": interval, "reason": reason,
                "buckets": buckets}  # fmt: skip


def is_quiet(stream: Stream, *, now: datetime) -> bool:
    """Nothing came for an hour."""
    return stream.last_message_at is None or now - stream.last_message_at > QUIET


def spec_of(stream: Stream) -> StreamSpec | None:
    """What the platform says of this kind of stream."""
    return stream.account.capabilities.stream(stream.kind)


def adapted(stream: Stream, *, new: int, now: datetime) -> float:
    """The stream's own rhythm: at most what the brand asked for, at least what the platform allows."""
    spec = spec_of(stream)
    shortest = float(spec.min_interval if spec else 15)
    usual = float(spec.default_interval if spec else 60)
    promised = max(shortest, stream.account.at_most_minutes_old * 60.0)
    if new:
        return max(shortest, min(stream.interval * 0.6, usual, promised))
    ceiling = usual
    if stream.last_message_at is not None and is_quiet(stream, now=now):
        ceiling = usual * (4 if now - stream.last_message_at > SILENT else 2)
    return max(shortest, min(stream.interval * 1.25, ceiling, promised))
