"""Who may do what for a brand, and leaving."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.db import transaction

from inbox import events
from inbox.models import Agent, Brand, Membership, Team
from inbox.operations import audit
from inbox.operations.assignments import offer_back
from inbox.operations.changes import Refused

ADMIN = Membership.Role.ADMIN


@transaction.atomic
def change(
    *, membership: Membership, actor: Agent, role: str, is_trainee: bool, teams: Iterable[Team]
) -> None:  # fmt: skip
    """Another role, other teams. Refused "last_admin" when nobody would be left to arrange the brand."""
    _lock(membership)
    if membership.role == ADMIN and role != ADMIN:
        _keep_an_admin(membership, actor)
    teams = [team for team in teams if team.brand_id == membership.brand_id]
    before = {"role": membership.role, "trainee": membership.is_trainee, "teams": _names(membership.teams.all())}
    after = {"role": role, "trainee": is_trainee, "teams": _names(teams)}
    if before == after:
        return
    Membership.objects.filter(pk=membership.pk).update(role=role, is_trainee=is_trainee)
    membership.teams.set(teams)
    _tell(membership, "rights_changed", actor, changed=audit.changes(before, after))


@transaction.atomic
def remove(*, membership: Membership, actor: Agent) -> int:
    """Somebody leaves the brand: their open work is offered back; how many conversations that were."""
    _lock(membership)
    if membership.role == ADMIN:
        _keep_an_admin(membership, actor)
    offered = len(offer_back(agent=membership.agent, brand=membership.brand, actor=actor).done)
    _tell(membership, "member_removed", actor, offered_back=offered)
    membership.delete()
    return offered


@transaction.atomic
def deactivate(*, agent: Agent, actor: Agent) -> int:
    """Somebody leaves altogether: out of every session, work offered back. Refused "last_owner"."""
    owners = list(Agent.objects.select_for_update().filter(is_owner=True, is_active=True))
    if [owner.pk for owner in owners] == [agent.pk]:
        raise Refused("last_owner")
    offered = 0
    for membership in agent.memberships.select_related("brand"):
        offered += len(offer_back(agent=agent, brand=membership.brand, actor=actor).done)
        _tell(membership, "agent_deactivated", actor)
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    _end_sessions(agent)
    audit.record("agent_deactivated", actor=actor, target=str(agent))
    return offered


@transaction.atomic
def reactivate(*, agent: Agent, actor: Agent) -> None:
    """Somebody is back: their memberships were kept."""
    if Agent.objects.filter(pk=agent.pk, is_active=False).update(is_active=True):
        audit.record("agent_reactivated", actor=actor, target=str(agent))


@transaction.atomic
def sign_out(*, agent: Agent, actor: Agent, brand: Brand | None = None) -> int:
    """End every session somebody has, on all devices; how many."""
    ended = _end_sessions(agent)
    audit.record("signed_out_everywhere", actor=actor, brand=brand, target=str(agent), data={"sessions": ended})
    if brand is not None:
        events.publish("rights", brand_id=brand.pk, agent=agent.pk)
    return ended


def _end_sessions(agent: Agent) -> int:
    sessions = list(UserSession.objects.filter(user=agent))
    for session in sessions:
        session.end()
    return len(sessions)


def _lock(membership: Membership) -> None:
    """Two admins who remove each other stand in line, and read it as it is then. Refused "gone" when it is no more."""
    Brand.objects.select_for_update().get(pk=membership.brand_id)
    try:
        membership.refresh_from_db()
    except Membership.DoesNotExist:
        raise Refused("gone") from None


def _keep_an_admin(membership: Membership, actor: Agent) -> None:
    """An owner is admin of every brand and may leave one without; nobody else may."""
    others = Membership.objects.filter(brand=membership.brand_id, role=ADMIN, agent__is_active=True)
    if not actor.is_owner and not others.exclude(pk=membership.pk).exists():
        raise Refused("last_admin")


def _names(teams: Iterable[Team]) -> list[str]:
    return sorted(team.name for team in teams)


def _tell(membership: Membership, verb: str, actor: Agent, **data: object) -> None:
    audit.record(verb, actor=actor, brand=membership.brand, target=str(membership.agent), data=data)
    events.publish("rights", brand_id=membership.brand_id, agent=membership.agent_id)
