"""Invitations: a link by e-mail, good once and for a week. Only a hash of its token is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from inbox import events
from inbox.models import Agent, Brand, Invitation, Membership, Team
from inbox.operations import audit
from inbox.operations.changes import Refused

VALID = timedelta(days=7)


@transaction.atomic
def invite(
    *, brand: Brand, actor: Agent, email: str, role: str, is_trainee: bool = False, teams: Iterable[Team] = ()
) -> Invitation:
    """Send a link. An open invitation to the same address is replaced. Refused "is_member"."""
    email = email.strip().lower()
    if Membership.objects.filter(brand=brand, agent__email__iexact=email).exists():
        raise Refused("is_member", email=email)
    Invitation.objects.filter(brand=brand, email__iexact=email, accepted_at=None).delete()
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        brand=brand, email=email, role=role, is_trainee=is_trainee, invited_by=actor, token_hash=_hash(token),
        expires_at=timezone.now() + VALID,
    )  # fmt: skip
    invitation.teams.set(team for team in teams if team.brand_id == brand.pk)
    audit.record("invited", actor=actor, brand=brand, target=email, data={"role": role})
    _mail(invitation, token)
    return invitation


@transaction.atomic
def resend(*, invitation: Invitation, actor: Agent) -> None:
    """A new link and a new week; the old link is dead."""
    token = secrets.token_urlsafe(32)
    fresh = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(
        token_hash=_hash(token), expires_at=timezone.now() + VALID
    )
    if fresh:
        audit.record("invitation_resent", actor=actor, brand=invitation.brand, target=invitation.email)
        _mail(invitation, token)


@transaction.atomic
def withdraw(*, invitation: Invitation, actor: Agent) -> None:
    """The link is dead."""
    if Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()[0]:
        audit.record("invitation_withdrawn", actor=actor, brand=invitation.brand, target=invitation.email)


def open_invitation(token: str) -> Invitation | None:
    """The invitation of a link, while it is good."""
    good = Invitation.objects.select_related("brand", "invited_by").filter(accepted_at=None)
    return good.filter(token_hash=_hash(token), expires_at__gt=timezone.now()).first()


@transaction.atomic
def accept(*, token: str, name: str = "", password: str = "", agent: Agent | None = None) -> Agent:
    """Join, as somebody new or as who is logged in. Of two who use one link, one joins (Refused "used")."""
    invitation = open_invitation(token)
    if invitation is None:
        raise Refused("used")
    if not Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=timezone.now()):
        raise Refused("used")
    agent = agent or Agent.objects.create_user(
        invitation.email, password, name=name, language=translation.get_language() or "nl", initials=_initials(name)
    )
    membership, made = Membership.objects.get_or_create(
        agent=agent, brand=invitation.brand,
        defaults={"role": invitation.role, "is_trainee": invitation.is_trainee},
    )  # fmt: skip
    if made:
        membership.teams.set(invitation.teams.all())
    audit.record("joined", actor=agent, brand=invitation.brand, target=str(agent), data={"role": membership.role})
    events.publish("rights", brand_id=invitation.brand_id, agent=agent.pk)
    return agent


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:3]).upper()


def _mail(invitation: Invitation, token: str) -> None:
    """After commit: the link must lead somewhere. A mail server that is away is told to who invites."""
    address = settings.PUBLIC_URL + reverse("accept_invitation", args=[token])
    with translation.override(invitation.brand.language):
        subject = " ".join((_("Join %(brand)s in Webcare") % {"brand": invitation.brand.name}).split())
        text = render_to_string("email/invitation.txt", {"invitation": invitation, "address": address})
    transaction.on_commit(lambda: send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [invitation.email]))
