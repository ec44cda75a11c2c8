"""Open public messages are looked at again: often at first, then ever less, within the budget; growth is kept.

What we answered elsewhere and never saw is asked for in the same way: the message itself takes its placeholder's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from connectors.exceptions import AuthorizationLost, ConnectorError, RateLimited
from connectors.types import Cost, Deletion, InboundMessage, Limit, Page, Refreshed
from inbox.gateway import connect
from inbox.models import ChannelAccount, Conversation, Message, MetricSample, MetricWatch, RateWindow, Stream, Usage
from inbox.operations import accounts, budget
from inbox.operations.apart import of_the_data
from inbox.operations.ingest import ingest_page
from inbox.operations.ingest_messages import as_count
from inbox.operations.ingest_rows import execute
from inbox.operations.ledger import Turn

log = structlog.get_logger()
LOOKS = [timedelta(minutes=m) for m in (5, 15, 60, 240, 720, 1440)]  # after the first, second, ... look
LAST_LOOK = 12
UNSEEN_LOOKS = 4  # what the platform does not give by then, it will not give
RESERVED = 0.8  # of the day's budget: beyond it, polls go before looks
CLAIMED = timedelta(minutes=2)  # a look that died is tried again after this
GROWTH = """
    UPDATE inbox_conversation c SET growth = g.growth FROM (
        SELECT m.conversation_id, greatest(-2147483647, least(2147483647, sum(m.reposts::bigint + m.replies + m.likes
            - coalesce(s.reposts::bigint + s.replies + s.likes, 0)))) AS growth
        FROM inbox_message m LEFT JOIN LATERAL (
            SELECT * FROM inbox_metricsample s WHERE s.message_id = m.id ORDER BY s.at LIMIT 1) s ON true
        WHERE m.conversation_id = ANY(%s) AND m.direction = 'in' AND s.id IS NOT NULL GROUP BY m.conversation_id) g
    WHERE c.id = g.conversation_id AND c.growth <> g.growth"""


def refresh_due() -> int:
    """One batch of looks for every account that has some due; how many messages."""
    now = timezone.now()
    due = MetricWatch.objects.filter(next_at__lte=now).values_list("account_id", flat=True).distinct()
    alive = ChannelAccount.objects.filter(pk__in=list(due), state=ChannelAccount.State.CONNECTED).exclude(
        retry_at__gt=now
    )
    return sum(_look_apart(account, now=now) for account in alive)


def _look_apart(account: ChannelAccount, *, now: datetime) -> int:
    """Whatever one account's answer holds, the others are looked at too."""
    try:
        return _look(account, now=now)
    except Exception as error:
        if not of_the_data(error):
            raise
        log.exception("look_not_stored", account=account.pk)
        return 0


def _look(account: ChannelAccount, *, now: datetime) -> int:
    usage = Usage.objects.filter(account=account, day=budget.today(now)).first()
    if budget.share_used(account, usage=usage) >= RESERVED or _window_is_full(account, now=now):
        return 0
    batch = claim(account, now=now)
    if not batch:
        return 0
    try:
        with connect(account) as connector:
            told = connector.refresh_metrics(sorted(batch))
    except ConnectorError as error:
        _spend(account, cost=error.cost, limits=error.limits, now=now)
        _put_back(account, batch, error, now)
        return 0
    _spend(account, cost=told.cost, limits=told.limits, now=now)
    store_refreshed(account, told=told, batch=batch, now=timezone.now())
    return len(batch)


def _window_is_full(account: ChannelAccount, *, now: datetime) -> bool:
    """What is left of a window that all calls share is for replies."""
    shares = RateWindow.objects.filter(account=account, resets_at=None)
    return budget.spacing(shares, streams=1, now=now) > 0


def claim(account: ChannelAccount, *, now: datetime) -> dict[str, int]:
    """External ids of messages to look at, taken by moving their time; what is no longer open is let go."""
    with transaction.atomic():
        size = max(account.capabilities.refresh_batch, 1)
        rows = MetricWatch.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            account=account, next_at__lte=now
        )
        watches = list(rows.select_related("message__conversation").order_by("next_at")[:size])
        over = [w.pk for w in watches if _over(w)]
        MetricWatch.objects.filter(pk__in=over).delete()
        mine = [w for w in watches if w.pk not in set(over)]
        MetricWatch.objects.filter(pk__in=[w.pk for w in mine]).update(next_at=now + CLAIMED)
    return {w.message.external_id: w.pk for w in mine if w.message.external_id}


def _over(watch: MetricWatch) -> bool:
    if watch.message.placeholder:
        return watch.looks >= UNSEEN_LOOKS or watch.message.deleted_at is not None
    closed = watch.message.conversation.status == Conversation.Status.RESOLVED
    return closed or watch.looks >= LAST_LOOK or watch.message.deleted_at is not None


def _put_back(account: ChannelAccount, batch: dict[str, int], error: ConnectorError, now: datetime) -> None:
    if isinstance(error, AuthorizationLost):
        accounts.authorization_lost(account, error)
    until = (error.retry_at if isinstance(error, RateLimited) else None) or now + timedelta(minutes=5)
    MetricWatch.objects.filter(pk__in=batch.values()).update(next_at=until)


def _spend(account: ChannelAccount, *, cost: Cost, limits: Iterable[Limit], now: datetime) -> None:
    spent = budget.Spent()
    spent.add(account.pk, cost=cost, limits=limits)
    spent.write(now=now)


def store_refreshed(account: ChannelAccount, *, told: Refreshed, batch: dict[str, int], now: datetime) -> None:
    """Samples, growth and the next look; what they say now and deletions go through ingest like all others."""
    with transaction.atomic():
        conversations = _store_metrics(told, batch, now)
        execute(
            """UPDATE inbox_metricwatch w SET looks = looks + 1, next_at = %s + make_interval(secs => (%s::float[])[least(looks + 2, %s)])
               WHERE message_id = ANY(%s)""",
            [now, [look.total_seconds() for look in LOOKS], len(LOOKS), list(batch.values())],
        )
        if conversations:
            execute(GROWTH, [sorted(conversations)])
    for stream, page in _pages(account, told):
        ingest_page(stream=stream, page=page, now=now, lease=None, turn=Turn(now, fields=None))


def _pages(account: ChannelAccount, told: Refreshed) -> Iterable[tuple[Stream, Page]]:
    """Every message by the stream that brought it: one that a search found has not become addressed to us."""
    streams = Stream.objects.select_related("account").filter(account=account).order_by("proactive", "pk").in_bulk()
    own = {spec.kind for spec in account.capabilities.streams if spec.own}
    home = next((stream for stream in streams.values() if stream.kind not in own), None)
    if home is None:
        return
    ids = [message.external_id for message in told.messages]
    seen = Message.objects.filter(account=account, external_id__in=ids, placeholder=False)
    of = dict(seen.values_list("external_id", "stream_id"))
    groups: dict[int, list[InboundMessage]] = {}
    for message in told.messages:
        stream = streams.get(of.get(message.external_id) or 0, home)
        groups.setdefault(stream.pk, []).append(message)
    if told.deleted or told.unreadable:
        yield home, Page(deletions=tuple(Deletion(i) for i in told.deleted), unreadable=told.unreadable)
    for pk, messages in groups.items():
        yield streams[pk], Page(messages=tuple(messages))


def _store_metrics(refreshed: Refreshed, batch: dict[str, int], now: datetime) -> set[int]:
    messages = Message.objects.filter(
        pk__in=[batch[key] for key in refreshed.metrics if key in batch], placeholder=False
    ).in_bulk()
    sampled = set(MetricSample.objects.filter(message__in=messages).values_list("message_id", flat=True))
    samples = []
    for external_id, metrics in refreshed.metrics.items():
        message = messages.get(batch.get(external_id, 0))
        if message is None:
            continue
        if message.pk not in sampled:  # what it was when it came in
            samples.append(MetricSample(message=message, at=message.created_at, reposts=message.reposts,
                                        replies=message.replies, likes=message.likes))  # fmt: skip
        for name in ("reposts", "replies", "likes"):
            if (told := getattr(metrics, name)) is not None:
                setattr(message, name, as_count(told))
        samples.append(MetricSample(message=message, at=now, reposts=message.reposts, replies=message.replies,
                                    likes=message.likes))  # fmt: skip
    MetricSample.objects.bulk_create(samples, ignore_conflicts=True)
    Message.objects.bulk_update(messages.values(), ["reposts", "replies", "likes"])
    return {message.conversation_id for message in messages.values()}
