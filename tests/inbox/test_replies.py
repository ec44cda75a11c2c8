"""Writing a reply, taking it back, and what is refused before anything leaves."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from inbox.models import ActivityEntry, Conversation, Delivery, Draft, Message, Notification
from inbox.operations import outbox_choices
from inbox.operations.changes import Refused
from inbox.operations.replies import send_reply, split_text
from inbox.queries.conversation import timeline
from inbox.queries.outbox_words import delivery_words
from tests import builders
from tests.inbox.outbox import fresh_world, reply, run, soon

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_world")]


@pytest.fixture
def talk():
    return builders.conversation(builders.account(kind="fake"))


@pytest.fixture
def agent(talk):
    return builders.agent(talk.brand)


def test_message_delivery_and_activity_are_one(talk, agent):
    delivery = reply(talk, agent, "We zoeken het uit. ^AB")
    message = delivery.message
    assert (delivery.state, message.external_id, message.direction) == ("pending", None, "out")
    assert delivery.in_reply_to == talk.messages.get(direction="in").external_id
    assert ActivityEntry.objects.get(conversation=talk).verb == "replied"


def test_the_list_is_clean_but_no_figure_claims_an_answer(talk, agent):
    reply(talk, agent)
    talk.refresh_from_db()
    assert (talk.status, talk.waiting_since, talk.first_reply_at, talk.last_reply_at) == ("pending", None, None, None)


def test_the_same_form_twice_is_one_reply(talk, agent):
    token = uuid4()
    assert reply(talk, agent, token=token) == reply(talk, agent, token=token)
    assert Message.objects.filter(direction="out").count() == 1


def test_taking_back_restores_the_draft_and_the_clock(talk, agent):
    waiting = talk.waiting_since
    delivery = reply(talk, agent, "Toch maar niet")
    outbox_choices.undo(delivery_id=delivery.pk, agent=agent)
    talk.refresh_from_db()
    delivery.refresh_from_db()
    assert (delivery.state, talk.status, talk.waiting_since) == ("cancelled", "open", waiting)
    assert Draft.objects.get(agent=agent, conversation=talk).text == "Toch maar niet"


def test_what_has_left_cannot_be_taken_back(talk, agent):
    delivery = run(reply(talk, agent))
    with pytest.raises(Refused, match="too_late"):
        outbox_choices.undo(delivery_id=delivery.pk, agent=agent)


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("   ", "empty"), ("x" * 281, "too_long")])
def test_a_text_that_cannot_leave_is_refused(talk, agent, text, code):
    with pytest.raises(Refused, match=code):
        reply(talk, agent, text)
    assert not Delivery.objects.exists()


def test_a_long_text_leaves_in_numbered_parts_when_the_agent_agrees(talk, agent):
    first = reply(talk, agent, "woord " * 100, split=True)
    parts = Delivery.objects.filter(conversation=talk).order_by("pk")
    assert first.parts == len(parts) == 3
    assert all(len(d.message.text) <= 280 for d in parts)
    assert parts[2].message.text.endswith("(3/3)")
    shown = [item.what.text[-5:] for item in timeline(talk).items if item.kind == "message"]
    assert shown[1:] == ["(1/3)", "(2/3)", "(3/3)"]


def test_what_leaves_much_later_says_when_and_not_how_many_seconds(talk, agent):
    later = reply(talk, agent, delay=600)
    at = timezone.localtime(later.due_at).strftime("%H:%M")
    with translation.override("en"):
        assert delivery_words(later, agent).text == f"leaves at {at}"
        assert delivery_words(reply(talk, agent, delay=5), agent).undo_seconds


def test_taking_back_takes_back_every_part(talk, agent):
    first = reply(talk, agent, "woord " * 100, split=True)
    outbox_choices.undo(delivery_id=Delivery.objects.latest("pk").pk, agent=agent)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}
    assert Draft.objects.get().text.split() == ["woord"] * 100
    assert first.part == 1


def test_a_word_longer_than_the_limit_cannot_be_split():
    with pytest.raises(Refused, match="cannot_split"):
        split_text("x" * 300, limit=280, length=len)


def test_a_colleague_who_answered_meanwhile_is_named(talk, agent):
    seen = talk.messages.get().pk
    other = builders.agent(talk.brand, name="Bram Bos")
    reply(talk, other, "Ik was eerst")
    with pytest.raises(Refused, match="answered_meanwhile") as refused:
        reply(talk, agent, seen_message=seen)
    assert refused.value.facts == {"who": "Bram Bos"}
    assert reply(talk, agent, seen_message=seen, confirmed=True).state == "pending"


def test_what_the_platform_refuses_for_this_message_is_refused_here(talk, agent):
    talk.messages.update(options={"public_reply": {"allowed": False, "reason": "not_mentioned"}})
    with pytest.raises(Refused, match="option") as refused:
        reply(talk, agent)
    assert refused.value.facts["reason"] == "not_mentioned"


def test_a_private_reply_goes_once_per_message(talk, agent):
    reply(talk, agent, mode="private_reply")
    with pytest.raises(Refused, match="private_reply_used"):
        reply(talk, agent, mode="private_reply")


@pytest.mark.parametrize(("hours", "human"), [(1, False), (30, True)])
def test_the_longer_window_is_used_only_when_the_short_one_is_over(hours, human):
    at = timezone.now() - timedelta(hours=hours)
    talk = builders.conversation(builders.account(kind="fake"), visibility="private", at=at)
    assert reply(talk, builders.agent(talk.brand), mode="direct_message").human_agent is human


def test_a_closed_window_is_closed():
    talk = builders.conversation(
        builders.account(kind="fake"), visibility="private", at=timezone.now() - timedelta(days=8)
    )
    with pytest.raises(Refused, match="window_closed"):
        reply(talk, builders.agent(talk.brand), mode="direct_message")


def test_a_trainee_waits_for_approval(talk):
    talk.brand.approve_trainees = True
    talk.brand.save()
    lead = builders.agent(talk.brand, "lead")
    delivery = run(reply(talk, builders.agent(talk.brand, is_trainee=True)))
    talk.refresh_from_db()
    assert (delivery.state, talk.status) == ("approval", "open")
    assert Notification.objects.get(agent=lead).kind == "approval"


def test_send_and_resolve_resolves_only_once_it_is_sent(talk, agent):
    delivery = reply(talk, agent, then="resolve")
    talk.refresh_from_db()
    assert talk.status == "pending"
    run(delivery)
    talk.refresh_from_db()
    assert (talk.status, talk.outcome) == ("resolved", "answered")


def test_another_brands_file_cannot_be_sent(talk, agent):
    from inbox.models import Attachment

    strange = Attachment.objects.create(brand=builders.brand(), kind="image", content_type="image/png")
    with pytest.raises(Refused, match="file_missing"):
        send_reply(conversation=talk, agent=agent, mode="public_reply", text="x", token=uuid4(), attachments=[strange])
    assert Conversation.objects.get().status == "open"
