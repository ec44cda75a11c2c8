"""Connecting, losing and finding back an account, in a real browser, against the sandbox."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.utils import timezone

from connectors.exceptions import AuthorizationLost
from connectors.sandbox.process import SandboxProcess
from inbox.models import ChannelAccount, Gap, Message, Stream
from inbox.operations import accounts, invitations
from inbox.operations.polling import poll_streams
from inbox.operations.polling_leases import lease_due
from tests import builders
from tests.browser import Program, accessibility_problems, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture(scope="module")
def web_server(django_db_setup: None, sandbox: SandboxProcess, tmp_path_factory) -> Iterator[str]:
    """The web server as elsewhere, but beside the practice platform."""
    port = str(free_port())
    url = f"http://localhost:{port}"
    server = Program("web", tmp_path_factory.mktemp("web") / "log", PORT=port, PUBLIC_URL=url, SANDBOX_URL=sandbox.url)
    server.wait_for(f"{url}/account/login/")
    yield url
    server.stop()


@pytest.fixture
def admin(page: Page, enter: Callable[..., Page], sandbox: SandboxProcess, live: str):
    """An admin in the browser, on the page of accounts."""
    brand = builders.brand(name="NoordTreinen", language="nl")
    agent = builders.agent(brand, "admin", language="nl", name="Daan Visser")
    enter(page, agent, f"/brands/{brand.slug}/accounts/")
    return brand


@pytest.mark.parametrize(("kind", "go"), [("x", "X (Twitter)"), ("facebook", "Facebook")])
def test_an_admin_connects_by_clicking_through(kind, go, admin, page, sandbox):
    app = sandbox.client.apps()[kind]
    page.get_by_role("link", name="Account verbinden").first.click()
    page.get_by_role("link", name=go).click()
    page.fill("#id_client_id", app["client_id"])
    page.fill("#id_client_secret", app["client_secret"])
    page.check("#id_sandbox")
    page.get_by_role("button", name="Proberen en bewaren").click()
    page.locator(f"a[href$='/connect/{kind}/authorize/']").click()
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(r"/choose/$"))
    assert accessibility_problems(page) == []
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/accounts/"))
    assert admin.accounts.filter(kind=kind, state="connected").exists()


def poll() -> None:
    """What beat and a worker do."""
    Stream.objects.update(next_poll_at=timezone.now(), leased_until=None)
    lease, due = lease_due(now=timezone.now())
    poll_streams(due, lease=lease)


def test_what_is_written_while_we_are_shut_out_is_not_missed(admin, page, sandbox):
    account = connect(admin, page, sandbox)
    poll()
    sandbox.client.revoke(account.external_id)
    poll()
    account.refresh_from_db()
    assert account.state == "lost"
    sandbox.client.x_post("reiziger", f"@{account.handle} zijn jullie er nog?")
    page.goto(f"/brands/{admin.slug}/accounts/")
    assert accessibility_problems(page) == []
    page.locator(".problem a.btn").click()
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(rf"/accounts/{account.pk}/$"))
    poll()
    assert Message.objects.filter(account=account, text__contains="zijn jullie er nog?").count() == 1
    poll()
    assert not Gap.objects.filter(stream__account=account, ends_at=None).exists()


def connect(brand, page, sandbox) -> ChannelAccount:
    from inbox.operations import oauth_connect

    app = sandbox.client.apps()["x"]
    seeded = sandbox.client.accounts("x")[0]
    oauth_connect.save_app(brand=brand, agent=brand.memberships.get().agent, kind="x", base_url=sandbox.url, **app)
    page.goto(f"/brands/{brand.slug}/connect/x/authorize/")
    page.locator("label.choice", has_text=seeded["handle"]).click()
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(r"/choose/$"))
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/accounts/\d+/$"))
    return ChannelAccount.objects.get(brand=brand)


def test_a_second_factor_stands_between_an_invitation_and_the_brand(admin, page, window, live):
    page.goto("about:blank")  # the admin has none either, and is shut out from the next line on
    admin.require_second_factor = True
    admin.save(update_fields=["require_second_factor"])
    invitations.invite(brand=admin, actor=admin.memberships.get().agent, email="nieuw@example.com", role="admin")
    link = re.search(r"/join/\S+", mail.outbox[-1].body).group()
    guest = window()
    guest.goto(link)
    assert accessibility_problems(guest) == []
    guest.fill("#id_name", "Nieuwe Collega")
    guest.fill("#id_password", "vier willekeurige woorden")
    guest.locator("form button[type=submit]").click()
    guest.goto(f"/brands/{admin.slug}/accounts/")
    guest.wait_for_url(re.compile(r"2fa|mfa|reauthenticate"))


def test_the_pages_of_administration_are_for_everybody_to_use(admin, page):
    lost = builders.account(admin, name="NT_reisinfo")
    builders.stream(lost)
    accounts.authorization_lost(lost, AuthorizationLost("Unauthorized", code="401"))
    contact = builders.conversation(builders.account(admin)).contact
    problems = {}
    for path in (
        "accounts",
        "connect",
        "connect/x",
        "people",
        "settings",
        "library",
        "canned-replies",
        "privacy",
        "audit",
    ):
        page.goto(f"/brands/{admin.slug}/{path}/")
        problems[path] = accessibility_problems(page)
    for path in (f"/accounts/{lost.pk}/", f"/accounts/{lost.pk}/remove/", f"/people/{contact.pk}/"):
        page.goto(path)
        problems[path] = accessibility_problems(page)
    assert {path: found for path, found in problems.items() if found} == {}
