"""Who works for a brand, for the page that arranges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from inbox.models import Brand, Conversation, Invitation, Membership, Team


@dataclass(frozen=True, slots=True)
class Staff:
    """The page: members with their open work and second factor, teams with sizes, open invitations."""

    members: list[Any]
    teams: list[Any]
    invitations: list[Invitation]


def staff(brand: Brand) -> Staff:
    """All of it; counts are of this brand only."""
    factor = Authenticator.objects.filter(user=OuterRef("agent"), type=Authenticator.Type.TOTP)
    members = list(
        Membership.objects.filter(brand=brand).select_related("agent").prefetch_related("teams")
        .annotate(second_factor=Exists(factor)).order_by("agent__name", "pk")
    )  # fmt: skip
    work = _open_work(brand)
    sessions = _sessions([member.agent_id for member in members])
    for member in members:
        member.open_work = work.get(member.agent_id, 0)  # type: ignore[attr-defined]
        member.sessions = sessions.get(member.agent_id, 0)  # type: ignore[attr-defined]
    teams = list(Team.objects.filter(brand=brand).annotate(size=Count("members")).order_by("name"))
    waiting = brand.invitations.filter(accepted_at=None).select_related("invited_by").prefetch_related("teams")
    return Staff(members, teams, list(waiting.order_by("-created_at")))


def _open_work(brand: Brand) -> dict[int | None, int]:
    mine = Conversation.objects.filter(brand=brand, assignee__isnull=False).filter(~Q(status="resolved"))
    return dict(mine.order_by().values_list("assignee").annotate(Count("pk")))


def _sessions(agents: list[int]) -> dict[int, int]:
    known: QuerySet[UserSession] = UserSession.objects.filter(user__in=agents)
    return dict(known.order_by().values_list("user").annotate(Count("pk")))
