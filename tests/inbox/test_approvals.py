"""Replies of trainees: a colleague reads, changes, approves or returns them."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from inbox.models import Delivery, Draft, Note, Notification
from inbox.operations import approvals, handoff
from inbox.operations.changes import Refused
from inbox.queries.outbox_todo import bell_count
from tests import builders
from tests.inbox.outbox import fresh_world, reply, run, talk
from tests.inbox.platform import WORLD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_world")]
LONG = "woord " * 100  # three parts of the fake platform's 280


@pytest.fixture
def trainee(talk):
    talk.brand.approve_trainees = True
    talk.brand.save()
    return builders.agent(talk.brand, is_trainee=True, name="Tess Trainee")


@pytest.fixture
def colleague(talk):
    return builders.agent(talk.brand)


@pytest.fixture
def page(client, colleague):
    client.force_login(colleague)
    return client


def decide(page, delivery, action, **data):
    return page.post(reverse("delivery_action", args=[delivery.pk, action]), data)


def waiting(page, talk):
    return page.get(reverse("approvals", args=[talk.brand.slug])).content.decode()


def texts():
    return list(Delivery.objects.order_by("pk").values_list("message__text", flat=True))


def sent(delivery):
    for _ in range(4):
        run(delivery)
    return WORLD.texts()


def test_a_trainee_cannot_approve_their_own_and_a_colleague_can_in_other_words(client, talk, trainee, colleague):
    delivery = reply(talk, trainee)
    for who, state in ((trainee, "approval"), (colleague, "pending")):
        client.force_login(who)
        decide(client, delivery, "approve", text="Beter zo")
        delivery.refresh_from_db()
        assert delivery.state == state
    assert delivery.approved_by == colleague
    assert sent(delivery) == ["Beter zo"]


def test_whoever_decides_goes_on_with_the_next(page, talk, trainee):
    first, second = reply(talk, trainee), reply(builders.conversation(talk.account), trainee)
    onwards = re.findall(r'name="next" value="([^"]+)"', waiting(page, talk))
    assert onwards[0].endswith(f"#proposal-{second.pk}")
    assert "#" not in onwards[-1]
    assert decide(page, first, "approve", text="Goed", next=onwards[0]).headers["Location"] == onwards[0]
    assert f'id="proposal-{second.pk}"' in waiting(page, talk)


def test_a_returned_reply_is_a_draft_again_with_a_remark_that_its_writer_hears_of(page, talk, trainee):
    delivery = reply(talk, trainee, LONG, split=True)
    assert "woord woord" in waiting(page, talk)
    answer = decide(page, delivery, "return", note="Iets vriendelijker")
    assert [str(told) for told in get_messages(answer.wsgi_request)] == ["Teruggestuurd naar de schrijver."]
    assert Draft.objects.get(agent=trainee).text.split() == LONG.split()
    assert Note.objects.get().text == "Iets vriendelijker"
    assert bell_count(trainee, most=9) == 1
    page.force_login(trainee)
    bell = page.get(reverse("notifications")).text
    assert "stuurde je antwoord terug<small" in bell
    assert "Iets vriendelijker" in bell
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


@pytest.mark.parametrize(("text", "parts"), [("kort", 1), ("ander " * 90, 2), (LONG, 3), ("langer " * 150, 4)])
def test_the_whole_text_is_changed_however_many_parts_it_then_takes(page, talk, trainee, text, parts):
    delivery = reply(talk, trainee, LONG, split=True, then="resolve")
    decide(page, delivery, "approve", text=text, split="1")
    said = sent(delivery)
    assert len(said) == Delivery.objects.count() == parts
    assert " ".join(part.rpartition(" (")[0] if parts > 1 else part for part in said).split() == text.split()
    assert [part.endswith(f"({n}/{parts})") for n, part in enumerate(said, 1)] == [parts > 1] * parts
    assert set(Delivery.objects.values_list("state", "parts")) == {("sent", parts)}
    talk.refresh_from_db()
    assert talk.status == "resolved"


def test_what_is_too_long_is_refused_and_what_was_typed_stays(page, talk, trainee):
    delivery = reply(talk, trainee)
    answer = decide(page, delivery, "approve", text="x" * 281)
    assert answer.status_code == 409
    assert "x" * 281 in answer.content.decode()
    delivery.refresh_from_db()
    assert (delivery.state, texts()) == ("approval", ["We zoeken het uit."])


@pytest.mark.parametrize("direction", ["in", "out"])
def test_what_was_said_meanwhile_is_shown_and_must_be_agreed_to(page, talk, trainee, direction):
    delivery = reply(talk, trainee)
    if direction == "in":
        builders.message(talk, "Laat maar, gevonden")
    else:
        reply(talk, builders.agent(talk.brand, name="Bram Bos"), "Laat maar, gevonden")
    assert "Laat maar, gevonden" in waiting(page, talk)
    assert decide(page, delivery, "approve", text="Toch").status_code == 409
    delivery.refresh_from_db()
    assert delivery.state == "approval"
    assert decide(page, delivery, "approve", text="Toch", confirmed="1").status_code == 302
    delivery.refresh_from_db()
    assert delivery.state == "pending"


def test_a_hand_off_is_judged_as_one_and_both_its_texts_can_be_changed(page, talk, trainee):
    private, public = handoff.to_private(conversation=talk, agent=trainee, private_text="Adres?", token=uuid4(),
                                         public_text="Je hebt een DM")  # fmt: skip
    html = waiting(page, talk)
    assert html.count("</textarea>") == 1
    assert "Je hebt een DM" in html
    decide(page, private, "approve", text="Wat is je adres?", public_text="We hebben je geschreven")
    assert sent(public) == ["Wat is je adres?", "We hebben je geschreven"]


def test_a_returned_hand_off_is_a_private_draft_without_the_public_line(page, talk, trainee):
    private, public = handoff.to_private(conversation=talk, agent=trainee, private_text="Adres?", token=uuid4())
    decide(page, private, "return", note="Vraag ook de postcode")
    public.refresh_from_db()
    assert (public.state, Draft.objects.get().text, Draft.objects.get().mode) == (
        "cancelled", "Adres?", "private_reply",
    )  # fmt: skip


def test_a_colleague_without_the_right_and_another_brand_find_no_way_in(client, talk, trainee):
    delivery = reply(talk, trainee)
    other = builders.agent(talk.brand, is_trainee=True)
    with pytest.raises(Refused, match="not_yours"):
        approvals.approve(delivery_id=delivery.pk, agent=other)
    client.force_login(builders.agent(builders.brand()))
    assert decide(client, delivery, "approve").status_code == 404


def test_its_writer_sees_that_it_waits_and_gets_no_button(client, talk, trainee):
    delivery = reply(talk, trainee)
    client.force_login(trainee)
    html = waiting(client, talk)
    assert delivery.message.text in html
    assert reverse("delivery_action", args=[delivery.pk, "approve"]) not in html
