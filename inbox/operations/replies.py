"""Writing a reply: message, delivery and activity in one transaction. From then on it leaves exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from inbox.models import (
    Agent,
    Attachment,
    BulkReply,
    Conversation,
    Delivery,
    Draft,
    Membership,
    Message,
    Notification,
)
from inbox.operations import notifications, outbox_rules
from inbox.operations.changes import Refused, keep_labels, record

State = Delivery.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the agent wants to send."""

    conversation: Conversation
    agent: Agent
    mode: str
    text: str
    token: UUID
    in_reply_to: str = ""  # external id; "" answers their newest message
    attachments: Sequence[Attachment] = field(default_factory=tuple)
    seen_message: int | None = None  # the newest message that stood on the page
    confirmed: bool = False  # sent knowingly, although somebody wrote meanwhile
    split: bool = False  # in numbered parts when it is too long
    then: str = ""
    then_until: datetime | None = None
    delay: float | None = None  # seconds until it leaves; None: the undo time
    waits_for: Delivery | None = None
    bulk: BulkReply | None = None
    approved: bool = False


def send_reply(*, conversation: Conversation, agent: Agent, mode: str, text: str, token: UUID, **more: Any) -> Delivery:
    """Queue a reply (see `Reply`); the first delivery when it leaves in parts. The same token twice is one delivery.

    `Refused` codes: those of `outbox_rules`, "answered_meanwhile" (facts: who) and "window_closed".
    """
    reply = Reply(conversation=conversation, agent=agent, mode=mode, text=text.strip(), token=token, **more)
    with transaction.atomic():
        return _queue(reply)


def _queue(reply: Reply) -> Delivery:
    conversation = locked(reply.conversation.pk)
    known = Delivery.objects.filter(token=reply.token).first()
    if known is not None:
        return known
    parent = parent_of(conversation, reply.in_reply_to)
    _check_collision(conversation, reply)
    texts = parts_of(conversation, reply.mode, reply.text) if reply.split else [reply.text]
    files = _own_files(conversation, reply)
    for n, text in enumerate(texts):
        allowed = outbox_rules.check(
            conversation=conversation, mode=reply.mode, text=text, parent=parent, attachments=files if n == 0 else (),
        )  # fmt: skip
    deliveries = _store(conversation, reply, parent, texts, human_agent=allowed.human_agent)
    Attachment.objects.filter(pk__in=[f.pk for f in files]).update(message=deliveries[0].message)
    Draft.objects.filter(agent=reply.agent, conversation=conversation, mode=reply.mode).delete()
    _follow_up(conversation, reply, deliveries)
    return deliveries[0]


def locked(pk: int) -> Conversation:
    """The conversation under its row lock, with what rules need."""
    related = ("brand", "account", "identity", "thread")
    return Conversation.objects.select_for_update(of=("self",)).select_related(*related).get(pk=pk)


def parent_of(conversation: Conversation, external_id: str = "") -> Message | None:
    """The message that is answered: the one asked for, else the person's newest."""
    theirs = conversation.messages.filter(direction="in", external_id__isnull=False)
    if external_id:
        return theirs.filter(external_id=external_id).first()
    return theirs.order_by("-sent_at", "-pk").first()


def _check_collision(conversation: Conversation, reply: Reply) -> None:
    if reply.confirmed or reply.seen_message is None:
        return
    since = conversation.messages.filter(pk__gt=reply.seen_message).exclude(delivery__state=State.CANCELLED)
    newer = since.select_related("agent").order_by("pk").first()
    if newer is None:
        return
    if newer.direction == "in":
        raise Refused("wrote_meanwhile")
    if newer.agent_id == reply.agent.pk:  # in another tab, whose form does not know of this one
        raise Refused("you_answered")
    raise Refused("answered_meanwhile", who=newer.agent.name if newer.agent else conversation.account.name)


def parts_of(conversation: Conversation, mode: str, text: str) -> list[str]:
    """The text as the platform takes it: whole when it fits, else in numbered parts where it takes more than one."""
    rules = outbox_rules.mode_rules(conversation.account, mode)
    limit = rules.max_length
    if not limit or rules.once_per_message or outbox_rules.length(conversation.account, text) <= limit:
        return [text]
    return split_text(text, limit=limit, length=lambda t: outbox_rules.length(conversation.account, t))


def split_text(text: str, *, limit: int, length: Callable[[str], int]) -> list[str]:
    """The text in numbered parts, "… (1/3)", each within the limit, cut between words."""
    room = limit - len(" (99/99)")
    parts, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if length(longer) <= room:
            current = longer
            continue
        if not current or length(word) > room:
            raise Refused("cannot_split")
        parts.append(current)
        current = word
    parts.append(current)
    return [f"{part.strip()} ({n}/{len(parts)})" for n, part in enumerate(parts, 1)]


def _own_files(conversation: Conversation, reply: Reply) -> list[Attachment]:
    asked = [file.pk for file in reply.attachments]
    free = Attachment.objects.filter(pk__in=asked, brand_id=conversation.brand_id, message=None)
    files = list(free.select_for_update().order_by("pk"))
    if len(files) != len(set(asked)):
        raise Refused("file_missing")
    return files


def needs_approval(conversation: Conversation, agent: Agent) -> bool:
    """Whether a colleague must look at this agent's replies first."""
    if not conversation.brand.approve_trainees:
        return False
    return Membership.objects.filter(agent=agent, brand_id=conversation.brand_id, is_trainee=True).exists()


def _store(
    conversation: Conversation, reply: Reply, parent: Message | None, texts: list[str], *, human_agent: bool
) -> list[Delivery]:
    now = timezone.now()
    waits = not reply.approved and needs_approval(conversation, reply.agent)
    due = now + timedelta(seconds=settings.UNDO_SECONDS if reply.delay is None else reply.delay)
    visibility = "public" if reply.mode == outbox_rules.PUBLIC else "private"
    made: list[Delivery] = []
    for n, text in enumerate(texts, 1):
        message = Message.objects.create(
            conversation=conversation, account_id=conversation.account_id, direction="out", visibility=visibility,
            agent=reply.agent, mode=reply.mode, text=text, sent_at=now, created_at=now,
            parent_external_id=parent.external_id or "" if parent else "",
        )  # fmt: skip
        made.append(Delivery.objects.create(
            message=message, conversation=conversation, account_id=conversation.account_id, mode=reply.mode,
            state=State.APPROVAL if waits else State.PENDING, in_reply_to=message.parent_external_id,
            recipient_id=conversation.identity.external_id if conversation.identity else "", human_agent=human_agent,
            due_at=due, undo_until=due, owner=reply.agent, part=n, parts=len(texts), bulk=reply.bulk,
            token=reply.token if n == 1 else uuid5(reply.token, str(n)),
            waits_for=made[-1] if made else reply.waits_for,
            before=snapshot(conversation), then=reply.then if n == len(texts) else "", then_until=reply.then_until,
        ))  # fmt: skip
    return made


def snapshot(conversation: Conversation) -> dict[str, str | None]:
    """What to go back to when the reply does not leave."""
    times = {"waiting_since": conversation.waiting_since, "due_at": conversation.due_at}
    return {"status": conversation.status, **{k: v.isoformat() if v else None for k, v in times.items()}}


def _follow_up(conversation: Conversation, reply: Reply, deliveries: list[Delivery]) -> None:
    first = deliveries[0]
    data = {"delivery": first.pk, "mode": reply.mode, "parts": len(deliveries)}
    if first.state == State.APPROVAL:
        record(conversation, actor=reply.agent, verb="proposed", data=data)
        colleagues = Membership.objects.filter(brand_id=conversation.brand_id, is_trainee=False)
        told = colleagues.exclude(role=Membership.Role.AGENT).values_list("agent_id", flat=True)
        notifications.tell(told, kind=Notification.Kind.APPROVAL, key=f"approval:{first.pk}", conversation=conversation,
                           actor=reply.agent, detail=reply.text)  # fmt: skip
        return
    stop_clocks(conversation)
    last_word = conversation.close_loop and reply.mode == outbox_rules.PUBLIC and not reply.waits_for
    if last_word and conversation.legs.filter(status=Conversation.Status.RESOLVED).exists():
        Conversation.objects.filter(pk=conversation.pk).update(close_loop=False)
    record(conversation, actor=reply.agent, verb="replied", data=data)


def stop_clocks(conversation: Conversation) -> None:
    """Off the agent's list while it is under way. No figure counts it as answered before it is sent."""
    status = conversation.status
    if status in {Conversation.Status.OPEN, Conversation.Status.SNOOZED}:
        status = Conversation.Status.PENDING
    Conversation.objects.filter(pk=conversation.pk).update(
        status=status, waiting_since=None, due_at=None, snoozed_until=None, version=F("version") + 1
    )
    conversation.status = status
    keep_labels(conversation)
