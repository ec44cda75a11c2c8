"""The platform app and own keys are tried before they are kept; a search is looked at before it is."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors.registry import connector_class
from connectors.types import StreamRef
from inbox import gateway
from inbox.forms_admin import OwnKeysForm, PlatformAppForm
from inbox.models import AuditEntry, PlatformApp
from tests import builders
from tests.inbox.connecting import admin, audited, choose_first, click_through, come_back, consent, sandbox, save_app

pytestmark = pytest.mark.django_db
__all__ = ["admin", "sandbox"]


def test_the_app_secret_is_never_shown_again(admin, sandbox):
    save_app(admin, sandbox, "x")
    secret = sandbox.client.apps()["x"]["client_secret"]
    assert secret not in admin.get(reverse("platform", args=[admin.brand.slug, "x"])).content.decode()
    app = {"client_id": sandbox.client.apps()["x"]["client_id"], "client_secret": "", "sandbox": "on"}
    assert admin.post(reverse("platform", args=[admin.brand.slug, "x"]), app).status_code == 302
    assert PlatformApp.objects.get(brand=admin.brand).secrets["client_secret"] == secret
    assert secret not in str(list(AuditEntry.objects.values_list("data", flat=True)))


@pytest.mark.parametrize("wrong", [{"client_id": "😀"}, {"client_secret": "ge\u200bheim"}])
def test_what_was_copied_with_more_around_it_is_told_at_once(admin, sandbox, wrong):
    app = {key: sandbox.client.apps()["x"][key] for key in ("client_id", "client_secret")}
    answer = admin.post(reverse("platform", args=[admin.brand.slug, "x"]), {**app, "sandbox": "on", **wrong})
    assert answer.status_code == 422
    assert "Kopieer het nog eens" in answer.text
    assert not PlatformApp.objects.exists()


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
    assert audited(admin.brand) == ["platform_app_saved"]
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
        "De app mocht dit van het platform niet vragen: dm.read &lt;b&gt;. Zet daar elke toestemming van stap 3 aan."
        in page
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
    assert "Minder dan één bericht per dag. Dit kijken kostte $" in page.content.decode()
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
