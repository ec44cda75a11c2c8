"""Connecting, losing and finding back an account, in a real browser, against the sandbox."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import expect

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


def write_to(account: ChannelAccount, text: str, sandbox: SandboxProcess) -> None:
    if account.kind == "x":
        sandbox.client.x_post("reiziger", f"@{account.handle} {text}")
    else:
        sandbox.client.fb_message(account.external_id, "Jan de Vries", text)


@pytest.mark.parametrize(("kind", "end"), [("x", "revoke"), ("facebook", "expire")])
def test_what_is_written_while_we_are_shut_out_is_not_missed(kind, end, admin, page, sandbox):
    account = connect(admin, page, sandbox, kind)
    poll()
    getattr(sandbox.client, end)(account.external_id)
    poll()
    account.refresh_from_db()
    assert account.state == "lost"
    written = [f"zijn jullie er nog? {number}" for number in range(3)]
    for text in written:
        write_to(account, text, sandbox)
        poll()  # in vain
    assert not Message.objects.filter(account=account, text__contains="zijn jullie er nog?").exists()
    page.goto(f"/brands/{admin.slug}/accounts/")
    expect(page.locator("#channels .light.late").first).to_be_visible()
    assert accessibility_problems(page) == []
    page.locator(".problem a.btn").click()
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(rf"/accounts/{account.pk}/$"))
    poll()
    poll()
    found = Message.objects.filter(account=account, text__contains="zijn jullie er nog?").values_list("text", flat=True)
    assert sorted(text[-len(written[0]) :] for text in found) == written
    assert not Gap.objects.filter(stream__account=account, ends_at=None).exists()


def connect(brand, page, sandbox, kind: str) -> ChannelAccount:
    from inbox.operations import oauth_connect

    app = {key: sandbox.client.apps()[kind][key] for key in ("client_id", "client_secret")}
    seeded = sandbox.client.accounts(kind)[0]
    oauth_connect.save_app(brand=brand, agent=brand.memberships.get().agent, kind=kind, base_url=sandbox.url, **app)
    page.goto(f"/brands/{brand.slug}/connect/{kind}/authorize/")
    if kind == "x":
        page.locator("label.choice", has_text=seeded["handle"]).click()
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(r"/choose/$"))
    for box in page.locator("main input[name=account]").all():
        box.set_checked(box.get_attribute("value") == seeded["external_id"])
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/accounts/\d+/$"))
    return ChannelAccount.objects.get(brand=brand)


def test_pages_are_chosen_and_what_was_not_allowed_is_said(admin, page, sandbox, console_errors):
    app = sandbox.client.apps()["facebook"]
    page.goto(f"/brands/{admin.slug}/connect/facebook/")
    page.fill("#id_client_id", app["client_id"])
    page.fill("#id_client_secret", "een-ander-geheim")
    page.check("#id_sandbox")
    page.get_by_role("button", name="Proberen en bewaren").click()
    expect(page.get_by_role("alert")).to_contain_text("kent deze id niet met dit geheim")
    console_errors.expect("422")
    page.fill("#id_client_secret", app["client_secret"])
    page.get_by_role("button", name="Proberen en bewaren").click()
    expect(page.get_by_text("geaccepteerd door het platform")).to_be_visible()
    page.locator("a[href$='/authorize/']").click()
    page.click("button[value=no]")
    expect(page.get_by_role("alert")).to_contain_text("geen toestemming")  # and stays, beside the way to try again
    expect(page.get_by_role("alert")).to_be_focused()
    page.locator("a[href$='/authorize/']").click()
    page.uncheck("input[name=scope_pages_messaging]")
    page.click("button[value=yes]")
    page.wait_for_url(re.compile(r"/choose/$"))
    expect(page.locator("main")).to_contain_text("pages_messaging: geen privéberichten")
    first, second = page.locator("main input[name=account]").all()
    first.uncheck()
    second.uncheck()
    page.locator("main form button[type=submit]").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies minstens één account")
    console_errors.expect("422")
    expect(page.locator("main input:checked")).to_have_count(0)
    first.check()
    chosen = first.get_attribute("value")
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(re.compile(r"/accounts/\d+/$"))
    account = admin.accounts.get()
    assert account.external_id == chosen
    expect(page.locator("main")).to_contain_text("Uit: toestemming mist")
    # Once more: it leads to the first. Another brand's: refused
    other = builders.account(builders.brand(), "facebook", external_id=second_id(sandbox, chosen))
    for wanted, where in ((chosen, rf"/accounts/{account.pk}/$"), (other.external_id, r"/accounts/$")):
        page.goto(f"/brands/{admin.slug}/connect/facebook/authorize/")
        page.click("button[value=yes]")
        page.wait_for_url(re.compile(r"/choose/$"))
        for box in page.locator("main input[name=account]").all():
            box.set_checked(box.get_attribute("value") == wanted)
        page.locator("main form button[type=submit]").click()
        page.wait_for_url(re.compile(where))
        expect(page.locator("#toasts")).to_contain_text("al")
    assert admin.accounts.count() == 1
    page.goto(f"/brands/{admin.slug}/connect/facebook/")
    expect(page.locator("main")).to_contain_text("alle zijn gegeven")


def second_id(sandbox: SandboxProcess, first: str) -> str:
    return next(one["external_id"] for one in sandbox.client.accounts("facebook") if one["external_id"] != first)


def test_a_search_is_looked_at_before_it_is_kept(admin, page, sandbox):
    account = connect(admin, page, sandbox, "x")
    for text in (
        "De fietsenstalling in Assen is vol",
        "fietsenstalling in Zwolle weer open",
        "The bike shed: fietsenstalling",
    ):
        sandbox.client.x_post("reiziger", text, lang="en" if text.startswith("The") else "nl")
    page.get_by_role("link", name="Nieuwe zoekopdracht").click()
    page.fill("#id_query", "fietsenstalling")
    page.select_option("#id_language", "nl")
    page.fill("#id_exclude", "Zwolle")
    page.fill("#id_join_days", "14")
    page.fill("#id_target_minutes", "240")
    page.get_by_role("button", name="Kijken wat het oplevert").click()
    brought = page.locator("#preview")
    expect(brought).to_contain_text("De fietsenstalling in Assen is vol")
    expect(brought).not_to_contain_text("Zwolle")
    expect(brought).not_to_contain_text("bike shed")
    expect(brought).to_contain_text("Dit kijken kostte $")
    assert accessibility_problems(page) == []
    assert not account.streams.filter(kind="search").exists()
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator("main")).to_contain_text("we mogen meepraten, één keer per persoon per 14 dagen")
    stream = account.streams.get(kind="search")
    assert (stream.query, stream.language, stream.exclude) == ("fietsenstalling", "nl", ["Zwolle"])
    assert (stream.may_join, stream.join_days, stream.target_minutes) == (True, 14, 240)


def test_a_person_is_found_handed_over_and_forgotten(admin, page):
    conversation = builders.conversation(builders.account(admin), text="Ik heet Zeldzamenaam")
    page.goto(f"/brands/{admin.slug}/privacy/")
    page.fill("#id_words", conversation.identity.handle)
    page.get_by_role("button", name="Opzoeken").click()
    page.locator("main .register a").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Alles exporteren").click()
    assert b"Zeldzamenaam" in zipfile.ZipFile(download.value.path()).read("person.json")
    page.fill("#id_confirmation", "WIS")
    page.get_by_role("button", name="Definitief wissen").click()
    expect(page.locator("#toasts")).to_contain_text("Gewist")
    assert conversation.messages.get().text == ""
    page.goto(f"/inbox/{admin.slug}/all/")
    expect(page.locator("main")).not_to_contain_text("Zeldzamenaam")


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
    if "reauthenticate" in guest.url:
        guest.fill("#id_password", "vier willekeurige woorden")
        guest.get_by_role("button", name="Bevestigen").click()
    guest.wait_for_url(re.compile(r"totp/activate"))
    assert accessibility_problems(guest) == []
    secret = guest.input_value("#secret")
    guest.get_by_label("De code die de app laat zien").fill(builders.code(secret))
    guest.get_by_role("button", name="Zet aan").click()
    guest.wait_for_url(re.compile(r"recovery-codes|/2fa/$"))
    guest.goto(f"/brands/{admin.slug}/accounts/")
    expect(guest.get_by_role("heading", level=1)).to_have_text("Kanaalaccounts")


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
