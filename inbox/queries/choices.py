"""What can be chosen for a brand's conversations: colleagues with their load, teams, labels, reasons."""

from __future__ import annotations

from dataclasses import dataclass

from inbox import access
from inbox.models import Agent, Brand, ClosingReason, Label, Team
from inbox.queries.frame import Frame


@dataclass
class Choices:
    """The menus of a brand; each is read when it is shown."""

    frame: Frame
    brand: Brand

    def agents(self) -> list[Agent]:
        """Colleagues, those on shift first, with how much each minds."""
        found = list(access.agents_of(self.brand))
        for agent in found:
            agent.load = self.frame.counts.by_agent.get(agent.pk, 0)  # type: ignore[attr-defined]
        return sorted(found, key=lambda agent: (not agent.on_shift, agent.name.casefold()))

    def teams(self) -> list[Team]:
        return list(self.brand.teams.order_by("name"))

    def labels(self) -> list[Label]:
        return list(self.brand.labels.filter(archived_at=None).order_by("name"))

    def reasons(self) -> list[ClosingReason]:
        return list(self.brand.closing_reasons.filter(archived_at=None).order_by("pk"))
