"""What came of a call, written down. A claim's holder records; proof that it is there counts whoever brings it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connectors.types import Sent
from inbox import events
from inbox.models import (
    Agent,
    Conversation,
    Delivery,
    DeliveryAttempt,
    Membership,
    Message,
    MessagePayload,
    Notification,
    Thread,
)
from inbox.operations import notifications, outbox_rules
from inbox.operations.changes import keep_labels, record
from inbox.operations.replies import locked

State = Delivery.State
Status = Conversation.Status
FIRST_LOOK = 2.0  # seconds


class IdTaken(Exception):
    """The id the platform gave belongs to another reply of ours: a person must look."""


def record_sent(*, delivery: Delivery, sent: Sent, outcome: str = "sent") -> bool:
    """It is there. True when this settled it. Ingest may store the echo at the same moment: then we try again."""
    for chance in range(5):
        try:
            with transaction.atomic():
                return settle_sent(delivery.pk, sent, outcome)
        except (IntegrityError, OperationalError):
            if chance == 4:
                raise
    return False


def settle_sent(delivery_id: int, sent: Sent, outcome: str) -> bool:
    """As `record_sent`, once, within the caller's transaction; IdTaken when the id is another reply's."""
    conversation = locked(Delivery.objects.values_list("conversation_id", flat=True).get(pk=delivery_id))
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("message", "account")
    delivery = rows.get(pk=delivery_id)
    if delivery.state == State.SENT:
        _own_id(delivery.message, sent)
        return False
    when = sent.sent_at or timezone.now()
    adopt(delivery.message, sent.external_id, permalink=sent.permalink, sent_at=when)
    update(
        delivery,
        state=State.SENT,
        sent_at=when,
        claim=None,
        look_at=None,
        handled_at=None,
        error_reason="",
        error_detail="",
    )
    close_attempt(delivery, outcome=outcome)
    note_answered(conversation, delivery, when)
    if sent.thread_id and delivery.message.visibility == "private" and conversation.visibility == "public":
        _link_private_leg(conversation, sent.thread_id, delivery.message)
    record(conversation, actor=None, verb="sent", data={"delivery": delivery.pk})
    return True


def adopt(message: Message, external_id: str, *, permalink: str = "", sent_at: datetime | None = None) -> None:
    """Give our message its platform id; an echo stored meanwhile is the same message and is merged into it."""
    twin = Message.objects.select_for_update().filter(account_id=message.account_id, external_id=external_id)
    twin_row = twin.exclude(pk=message.pk).first()
    if twin_row is not None:
        if Delivery.objects.filter(message=twin_row).exists():
            raise IdTaken(external_id)
        MessagePayload.objects.filter(message=twin_row).update(message=message)
        Conversation.objects.filter(pk=twin_row.conversation_id, message_count__gt=0).update(
            message_count=F("message_count") - 1
        )
        permalink = permalink or twin_row.permalink
        sent_at = sent_at or twin_row.sent_at
        twin_row.delete()
    message.external_id = external_id
    message.permalink = permalink or message.permalink
    message.sent_at = sent_at or message.sent_at
    message.save(update_fields=["external_id", "permalink", "sent_at"])


def _own_id(message: Message, sent: Sent) -> None:
    """An echo settled it first. The platform's answer to us is the better witness of which post is this one."""
    if message.external_id is None:  # somebody said it is there; now we know its id
        adopt(message, sent.external_id, permalink=sent.permalink or message.permalink, sent_at=sent.sent_at)
        return
    if message.external_id == sent.external_id:
        Message.objects.filter(pk=message.pk, permalink="").update(permalink=sent.permalink)
        return
    taken = Message.objects.filter(account_id=message.account_id, external_id=sent.external_id).exists()
    if taken:
        return
    other = Message.objects.get(pk=message.pk)
    kept_id, other.pk, other._state.adding, other.agent = message.external_id, None, True, None
    adopt(message, sent.external_id, permalink=sent.permalink, sent_at=sent.sent_at)
    other.external_id = kept_id
    other.save(force_insert=True)  # somebody posted the same words in the platform's own app


def update(delivery: Delivery, **fields: Any) -> None:
    """Write fields of a locked delivery."""
    for name, value in fields.items():
        setattr(delivery, name, value)
    delivery.save(update_fields=list(fields))


def close_attempt(delivery: Delivery, *, outcome: str, detail: str = "") -> None:
    """Complete the history of the last attempt."""
    last = DeliveryAttempt.objects.filter(delivery=delivery, number=delivery.attempts, finished_at=None)
    last.update(finished_at=timezone.now(), outcome=outcome[:20], detail=detail)


def note_answered(conversation: Conversation, delivery: Delivery, when: datetime) -> None:
    """What a locked conversation's row says once this reply is there, and what was to follow it."""
    fields: dict[str, Any] = {
        "first_reply_at": conversation.first_reply_at or when, "last_reply_at": when,
        "last_message_at": max(conversation.last_message_at, when), "message_count": F("message_count") + 1,
        "preview": delivery.message.text[:200], "version": F("version") + 1,
    }  # fmt: skip
    waiting = conversation.waiting_since
    if waiting is not None and waiting <= delivery.created_at:
        fields |= {"waiting_since": None, "due_at": None}
        waiting = None
        if conversation.status == Status.OPEN:
            fields["status"] = Status.PENDING
    if waiting is None and delivery.then == "resolve":
        fields |= {"status": Status.RESOLVED, "outcome": "answered", "resolved_at": when}
    if waiting is None and delivery.then == "snooze" and delivery.then_until:
        fields |= {"status": Status.SNOOZED, "snoozed_until": delivery.then_until}
    if outbox_rules.moves_to_private(delivery):
        fields["close_loop"] = True
        if delivery.waits_for_id is None:
            _asked_instead(delivery)
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    conversation.refresh_from_db(fields=["status", "last_message_at"])
    keep_labels(conversation)


def _asked_instead(invitation: Delivery) -> None:
    """Who could not be written to has now been asked in public to write: nobody need mind what failed before it."""
    now = timezone.now()
    failed = Delivery.objects.filter(
        conversation=invitation.conversation_id, state=State.FAILED, handled_at=None, pk__lt=invitation.pk
    )
    private = failed.exclude(mode=outbox_rules.PUBLIC).filter(error_reason__in=outbox_rules.UNREACHABLE)
    behind = failed.filter(error_reason="earlier_failed", waits_for__in=private)
    settled = list(private.select_for_update(of=("self",))) + list(behind.select_for_update(of=("self",)))
    Delivery.objects.filter(pk__in=[row.pk for row in settled]).update(handled_at=now, look_at=None)
    by = invitation.message.agent.name if invitation.message.agent else ""
    DeliveryAttempt.objects.bulk_create(
        [DeliveryAttempt(delivery=row, number=0, started_at=now, finished_at=now, outcome="asked_instead", detail=by)
         for row in settled]
    )  # fmt: skip


def _link_private_leg(conversation: Conversation, thread_id: str, message: Message) -> None:
    """The private conversation this opened, whether the poll brought it already or will find it here."""
    thread, _ = Thread.objects.get_or_create(
        account_id=conversation.account_id, external_id=thread_id, defaults={"visibility": "private"}
    )
    now = timezone.now()
    leg, _ = Conversation.objects.get_or_create(
        account_id=conversation.account_id, key=f"dm:{thread_id}",
        defaults={
            "brand_id": conversation.brand_id, "thread": thread, "contact_id": conversation.contact_id,
            "identity": conversation.identity, "visibility": "private", "status": Status.PENDING,
            "first_message_at": now, "last_message_at": now, "assignee_id": conversation.assignee_id,
            "team_id": conversation.team_id, "language": conversation.language,
        },
    )  # fmt: skip
    if not leg.message_count:  # our words stand in the public leg; until an answer comes they are all there is here
        Conversation.objects.filter(pk=leg.pk).update(preview=message.text[:200], last_message_at=message.sent_at)
    if leg.linked_id != conversation.pk:  # a private conversation goes on for years: it belongs to the newest case
        Conversation.objects.filter(pk=leg.pk).update(linked=conversation, version=F("version") + 1)
        events.publish("conversation", brand_id=leg.brand_id, id=leg.pk)


def _held(delivery: Delivery, change: Callable[[Delivery, Conversation], None]) -> bool:
    """Do it if we still hold the claim: a sweep, an echo or a person may have settled it while we called."""
    with transaction.atomic():
        conversation = locked(delivery.conversation_id)
        mine = Delivery.objects.select_for_update(of=("self",)).select_related("message", "owner")
        row = mine.filter(pk=delivery.pk, claim=delivery.claim, state=delivery.state).first()
        if row is None:
            return False
        change(row, conversation)
        events.publish("conversation", brand_id=conversation.brand_id, id=conversation.pk)
        return True


def back_to_queue(*, delivery: Delivery, due_at: datetime, reason: str, detail: str = "") -> bool:
    """Surely not there: it may leave again at `due_at`."""

    def change(row: Delivery, conversation: Conversation) -> None:
        update(
            row, state=State.PENDING, due_at=due_at, claim=None, look_at=None, error_reason=reason, error_detail=detail
        )
        close_attempt(row, outcome=reason, detail=detail)

    return _held(delivery, change)


def now_uncertain(*, delivery: Delivery, reason: str, detail: str = "", look_in: float | None = FIRST_LOOK) -> bool:
    """It may be there. We look, or, with `look_in` None, a person decides."""

    def change(row: Delivery, conversation: Conversation) -> None:
        look_at = None if look_in is None else timezone.now() + timedelta(seconds=look_in)
        update(row, state=State.UNCERTAIN, claim=None, look_at=look_at, error_reason=reason, error_detail=detail)
        close_attempt(row, outcome=reason, detail=detail)
        if look_at is None:
            _mind(conversation, row)

    return _held(delivery, change)


def now_failed(*, delivery: Delivery, reason: str, detail: str = "") -> bool:
    """It is not there and will not be: the conversation waits again, and somebody minds it."""

    def change(row: Delivery, conversation: Conversation) -> None:
        update(row, state=State.FAILED, claim=None, look_at=None, error_reason=reason, error_detail=detail)
        close_attempt(row, outcome=reason, detail=detail)
        fail_dependents(row)
        reopen(conversation, row)
        record(conversation, actor=None, verb="not_sent", data={"delivery": row.pk, "reason": reason})
        _mind(conversation, row)

    return _held(delivery, change)


def fail_dependents(delivery: Delivery) -> None:
    """What was to leave after this one does not leave."""
    for later in delivery.dependents.filter(state=State.PENDING):
        update(later, state=State.FAILED, error_reason="earlier_failed")
        fail_dependents(later)


def reopen(conversation: Conversation, delivery: Delivery) -> None:
    """The clocks run again from where they were, and it is on the list again."""
    before = {k: parse_datetime(delivery.before.get(k) or "") for k in ("waiting_since", "due_at")}
    since, due = conversation.waiting_since, conversation.due_at
    if before["waiting_since"] and (since is None or before["waiting_since"] < since):
        since, due = before["waiting_since"], before["due_at"]
    Conversation.objects.filter(pk=conversation.pk).update(
        status=Status.OPEN, outcome="", resolved_at=None, snoozed_until=None, waiting_since=since, due_at=due,
        version=F("version") + 1,
    )  # fmt: skip
    conversation.status = Status.OPEN
    keep_labels(conversation)


def _mind(conversation: Conversation, delivery: Delivery) -> None:
    """Its owner hears of it; when that is nobody who still works for the brand, those who lead it do."""
    works_here = Q(is_owner=True) | Q(memberships__brand=conversation.brand_id)
    told = set(Agent.objects.filter(works_here, pk=delivery.owner_id or 0, is_active=True).values_list("pk", flat=True))
    if not told:
        leads = Membership.objects.filter(brand=conversation.brand_id, agent__is_active=True)
        told = set(leads.exclude(role=Membership.Role.AGENT).values_list("agent_id", flat=True))
    key = f"delivery:{delivery.pk}:{delivery.attempts}:{delivery.state}"
    notifications.tell(told, kind=Notification.Kind.DELIVERY, key=key, conversation=conversation,
                       detail=delivery.message.text)  # fmt: skip
