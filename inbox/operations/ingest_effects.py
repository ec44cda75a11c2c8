"""What follows from a page: counts, activity, events, and the wake-ups of others."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from connectors.types import Direction
from inbox import events
from inbox.models import ActivityEntry, ChannelAccount, Gap, Stream
from inbox.operations import handoff, notifications
from inbox.operations.ingest_conversations import Changes
from inbox.operations.ingest_messages import Arrival
from inbox.operations.ingest_rows import execute

ONE_BY_ONE = 50  # more changes than this are told as "the list changed"
HOURS = """
    INSERT INTO inbox_hourlycount (stream_id, hour, messages) SELECT %s, h.hour, h.n
    FROM unnest(%s::timestamptz[], %s::int[]) AS h(hour, n)
    ON CONFLICT (stream_id, hour) DO UPDATE SET messages = inbox_hourlycount.messages + excluded.messages"""


def count_hours(arrivals: list[Arrival], *, stream: Stream) -> None:
    """Messages from people per hour in which they were said."""
    hours = Counter(
        a.message.sent_at.replace(minute=0, second=0, microsecond=0)
        for a in arrivals if a.message.direction == Direction.INBOUND
    )  # fmt: skip
    if hours:
        ordered = sorted(hours)
        execute(HOURS, [stream.pk, ordered, [hours[hour] for hour in ordered]])


def count_recovered(arrivals: list[Arrival], *, stream: Stream) -> None:
    """What fell into a gap of this stream and is here after all."""
    times = sorted(a.message.sent_at for a in arrivals)
    for gap in Gap.objects.filter(stream=stream, closed_at=None, closable=True, starts_at__lte=times[-1]):
        recovered = sum(gap.starts_at <= t and (gap.ends_at is None or t <= gap.ends_at) for t in times)
        if recovered:
            Gap.objects.filter(pk=gap.pk).update(recovered=gap.recovered + recovered)


def announce(changes: Changes, *, account: ChannelAccount, now: datetime) -> None:
    """Activity within the transaction; events and notifications once it is committed."""
    ActivityEntry.objects.bulk_create(
        [
            ActivityEntry(conversation_id=pk, verb="reopened", data={"from": old}, at=now)
            for pk, old in changes.reopened.items()
        ]
    )
    changed = sorted(changes.touched | changes.made)
    if not changed:
        return
    legs = handoff.join_legs(changes.touched | changes.made_private)  # a new public one has no other leg
    if len(changed) <= ONE_BY_ONE:
        for pk in sorted(legs.union(changed)):
            events.publish("conversation", brand_id=account.brand_id, id=pk)
    events.publish("list", brand_id=account.brand_id)
    if changes.written:
        notifications.person_wrote(sorted(changes.written))
