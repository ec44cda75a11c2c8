"""What can be chosen for a brand's conversations: colleagues with their load, teams, labels, reasons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import OuterRef, QuerySet

from inbox.models import Agent, Brand, ClosingReason, Label, Team
from inbox.models.teams import monogram
from inbox.prepared import prepared
from inbox.queries.counts import loads_of
from inbox.queries.frame import Frame
from inbox.queries.nested import Rows


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody a conversation can be given to."""

    pk: int
    name: str
    email: str
    on_shift: bool
    load: int

    @property
    def monogram(self) -> str:
        return monogram(self.name or self.email)


class PersonChoice(NamedTuple):
    """Somebody whose conversations can be looked at."""

    pk: int
    name: str
    monogram: str


class ReasonChoice(NamedTuple):
    """Why a conversation can be closed without an answer."""

    pk: int
    code: str
    name_nl: str
    name_en: str
    archived_at: str | None


class TeamChoice(NamedTuple):
    """A team a conversation can be given to."""

    pk: int
    name: str


class LabelChoice(NamedTuple):
    """A label that can be put on a conversation."""

    pk: int
    name: str
    meaning: str


@dataclass
class Choices:
    """The menus of a brand: one statement, when the first of them is shown."""

    frame: Frame
    brand: Brand

    @cached_property
    def _rows(self) -> dict[str, Any]:
        return dict(_of_brand(brand=self.brand.pk)[0])

    def agents(self) -> tuple[Colleague, ...]:
        """Colleagues, those on shift first, with how much each minds."""
        return self._agents

    @cached_property
    def _agents(self) -> tuple[Colleague, ...]:
        loads = loads_of(self.brand)
        found = [Colleague(load=loads.get(row["pk"], 0), **row) for row in self._rows["agent_rows"]]
        return tuple(sorted(found, key=lambda one: (not one.on_shift, one.name.casefold())))

    def people(self) -> tuple[PersonChoice, ...]:
        """The same colleagues, without what they mind now."""
        return tuple(PersonChoice(one.pk, one.name, one.monogram) for one in self._agents)

    @cached_property
    def _labels(self) -> tuple[LabelChoice, ...]:
        rows = self._rows["label_rows"]
        return tuple(LabelChoice(row["pk"], row["name"], row["meaning"]) for row in rows if not row["archived_at"])

    def teams(self) -> tuple[TeamChoice, ...]:
        return tuple(TeamChoice(**row) for row in self._rows["team_rows"])

    def labels(self, has: Collection[int] = ()) -> tuple[LabelChoice, ...]:
        """Those in use, without what is on the conversation already."""
        return tuple(label for label in self._labels if label.pk not in has) if has else self._labels

    def reasons(self) -> tuple[ReasonChoice, ...]:
        return tuple(reason for reason in self.every_reason().values() if not reason.archived_at)

    def every_reason(self) -> dict[str, ReasonChoice]:
        """By code, those out of use too: what was closed for them still says so."""
        return self._reasons

    @cached_property
    def _reasons(self) -> dict[str, ReasonChoice]:
        rows = getattr(self.brand, "reason_rows", None)  # read with a conversation
        if rows is None:
            rows = (self.__dict__.get("_rows") or _reasons_of(brand=self.brand.pk)[0])["reason_rows"]
        return {row["code"]: ReasonChoice(**row) for row in rows}


@prepared
def _of_brand(*, brand: int) -> QuerySet[Brand, Any]:
    own = {"brand": OuterRef("pk")}
    agents = Agent.objects.filter(is_active=True, memberships__brand=OuterRef("pk")).order_by("name")
    return Brand.objects.filter(pk=brand).values(
        agent_rows=_rows(agents, "pk", "name", "email", "on_shift"),
        team_rows=_rows(Team.objects.filter(**own).order_by("name"), "pk", "name"),
        label_rows=_rows(Label.objects.filter(**own).order_by("name"), "pk", "name", "meaning", "archived_at"),
        reason_rows=reason_rows("pk"),
    )


@prepared
def _reasons_of(*, brand: int) -> QuerySet[Brand, Any]:
    return Brand.objects.filter(pk=brand).values(reason_rows=reason_rows("pk"))


def reason_rows(brand: str) -> Rows:
    """All reasons to close of the brand that stands in this column."""
    found = ClosingReason.objects.filter(brand=OuterRef(brand)).order_by("pk")
    return _rows(found, "pk", "code", "name_nl", "name_en", "archived_at")


def _rows(found: QuerySet[Any], *columns: str) -> Rows:
    return Rows(found, None, **{name: name for name in columns})
