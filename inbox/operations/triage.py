"""What a conversation is and where it stands: kind, feeling, labels, snooze, resolve, reopen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inbox.models import ActivityEntry, Agent, ClosingReason, Conversation, ConversationLabel, Label
from inbox.operations import handoff
from inbox.operations.changes import Outcome, Refused, Status, change, lock, record

ANSWERED = "answered"
BATCH = 200


@transaction.atomic
def set_kind(*, conversation_id: int, actor: Agent, kind: str) -> ActivityEntry | None:
    """Say what it is: a question, a complaint, a compliment or something else."""
    if kind not in Conversation.Kind.values:
        raise Refused("unknown_kind")
    return change(lock(conversation_id), actor=actor, verb="kind_set", kind=kind)


@transaction.atomic
def set_feeling(*, conversation_id: int, actor: Agent, feeling: str) -> ActivityEntry | None:
    """Say how the person feels about us."""
    if feeling not in Conversation.Feeling.values:
        raise Refused("unknown_feeling")
    return change(lock(conversation_id), actor=actor, verb="feeling_set", feeling=feeling)


def add_labels(*, conversation_ids: Iterable[int], actor: Agent, labels: Iterable[Label]) -> Outcome:
    """Put labels on one or many."""
    return _each(conversation_ids, lambda pk: _label_one(pk, actor=actor, add=list(labels), remove=[]))


def remove_labels(*, conversation_ids: Iterable[int], actor: Agent, labels: Iterable[Label]) -> Outcome:
    """Take labels off one or many."""
    return _each(conversation_ids, lambda pk: _label_one(pk, actor=actor, add=[], remove=list(labels)))


def _label_one(pk: int, *, actor: Agent, add: list[Label], remove: list[Label]) -> ActivityEntry | None:
    conversation = lock(pk)
    if any(label.brand_id != conversation.brand_id for label in [*add, *remove]):
        raise Refused("other_brand")
    has = set(conversation.labelled.values_list("label_id", flat=True))
    added = [label for label in add if label.pk not in has]
    removed = [label for label in remove if label.pk in has]
    if not added and not removed:
        return None
    _store_labels(conversation, add=[label.pk for label in added], remove=[label.pk for label in removed])
    changed = {"added": [label.pk for label in added], "removed": [label.pk for label in removed]}
    names = {"added": [label.name for label in added], "removed": [label.name for label in removed]}
    return record(conversation, actor=actor, verb="labelled", data={"labels": changed, "names": names})


def _store_labels(conversation: Conversation, *, add: list[int], remove: list[int]) -> None:
    conversation.labelled.filter(label_id__in=remove).delete()
    is_open, last = conversation.status == Status.OPEN, conversation.last_message_at
    rows = [ConversationLabel(conversation=conversation, label_id=pk, open=is_open, last_message_at=last) for pk in add]
    ConversationLabel.objects.bulk_create(rows, ignore_conflicts=True)


def restore_labels(conversation: Conversation, *, entry: ActivityEntry, agent: Agent) -> bool:
    """Undo a change of labels."""
    changed = entry.data["labels"]
    known = Label.objects.filter(brand_id=conversation.brand_id)
    back = list(known.filter(pk__in=changed["removed"]).values_list("pk", flat=True))
    _store_labels(conversation, add=back, remove=changed["added"])
    record(conversation, actor=agent, verb="undone", data={"undoes": entry.verb})
    return True


def snooze(*, conversation_ids: Iterable[int], actor: Agent, until: datetime) -> Outcome:
    """Out of sight until a moment in the future; a new message from the person brings it back sooner."""
    if until <= timezone.now():
        raise Refused("in_the_past")
    return _each(conversation_ids, lambda pk: _snooze_one(pk, actor=actor, until=until))


def _snooze_one(pk: int, *, actor: Agent, until: datetime) -> ActivityEntry | None:
    conversation = lock(pk)
    if conversation.status == Status.RESOLVED:
        raise Refused("resolved")
    return change(conversation, actor=actor, verb="snoozed", status=Status.SNOOZED, snoozed_until=until)


def resolve(*, conversation_ids: Iterable[int], actor: Agent, reason: str = "") -> Outcome:
    """Finish one or many. Without an answer of ours it needs a reason (Refused "reason_needed")."""
    return _each(conversation_ids, lambda pk: _resolve_one(pk, actor=actor, reason=reason))


def _resolve_one(pk: int, *, actor: Agent, reason: str) -> ActivityEntry | None:
    conversation = lock(pk)
    if conversation.status == Status.RESOLVED:
        return None
    outcome = _outcome(conversation, reason)
    handoff.remind(conversation, agent=actor)
    return change(
        conversation, actor=actor, verb="resolved", status=Status.RESOLVED, outcome=outcome,
        resolved_at=timezone.now(), snoozed_until=None,
    )  # fmt: skip


def _outcome(conversation: Conversation, reason: str) -> str:
    if reason:
        known = ClosingReason.objects.filter(brand_id=conversation.brand_id, code=reason, archived_at=None)
        if not known.exists():
            raise Refused("unknown_reason")
        return reason
    if not conversation.answered:
        raise Refused("reason_needed")
    return ANSWERED


def reopen(*, conversation_ids: Iterable[int], actor: Agent) -> Outcome:
    """Back to work."""
    return _each(conversation_ids, lambda pk: _reopen_one(pk, actor=actor))


def _reopen_one(pk: int, *, actor: Agent) -> ActivityEntry | None:
    return change(
        lock(pk), actor=actor, verb="reopened", status=Status.OPEN, outcome="", resolved_at=None, snoozed_until=None
    )


def wake_snoozed() -> int:
    """Bring back what was snoozed until now; how many. Two workers never wake the same one."""
    woken = 0
    while True:
        with transaction.atomic():
            due = Conversation.objects.filter(status=Status.SNOOZED, snoozed_until__lte=timezone.now())
            batch = list(due.select_for_update(skip_locked=True).order_by("snoozed_until")[:BATCH])
            for conversation in batch:
                change(conversation, actor=None, verb="woke", status=Status.OPEN, snoozed_until=None)
        woken += len(batch)
        if len(batch) < BATCH:
            return woken


def _each(conversation_ids: Iterable[int], act: Callable[[int], ActivityEntry | None]) -> Outcome:
    outcome = Outcome()
    for pk in sorted(set(conversation_ids)):
        try:
            with transaction.atomic():
                outcome.add(pk, act(pk))
        except Refused as refused:
            outcome.refused[pk] = refused.code
    return outcome
