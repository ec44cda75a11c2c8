"""What is polled for an account: switching streams, and keeping searches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from connectors.types import Direction, InboundMessage, StreamRef
from inbox import events, gateway
from inbox.models import Agent, ChannelAccount, Stream
from inbox.operations import audit
from inbox.operations.accounts import FIRST_LOOK, permits
from inbox.operations.changes import Refused
from inbox.operations.ledger import open_gap

FIELDS = ("name", "query", "language", "exclude", "may_join", "join_days", "target_minutes")
PREVIEW = 10
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a search would bring: some messages, how many a day, and what one look cost (dollars)."""

    messages: tuple[InboundMessage, ...]
    per_day: float | None
    cost: Decimal
    cost_per_day: Decimal | None
    at_least: bool = False


@transaction.atomic
def switch(*, stream: Stream, agent: Agent, on: bool) -> None:
    """On goes on from where it was; off leaves a gap that says so. Refused "permission_missing"."""
    spec = stream.account.capabilities.stream(stream.kind)
    if on and spec is not None and not permits(stream.account, spec):
        raise Refused("permission_missing")
    state = Stream.State.BEHIND if stream.gaps.filter(ends_at=None).exists() else Stream.State.OK
    fields = {"enabled": on, "state": state, "reason": "", "next_poll_at": timezone.now()}
    if not Stream.objects.filter(pk=stream.pk, enabled=not on).update(**fields if on else {"enabled": False}):
        return
    if not on:
        open_gap(stream, reason="paused", now=timezone.now(), at_once=True)
    _tell(stream, "stream_on" if on else "stream_off", agent)


@transaction.atomic
def save_search(
    *, account: ChannelAccount, agent: Agent, kind: str, stream: Stream | None = None, **fields: Any
) -> Stream:
    """A new search, or other words or etiquette for one. Other words begin anew. Refused "search_exists"."""
    spec = account.capabilities.stream(kind)
    if spec is None or not spec.needs_query:
        raise Refused("no_search")
    before = {name: getattr(stream, name) for name in FIELDS} if stream else {}
    anew = stream is None or (stream.query, stream.language, stream.exclude) != (
        fields["query"], fields.get("language", ""), fields.get("exclude", []),
    )  # fmt: skip
    stream = stream or Stream(account=account, kind=kind, proactive=spec.proactive, interval=spec.default_interval)
    for name, value in fields.items():
        setattr(stream, name, value)
    if anew:
        stream.cursor, stream.backlog, stream.complete_until = {}, None, None
        stream.since, stream.next_poll_at = timezone.now() - FIRST_LOOK, timezone.now()
    try:
        with transaction.atomic():
            _save(stream, fields, anew=anew)
    except IntegrityError:
        raise Refused("search_exists", query=stream.query) from None
    _tell(stream, "search_saved", agent, changed=audit.changes(before, fields))
    return stream


def _save(stream: Stream, fields: dict[str, Any], *, anew: bool) -> None:
    if stream.pk is None:
        stream.save()
        return
    start = ["cursor", "backlog", "complete_until", "since", "next_poll_at"] if anew else []
    stream.save(update_fields=[*fields, *start])


def preview(
    *, account: ChannelAccount, kind: str, query: str, language: str = "", exclude: tuple[str, ...] = ()
) -> Preview:
    """Look once at what a search brings. Calls the platform and costs money; nothing is stored."""
    with gateway.connect(account) as connector:
        since = timezone.now() - WEEK
        page = connector.poll(StreamRef(kind, query, language, exclude), {}, since=since, limit=PREVIEW)
    found = [message for message in page.messages if message.direction == Direction.INBOUND]  # ours is no work
    times = sorted(message.sent_at for message in found)
    if not page.has_more:  # all of the week
        per_day: float | None = len(times) / WEEK.days
    else:
        per_day = _per_day(len(times), (times[-1] - times[0]).total_seconds()) if len(times) > 1 else None
    each = page.cost.money / len(times) if times else None
    daily = each * Decimal(str(round(per_day, 2))) if each is not None and per_day is not None else None
    return Preview(tuple(found[:PREVIEW]), per_day, page.cost.money, daily, at_least=page.has_more)


def _per_day(number: int, seconds: float) -> float:
    """From the span of those found; a span under a minute says nothing more precise than a minute does."""
    return (number - 1) * 86_400 / max(seconds, 60.0)


def _tell(stream: Stream, verb: str, agent: Agent, **data: Any) -> None:
    facts = {"account": stream.account_id, "stream": stream.pk, **data}
    audit.record(verb, actor=agent, brand=stream.account.brand, target=f"{stream.account}: {stream}", data=facts)
    events.publish("account", brand_id=stream.account.brand_id, id=stream.account_id)
