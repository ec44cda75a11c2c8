"""Replies that somebody must look at: failed, uncertain, or waiting for approval. None is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from inbox.access import brands_of
from inbox.models import Agent, Brand, Delivery, Membership, Notification
from inbox.prepared import rows_of
from inbox.queries.nested import Capped

State = Delivery.State
LED = (Membership.Role.LEAD, Membership.Role.ADMIN)
# Counted until settled, whether read or not; that a reply was returned to its writer is news
TODO = Q(kind=Notification.Kind.DELIVERY) | Q(kind=Notification.Kind.APPROVAL, key__startswith="approval:")


def minded(*, agent: Agent, brands: Iterable[Brand]) -> QuerySet[Delivery]:
    """Failed and uncertain replies: the agent's own; a lead sees all of the brand, so nobody's are somebody's too."""
    rows = Delivery.objects.filter(
        state__in=[State.FAILED, State.UNCERTAIN], handled_at=None, account__brand__in=brands
    ).exclude(error_reason="earlier_failed")
    if not agent.is_owner:
        led = Membership.objects.filter(agent=agent, role__in=LED)
        rows = rows.filter(Q(owner=agent) | Q(account__brand__in=led.values("brand")))
    return rows.order_by("pk")


def waiting_for_approval(*, brands: Iterable[Brand]) -> QuerySet[Delivery]:
    """Replies of trainees that a colleague must look at; the first part stands for all, and for the public line."""
    rows = Delivery.objects.filter(state=State.APPROVAL, account__brand__in=brands, part=1)
    return rows.exclude(waits_for__state=State.APPROVAL).order_by("pk")


def to_approve(*, agent: Agent, brands: Iterable[Brand]) -> QuerySet[Delivery]:
    """Those that this agent may approve."""
    rows = waiting_for_approval(brands=brands).exclude(message__agent=agent)
    if not agent.is_owner:
        full = Membership.objects.filter(agent=agent, is_trainee=False)
        rows = rows.filter(account__brand__in=full.values("brand"))
    return rows


def by_brand(rows: QuerySet[Delivery]) -> list[tuple[Brand, int]]:
    """How many in each brand that has some."""
    counted = Counter(rows.values_list("account__brand", flat=True))
    return [(brand, counted[brand.pk]) for brand in Brand.objects.filter(pk__in=counted).order_by("name")]


def bell_count(agent: Agent, *, most: int) -> int:
    """What the bell says: news that was not read, and replies until they are settled. One statement."""
    owner = agent.is_owner

    def build(*, agent: int) -> QuerySet[Agent, Any]:
        known = Agent(pk=agent, is_owner=owner)
        brands = brands_of(known)
        news = Notification.objects.filter(agent=known, brand__in=brands, read_at=None).exclude(TODO)
        parts = (news, minded(agent=known, brands=brands), to_approve(agent=known, brands=brands))
        return Agent.objects.filter(pk=agent, is_active=True).values_list(*(Capped(rows, most) for rows in parts))

    return sum(map(sum, rows_of(("bell", owner, most), build, {"agent": agent.pk}, planned=True)))
