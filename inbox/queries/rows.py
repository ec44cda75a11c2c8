"""One line of the list, flat: fifty of them are read in one statement, without making a model of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet

from inbox.models import Agent, Conversation, ConversationLabel
from inbox.operations import presence
from inbox.queries.nested import Rows

COLUMNS = (
    "pk", "visibility", "proactive", "status", "kind", "feeling", "waiting_since", "due_at", "last_message_at",
    "snoozed_until", "preview", "reach", "growth", "account__kind", "identity__handle", "identity__name",
    "contact__name", "assignee_id", "assignee__name", "assignee__email",
)  # fmt: skip
LABELS = 200


@dataclass(slots=True)
class Row:
    """A conversation in the list. The order of the fields is that of COLUMNS."""

    pk: int
    visibility: str
    proactive: bool
    status: str
    kind: str
    feeling: str
    waiting_since: datetime | None
    due_at: datetime | None
    last_message_at: datetime
    snoozed_until: datetime | None
    preview: str
    reach: int
    growth: int
    channel: str
    handle: str | None
    name: str | None
    contact: str
    assignee_id: int | None
    assignee_name: str | None
    assignee_email: str | None
    labels: list[dict[str, str]]  # name and colour
    looking: list[presence.Present] = field(default_factory=list)
    pieces: list[tuple[str, bool]] | None = None

    @property
    def who(self) -> str:
        return self.name or self.handle or self.contact

    @property
    def owner(self) -> str:
        return self.assignee_name or self.assignee_email or ""


def read(found: QuerySet[Conversation], *, most: int) -> list[Row]:
    """The first rows of these conversations, in their order."""
    return [Row(*one) for one in shown(found)[:most]]


def shown(found: QuerySet[Conversation]) -> QuerySet[Conversation, Any]:
    """What a row needs, as tuples in the order of its fields."""
    theirs = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("pk")
    labels = Rows(theirs, LABELS, name="label__name", colour="label__colour")
    return found.annotate(labels=labels).values_list(*COLUMNS, "labels")


def dress(rows: list[Row], *, besides: Agent) -> list[Row]:
    """Add who is looking at each."""
    looking = presence.present((row.pk for row in rows), besides=besides) if rows else {}
    for row in rows:
        row.looking = looking.get(row.pk, [])
    return rows
