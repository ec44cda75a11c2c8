"""Hiding a public message: by a lead, with a reason, on the real platforms' APIs as the sandbox speaks them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.sandbox.process import SandboxProcess
from inbox.models import ActivityEntry, AuditEntry, ChannelAccount, Hiding, Message, Stream
from inbox.operations.hiding import hide_due
from inbox.operations.polling import poll_streams
from inbox.operations.polling_leases import lease_due
from inbox.operations.privacy import erase
from tests import builders

pytestmark = pytest.mark.django_db
WHY = {"reason": "abuse", "explanation": "Scheldt een collega uit"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def lead():
    client = Client()
    client.brand = builders.brand()
    client.agent = builders.agent(client.brand, "lead", language="en")
    client.force_login(client.agent)
    return client


def poll() -> None:
    Stream.objects.update(next_poll_at=timezone.now(), leased_until=None)
    lease, due = lease_due(now=timezone.now())
    poll_streams(due, lease=lease)


def arrived(lead: Client, sandbox: SandboxProcess, kind: str, text: str) -> Message:
    """Somebody wrote this under a post of ours, and it came in by polling."""
    sandbox.client.reset()
    before = timezone.now() - timedelta(minutes=1)
    seeded = sandbox.client.account("noordtreinen", kind)
    account = builders.account(
        lead.brand, kind, external_id=seeded["external_id"], handle=seeded["handle"], base_url=sandbox.url,
        credentials=seeded["credentials"],
    )  # fmt: skip
    if kind == "x":
        builders.stream(account, "mentions", since=before)
        root = sandbox.client.x_post("noordtreinen", "De lift doet het weer")
        sandbox.client.x_post("boos", f"@noordtreinen {text}", reply_to=root["id"])
    else:
        builders.stream(account, "comments", since=before)
        post = sandbox.client.fb_post(seeded["external_id"], "De lift doet het weer")
        sandbox.client.fb_comment(post["id"], "Boos", text)
    poll()
    return Message.objects.get(account=account, text__contains=text)


def said(sandbox: SandboxProcess) -> list[str]:
    return [entry["what"] for entry in sandbox.client.ledger() if entry["what"] in {"hide", "unhide"}]


@pytest.mark.parametrize("kind", ["x", "facebook"])
def test_a_lead_hides_and_shows_again(kind, lead, sandbox):
    message = arrived(lead, sandbox, kind, "stelletje prutsers")
    talk = reverse("open", args=[lead.brand.slug, "all", message.conversation_id])
    address = reverse("hide", args=[message.pk])
    assert address in lead.get(talk).content.decode()
    assert lead.post(address, WHY).status_code == 302
    assert lead.post(address, WHY).status_code == 302  # twice is once
    assert "Being hidden" in lead.get(talk).content.decode()
    assert (hide_due(), hide_due()) == (1, 0)
    poll()  # neither a platform that says so nor one that does not brings it back
    message.refresh_from_db()
    assert message.hidden_at is not None
    assert "Scheldt een collega uit" in lead.get(talk).content.decode()
    assert lead.post(reverse("show", args=[message.pk])).status_code == 302
    assert hide_due() == 1
    message.refresh_from_db()
    assert message.hidden_at is None
    assert said(sandbox) == ["hide", "unhide"]
    told = AuditEntry.objects.filter(brand=lead.brand).order_by("pk")
    assert [(e.verb, e.actor, e.data["reason"], e.address) for e in told] == [
        ("hidden", lead.agent, "abuse", "127.0.0.1"), ("shown", lead.agent, "", "127.0.0.1")]  # fmt: skip
    happened = ActivityEntry.objects.filter(conversation=message.conversation_id, verb__in=["hidden", "shown"])
    assert list(happened.order_by("pk").values_list("verb", "actor")) == [
        ("hidden", lead.agent.pk), ("shown", lead.agent.pk)]  # fmt: skip


@pytest.mark.parametrize(
    "given", [{}, {"reason": "zomaar"}, {"reason": "other", "explanation": "  "}, {**WHY, "explanation": "a" * 301}]
)
def test_without_a_reason_nothing_is_hidden_and_what_was_typed_stays(given, lead):
    message = hideable(lead)
    answer = lead.post(reverse("hide", args=[message.pk]), given)
    assert answer.status_code == 422
    assert given.get("explanation", "") in answer.content.decode()
    assert not Hiding.objects.exists()


def hideable(lead: Client, **fields: object) -> Message:
    conversation = builders.conversation(builders.account(lead.brand, **fields))
    conversation.messages.update(options={"can_hide": True})
    return conversation.messages.get()


@pytest.mark.parametrize(
    "changes",
    [{"options": {}}, {"direction": "out"}, {"visibility": "private"}, {"deleted_at": timezone.now()}, {"erased_at": timezone.now()}],
)  # fmt: skip
def test_what_cannot_be_hidden_is_refused_in_words(changes, lead):
    message = hideable(lead)
    Message.objects.filter(pk=message.pk).update(**changes)
    answer = lead.post(reverse("hide", args=[message.pk]), WHY)
    assert (answer.status_code, Hiding.objects.count()) == (422, 0)
    assert "does not let us hide" in answer.content.decode()


def test_an_answer_that_did_not_come_is_asked_for_again(lead, sandbox):
    message = arrived(lead, sandbox, "facebook", "prutsers")
    sandbox.client.fault("cut_after", method="POST", times=1)
    lead.post(reverse("hide", args=[message.pk]), WHY)
    hide_due()
    assert Hiding.objects.get().state == "pending"
    assert Message.objects.get(pk=message.pk).hidden_at is None
    Hiding.objects.update(due_at=timezone.now())
    assert hide_due() == 1
    assert Hiding.objects.get().state == "done"
    assert ActivityEntry.objects.filter(verb="hidden").count() == 1


def test_a_refusal_says_why_and_stays_visible(lead, sandbox):
    message = arrived(lead, sandbox, "x", "prutsers")
    sandbox.client.revoke(message.account.external_id)
    lead.post(reverse("hide", args=[message.pk]), WHY)
    hide_due()
    page = lead.get(reverse("open", args=[lead.brand.slug, "all", message.conversation_id])).content.decode()
    assert "Not hidden." in page
    assert "no longer accepts our authorization" in page
    assert ChannelAccount.objects.get(pk=message.account_id).state == "lost"
    assert AuditEntry.objects.filter(verb="hide_failed").exists()


def test_another_wish_waits_until_the_call_has_ended(lead):
    message = hideable(lead)
    lead.post(reverse("hide", args=[message.pk]), WHY)
    soon = timezone.now() + timedelta(seconds=30)
    Hiding.objects.update(claim="9f2c5c1e-0a52-4d7e-8ae9-94f3f6f6a3a1", due_at=soon)
    lead.post(reverse("show", args=[message.pk]))
    assert Hiding.objects.get().hide is True


def test_the_explanation_goes_when_the_person_is_erased(lead):
    message = hideable(lead)
    Hiding.objects.create(message=message, account=message.account, reason="abuse", explanation="Zeldzamenaam",
                          state="done", due_at=timezone.now(), asked_at=timezone.now())  # fmt: skip
    erase(contact=message.conversation.contact, actor=lead.agent)
    assert Hiding.objects.get().explanation == ""
