"""One change to a conversation: under its row lock, with its activity entry and its event, and undoable.

The entry keeps what the fields were and became. Undo writes the old values back, but only where the new ones
still stand: what a colleague did since is never undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from inbox import events
from inbox.models import ActivityEntry, Agent, Conversation, ConversationLabel
from inbox.prepared import prepared

Status = Conversation.Status


class Refused(Exception):
    """The change cannot be made; `code` says why, for the screen to translate."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass
class Outcome:
    """What a change to one or many did: entries to undo it by, and what was not done, with why."""

    entries: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)

    def add(self, conversation_id: int, entry: ActivityEntry | None) -> None:
        """Count one conversation as done; no entry means it was so already."""
        self.done.append(conversation_id)
        if entry is not None:
            self.entries.append(entry.pk)


def lock(pk: int) -> Conversation:
    """The conversation under its row lock; call inside a transaction."""
    if not transaction.get_connection().in_atomic_block:  # the ORM looks only where it writes the statement, once
        raise transaction.TransactionManagementError("A row is locked inside a transaction only.")
    found = _locked(pk=pk)
    if not found:
        raise Conversation.DoesNotExist
    conversation: Conversation = found[0]
    return conversation


@prepared
def _locked(*, pk: int) -> models.QuerySet[Conversation]:
    return Conversation.objects.select_for_update(of=("self",)).select_related("brand").filter(pk=pk)


def change(
    conversation: Conversation, *, actor: Agent | None, verb: str, data: dict[str, Any] | None = None, **fields: Any
) -> ActivityEntry | None:
    """Set fields of a locked conversation; None when they were so already. Keys of fields may be `..._id`."""
    before = {name: getattr(conversation, name) for name in fields}
    if before == fields:
        return None
    for name, value in fields.items():
        setattr(conversation, name, value)
    Conversation.objects.filter(pk=conversation.pk).update(**fields, version=F("version") + 1)
    if "status" in fields:
        keep_labels(conversation)
    facts = {"before": _plain(before), "after": _plain(fields)}
    return record(conversation, actor=actor, verb=verb, data={**facts, **(data or {})})


def record(
    conversation: Conversation, *, actor: Agent | None, verb: str, data: dict[str, Any] | None = None
) -> ActivityEntry:
    """Write an activity entry and tell the browsers."""
    entry = ActivityEntry.objects.create(
        conversation=conversation, actor=actor, verb=verb, data=data or {}, at=timezone.now()
    )
    events.publish("conversation", brand_id=conversation.brand_id, id=conversation.pk)
    return entry


def keep_labels(conversation: Conversation) -> None:
    """A label's list needs one index: keep the status and time beside the label."""
    ConversationLabel.objects.filter(conversation=conversation).update(
        open=conversation.status == Status.OPEN, last_message_at=conversation.last_message_at
    )


@transaction.atomic
def undo(*, entries: Iterable[int], agent: Agent) -> Outcome:
    """Take back the agent's own changes, the last one first."""
    outcome = Outcome()
    for entry in ActivityEntry.objects.filter(pk__in=list(entries), actor=agent).order_by("-pk"):
        conversation = lock(entry.conversation_id)
        if _undo_one(conversation, entry, agent):
            outcome.done.append(conversation.pk)
        else:
            outcome.refused[conversation.pk] = "changed_since"
    return outcome


def _undo_one(conversation: Conversation, entry: ActivityEntry, agent: Agent) -> bool:
    if "labels" in entry.data:
        from inbox.operations.triage import restore_labels  # labels are rows of their own

        return restore_labels(conversation, entry=entry, agent=agent)
    before, after = entry.data.get("before"), entry.data.get("after")
    if not before or _plain({name: getattr(conversation, name) for name in before}) != after:
        return False
    values = {name: _value(name, value) for name, value in before.items()}
    return change(conversation, actor=agent, verb="undone", data={"undoes": entry.verb}, **values) is not None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON; moments in UTC, so that the same moment from a form and from the database compares as the same."""
    return {n: v.astimezone(UTC).isoformat() if isinstance(v, datetime) else v for n, v in values.items()}


def _value(name: str, value: Any) -> Any:
    column = Conversation._meta.get_field(name.removesuffix("_id"))
    return datetime.fromisoformat(value) if value and isinstance(column, models.DateTimeField) else value
