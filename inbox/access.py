"""Who may see and do what. An outsider gets 404, a wrong role 403."""

from __future__ import annotations

from typing import Any, TypeVar

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import Http404, HttpRequest

from inbox.models import Agent, Brand, ChannelAccount, Conversation, Membership
from inbox.prepared import prepared

Role = Membership.Role
RANK = {Role.AGENT: 1, Role.LEAD: 2, Role.ADMIN: 3}
BIGGEST = 2**63 - 1  # of an id; an address may say more
M = TypeVar("M", bound=models.Model)


class SecondFactorMissing(PermissionDenied):
    """The brand asks for a second factor that this agent has not set up: they see nothing of it until then."""


class AgentRequest(HttpRequest):
    """A request of somebody who is logged in (see `login_required`)."""

    user: Agent  # type: ignore[assignment]
    htmx: Any


def brands_of(agent: Agent | AnonymousUser) -> models.QuerySet[Brand]:
    """The brands whose things this agent may see now: without the second factor a brand asks for, not that one."""
    if isinstance(agent, AnonymousUser) or not agent.is_active:
        return Brand.objects.none()
    own = Brand.objects.all() if agent.is_owner else Brand.objects.filter(memberships__agent=agent)
    factor = Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP)
    return own.filter(Q(require_second_factor=False) | Exists(factor))


def has_second_factor(agent: Agent) -> bool:
    """Whether logging in takes an authenticator app."""
    return Authenticator.objects.filter(user=agent, type=Authenticator.Type.TOTP).exists()


def role_of(agent: Agent, brand: Brand) -> str | None:
    """The agent's role for a brand; None for an outsider."""
    if agent.is_owner:
        return Role.ADMIN
    if getattr(brand, "own_of", None) == agent.pk:  # read with the brand, for this very agent and request
        known: str | None = brand.own_role  # type: ignore[attr-defined]
        return known
    membership = Membership.objects.filter(agent=agent, brand=brand).values_list("role", flat=True)
    return membership.first()


def may(agent: Agent, brand: Brand, role: str) -> bool:
    """Whether the agent has this role for the brand, or a higher one."""
    own = role_of(agent, brand)
    return own is not None and RANK[Role(own)] >= RANK[Role(role)]


def require(agent: Agent, brand: Brand, role: str = Role.AGENT) -> None:
    """404 for an outsider, 403 for too low a role."""
    own = role_of(agent, brand)
    if own is None:
        raise Http404
    if brand.require_second_factor and not has_second_factor(agent):
        raise SecondFactorMissing
    if RANK[Role(own)] < RANK[Role(role)]:
        raise PermissionDenied


def brand_for(agent: Agent, slug: str, role: str = Role.AGENT) -> Brand:
    """The brand of this address, for somebody with at least this role."""
    found = _brand_and_role(slug=slug, agent=agent.pk)
    if not found:
        raise Http404
    brand: Brand = found[0]
    brand.own_of = agent.pk  # type: ignore[attr-defined]
    require(agent, brand, role)
    return brand


@prepared
def _brand_and_role(*, slug: str, agent: int) -> models.QuerySet[Brand]:
    """One statement for the brand, the agent's role there and their teams."""
    own = Membership.objects.filter(agent=agent, brand=OuterRef("pk"))
    teams = own.filter(teams__isnull=False).order_by("teams").values("teams")
    return Brand.objects.filter(slug=slug).annotate(
        own_role=Subquery(own.values("role")[:1]), own_teams=ArraySubquery(teams)
    )


def conversation_for(agent: Agent, pk: int, role: str = Role.AGENT) -> Conversation:
    """A conversation of one of the agent's brands, with what its page needs."""
    return _conversation_of(agent, _with_related(pk=min(pk, BIGGEST), agent=agent.pk), role)


def conversation_to_change(agent: Agent, pk: int) -> Conversation:
    """As `conversation_for`, with its brand alone: whoever changes it reads it again, under its lock."""
    return _conversation_of(agent, _with_brand(pk=min(pk, BIGGEST), agent=agent.pk), Role.AGENT)


def _conversation_of(agent: Agent, known: list[Conversation], role: str) -> Conversation:
    if not known:
        raise Http404
    required(agent, known[0], role)
    return known[0]


@prepared
def _with_related(*, pk: int, agent: int) -> models.QuerySet[Conversation]:
    return _with_role(pk, agent).select_related("account", "thread", "contact", "identity", "assignee", "team")


@prepared
def _with_brand(*, pk: int, agent: int) -> models.QuerySet[Conversation]:
    return _with_role(pk, agent)


def _with_role(pk: int, agent: int) -> models.QuerySet[Conversation]:
    own = Membership.objects.filter(agent=agent, brand=OuterRef("brand")).values("role")[:1]
    return Conversation.objects.filter(pk=pk).select_related("brand").annotate(own_role=Subquery(own))


def required(agent: Agent, found: Any, role: str = Role.AGENT) -> None:
    """As `require`, for what was read together with the agent's own role for its brand, as `own_role`."""
    found.brand.own_of, found.brand.own_role = agent.pk, found.own_role
    require(agent, found.brand, role)


def account_for(agent: Agent, pk: int, role: str = Role.ADMIN) -> ChannelAccount:
    """A channel account of one of the agent's brands."""
    account = ChannelAccount.objects.select_related("brand").filter(pk=pk).first()
    if account is None:
        raise Http404
    require(agent, account.brand, role)
    return account


def agents_of(brand: Brand) -> models.QuerySet[Agent]:
    """Who works for a brand: its members, by name."""
    return Agent.objects.filter(is_active=True, memberships__brand=brand).order_by("name")
