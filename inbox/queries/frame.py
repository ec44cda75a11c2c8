"""What stands around every page: the brand, its queues and counts, channels, views, and the bell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from inbox import access
from inbox.models import Agent, Brand, ChannelAccount, Conversation, Notification, View
from inbox.prepared import rows_of
from inbox.queries.account_lights import Light, lights_of
from inbox.queries.counts import CAP, Counts, counts_for
from inbox.queries.nested import Capped, Rows
from inbox.queries.outbox_todo import bell_count
from inbox.queries.queues import QUEUES, Queue


@dataclass
class Frame:
    """The shell for one agent. Everything is read when first asked for, so a fragment pays for nothing."""

    agent: Agent
    brand: Brand | None

    @cached_property
    def role(self) -> str:
        if self.brand is None:
            return ""
        return access.role_of(self.agent, self.brand) or ""

    @property
    def is_lead(self) -> bool:
        return self.role in {access.Role.LEAD, access.Role.ADMIN}

    @property
    def is_admin(self) -> bool:
        return self.role == access.Role.ADMIN

    @cached_property
    def brands(self) -> list[dict[str, Any]]:
        """Those the agent may see, by pk, name and slug."""
        return list(self._around["brand_rows"])

    @cached_property
    def team_ids(self) -> list[int]:
        return teams_of(self.agent, self.brand) if self.brand else []

    @cached_property
    def counts(self) -> Counts:
        if self.brand is None:
            return Counts()
        return counts_for(self.brand, {name: self._around[name] for name in ("mine", "team", "mentioned")})

    @cached_property
    def lights(self) -> list[Light]:
        return lights_of(self.brand) if self.brand else []

    @property
    def accounts(self) -> list[ChannelAccount]:
        return [light.account for light in self.lights]

    @cached_property
    def views(self) -> list[View]:
        return [View(brand=self.brand, **row) for row in self._around["view_rows"]] if self.brand else []

    @cached_property
    def unread(self) -> int:
        return bell_count(self.agent, most=CAP)

    @cached_property
    def _around(self) -> dict[str, Any]:
        return _around(self.agent, self.brand, self.team_ids)

    @property
    def queues(self) -> list[Queue]:
        return [queue for queue in QUEUES.values() if queue.name != "team" or self.team_ids]


def _around(agent: Agent, brand: Brand | None, team_ids: list[int]) -> dict[str, Any]:
    """The small things around a page, in one statement: an agent's own counts, the views, the brands."""
    owner = agent.is_owner

    def build(*, agent: int, brand: int, **teams: int) -> QuerySet[Agent, Any]:
        open_ones = Conversation.objects.filter(brand=brand, status="open")
        brands = access.brands_of(Agent(pk=agent, is_owner=owner)).order_by("name")
        views = View.objects.filter(Q(owner=None) | Q(owner=agent), brand=brand).order_by("name")
        told = Notification.objects.filter(agent=agent, brand=brand, read_at=None, kind=Notification.Kind.MENTIONED)
        return Agent.objects.filter(pk=agent).values(
            brand_rows=Rows(brands, None, pk="pk", name="name", slug="slug"),
            view_rows=Rows(views, None, pk="pk", owner_id="owner_id", name="name", query="query"),
            mentioned=Capped(told, CAP), mine=Capped(open_ones.filter(assignee=agent), CAP),
            team=Capped(Conversation.objects.filter(team__in=teams.values(), status="open"), CAP),
        )  # fmt: skip

    teams = {f"team{n}": pk for n, pk in enumerate(team_ids)}
    values = {"agent": agent.pk, "brand": brand.pk if brand else 0, **teams}
    return dict(rows_of(("around", owner, len(teams)), build, values, planned=True)[0])


def teams_of(agent: Agent, brand: Brand) -> list[int]:
    """The teams of this brand the agent is in."""
    if getattr(brand, "own_of", None) == agent.pk and hasattr(brand, "own_teams"):  # read with the brand
        return list(brand.own_teams)
    return list(agent.memberships.filter(brand=brand, teams__isnull=False).values_list("teams", flat=True))


def frame_of(request: HttpRequest, brand: Brand | None = None) -> Frame:
    """The frame of this request, made once."""
    kept = getattr(request, "frame", None)
    if isinstance(kept, Frame) and (brand is None or kept.brand == brand):
        return kept
    agent = request.user
    if not isinstance(agent, Agent):
        raise TypeError("Only somebody who is logged in has a frame.")
    made = Frame(agent, brand or home_brand(agent))
    request.frame = made  # type: ignore[attr-defined]
    return made


def home_brand(agent: Agent) -> Brand | None:
    """Where the agent was last, while that is still theirs."""
    mine = access.brands_of(agent)
    last = mine.filter(pk=agent.last_brand_id).first() if agent.last_brand_id else None
    return last or mine.order_by("name").first()
