"""One line of the list, flat: fifty of them are read in one statement, without making a model of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Model, OuterRef, QuerySet, Subquery, When

from inbox.models import Agent, Brand, ChannelAccount, Contact, Conversation, ConversationLabel, Identity, Label
from inbox.operations import presence
from inbox.queries.nested import Rows

COLUMNS = (
    "pk", "visibility", "proactive", "status", "kind", "feeling", "waiting_since", "due_at", "last_message_at",
    "snoozed_until", "preview", "reach", "growth", "channel", "handle", "name", "person", "assignee_id", "owner",
    "labels",
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
    person: str
    assignee_id: int | None
    owner: str | None
    labels: list[dict[str, str]]  # name and colour
    looking: list[presence.Present] = field(default_factory=list)
    pieces: list[tuple[str, bool]] | None = None

    @property
    def who(self) -> str:
        return self.name or self.handle or self.person


def read(found: QuerySet[Conversation], *, most: int) -> list[Row]:
    """The first rows of these conversations, in their order."""
    return [Row(*one) for one in shown(found)[:most]]


def shown(found: QuerySet[Conversation]) -> QuerySet[Conversation, Any]:
    """What a row needs, as tuples in the order of its fields.

    All of it is looked up by key after the page is cut: as joins, it took three times as long to plan as to run, and
    was done for every candidate whenever a list had to be sorted.
    """
    labels = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("pk")
    owner = Case(When(name="", then="email"), default="name")
    return found.annotate(
        channel=_of(ChannelAccount, "account", "kind"),
        handle=_of(Identity, "identity", "handle"),
        name=_of(Identity, "identity", "name"),
        person=_of(Contact, "contact", "name"),
        owner=Subquery(Agent.objects.filter(pk=OuterRef("assignee_id")).values(shown=owner)),
        labels=Rows(labels, LABELS, name=_of(Label, "label", "name"), colour=_of(Label, "label", "colour")),
    ).values_list(*COLUMNS)


def _of(model: type[Model], key: str, column: str) -> Subquery:
    return Subquery(model._default_manager.filter(pk=OuterRef(f"{key}_id")).values(column))


def dress(rows: list[Row], *, brand: Brand, besides: Agent) -> list[Row]:
    """Add who is looking at each."""
    looking = presence.present(brand.pk, (row.pk for row in rows), besides=besides) if rows else {}
    for row in rows:
        row.looking = looking.get(row.pk, [])
    return rows
