"""One text to many in a disruption: seen one by one, spread over the limits, stoppable half-way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Max
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
PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True)
class Preview:
    """What one conversation would get, or why it cannot."""

    conversation: Conversation
    text: str
    refused: str = ""
    seen: int = 0


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
    words = outbox_rules.signed(words, conversation=conversation, agent=agent)
    seen = conversation.messages.aggregate(last=Max("pk"))["last"] or 0
    if left_open(words):
        return Preview(conversation, words, "placeholder", seen)
    try:
        outbox_rules.check(conversation=conversation, mode=mode_for(conversation), text=words,
                           parent=parent_of(conversation))  # fmt: skip
    except Refused as refused:
        return Preview(conversation, words, refused.code, seen)
    return Preview(conversation, words, seen=seen)


def send_bulk(
    *, brand: Brand, agent: Agent, text: str, chosen: dict[int, str], token: UUID, seen: dict[int, int] | None = None
) -> tuple[BulkReply, dict[int, str]]:
    """Queue the chosen ones, each with its own text; and which were refused, with why.

    The same token is one bulk, in which each is answered once: sent again, it goes on where it was broken off.
    `seen`: the newest message each preview showed; who was answered meanwhile is refused.
    """
    bulk, _ = BulkReply.objects.get_or_create(token=token, defaults={"brand": brand, "agent": agent, "text": text})
    if bulk.stopped_at:
        return bulk, {int(pk): code for pk, code in bulk.refused.items()}
    refused: dict[int, str] = {}
    place: dict[int, int] = {}
    for conversation in Conversation.objects.filter(brand=brand, pk__in=list(chosen)[:MOST]).order_by("pk"):
        n = place.get(conversation.account_id, 0)
        try:
            _send_one(bulk, conversation, agent, text=chosen[conversation.pk], delay=5 + n * SPACING,
                      seen=(seen or {}).get(conversation.pk))  # fmt: skip
            place[conversation.account_id] = n + 1
        except Refused as error:
            refused[conversation.pk] = error.code
    BulkReply.objects.filter(pk=bulk.pk).update(refused=refused)
    return bulk, refused


@transaction.atomic
def _send_one(
    bulk: BulkReply, conversation: Conversation, agent: Agent, *, text: str, delay: float, seen: int | None
) -> None:  # fmt: skip
    """Under the lock that stopping takes: what is stopped half-way gets no more."""
    if BulkReply.objects.select_for_update().get(pk=bulk.pk).stopped_at:
        raise Refused("stopped")
    if left_open(text):
        raise Refused("placeholder")
    send_reply(conversation=conversation, agent=agent, mode=mode_for(conversation), bulk=bulk, text=text, delay=delay,
               seen_message=seen, token=uuid5(bulk.token or UUID(int=0), str(conversation.pk)))  # fmt: skip


def left_open(text: str) -> bool:
    """Whether something like {name} still stands in it."""
    return PLACEHOLDER.search(text) is not None


def stop(*, bulk: BulkReply, agent: Agent) -> int:
    """Nothing more leaves; how many were stopped."""
    BulkReply.objects.filter(pk=bulk.pk, stopped_at=None).update(stopped_at=timezone.now())
    waiting = Delivery.objects.filter(bulk=bulk, state__in=[State.PENDING, State.APPROVAL])
    return sum(_stop_one(pk, conversation, agent) for pk, conversation in waiting.values_list("pk", "conversation_id"))


@transaction.atomic
def _stop_one(pk: int, conversation_id: int, agent: Agent) -> bool:
    conversation = locked(conversation_id)
    rows = Delivery.objects.select_for_update().filter(pk=pk, state__in=[State.PENDING, State.APPROVAL])
    delivery = rows.first()
    if delivery is None:
        return False
    update(delivery, state=State.CANCELLED)
    reopen_like_before(conversation, delivery)
    record(conversation, actor=agent, verb="taken_back", data={"delivery": pk})
    return True
