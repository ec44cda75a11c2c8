"""Accounts come, go and come back: against the sandbox, over real HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import Fernet
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.exceptions import AuthorizationLost
from connectors.registry import connector_class
from connectors.sandbox.process import SandboxProcess
from connectors.types import StreamRef
from inbox import encryption, gateway
from inbox.checks import secrets_can_be_read
from inbox.forms_admin import OwnKeysForm, PlatformAppForm
from inbox.models import AuditEntry, ChannelAccount, Gap, Notification, PlatformApp, Stream
from inbox.operations import account_warnings, accounts, oauth_connect
from inbox.queries.accounts import removed_with_credentials
from inbox.tasks.accounts import watch_credentials
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def admin(settings, sandbox):
    settings.SANDBOX_URL = sandbox.url
    brand = builders.brand()
    agent = builders.agent(brand, "admin", language="nl")
    client = Client()
    client.force_login(agent)
    client.agent, client.brand = agent, brand
    return client


def save_app(client: Client, sandbox: SandboxProcess, kind: str) -> None:
    """Fill in the platform app's page, as an admin does."""
    app = sandbox.client.apps()[kind]
    answer = client.post(reverse("platform", args=[client.brand.slug, kind]), {
        "client_id": app["client_id"], "client_secret": app["client_secret"], "sandbox": "on"})  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()


def consent(address: str, *, without: str = "", **choice: str) -> str:
    """Agree on the platform's page, as a person in a browser; the address it sends us back to."""
    address = urljoin(settings.SANDBOX_URL, address)  # Webcare's own port only hands on to it
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        form = {
            unescape(n): unescape(v) for n, v in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        }
        ticked = dict.fromkeys(re.findall(r'type="checkbox" name="([^"]*)"', page.text), "1")
        ticked.pop(without, None)
        first = re.search(r'name="user_id" value="([^"]*)"', page.text)
        person = {"user_id": first.group(1)} if first else {}
        target = urljoin(address, urlsplit(address).path)
        answer = browser.post(
            target, data={**form, **person, **ticked, "answer": "yes", **choice}, allow_redirects=False, timeout=10
        )
    return answer.headers["Location"]


def come_back(client: Client, back: str):
    parts = urlsplit(back)
    return client.get(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})


def click_through(client: Client, sandbox: SandboxProcess, kind: str):
    """All of it: app, consent, back; the page on which accounts are chosen."""
    save_app(client, sandbox, kind)
    there = client.get(reverse("authorize", args=[client.brand.slug, kind]))
    return come_back(client, consent(there.url))


def choose_first(client: Client, answer) -> ChannelAccount:
    page = client.get(answer.url).content.decode()
    chosen = re.findall(r'name="account" value="([^"]+)"', page)[0]
    done = client.post(answer.url, {"account": chosen})
    assert done.status_code == 302
    return ChannelAccount.objects.get(external_id=chosen)


@pytest.mark.parametrize("kind", ["x", "facebook"])
def test_an_account_is_connected_by_clicking_through(kind, admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, kind))
    assert account.state == "connected"
    assert account.brand == admin.brand
    assert account.base_url == sandbox.url
    assert account.streams.filter(enabled=True).count() >= 3
    assert "account_connected" in audited(admin.brand)
    with connection.cursor() as cursor:
        cursor.execute("select credentials from inbox_channelaccount where id = %s", [account.pk])
        stored = bytes(cursor.fetchone()[0])
    assert account.credentials["access_token"].encode() not in stored


def audited(brand) -> list[str]:
    return list(AuditEntry.objects.filter(brand=brand).values_list("verb", flat=True))


def test_pages_are_chosen_one_by_one(admin, sandbox):
    answer = click_through(admin, sandbox, "facebook")
    offered = re.findall(r'name="account" value="([^"]+)"', admin.get(answer.url).content.decode())
    assert len(offered) > 1
    admin.post(answer.url, {"account": offered[:1]})
    assert list(admin.brand.accounts.values_list("external_id", flat=True)) == offered[:1]


def test_the_same_account_twice_leads_to_the_first(admin, sandbox):
    first = choose_first(admin, click_through(admin, sandbox, "x"))
    answer = click_through(admin, sandbox, "x")
    done = admin.post(answer.url, {"account": first.external_id})
    assert done.url == reverse("account", args=[first.pk])
    assert admin.brand.accounts.count() == 1


def test_another_brands_account_is_refused_without_a_word_about_that_brand(admin, sandbox):
    found = oauth_candidates(admin, sandbox)
    other = builders.brand(name="Geheime Concurrent")
    builders.account(other, "x", external_id=found, name="NoordTreinen")
    done = admin.post(reverse("choose", args=[admin.brand.slug, "x"]), {"account": found}, follow=True)
    assert admin.brand.accounts.count() == 0
    assert "Geheime Concurrent" not in done.content.decode()


def oauth_candidates(admin, sandbox) -> str:
    answer = click_through(admin, sandbox, "x")
    return re.findall(r'name="account" value="([^"]+)"', admin.get(answer.url).content.decode())[0]


def test_an_answer_of_another_browser_connects_nothing(admin, sandbox):
    save_app(admin, sandbox, "x")
    back = consent(admin.get(reverse("authorize", args=[admin.brand.slug, "x"])).url)
    stranger = Client()
    stranger.force_login(builders.agent(admin.brand, "admin"))
    assert come_back(stranger, back).status_code == 400
    assert admin.brand.accounts.count() == 0


def test_an_answer_works_once(admin, sandbox):
    save_app(admin, sandbox, "x")
    back = consent(admin.get(reverse("authorize", args=[admin.brand.slug, "x"])).url)
    assert come_back(admin, back).status_code == 302
    assert come_back(admin, back).status_code == 400


def test_who_says_no_on_the_platform_connects_nothing(admin, sandbox):
    save_app(admin, sandbox, "x")
    back = consent(admin.get(reverse("authorize", args=[admin.brand.slug, "x"])).url, answer="no")
    assert come_back(admin, back).url == reverse("platform", args=[admin.brand.slug, "x"])
    assert admin.brand.accounts.count() == 0


def test_the_app_secret_is_never_shown_again(admin, sandbox):
    save_app(admin, sandbox, "x")
    secret = sandbox.client.apps()["x"]["client_secret"]
    assert secret not in admin.get(reverse("platform", args=[admin.brand.slug, "x"])).content.decode()
    app = {"client_id": sandbox.client.apps()["x"]["client_id"], "client_secret": "", "sandbox": "on"}
    assert admin.post(reverse("platform", args=[admin.brand.slug, "x"]), app).status_code == 302
    assert PlatformApp.objects.get(brand=admin.brand).secrets["client_secret"] == secret
    assert secret not in str(list(AuditEntry.objects.values_list("data", flat=True)))


@pytest.mark.parametrize("kind", ["x", "facebook"])
@pytest.mark.parametrize("wrong", [{"client_id": "bestaat-niet"}, {"client_secret": "fout-geheim"}])
def test_an_app_that_the_platform_does_not_know_is_not_saved(kind, wrong, admin, sandbox):
    app = {key: sandbox.client.apps()[kind][key] for key in ("client_id", "client_secret")}
    answer = admin.post(reverse("platform", args=[admin.brand.slug, kind]), {**app, **wrong, "sandbox": "on"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "kent deze id niet met dit geheim" in page
    assert "plak het geheim nog een keer" in page
    assert app["client_secret"] not in page
    assert not PlatformApp.objects.exists()


def test_an_app_is_not_saved_while_the_platform_does_not_answer(admin, settings, sandbox):
    app = sandbox.client.apps()["x"]
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    form = {"client_id": app["client_id"], "client_secret": app["client_secret"], "sandbox": "on"}
    answer = admin.post(reverse("platform", args=[admin.brand.slug, "x"]), form)
    assert answer.status_code == 422
    assert "niet bereikbaar" in answer.content.decode()
    assert not PlatformApp.objects.exists()


@pytest.mark.parametrize("kind", ["x", "facebook"])
def test_each_step_of_the_app_is_proved_by_what_happened(kind, admin, sandbox):
    page = reverse("platform", args=[admin.brand.slug, kind])
    save_app(admin, sandbox, kind)
    before = admin.get(page).content.decode()
    assert "geaccepteerd door het platform op" in before
    assert before.count("wordt gecontroleerd in stap 5") == 2
    come_back(admin, consent(admin.get(reverse("authorize", args=[admin.brand.slug, kind])).url))
    after = admin.get(page).content.decode()
    assert "werkt: je kwam terug op" in after
    assert "alle zijn gegeven" in after
    other = PlatformApp.objects.get(brand=admin.brand)
    other.client_id = "anders"
    other.save(update_fields=["client_id"])
    save_app(admin, sandbox, kind)  # another app proves itself anew
    assert admin.get(page).content.decode().count("wordt gecontroleerd in stap 5") == 2


def test_what_was_not_granted_is_said_with_what_it_costs(admin, sandbox):
    save_app(admin, sandbox, "facebook")
    there = admin.get(reverse("authorize", args=[admin.brand.slug, "facebook"]))
    back = come_back(admin, consent(there.url, without="scope_pages_messaging"))
    choosing = admin.get(back.url).content.decode()
    assert "<code>pages_messaging</code>: geen privéberichten" in choosing
    page = admin.get(reverse("platform", args=[admin.brand.slug, "facebook"])).content.decode()
    assert "1 is niet gegeven" in page
    account = choose_first(admin, back)
    assert account.missing_scopes == ["pages_messaging"]
    direct = account.streams.get(kind="direct")
    assert (direct.enabled, direct.reason) == (False, "permission_missing")
    assert account.streams.filter(enabled=True).exists()


def test_why_the_platform_sent_us_back_is_said_in_plain_words(admin, sandbox):
    save_app(admin, sandbox, "x")
    there = admin.get(reverse("authorize", args=[admin.brand.slug, "x"])).url
    state = parse_qs(urlsplit(there).query)["state"][0]
    answer = {"state": state, "error": "invalid_scope", "error_description": "dm.read <b>"}
    page = admin.get(reverse("connect_callback", args=["x"]), answer, follow=True).content.decode()
    assert (
        "De app mocht dit van het platform niet vragen: dm.read &lt;b&gt;. Zet daar elk recht van stap 3 aan." in page
    )


def test_no_address_of_a_customers_choice_is_ever_called(settings):
    """Neither by a field that is not there, nor by one of those that are."""
    aimed = {"base_url": "http://169.254.169.254", "callback_url": "http://[::1]/", "client_id": "a", "sandbox": "on"}
    for address in ("", "http://sandbox.example"):
        settings.SANDBOX_URL = address
        form = PlatformAppForm(aimed)
        assert form.is_valid()
        assert form.base_url == address
        keys = OwnKeysForm(
            {**aimed, **dict.fromkeys(["consumer_key", "consumer_secret", "access_token", "access_token_secret"], "x")},
            capabilities=connector_class("x").capabilities,
        )
        assert keys.is_valid()
        data, base_url = keys.data_and_address()
        assert base_url == address
        assert set(data) == {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}


def test_reconnecting_keeps_history_cursor_and_settings(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    stream = account.streams.get(kind="mentions")
    Stream.objects.filter(pk=stream.pk).update(cursor={"since_id": "77"}, complete_until=timezone.now())
    ChannelAccount.objects.filter(pk=account.pk).update(at_most_minutes_old=2)
    conversation = builders.conversation(account)
    assert accounts.authorization_lost(account, AuthorizationLost("weg", code="401"))
    page = admin.get(reverse("reconnect_account", args=[account.pk]))
    assert come_back(admin, consent(page.url)).url == reverse("account", args=[account.pk])
    account.refresh_from_db()
    stream.refresh_from_db()
    assert (account.state, account.at_most_minutes_old) == ("connected", 2)
    assert stream.cursor == {"since_id": "77"}
    assert stream.state == "behind"
    assert account.conversations.get() == conversation
    assert "account_reconnected" in audited(admin.brand)


def test_reconnecting_as_somebody_else_changes_nothing(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    ChannelAccount.objects.filter(pk=account.pk).update(external_id="999", state="lost")
    page = admin.get(reverse("reconnect_account", args=[account.pk]))
    come_back(admin, consent(page.url))
    account.refresh_from_db()
    assert (account.state, account.external_id) == ("lost", "999")


def test_a_loss_is_told_at_once_and_once(admin, sandbox, django_capture_on_commit_callbacks):
    account = builders.account(admin.brand)
    builders.stream(account)
    with django_capture_on_commit_callbacks(execute=True):
        first = accounts.authorization_lost(account, AuthorizationLost("Unauthorized", code="401"))
        again = accounts.authorization_lost(account, AuthorizationLost("Unauthorized", code="401"))
    assert (first, again) == (True, False)
    assert Notification.objects.filter(agent=admin.agent, kind="account").count() == 1
    assert Gap.objects.filter(stream__account=account, reason="authorization_lost", ends_at=None).count() == 1
    assert account_warnings.mail_warnings() == 1
    assert account_warnings.mail_warnings() == 0
    assert [letter.to for letter in mail.outbox] == [[admin.agent.email]]
    assert reverse("accounts", args=[admin.brand.slug]) in mail.outbox[0].body


@pytest.mark.parametrize(("days", "told"), [(11, 0), (9, 1), (2.5, 1)])
def test_an_end_is_told_ten_and_three_days_before(days, told, admin):
    builders.account(admin.brand, token_expires_at=timezone.now() + timedelta(days=days))
    account_warnings.watch_expiry()
    account_warnings.watch_expiry()
    assert Notification.objects.filter(agent=admin.agent).count() == told


def test_an_end_that_comes_nearer_is_told_twice(admin):
    account = builders.account(admin.brand, token_expires_at=timezone.now() + timedelta(days=9))
    account_warnings.watch_expiry()
    ChannelAccount.objects.filter(pk=account.pk).update(token_expires_at=timezone.now() + timedelta(days=2))
    account_warnings.watch_expiry()
    details = Notification.objects.filter(agent=admin.agent).order_by("pk").values_list("detail", flat=True)
    assert list(details) == ["expires:10", "expires:3"]


def test_pausing_leaves_a_gap_and_resuming_goes_on(admin):
    account = builders.account(admin.brand)
    stream = builders.stream(account, cursor={"since_id": "5"})
    admin.post(reverse("pause_account", args=[account.pk]))
    assert not Stream.objects.due(timezone.now()).filter(pk=stream.pk).exists()
    assert stream.gaps.get().reason == "paused"
    admin.post(reverse("resume_account", args=[account.pk]))
    stream.refresh_from_db()
    assert Stream.objects.due(timezone.now()).filter(pk=stream.pk).exists()
    assert stream.cursor == {"since_id": "5"}


def test_removing_gives_the_grant_back_and_keeps_conversations(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    conversation, token = builders.conversation(account), account.credentials["access_token"]
    admin.post(reverse("remove_account", args=[account.pk]))
    account.refresh_from_db()
    assert (account.state, account.credentials) == ("removed", {})
    assert account.conversations.get() == conversation
    refused = requests.get(f"{sandbox.url}/2/users/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert refused.status_code == 401


def test_a_grant_that_could_not_be_given_back_is_given_back_later(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    PlatformApp.objects.update(base_url="http://127.0.0.1:9")
    admin.post(reverse("remove_account", args=[account.pk]))
    assert removed_with_credentials() == [account]
    PlatformApp.objects.update(base_url=sandbox.url)
    watch_credentials()
    assert removed_with_credentials() == []


def test_a_removed_account_can_be_connected_again(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    builders.conversation(account)
    admin.post(reverse("remove_account", args=[account.pk]))
    again = choose_first(admin, click_through(admin, sandbox, "x"))
    assert again == account
    assert (again.state, again.conversations.count()) == ("connected", 1)


def test_own_keys_that_are_good_connect_the_account_they_belong_to(admin, sandbox):
    seeded = sandbox.client.account("noordtreinen", "x")
    given = seeded["credentials_oauth1"]
    typed = {"consumer_key": given["api_key"], "consumer_secret": given["api_secret"],
             "access_token": given["access_token"], "access_token_secret": given["access_token_secret"]}  # fmt: skip
    keys = {**typed, "sandbox": "on"}
    answer = admin.post(reverse("own_keys", args=[admin.brand.slug, "x"]), keys)
    account = admin.brand.accounts.get()
    assert answer.url == reverse("account", args=[account.pk])
    assert (account.external_id, account.state) == (seeded["external_id"], "connected")
    assert account.credentials == typed
    sandbox.client.x_post("reiziger", f"@{account.handle} komt er nog een trein?")
    with gateway.connect(account) as connector:
        page = connector.poll(StreamRef("mentions"), {}, since=timezone.now() - timedelta(hours=1))
    assert "komt er nog een trein?" in page.messages[0].text
    again = admin.post(reverse("own_keys", args=[admin.brand.slug, "x"]), keys)
    assert again.url == reverse("account", args=[account.pk])
    assert admin.brand.accounts.count() == 1
    for secret in typed.values():
        assert secret not in admin.get(again.url).content.decode()
        assert secret not in str(list(AuditEntry.objects.values()))


def test_own_keys_that_are_no_good_are_refused_before_anything_is_saved(admin, sandbox):
    keys = dict.fromkeys(["consumer_key", "consumer_secret", "access_token", "access_token_secret"], "fout")
    answer = admin.post(reverse("own_keys", args=[admin.brand.slug, "x"]), {**keys, "sandbox": "on"})
    assert answer.status_code == 422
    assert admin.brand.accounts.count() == 0


def test_a_search_shows_what_it_brings_before_it_is_kept(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    sandbox.client.x_post("reiziger", "De fietsenstalling in Assen is weer vol")
    words = {"query": "fietsenstalling", "join_days": "30", "may_join": "on"}
    page = admin.post(reverse("new_search", args=[account.pk]), {**words, "preview": "1"})
    assert "De fietsenstalling in Assen is weer vol" in page.content.decode()
    assert not account.streams.filter(kind="search").exists()
    admin.post(reverse("new_search", args=[account.pk]), words)
    stream = account.streams.get(kind="search")
    assert (stream.query, stream.join_days, stream.proactive) == ("fietsenstalling", 30, True)
    assert {"search_previewed", "search_saved"} <= set(audited(admin.brand))


def test_one_search_is_not_kept_twice(admin):
    account = builders.account(admin.brand)
    words = {"query": "fiets", "join_days": "0"}
    assert admin.post(reverse("new_search", args=[account.pk]), words).status_code == 302
    assert admin.post(reverse("new_search", args=[account.pk]), words).status_code == 422
    assert account.streams.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_connect_one_account_one_does(admin):
    from connectors.types import AccountInfo, Credentials

    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def connect(brand) -> None:
        barrier.wait()
        try:
            accounts.connect(brand=brand, agent=admin.agent, kind="x", credentials=Credentials("42"),
                             info=AccountInfo("42", "NoordTreinen"))  # fmt: skip
            outcomes.append("connected")
        except Exception as error:
            outcomes.append(getattr(error, "code", type(error).__name__))
        finally:
            connection.close()

    threads = [threading.Thread(target=connect, args=[brand]) for brand in (admin.brand, builders.brand())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["connected", "elsewhere"]
    assert ChannelAccount.objects.count() == 1


def test_rotating_writes_every_secret_under_the_new_key(settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    account = builders.account(credentials={"access_token": "geheim"})
    app = PlatformApp.objects.create(brand=account.brand, kind="x", client_id="a", secrets={"client_secret": "s"})
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    account.refresh_from_db()
    app.refresh_from_db()
    assert (account.credentials, app.secrets) == ({"access_token": "geheim"}, {"client_secret": "s"})


def test_a_wrong_key_fails_loudly_and_destroys_nothing(settings):
    old = list(settings.ENCRYPTION_KEYS)
    account = builders.account(credentials={"access_token": "geheim"})
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(encryption.WrongKey):
        ChannelAccount.objects.get(pk=account.pk)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rotate_keys")
    assert [problem.id for problem in secrets_can_be_read(databases=["default"])] == ["inbox.E001"]
    settings.ENCRYPTION_KEYS = old
    assert ChannelAccount.objects.get(pk=account.pk).credentials == {"access_token": "geheim"}
    assert secrets_can_be_read(databases=["default"]) == []


def test_second_factors_are_rotated_too_and_go_on_working(settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    agent, secret = builders.agent(builders.brand()), generate_totp_secret()
    TOTP.activate(agent, secret)
    spare = RecoveryCodes.activate(agent).get_unused_codes()[0]
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert [problem.id for problem in secrets_can_be_read(databases=["default"])] == ["inbox.E002"]
    with pytest.raises(CommandError, match="2 secrets cannot be read"):
        call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    for given in (code, spare):
        guest = Client()
        guest.post(reverse("account_login"), {"login": agent.email, "password": builders.PASSWORD})
        assert "_auth_user_id" not in guest.session
        guest.post(reverse("mfa_authenticate"), {"code": given})
        assert guest.session["_auth_user_id"] == str(agent.pk)


def test_what_is_sealed_in_a_session_is_not_readable_there(admin, sandbox):
    from django.contrib.sessions.models import Session

    click_through(admin, sandbox, "x")
    data = Session.objects.get(session_key=admin.session.session_key).get_decoded()
    assert "access_token" not in str(data)
    assert oauth_connect.unpack(data["connect_found"]["sealed"])[0].credentials.data["access_token"]
