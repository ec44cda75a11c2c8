"""Replies of trainees: a colleague approves, changes or returns them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inbox.models import Agent, Conversation, Delivery, Membership, Message, Notification
from inbox.operations import notifications, outbox_rules
from inbox.operations.changes import Refused, record
from inbox.operations.notes import add_note
from inbox.operations.outbox_choices import _back_to_draft, _cancel, _decide
from inbox.operations.outbox_records import update
from inbox.operations.replies import parent_of, snapshot, stop_clocks

State = Delivery.State


def may_approve(agent: Agent, conversation: Conversation) -> bool:
    """Any colleague who is no trainee."""
    if agent.is_owner:
        return True
    return Membership.objects.filter(agent=agent, brand_id=conversation.brand_id, is_trainee=False).exists()


def answered_since(delivery: Delivery) -> Message | None:
    """What was said after the trainee wrote this: the conflict the approver must know of."""
    since = delivery.conversation.messages.filter(pk__gt=delivery.message_id).exclude(delivery__state=State.CANCELLED)
    return since.exclude(agent=delivery.message.agent).order_by("pk").first()


def approve(*, delivery_id: int, agent: Agent, text: str | None = None, confirmed: bool = False) -> Delivery:
    """Let it leave, as it is or changed. Refused "answered_meanwhile" unless confirmed."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        _check(delivery, conversation, agent)
        newer = answered_since(delivery)
        if not confirmed and newer is not None:
            if newer.direction == "in":
                raise Refused("wrote_meanwhile")
            raise Refused("answered_meanwhile", who=newer.agent.name if newer.agent else conversation.account.name)
        words = delivery.message.text if text is None else text.strip()
        parent = parent_of(conversation, delivery.in_reply_to)
        outbox_rules.check(conversation=conversation, mode=delivery.mode, text=words, parent=parent, own=delivery,
                           attachments=delivery.message.attachments.all())  # fmt: skip
        Message.objects.filter(pk=delivery.message_id).update(text=words)
        due = timezone.now() + timedelta(seconds=settings.UNDO_SECONDS)
        update(
            delivery, state=State.PENDING, due_at=due, undo_until=due, approved_by=agent, before=snapshot(conversation)
        )
        _approve_parts(delivery, agent, due)
        stop_clocks(conversation)
        record(conversation, actor=agent, verb="approved", data={"delivery": delivery.pk})

    return _decide(delivery_id, (State.APPROVAL,), change)


def _approve_parts(delivery: Delivery, agent: Agent, due: object) -> None:
    for part in delivery.dependents.filter(state=State.APPROVAL):
        update(part, state=State.PENDING, due_at=due, approved_by=agent)
        _approve_parts(part, agent, due)


def _check(delivery: Delivery, conversation: Conversation, agent: Agent) -> None:
    if not may_approve(agent, conversation) or delivery.message.agent_id == agent.pk:
        raise Refused("not_yours")


def give_back(*, delivery_id: int, agent: Agent, note: str) -> Delivery:
    """Return it to its writer with a remark; the text is their draft again."""
    if not note.strip():
        raise Refused("empty")

    def change(delivery: Delivery, conversation: Conversation) -> None:
        _check(delivery, conversation, agent)
        writer = delivery.message.agent
        texts = _cancel(delivery)
        if writer is not None:
            _back_to_draft(delivery, writer, "\n".join(texts))
            notifications.tell([writer.pk], kind=Notification.Kind.APPROVAL, key=f"returned:{delivery.pk}", actor=agent,
                               conversation=conversation, detail=note)  # fmt: skip
        add_note(conversation=conversation, author=agent, text=note)
        record(conversation, actor=agent, verb="returned", data={"delivery": delivery.pk})

    with transaction.atomic():
        return _decide(delivery_id, (State.APPROVAL,), change)
