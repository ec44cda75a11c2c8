"""From public to private and back: both legs are one case, and the screen claims only what is true."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from connectors.exceptions import Rejected
from connectors.types import Author, InboundMessage, Page, Visibility
from inbox.models import Conversation, Draft
from inbox.operations import handoff, outbox_choices
from inbox.operations.ingest import ingest_page
from inbox.operations.triage import resolve
from inbox.queries.outbox_todo import minded
from tests import builders
from tests.inbox.outbox import agent, fresh_world, reply, run, script, sweep, talk
from tests.inbox.platform import WORLD, cut_before, failing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_world")]


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


def hand_off(talk, agent):
    return handoff.to_private(conversation=talk, agent=agent, private_text="Wat is je adres?", token=uuid4())


def loop(talk):
    return Conversation.objects.get(pk=talk.pk).close_loop


@pytest.mark.django_db(transaction=True)
def test_the_public_line_leaves_only_after_the_private_message(talk, agent):
    script(talk, cut_before)
    private, public = hand_off(talk, agent)
    run(private)
    public.refresh_from_db()
    assert (private.state, public.state, WORLD.texts(), loop(talk)) == ("uncertain", "pending", [], False)
    sweep(private)
    run(private)
    assert run(public).state == "sent"
    assert [m.mode for m in (p.message for p in WORLD.posts)] == ["private_reply", "public_reply"]
    assert loop(talk)


def test_no_loop_is_open_when_the_private_message_failed_or_was_taken_back(talk, agent):
    private, public = hand_off(talk, agent)
    outbox_choices.undo(delivery_id=private.pk, agent=agent)
    assert (Draft.objects.get().text, loop(talk)) == ("Wat is je adres?", False)
    script(talk, failing(Rejected("No", reason="dm_closed")))
    private, public = hand_off(talk, agent)
    run(private)
    public.refresh_from_db()
    assert (public.state, public.error_reason, loop(talk)) == ("failed", "earlier_failed", False)


def test_solving_it_in_private_puts_the_public_leg_on_the_agents_list_until_it_has_its_last_word(talk, agent):
    private, public = hand_off(talk, agent)
    run(private)
    run(public)
    leg = write_privately(talk)
    assert leg.linked == talk
    run(reply(leg, agent, "Geregeld", mode="direct_message"))
    resolve(conversation_ids=[leg.pk], actor=agent)
    talk.refresh_from_db()
    assert (talk.status, talk.assignee, talk.close_loop) == ("open", agent, True)
    run(reply(talk, agent, "Opgelost, fijn dat je het meldde!"))
    assert not loop(talk)


def test_a_private_leg_says_what_we_wrote_until_they_answer(talk, agent):
    private, _public = hand_off(talk, agent)
    run(private)
    leg = Conversation.objects.get(linked=talk)
    assert (leg.preview, leg.message_count) == ("Wat is je adres?", 0)
    write_privately(talk)
    leg.refresh_from_db()
    assert leg.preview == "Hier ben ik"


def write_privately(talk, text="Hier ben ik"):
    stream = builders.stream(talk.account, "direct")
    author = Author(talk.identity.external_id, handle=talk.identity.handle)
    message = InboundMessage(
        f"dm-{uuid4()}", author, timezone.now(), text, Visibility.PRIVATE, f"dm-{author.external_id}"
    )
    ingest_page(stream=stream, page=Page(messages=(message,)), now=timezone.now(), lease=None)
    return Conversation.objects.get(thread__external_id=message.thread_id)


def test_who_cannot_be_written_to_is_asked_in_public_and_joins_the_case_by_writing(page, talk, agent):
    talk.messages.update(options={"private_reply": {"allowed": False, "reason": "dm_closed"}})
    html = page.get(reverse("composer", args=[talk.pk])).content.decode()
    assert reverse("invite", args=[talk.pk]) in html
    page.post(reverse("invite", args=[talk.pk]), {"mode": "private", "text": ""})
    words = Draft.objects.get(mode="public_reply").text
    assert f"https://platform.example/write/{talk.account.external_id}" in words
    run(reply(talk, agent, words))
    assert loop(talk)
    private = write_privately(talk)
    assert (private.linked, private.visibility) == (talk, "private")
    assert handoff.loop_to_close(private) == talk


def test_asking_in_public_keeps_what_was_typed_there(page, talk, agent):
    Draft.objects.create(agent=agent, conversation=talk, mode="public_reply", text="Hoi Jan!", saved_at=timezone.now())
    page.post(reverse("invite", args=[talk.pk]), {"mode": "private", "text": "nog niet verstuurd"})
    assert Draft.objects.get(mode="public_reply").text.startswith("Hoi Jan! ")
    assert Draft.objects.get(mode="private_reply").text == "nog niet verstuurd"


def test_a_private_message_that_was_refused_offers_to_ask_in_public(page, talk, agent):
    script(talk, failing(Rejected("No", reason="dm_closed")))
    private = run(hand_off(talk, agent)[0])
    html = page.get(reverse("delivery", args=[private.pk])).content.decode()
    assert reverse("invite", args=[talk.pk]) in html


def test_asking_in_public_settles_the_private_message_that_failed_and_keeps_what_happened(page, talk, agent):
    script(talk, failing(Rejected("No", reason="dm_closed")))
    private, public = hand_off(talk, agent)
    assert run(private).state == "failed"
    page.post(reverse("invite", args=[talk.pk]))
    asking = reply(talk, agent, Draft.objects.get(mode="public_reply").text)
    assert minded(agent=agent, brands=[talk.brand]).exists()  # until it is there
    assert run(asking).state == "sent"
    assert not minded(agent=agent, brands=[talk.brand]).exists()
    public.refresh_from_db()
    assert public.handled_at
    assert [h.outcome for h in private.history.order_by("pk")] == ["dm_closed", "asked_instead"]
    assert "in plaats daarvan openbaar gevraagd" in page.get(reverse("delivery", args=[private.pk])).content.decode()


def test_somebody_who_was_not_asked_is_not_joined_to_an_old_case(talk, agent):
    run(reply(talk, agent))
    assert write_privately(talk).linked is None


def test_a_private_conversation_belongs_to_the_newest_case(talk, agent):
    for delivery in hand_off(talk, agent):
        run(delivery)
    leg = talk.legs.get()
    handoff.close_loop(conversation=talk, agent=agent)
    later = builders.conversation(talk.account, identity=talk.identity, at=timezone.now() - timedelta(minutes=1))
    for delivery in hand_off(later, agent):
        run(delivery)
    leg.refresh_from_db()
    assert leg.linked == later


def test_both_legs_stand_in_one_timeline_and_say_where_each_was_said(page, talk, agent, django_assert_max_num_queries):
    for delivery in hand_off(talk, agent):
        run(delivery)
    leg = write_privately(talk, "9711 AB")
    run(reply(leg, agent, "Geregeld", mode="direct_message"))
    builders.message(leg, "van vorig jaar", sent_at=talk.first_message_at - timedelta(days=300))
    for place, other in ((talk, leg), (leg, talk)):
        with django_assert_max_num_queries(20):
            html = page.get(reverse("timeline", args=[place.pk])).content.decode()
        assert all(words in html for words in (talk.messages.first().text, "9711 AB", "Geregeld", "Wat is je adres?"))
        assert html.count(f'href="{reverse("conversation", args=[other.pk])}"') >= 2
        assert ("van vorig jaar" in html) is (place == leg)
