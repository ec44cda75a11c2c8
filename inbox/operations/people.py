"""Brands and teams."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from inbox import events
from inbox.models import Agent, Brand, ClosingReason, Membership, Team
from inbox.operations import audit
from inbox.operations.changes import Refused

REASONS = (  # why something may be closed without an answer: code, Dutch, English
    ("no-question", "Geen vraag gesteld", "No question asked"),
    ("spam", "Spam", "Spam"),
    ("duplicate", "Dubbel", "Duplicate"),
    ("answered-elsewhere", "Elders beantwoord", "Answered elsewhere"),
    ("only-repost", "Alleen een repost", "Only a repost"),
)
BRAND_SETTINGS = (
    "name", "language", "sign_off", "handoff_text", "require_second_factor", "approve_trainees", "keep_payload_days",
    "keep_message_days", "keep_attachment_days",
)  # fmt: skip


@transaction.atomic
def create_brand(*, name: str, agent: Agent) -> Brand:
    """A brand with the usual reasons for closing; who makes it is its first admin."""
    brand = Brand.objects.create(name=name, slug=_free_slug(name))
    Membership.objects.create(brand=brand, agent=agent, role=Membership.Role.ADMIN)
    seed_reasons(brand=brand)
    audit.record("brand_created", actor=agent, brand=brand, target=name)
    return brand


def seed_reasons(*, brand: Brand) -> None:
    """The reasons every team knows; a brand may rename and add."""
    ClosingReason.objects.bulk_create(
        [ClosingReason(brand=brand, code=code, name_nl=nl, name_en=en) for code, nl, en in REASONS],
        ignore_conflicts=True,
    )


@transaction.atomic
def change_brand(*, brand: Brand, agent: Agent, **fields: Any) -> None:
    """Settings of a brand."""
    before = Brand.objects.select_for_update().values(*BRAND_SETTINGS).get(pk=brand.pk)
    changed = audit.changes(before, fields)
    if not changed:
        return
    Brand.objects.filter(pk=brand.pk).update(**fields)
    brand.refresh_from_db()
    audit.record("brand_changed", actor=agent, brand=brand, target=brand.name, data={"changed": changed})
    if "require_second_factor" in changed:
        for pk in brand.memberships.values_list("agent", flat=True):
            events.publish("rights", brand_id=brand.pk, agent=pk)


@transaction.atomic
def save_team(*, brand: Brand, agent: Agent, name: str, team: Team | None = None) -> Team:
    """A new team, or another name for one. Refused "team_exists"."""
    old = team.name if team else ""
    team = team or Team(brand=brand)
    team.name = name
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise Refused("team_exists", name=name) from None
    audit.record("team_saved", actor=agent, brand=brand, target=name, data={"before": old})
    events.publish("list", brand_id=brand.pk)
    return team


@transaction.atomic
def delete_team(*, team: Team, agent: Agent) -> None:
    """A team that is no more; its conversations stay, with nobody's team."""
    audit.record("team_deleted", actor=agent, brand=team.brand, target=team.name)
    events.publish("list", brand_id=team.brand_id)
    team.delete()


def _free_slug(name: str) -> str:
    base = slugify(name)[:40] or "brand"
    taken = set(Brand.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, 10_000))) if slug not in taken)
