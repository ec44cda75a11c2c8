"""What can be chosen for a brand's conversations: colleagues with their load, teams, labels, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from inbox.models import Agent, Brand, ClosingReason, Label, Team
from inbox.queries.counts import brand_counts
from inbox.queries.frame import Frame

Choice = SimpleNamespace


@dataclass
class Choices:
    """The menus of a brand: one statement, when the first of them is shown."""

    frame: Frame
    brand: Brand
    fresh: bool = False  # loads as of now, for the page whose buttons stand on them

    @cached_property
    def _rows(self) -> dict[str, Any]:
        own = {"brand": OuterRef("pk")}
        agents = Agent.objects.filter(is_active=True, memberships__brand=OuterRef("pk")).order_by("name")
        found = Brand.objects.filter(pk=self.brand.pk).values(
            agent_rows=_array(agents, "pk", "name", "email", "on_shift"),
            team_rows=_array(Team.objects.filter(**own).order_by("name"), "pk", "name"),
            label_rows=_array(Label.objects.filter(**own).order_by("name"), "pk", "name", "meaning", "archived_at"),
            reason_rows=_array(ClosingReason.objects.filter(**own).order_by("pk"), "pk", "code", "name_nl", "name_en",
                               "archived_at"),
        )  # fmt: skip
        return dict(found[0])

    def agents(self) -> list[Agent]:
        """Colleagues, those on shift first, with how much each minds."""
        loads = brand_counts(self.brand, fresh=self.fresh)["agents"]
        found = [Agent(**row) for row in self._rows["agent_rows"]]
        for agent in found:
            agent.load = loads.get(str(agent.pk), 0)  # type: ignore[attr-defined]
        return sorted(found, key=lambda agent: (not agent.on_shift, agent.name.casefold()))

    def teams(self) -> list[Choice]:
        return [Choice(**row) for row in self._rows["team_rows"]]

    def labels(self) -> list[Choice]:
        return [Choice(**row) for row in self._rows["label_rows"] if not row["archived_at"]]

    def reasons(self) -> list[Choice]:
        return [reason for reason in self.every_reason().values() if not reason.archived_at]

    def every_reason(self) -> dict[str, Choice]:
        """By code, those out of use too: what was closed for them still says so."""
        return {row["code"]: Choice(**row) for row in self._rows["reason_rows"]}


def _array(found: Any, *columns: str) -> ArraySubquery:
    return ArraySubquery(found.values(row=JSONObject(**{name: name for name in columns})))
