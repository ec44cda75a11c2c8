"""Accounts come, go and come back: against the sandbox, over real HTTP."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import requests
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.exceptions import AuthorizationLost
from inbox.models import Agent, ChannelAccount, Gap, Notification, PlatformApp, Stream
from inbox.operations import account_warnings, accounts, polling_leases
from inbox.queries.accounts import removed_with_credentials
from inbox.tasks.accounts import watch_credentials
from tests import builders
from tests.connectors.loopback import Loopback, cut
from tests.inbox.connecting import admin, audited, choose_first, click_through, come_back, consent, sandbox, save_app

pytestmark = pytest.mark.django_db
__all__ = ["admin", "sandbox"]


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


def test_pages_are_chosen_one_by_one(admin, sandbox):
    answer = click_through(admin, sandbox, "facebook")
    offered = re.findall(r'name="account" value="([^"]+)"', admin.get(answer.url).content.decode())
    assert len(offered) > 1
    admin.post(answer.url, {"account": offered[:1]})
    assert list(admin.brand.accounts.values_list("external_id", flat=True)) == offered[:1]


def test_the_same_account_twice_leads_to_the_first(admin, sandbox):
    first = choose_first(admin, click_through(admin, sandbox, "x"))
    answer = click_through(admin, sandbox, "x")
    assert f'Al verbonden: <a href="{reverse("account", args=[first.pk])}">' in admin.get(answer.url).content.decode()
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
    assert account_warnings.mail_warnings() == len(mail.outbox) == told


def test_an_end_that_comes_nearer_is_told_twice(admin):
    account = builders.account(admin.brand, token_expires_at=timezone.now() + timedelta(days=9))
    account_warnings.watch_expiry()
    ChannelAccount.objects.filter(pk=account.pk).update(token_expires_at=timezone.now() + timedelta(days=2))
    account_warnings.watch_expiry()
    details = Notification.objects.filter(agent=admin.agent).order_by("pk").values_list("detail", flat=True)
    assert list(details) == ["expires:10", "expires:3"]


@pytest.mark.parametrize(("language", "day"), [("nl", "1 dec"), ("en", "1 Dec")])
def test_a_letter_says_the_day_as_its_reader_knows_it(language, day, admin, time_machine):
    time_machine.move_to(datetime(2026, 11, 24, 12, tzinfo=UTC))
    Agent.objects.update(language=language)
    builders.account(admin.brand, token_expires_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    account_warnings.watch_expiry()
    account_warnings.mail_warnings()
    assert f" {day}." in mail.outbox[0].body


def test_pausing_leaves_a_gap_and_resuming_goes_on(admin):
    account = builders.account(admin.brand)
    stream = builders.stream(account, cursor={"since_id": "5"})
    admin.post(reverse("pause_account", args=[account.pk]))
    assert polling_leases.lease_due(now=timezone.now())[1] == []
    assert stream.gaps.get().reason == "paused"
    admin.post(reverse("resume_account", args=[account.pk]))
    stream.refresh_from_db()
    assert polling_leases.lease_due(now=timezone.now())[1] == [stream.pk]
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


def test_a_grant_is_kept_until_the_platform_surely_knows_that_it_is_given_back(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    with Loopback([cut]) as platform:
        PlatformApp.objects.update(base_url=platform.url)
        admin.post(reverse("remove_account", args=[account.pk]))
    assert platform.asked[0].path.endswith("/revoke")
    assert removed_with_credentials() == [account]


def test_a_removed_account_can_be_connected_again(admin, sandbox):
    account = choose_first(admin, click_through(admin, sandbox, "x"))
    builders.conversation(account)
    admin.post(reverse("remove_account", args=[account.pk]))
    again = choose_first(admin, click_through(admin, sandbox, "x"))
    assert again == account
    assert (again.state, again.conversations.count()) == ("connected", 1)


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
