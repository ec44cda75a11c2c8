"""Replies of trainees: a colleague approves, changes or returns them."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inbox.models import Agent, Conversation, Delivery, Membership, Message, Notification
from inbox.operations import notifications, outbox_rules
from inbox.operations.changes import Refused, record
from inbox.operations.notes import add_note
from inbox.operations.outbox_choices import back_to_draft, cancel, decide, own_words
from inbox.operations.outbox_records import update
from inbox.operations.replies import parent_of, parts_of, snapshot, stop_clocks

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


def proposal(delivery: Delivery) -> list[Delivery]:
    """The parts of what waits for approval, in their order."""
    parts = [delivery]
    while part := parts[-1].dependents.select_related("message").filter(state=State.APPROVAL, part__gt=1).first():
        parts.append(part)
    return parts


def words_of(parts: list[Delivery]) -> str:
    """What the trainee wrote, whole."""
    return " ".join(own_words(part) for part in parts)


def announcement(parts: list[Delivery]) -> Delivery | None:
    """The public line that leaves once this private message has arrived."""
    return parts[-1].dependents.select_related("message").filter(state=State.APPROVAL, part=1).first()


def approve(
    *, delivery_id: int, agent: Agent, text: str | None = None, public_text: str = "", split: bool = False,
    confirmed: bool = False,
) -> Delivery:  # fmt: skip
    """Let it leave, as it is or changed. Refused "answered_meanwhile" or "wrote_meanwhile" unless confirmed."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        _check(delivery, conversation, agent)
        if not confirmed:
            _check_conflict(delivery, conversation)
        parts = proposal(delivery)
        if text is not None and _plainly(text) != _plainly(words_of(parts)):
            parts = _rewrite(parts, conversation, text.strip(), split=split)
        if line := announcement(parts):
            _say(line, public_text.strip() or line.message.text)
            parts.append(line)
        _check_rules(parts, conversation)
        due = timezone.now() + timedelta(seconds=settings.UNDO_SECONDS)
        for part in parts:
            update(part, state=State.PENDING, due_at=due, undo_until=due, approved_by=agent,
                   before=snapshot(conversation))  # fmt: skip
        stop_clocks(conversation)
        record(conversation, actor=agent, verb="approved", data={"delivery": delivery.pk})

    return decide(delivery_id, (State.APPROVAL,), change)


def _plainly(text: str) -> str:
    """A browser sends other line ends than it was given."""
    return " ".join(text.split())


def _check_conflict(delivery: Delivery, conversation: Conversation) -> None:
    newer = answered_since(delivery)
    if newer is None:
        return
    if newer.direction == "in":
        raise Refused("wrote_meanwhile")
    raise Refused("answered_meanwhile", who=newer.agent.name if newer.agent else conversation.account.name)


def _check_rules(parts: list[Delivery], conversation: Conversation) -> None:
    for part in parts:
        outbox_rules.check(
            conversation=conversation, mode=part.mode, text=part.message.text, own=part,
            parent=parent_of(conversation, part.in_reply_to), attachments=part.message.attachments.all(),
        )  # fmt: skip


def _rewrite(parts: list[Delivery], conversation: Conversation, text: str, *, split: bool) -> list[Delivery]:
    """Other words, in as many parts as these take. What follows a reply once it is sent follows its last part."""
    texts = parts_of(conversation, parts[0].mode, text) if split else [text]
    after = list(parts[-1].dependents.all())
    then = {"then": parts[-1].then, "then_until": parts[-1].then_until}
    if after and len(texts) > len(parts):  # a part made now would stand behind what waits for it
        raise Refused("cannot_split")
    kept = parts[: len(texts)]
    while len(kept) < len(texts):
        kept.append(_one_more(kept[-1], n=len(kept) + 1))
    for part, words in zip(kept, texts, strict=True):
        _say(part, words)
        update(part, parts=len(texts), then="")
    update(kept[-1], **then)
    for row in after:
        update(row, waits_for=kept[-1])
    for surplus in reversed(parts[len(texts) :]):  # never sent, nor approved: nothing happened
        surplus.message.delete()
    return kept


def _say(delivery: Delivery, words: str) -> None:
    delivery.message.text = words
    delivery.message.save(update_fields=["text"])


def _one_more(part: Delivery, *, n: int) -> Delivery:
    """Another part behind this one, by the same writer."""
    message, delivery = Message.objects.get(pk=part.message_id), Delivery.objects.get(pk=part.pk)
    message.pk, message._state.adding = None, True
    message.save(force_insert=True)
    delivery.pk, delivery._state.adding = None, True
    delivery.message, delivery.waits_for, delivery.part, delivery.token = message, part, n, uuid5(part.token, str(n))
    delivery.save(force_insert=True)
    return delivery


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
        texts = cancel(delivery)
        if writer is not None:
            back_to_draft(delivery, writer, " ".join(texts))
            notifications.tell([writer.pk], kind=Notification.Kind.APPROVAL, key=f"returned:{delivery.pk}", actor=agent,
                               conversation=conversation, detail=note)  # fmt: skip
        add_note(conversation=conversation, author=agent, text=note)
        record(conversation, actor=agent, verb="returned", data={"delivery": delivery.pk})

    with transaction.atomic():
        return decide(delivery_id, (State.APPROVAL,), change)
