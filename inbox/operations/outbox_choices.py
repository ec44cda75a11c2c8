"""What a person may decide about a reply: take it back, send it again, say it is there, give it up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inbox.models import Agent, Attachment, Conversation, Delivery, DeliveryAttempt, Draft, Message
from inbox.operations.changes import Refused, record
from inbox.operations.outbox_records import close_attempt, note_answered, reopen, update
from inbox.operations.replies import locked, stop_clocks

State = Delivery.State
Change = Callable[[Delivery, Conversation], None]


@transaction.atomic
def decide(delivery_id: int, states: tuple[str, ...], change: Change) -> Delivery:
    """Change a reply that is in one of these states, under its locks. Refused "too_late" (facts: state) otherwise."""
    conversation = locked(Delivery.objects.values_list("conversation_id", flat=True).get(pk=delivery_id))
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("message", "account")
    delivery = rows.get(pk=delivery_id)
    if delivery.state not in states:
        raise Refused("too_late", state=delivery.state)
    change(delivery, conversation)
    return delivery


def undo(*, delivery_id: int, agent: Agent) -> Delivery:
    """Take back what is surely not there; its text is a draft again. Refused "too_late" once it may have left."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        first = _first_part(delivery)
        texts = cancel(first)
        back_to_draft(first, agent, " ".join(texts))
        reopen_like_before(conversation, first)
        record(conversation, actor=agent, verb="taken_back", data={"delivery": first.pk})

    return decide(delivery_id, (State.PENDING, State.APPROVAL), change)


def _first_part(delivery: Delivery) -> Delivery:
    """Parts are taken back together, unless one has left already."""
    while delivery.part > 1 and delivery.waits_for is not None:
        earlier = (
            Delivery.objects.select_for_update(of=("self",)).select_related("message").get(pk=delivery.waits_for.pk)
        )
        if earlier.state not in {State.PENDING, State.APPROVAL}:
            break
        delivery = earlier
    return delivery


def cancel(delivery: Delivery) -> list[str]:
    """Take back a locked reply and all that waits for it; the words of its parts."""
    update(delivery, state=State.CANCELLED, claim=None)
    words = [own_words(delivery)]
    for later in delivery.dependents.filter(state__in=[State.PENDING, State.APPROVAL]).select_related("message"):
        texts = cancel(later)
        words += texts if later.part > 1 else []  # a public line behind a private message is no part of it
    return words


def own_words(delivery: Delivery) -> str:
    """Without the number of its part."""
    mark = f" ({delivery.part}/{delivery.parts})" if delivery.parts > 1 else ""
    return delivery.message.text.removesuffix(mark)


def back_to_draft(delivery: Delivery, agent: Agent, text: str) -> None:
    """Put the words and the files of a reply back where the agent writes."""
    draft, made = Draft.objects.get_or_create(
        agent=agent, conversation_id=delivery.conversation_id, mode=delivery.mode,
        defaults={"text": text, "saved_at": timezone.now()},
    )  # fmt: skip
    if not made and text not in draft.text:  # something was typed meanwhile: keep both
        draft.text, draft.saved_at = f"{text}\n\n{draft.text}".strip(), timezone.now()
        draft.save(update_fields=["text", "saved_at"])
    files = list(Attachment.objects.filter(message_id=delivery.message_id))
    Attachment.objects.filter(pk__in=[f.pk for f in files]).update(message=None)
    draft.attachments.add(*files)


def reopen_like_before(conversation: Conversation, delivery: Delivery) -> None:
    """As it was, unless another reply is still under way."""
    others = conversation.deliveries.filter(state__in=[State.PENDING, State.SENDING]).exclude(pk=delivery.pk)
    if delivery.before.get("status") in {Conversation.Status.OPEN, Conversation.Status.SNOOZED} and not others.exists():
        reopen(conversation, delivery)


def send_again(*, delivery_id: int, agent: Agent) -> Delivery:
    """Really send again: a new attempt, on the same row, that keeps the history."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        due = timezone.now() + timedelta(seconds=settings.UNDO_SECONDS)
        update(delivery, state=State.PENDING, due_at=due, claim=None, look_at=None, looks=0, handled_at=None,
               error_reason="", error_detail="")  # fmt: skip
        _mark(delivery, "again", agent)
        _dependents_again(delivery, due)
        stop_clocks(conversation)
        record(conversation, actor=agent, verb="sent_again", data={"delivery": delivery.pk})

    return decide(delivery_id, (State.FAILED, State.UNCERTAIN), change)


def _dependents_again(delivery: Delivery, due: datetime) -> None:
    for later in delivery.dependents.filter(state=State.FAILED, error_reason="earlier_failed"):
        update(later, state=State.PENDING, error_reason="", due_at=due, handled_at=None)
        _dependents_again(later, due)


def it_is_there(*, delivery_id: int, agent: Agent, link: str = "") -> Delivery:
    """A person saw it on the platform. Its id is learnt when a poll brings the post."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        now = timezone.now()
        sent_at = delivery.claimed_at or now
        update(delivery, state=State.SENT, sent_at=sent_at, claim=None, look_at=None, handled_at=None)
        close_attempt(delivery, outcome="seen_by_hand", detail=agent.name)
        _mark(delivery, "seen_by_hand", agent)
        if link:
            Message.objects.filter(pk=delivery.message_id).update(permalink=link)
        note_answered(conversation, delivery, sent_at)
        record(conversation, actor=agent, verb="seen_by_hand", data={"delivery": delivery.pk})

    return decide(delivery_id, (State.UNCERTAIN,), change)


def look_now(*, delivery_id: int, agent: Agent) -> Delivery:
    """Look at once, whatever the schedule."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        update(delivery, look_at=timezone.now(), handled_at=None)

    return decide(delivery_id, (State.UNCERTAIN,), change)


def edit_again(*, delivery_id: int, agent: Agent) -> Delivery:
    """Put a failed reply back into the composer and stop minding it."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        back_to_draft(delivery, agent, " ".join(_unsent(delivery)))
        _handled(delivery)
        record(conversation, actor=agent, verb="edited_again", data={"delivery": delivery.pk})

    return decide(delivery_id, (State.FAILED,), change)


def _unsent(delivery: Delivery) -> list[str]:
    """Its words and those of the parts that did not leave because of it."""
    later = delivery.dependents.filter(state=State.FAILED, handled_at=None, part__gt=1).select_related("message")
    return [own_words(delivery), *[text for part in later for text in _unsent(part)]]


def give_up(*, delivery_id: int, agent: Agent) -> Delivery:
    """Known and left at that: it stays in the timeline as not sent."""

    def change(delivery: Delivery, conversation: Conversation) -> None:
        _handled(delivery)
        _mark(delivery, "given_up", agent)
        record(conversation, actor=agent, verb="given_up", data={"delivery": delivery.pk})

    return decide(delivery_id, (State.FAILED, State.UNCERTAIN), change)


def _handled(delivery: Delivery) -> None:
    update(delivery, handled_at=timezone.now(), look_at=None)
    for later in delivery.dependents.filter(state=State.FAILED, handled_at=None):
        _handled(later)


def _mark(delivery: Delivery, outcome: str, agent: Agent) -> None:
    now = timezone.now()
    DeliveryAttempt.objects.create(
        delivery=delivery, number=0, started_at=now, finished_at=now, outcome=outcome, detail=agent.name
    )
