"""One text to many in a disruption: seen one by one, spread over the limits, stoppable half-way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone

from inbox.models import Agent, Brand, BulkReply, Conversation, Delivery
from inbox.operations import outbox_rules
from inbox.operations.canned import fill
from inbox.operations.changes import Refused, record
from inbox.operations.outbox_choices import reopen_like_before
from inbox.operations.outbox_records import update
from inbox.operations.replies import locked, parent_of, send_reply

State = Delivery.State
SPACING = 2.0  # seconds between two replies of one account: a disruption must not look like spam
MOST = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What one conversation would get, or why it cannot."""

    conversation: Conversation
    text: str
    refused: str = ""


def mode_for(conversation: Conversation) -> str:
    """The way this conversation is answered."""
    return outbox_rules.PUBLIC if conversation.visibility == "public" else outbox_rules.DIRECT


def preview(*, brand: Brand, conversation_ids: Iterable[int], text: str, agent: Agent) -> list[Preview]:
    """Every reply as it would leave."""
    found = Conversation.objects.filter(brand=brand, pk__in=list(conversation_ids)[:MOST])
    related = ("brand", "account", "identity", "thread", "contact")
    return [_preview(c, text, agent) for c in found.select_related(*related).order_by("waiting_since", "pk")]


def _preview(conversation: Conversation, text: str, agent: Agent) -> Preview:
    words = fill(text, conversation=conversation, agent=agent)
    try:
        outbox_rules.check(conversation=conversation, mode=mode_for(conversation), text=words,
                           parent=parent_of(conversation))  # fmt: skip
    except Refused as refused:
        return Preview(conversation, words, refused.code)
    return Preview(conversation, words)


def send_bulk(
    *, brand: Brand, agent: Agent, text: str, chosen: dict[int, str], token: UUID
) -> tuple[BulkReply, dict[int, str]]:
    """Queue the chosen ones, each with its own text; and which were refused, with why. The same token is one bulk."""
    with transaction.atomic():
        bulk = BulkReply.objects.create(brand=brand, agent=agent, text=text)
        known = Delivery.objects.filter(token__in=[uuid5(token, str(pk)) for pk in chosen], bulk__isnull=False).first()
        if known is not None and known.bulk is not None:
            bulk.delete()
            return known.bulk, {}
    refused: dict[int, str] = {}
    place: dict[int, int] = {}
    for conversation in Conversation.objects.filter(brand=brand, pk__in=list(chosen)[:MOST]).order_by("pk"):
        n = place.get(conversation.account_id, 0)
        try:
            send_reply(conversation=conversation, agent=agent, mode=mode_for(conversation), bulk=bulk,
                       text=chosen[conversation.pk], delay=5 + n * SPACING,
                       token=uuid5(token, str(conversation.pk)))  # fmt: skip
            place[conversation.account_id] = n + 1
        except Refused as error:
            refused[conversation.pk] = error.code
    return bulk, refused


def stop(*, bulk: BulkReply, agent: Agent) -> int:
    """Nothing more leaves; how many were stopped."""
    BulkReply.objects.filter(pk=bulk.pk, stopped_at=None).update(stopped_at=timezone.now())
    waiting = Delivery.objects.filter(bulk=bulk, state__in=[State.PENDING, State.APPROVAL], attempts=0)
    return sum(_stop_one(pk, conversation, agent) for pk, conversation in waiting.values_list("pk", "conversation_id"))


@transaction.atomic
def _stop_one(pk: int, conversation_id: int, agent: Agent) -> bool:
    conversation = locked(conversation_id)
    rows = Delivery.objects.select_for_update().filter(pk=pk, state__in=[State.PENDING, State.APPROVAL], attempts=0)
    delivery = rows.first()
    if delivery is None:
        return False
    update(delivery, state=State.CANCELLED)
    reopen_like_before(conversation, delivery)
    record(conversation, actor=agent, verb="taken_back", data={"delivery": pk})
    return True
