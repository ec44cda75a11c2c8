"""How accounts are doing: the light that everybody sees, the week in charts, and the daily question what we may do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format

from connectors.sandbox.process import SandboxProcess
from inbox.models import AuditEntry, ChannelAccount, Gap, HourlyCount, Notification, Usage
from inbox.operations.account_checks import check_due
from inbox.operations.budget import today
from inbox.queries.account_charts import charts_of
from inbox.queries.account_lights import lights_of
from inbox.queries.accounts import register
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def admin():
    client = Client()
    client.brand = builders.brand()
    client.agent = builders.agent(client.brand, "admin", language="nl")
    client.force_login(client.agent)
    return client


def connected(admin: Client, sandbox: SandboxProcess, kind: str, **fields: object) -> ChannelAccount:
    sandbox.client.reset()
    seeded = sandbox.client.account("noordtreinen", kind)
    return builders.account(admin.brand, kind, external_id=seeded["external_id"], base_url=sandbox.url,
                            credentials=seeded["credentials"], **fields)  # fmt: skip


def test_everybody_sees_the_light_of_their_own_accounts_in_one_statement(admin, django_assert_num_queries):
    now = timezone.now()
    for state in ("connected", "lost", "paused", "removed"):
        account = builders.account(admin.brand, name=state, handle=state, state=state)
        builders.stream(account, complete_until=now)
        builders.stream(account, kind="direct", complete_until=now)
    builders.stream(builders.account(admin.brand, handle="partly"), state="failing", complete_until=now)
    builders.stream(builders.account(admin.brand, handle="behind"), complete_until=now - timedelta(hours=1))
    builders.account(admin.brand, handle="held", retry_at=now + timedelta(hours=1), trouble_code="limited")
    builders.account(builders.brand(), handle="elsewhere", state="lost")
    with django_assert_num_queries(1):
        lights = {light.account.handle: (light.level, light.word) for light in lights_of(admin.brand)}
    assert lights == {
        "connected": ("ok", "Verbonden"), "lost": ("late", "Verbinding kwijt"), "paused": ("warn", "Gepauzeerd"),
        "partly": ("warn", "Deels"), "behind": ("warn", "Loopt achter"), "held": ("warn", "Vastgehouden"),
    }  # fmt: skip
    admin.force_login(builders.agent(admin.brand))
    assert admin.get(reverse("figures", args=[admin.brand.slug])).status_code == 200
    for path in (reverse("list", args=[admin.brand.slug, "all"]), f"{reverse('figures', args=[admin.brand.slug])}?channels=1"):  # fmt: skip
        page = admin.get(path).content.decode()
        assert all(f'<span class="sr">{word}</span>' in page for _, word in lights.values())
        assert "elsewhere" not in page


def test_what_it_took_is_told_by_the_day_that_the_platforms_charge_by(admin, time_machine):
    time_machine.move_to(datetime(2026, 11, 28, 23, 30, tzinfo=UTC))  # half past midnight in the Netherlands
    account = builders.account(admin.brand, kind="x")
    stream = builders.stream(account)
    HourlyCount.objects.create(stream=stream, hour=datetime(2026, 11, 28, 23, tzinfo=UTC), messages=7)
    Usage.objects.create(account=account, day=today(timezone.now()), calls=12, money="0.25")
    messages, _, calls, dollars = charts_of(account)
    assert (messages.today, calls.today, dollars.today) == ("7", "12", number_format(0.25, 2))


def test_the_week_tells_messages_minutes_without_proof_and_cost(admin):
    now = timezone.now()
    account = builders.account(admin.brand, kind="x")
    stream, other = builders.stream(account, complete_until=now), builders.stream(account, kind="direct")
    HourlyCount.objects.create(stream=stream, hour=now.replace(minute=0, second=0, microsecond=0), messages=7)
    for one in (stream, other):  # at once: counted once
        Gap.objects.create(stream=one, starts_at=now - timedelta(days=2, minutes=40), reason="outage",
                           ends_at=now - timedelta(days=2, minutes=10))  # fmt: skip
    Usage.objects.create(account=account, day=today(now), calls=12, money="0.25")
    messages, minutes, calls, dollars = charts_of(account)
    assert (messages.today, calls.today, dollars.today) == ("7", "12", number_format(0.25, 2))
    assert [bar.look for bar in messages.bars][-3:] == ["hole", "dim", "bar"]
    assert sum(int(part.rsplit(" ", 1)[1]) for part in minutes.words.split(": ")[1].split(", ")) == 30
    page = admin.get(reverse("account", args=[account.pk])).content.decode()
    assert messages.words.rsplit(" ", 1)[1] in page


def test_trouble_stands_first(admin):
    builders.account(admin.brand, name="A")
    lost = builders.account(admin.brand, name="B", state="lost")
    assert register(admin.brand)[0].account == lost


@pytest.mark.parametrize("kind", ["x", "facebook"])
def test_once_a_day_the_platform_is_asked_what_we_may_do(kind, admin, sandbox):
    ends = timezone.now() + timedelta(days=2)
    account = connected(admin, sandbox, kind, name="Oude naam", token_expires_at=ends, warned_days=3)
    assert (check_due(), check_due()) == (1, 0)
    account.refresh_from_db()
    assert account.name != "Oude naam"
    assert account.token_expires_at is None or account.token_expires_at > ends + timedelta(days=30)
    assert account.warned_days is None
    assert account.usage.get().calls >= 1


def test_a_permission_that_came_back_wakes_its_stream(admin, sandbox):
    account = connected(admin, sandbox, "facebook")
    check_due()
    account.refresh_from_db()
    assert account.scopes
    account.missing_scopes, account.checked_at = ["pages_messaging"], None
    account.save(update_fields=["missing_scopes", "checked_at"])
    stream = builders.stream(account, kind="direct", enabled=False, reason="permission_missing", state="stopped")
    check_due()
    stream.refresh_from_db()
    assert (stream.enabled, stream.state) == (True, "ok")
    assert AuditEntry.objects.get(verb="account_rights_changed").data["changed"] == {
        "missing_scopes": [["pages_messaging"], []]
    }


def test_what_is_missing_and_what_it_costs_stays_in_sight(admin):
    ends = timezone.now() + timedelta(days=80)
    missing = ["pages_manage_engagement", "task:MESSAGING"]
    type(admin.agent).objects.filter(pk=admin.agent.pk).update(language="en")
    account = builders.account(admin.brand, "facebook", missing_scopes=missing, token_expires_at=ends)
    register = admin.get(reverse("accounts", args=[admin.brand.slug])).content.decode()
    assert "Permission missing: no replying in public, hiding replies, private messages" in register
    page = admin.get(reverse("account", args=[account.pk])).content.decode()
    assert "The task MESSAGING, for the person who connected: no private messages" in page
    assert "A task is given by whoever manages the page" in page


def test_access_that_is_gone_is_found_and_told_though_nothing_is_polled(admin, sandbox):
    account = connected(admin, sandbox, "x")
    sandbox.client.revoke(account.external_id)
    check_due()
    account.refresh_from_db()
    assert account.state == "lost"
    assert Notification.objects.get(agent=admin.agent).detail == "lost"


def test_a_platform_that_does_not_answer_is_asked_again_within_the_hour(admin):
    account = builders.account(admin.brand, base_url="http://127.0.0.1:9", credentials={"access_token": "x"})
    check_due()
    account.refresh_from_db()
    assert account.state == "connected"
    again = account.checked_at + timedelta(days=1) - timezone.now()
    assert timedelta(minutes=58) < again <= timedelta(hours=1)
