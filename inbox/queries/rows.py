"""One line of the list, flat: fifty of them are read in one statement, without making a model of each."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Func, Model, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import Concat

from inbox.models import Agent, Brand, ChannelAccount, Contact, Conversation, ConversationLabel, Identity, Label
from inbox.operations import presence

COLUMNS = (
    "pk", "visibility", "proactive", "status", "kind", "feeling", "waiting_since", "due_at", "last_message_at",
    "snoozed_until", "preview", "reach", "growth", "channel", "person", "assignee_id", "owner", "known_as", "tags",
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
    person: str | None  # None when this was erased
    assignee_id: int | None
    owner: str | None
    known_as: list[str | None] | None  # handle and name
    tags: list[str]  # of each label the colour, a space, and the name
    looking: list[presence.Present] = field(default_factory=list)
    pieces: list[tuple[str, bool]] | None = None

    @property
    def handle(self) -> str | None:
        return self.known_as[0] if self.known_as else None

    @property
    def who(self) -> str:
        return (self.known_as and self.known_as[1]) or self.handle or self.person or ""

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Colour and name of each."""
        return [(colour, name) for colour, _, name in (tag.partition(" ") for tag in self.tags)]

    @property
    def facts(self) -> Hashable:
        """All that was read, to tell whether a row that was written before is still true."""
        *plain, known_as, tags = _all(self)
        return *plain, *(known_as or ()), tuple(tags), tuple(self.pieces or ()), self.pieces is None


_all = attrgetter(*COLUMNS)


def shown(found: QuerySet[Conversation]) -> QuerySet[Conversation, Any]:
    """What a row needs, as tuples in the order of its fields.

    All of it is looked up by key after the page is cut: as joins, it took three times as long to plan as to run, and
    was done for every candidate whenever a list had to be sorted.
    """
    label = Label.objects.filter(pk=OuterRef("label_id")).values(tag=Concat("colour", Value(" "), "name"))
    labels = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("pk").values(tag=Subquery(label))
    owner = Case(When(name="", then="email"), default="name")
    return found.annotate(
        channel=_of(ChannelAccount, "account", "kind"),
        person=Subquery(
            Contact.objects.filter(pk=OuterRef("contact_id")).values(left=Case(When(erased_at=None, then="name")))
        ),
        owner=Subquery(Agent.objects.filter(pk=OuterRef("assignee_id")).values(shown=owner)),
        known_as=Subquery(Identity.objects.filter(pk=OuterRef("identity_id")).values(both=_Array("handle", "name"))),
        tags=ArraySubquery(labels[:LABELS]),
    ).values_list(*COLUMNS)


class _Array(Func):
    template = "ARRAY[%(expressions)s]"
    output_field = ArrayField(TextField())


def _of(model: type[Model], key: str, column: str) -> Subquery:
    return Subquery(model._default_manager.filter(pk=OuterRef(f"{key}_id")).values(column))


def dress(rows: list[Row], *, brand: Brand, besides: Agent) -> list[Row]:
    """Add who is looking at each."""
    looking = presence.present(brand.pk, (row.pk for row in rows), besides=besides) if rows else {}
    for row in rows:
        row.looking = looking.get(row.pk, [])
    return rows
