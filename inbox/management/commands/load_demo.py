"""The demo: two brands with their people and library, on accounts of the local sandbox. Again is no harm."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from connectors.sandbox.client import SandboxClient
from connectors.types import StreamRef
from inbox.gateway import connect
from inbox.management.demo import BRANDS, CLOSING_REASONS, LABELS, PEOPLE, REPLIES, SEARCHES, TEAMS, VIEWS
from inbox.management.morning import Morning, fetch, publish, regret
from inbox.models import (
    ActivityEntry,
    Agent,
    Brand,
    CannedReply,
    ChannelAccount,
    ClosingReason,
    Label,
    Membership,
    PlatformApp,
    Stream,
    Team,
)
from inbox.operations import assignments, views

SANDBOX_WITHIN = 30  # seconds


class Command(BaseCommand):
    """Make what is not there, and point the accounts to the sandbox as it runs now."""

    help = "Load the demo brands, people and accounts; needs SANDBOX_URL, a running sandbox and DEMO_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        """Everything in one transaction; then, the first time, the colleagues' morning."""
        if not settings.SANDBOX_URL:
            raise CommandError("SANDBOX_URL is not set: the demo lives on the local sandbox only.")
        client = SandboxClient(settings.SANDBOX_URL)
        known = _ask_sandbox(client)
        _leave_real_brands_alone()
        with transaction.atomic():
            brands = {name: _brand(name) for name in BRANDS}
            for brand in brands.values():
                _library(brand)
            _people(brands)
            for entry in known["accounts"]:
                owner = brands.get(entry["brand"])
                if owner is not None:
                    _app(owner, kind=entry["kind"], app=known["apps"][entry["kind"]])
                    _streams(_account(owner, entry))
        if not _begun(brands):
            _first_morning(client, brands)
        self.stdout.write(f"demo: {len(brands)} brands, {len(known['accounts'])} accounts")


def _leave_real_brands_alone() -> None:
    """A brand of this name that speaks through a real platform is not ours to touch."""
    slugs = [details["slug"] for details in BRANDS.values()]
    real = ChannelAccount.objects.filter(brand__slug__in=slugs, base_url="").select_related("brand").first()
    if real is not None:
        raise CommandError(f"{real.brand} has an account on a real platform: the demo stays away from it.")


def _begun(brands: dict[str, Brand]) -> bool:
    """Whether anybody did anything yet: then the demo goes on from there."""
    return ActivityEntry.objects.filter(conversation__brand__in=brands.values(), actor__isnull=False).exists()


def _first_morning(client: SandboxClient, brands: dict[str, Brand]) -> None:
    for person in PEOPLE:
        if not person.get("on_shift", True):
            assignments.set_shift(agent=Agent.objects.get(email=person["email"]), on=False)
    for brand in brands.values():
        _views(brand)
    regretted = publish(client)
    fetch()
    regret(client, regretted)
    for brand in brands.values():
        Morning(brand).work()


def _views(brand: Brand) -> None:
    lead = Agent.objects.get(email="lead@webcare.example")
    for whose, name, query in VIEWS:
        agent = Agent.objects.get(email=f"{whose}@webcare.example") if whose else lead
        views.save_view(brand=brand, agent=agent, name=name, query=query, shared=whose is None)


def _ask_sandbox(client: SandboxClient) -> dict[str, Any]:
    deadline = time.monotonic() + SANDBOX_WITHIN
    while True:
        try:
            return client.get("accounts")  # type: ignore[no-any-return]
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
                raise CommandError(f"The sandbox at {settings.SANDBOX_URL} does not answer: {error}") from None
            time.sleep(0.1)


def _brand(name: str) -> Brand:
    brand, _ = Brand.objects.get_or_create(slug=BRANDS[name]["slug"], defaults={"name": name, **BRANDS[name]})
    return brand


def _library(brand: Brand) -> None:
    for name in TEAMS:
        Team.objects.get_or_create(brand=brand, name=name)
    for name, (colour, meaning) in LABELS.items():
        Label.objects.get_or_create(brand=brand, name=name, defaults={"colour": colour, "meaning": meaning})
    for code, (dutch, english) in CLOSING_REASONS.items():
        names = {"name_nl": dutch, "name_en": english}
        ClosingReason.objects.get_or_create(brand=brand, code=code, defaults=names)
    for shortcut, language, title, text in REPLIES:
        given = {"title": title, "text": text}
        CannedReply.objects.get_or_create(brand=brand, shortcut=shortcut, language=language, channel="", defaults=given)


def _people(brands: dict[str, Brand]) -> None:
    """Everybody has the printed password; it is looked at once, because looking takes long on purpose."""
    known = {agent.email: agent for agent in Agent.objects.filter(email__in=[p["email"] for p in PEOPLE])}
    secret = settings.DEMO_PASSWORD or None
    changed = secret and known and not next(iter(known.values())).check_password(secret)
    hashed = make_password(secret) if changed or len(known) < len(PEOPLE) else ""
    for person in PEOPLE:
        agent = known.get(person["email"])
        if agent is None:
            fields = {key: person[key] for key in ("name", "initials", "language")}
            agent = Agent.objects.create(email=person["email"], password=hashed, **fields)
        elif changed:  # after a start with other secrets the printed one must work
            Agent.objects.filter(pk=agent.pk).update(password=hashed)
        _memberships(agent, person, brands)


def _memberships(agent: Agent, person: dict[str, Any], brands: dict[str, Brand]) -> None:
    for name in person["brands"]:
        given = {"role": person["role"], "is_trainee": person.get("is_trainee", False)}
        membership, made = Membership.objects.get_or_create(agent=agent, brand=brands[name], defaults=given)
        if made:
            membership.teams.set(Team.objects.filter(brand=brands[name], name__in=person["teams"]))


def _app(brand: Brand, *, kind: str, app: dict[str, str]) -> None:
    secrets = {key: value for key, value in app.items() if key != "client_id"}
    given = {"client_id": app["client_id"], "secrets": secrets, "base_url": settings.SANDBOX_URL,
             "checked_at": timezone.now(), "came_back_at": timezone.now(), "missing_scopes": []}  # fmt: skip
    PlatformApp.objects.update_or_create(brand=brand, kind=kind, defaults=given)


def _account(brand: Brand, entry: dict[str, Any]) -> ChannelAccount:
    """The account with the tokens that the sandbox holds good today: they rotate, and its port may change."""
    current = {"credentials": entry["credentials"], "base_url": settings.SANDBOX_URL}
    named = {"brand": brand, "name": entry["name"], "handle": entry["handle"]}
    account, made = ChannelAccount.objects.get_or_create(
        kind=entry["kind"], external_id=entry["external_id"], defaults={**named, **current}
    )
    if not made:
        for name, value in current.items():
            setattr(account, name, value)
        account.save(update_fields=list(current))
    elif account.brand_id == brand.pk:
        scopes = entry["credentials"].get("scope", "").split()
        ChannelAccount.objects.filter(pk=account.pk).update(scopes=scopes)
    return account


def _streams(account: ChannelAccount) -> None:
    if account.streams.exists():
        return
    with connect(account) as connector:
        wanted = list(connector.streams())
    searchable = [spec.kind for spec in account.capabilities.streams if spec.needs_query]
    query = SEARCHES.get(account.handle.lower())
    wanted += [StreamRef(kind, query) for kind in searchable[:1] if query]
    for ref in wanted:
        spec = account.capabilities.stream(ref.kind)
        assert spec is not None
        Stream.objects.create(
            account=account, kind=ref.kind, query=ref.query, language=ref.language, proactive=spec.proactive,
            interval=spec.default_interval, next_poll_at=timezone.now(),
        )  # fmt: skip
