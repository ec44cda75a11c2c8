"""Everything one does with a conversation: with and without script, with a way back, and safely."""

from __future__ import annotations

import html as markup
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import ClosingReason, ContactNote, Conversation, Label, Note
from inbox.operations import assignments
from inbox.urls.conversation import ACTIONS
from tests import builders

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def talk():
    made = builders.conversation(builders.account())
    ClosingReason.objects.create(brand=made.brand, code="spam", name_nl="Rommel", name_en="Junk")
    return made


@pytest.fixture
def agent(talk):
    return builders.agent(talk.brand, name="Daan Visser")


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def mate(talk):
    return builders.agent(talk.brand, name="Anna Kuiper")


def do(page, talk, name, *, htmx=True, **data):
    return page.post(reverse(name, args=[talk.pk]), data, headers=HTMX if htmx else {})


def soon():
    return (timezone.now() + timedelta(hours=3)).isoformat()


def forms(talk, mate):
    """Each action with a form that succeeds, and what it does to the conversation."""
    label = Label.objects.create(brand=talk.brand, name="lift")
    return {
        "claim": ({}, lambda c: c.assignee is not None),
        "assign": ({"assignee": mate.pk}, lambda c: c.assignee == mate),
        "label": ({"add": label.pk}, lambda c: c.labelled.exists()),
        "snooze": ({"until": soon()}, lambda c: c.status == "snoozed"),
        "resolve": ({"reason": "spam"}, lambda c: (c.status, c.outcome) == ("resolved", "spam")),
        "kind": ({"kind": "complaint"}, lambda c: c.kind == "complaint"),
        "feeling": ({"feeling": "negative"}, lambda c: c.feeling == "negative"),
    }


UNDOABLE = ["claim", "assign", "label", "snooze", "resolve", "kind", "feeling"]


@pytest.mark.parametrize("name", UNDOABLE)
def test_an_action_answers_with_the_refreshed_pane_and_a_way_back_that_works(page, talk, mate, name):
    data, holds = forms(talk, mate)[name]
    answer = do(page, talk, name, **data)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "conversationChanged"
    assert 'id="conversation-live"' in html
    assert "<textarea" not in html
    talk = Conversation.objects.get(pk=talk.pk)
    assert holds(talk)
    toast = html[html.index('hx-swap-oob="beforeend:#toasts"') :]
    entries = re.findall(r'name="entries" value="(\d+)"', toast)
    assert do(page, talk, "undo", entries=entries).status_code == 200
    assert not holds(Conversation.objects.get(pk=talk.pk))


@pytest.mark.parametrize("name", UNDOABLE)
def test_an_action_without_script_leads_back_and_says_what_was_done(page, talk, mate, name):
    data, holds = forms(talk, mate)[name]
    answer = do(page, talk, name, htmx=False, next="/account/login/?x=1", **data)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/account/login/?x=1"
    assert holds(Conversation.objects.get(pk=talk.pk))
    shown = page.get(reverse("conversation", args=[talk.pk]), follow=True).content.decode()
    assert 'class="toast good"' in shown


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""])
def test_nobody_is_led_away_from_our_own_pages(page, talk, target):
    answer = do(page, talk, "claim", htmx=False, next=target)
    assert "evil" not in answer.headers["Location"]
    assert str(talk.pk) in answer.headers["Location"]


def test_of_two_who_claim_the_second_hears_who_has_it_and_can_take_over_knowingly(page, talk, agent, mate):
    assignments.claim(conversation_id=talk.pk, agent=mate)
    answer = do(page, talk, "claim")
    html = markup.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "Anna Kuiper heeft dit al." in html
    toast = html[html.index('hx-swap-oob="beforeend:#toasts"') :]
    seen = re.search(r'name="seen_assignee" value="(\d+)"', toast).group(1)
    assert do(page, talk, "take_over", seen_assignee=seen).status_code == 200
    assert Conversation.objects.get(pk=talk.pk).assignee == agent


def test_taking_over_from_somebody_one_did_not_see_there_is_refused(page, talk, agent, mate):
    third = builders.agent(talk.brand)
    assignments.claim(conversation_id=talk.pk, agent=third)
    assert do(page, talk, "take_over", seen_assignee=mate.pk).status_code == 409
    assert Conversation.objects.get(pk=talk.pk).assignee == third


def test_a_refusal_without_script_is_said_on_the_next_page(page, talk, mate):
    assignments.claim(conversation_id=talk.pk, agent=mate)
    answer = page.post(reverse("claim", args=[talk.pk]), follow=True)
    assert 'class="toast problem"' in answer.content.decode()


def test_what_a_colleague_did_since_is_not_undone(page, talk, agent, mate):
    entry = assignments.claim(conversation_id=talk.pk, agent=agent)
    assignments.take_over(conversation_id=talk.pk, agent=mate, seen_assignee_id=agent.pk)
    assert do(page, talk, "undo", entries=entry.pk).status_code == 409
    assert Conversation.objects.get(pk=talk.pk).assignee == mate


def test_another_conversations_entries_cannot_be_undone_from_here(page, talk, agent):
    other = builders.conversation(talk.account)
    entry = assignments.claim(conversation_id=other.pk, agent=agent)
    assert do(page, talk, "undo", entries=entry.pk).status_code == 409
    assert Conversation.objects.get(pk=other.pk).assignee == agent


def test_own_work_is_given_back_and_reopened(page, talk):
    do(page, talk, "claim")
    assert do(page, talk, "release").status_code == 200
    do(page, talk, "resolve", reason="spam")
    html = do(page, talk, "reopen").content.decode()
    talk.refresh_from_db()
    assert (talk.assignee, talk.status) == (None, "open")
    assert "Afhandelen" in html


BAD = [
    ("assign", {"assignee": "999999999"}), ("assign", {"team": "999999999"}), ("label", {"add": "x"}), ("label", {}),
    ("snooze", {"until": "gisteren"}), ("snooze", {"until": "2001-01-01T10:00"}), ("snooze", {}),
    ("resolve", {"reason": ""}), ("resolve", {"reason": "verzonnen"}), ("kind", {"kind": "woedend"}),
    ("feeling", {"feeling": "woedend"}), ("note", {"text": "  "}), ("undo", {"entries": "x"}), ("release", {}),
    ("take_over", {"seen_assignee": "9" * 30 + "x"}), ("contact_note", {"text": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), BAD)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(page, talk, mate, name, data):
    if name == "take_over":
        assignments.claim(conversation_id=talk.pk, agent=mate)
    before = Conversation.objects.filter(pk=talk.pk).values().get()
    answer = do(page, talk, name, **data)
    assert answer.status_code == 409
    assert 'class="toast problem"' in answer.content.decode()
    assert Conversation.objects.filter(pk=talk.pk).values().get() == before


def test_another_brands_colleague_label_and_team_cannot_be_used(page, talk):
    stranger = builders.agent(builders.brand())
    label = Label.objects.create(brand=builders.brand(), name="vreemd")
    team = builders.brand().teams.create(name="vreemd")
    assert do(page, talk, "assign", assignee=stranger.pk).status_code == 409
    assert do(page, talk, "label", add=label.pk).status_code == 409
    assert do(page, talk, "assign", team=team.pk).status_code == 409


def test_a_moment_without_a_zone_is_on_the_agents_wall_clock(page, talk, agent):
    agent.time_zone = "America/New_York"
    agent.save(update_fields=["time_zone"])
    do(page, talk, "snooze", moment="2030-01-15T09:00")
    talk.refresh_from_db()
    assert talk.snoozed_until.isoformat() == "2030-01-15T14:00:00+00:00"


def test_notes_about_conversation_and_person_are_kept_and_shown(page, talk, agent):
    assert "let op <b>" in markup.unescape(do(page, talk, "note", text="let op <b>").content.decode())
    assert Note.objects.get().author == agent
    answer = do(page, talk, "contact_note", text="rolstoel")
    assert "rolstoel" in answer.content.decode()
    assert ContactNote.objects.get().contact == talk.contact
    assert do(page, talk, "contact_note", htmx=False, text="nog iets").status_code == 302


def test_answered_is_offered_only_while_our_reply_stands(page, talk):
    offers = '<button type="submit" name="reason" value="">'
    assert offers not in page.get(reverse("conversation", args=[talk.pk]), headers=HTMX).content.decode()
    Conversation.objects.filter(pk=talk.pk).update(waiting_since=None, last_reply_at=timezone.now())
    assert offers in page.get(reverse("conversation", args=[talk.pk]), headers=HTMX).content.decode()
    assert do(page, talk, "resolve", reason="").status_code == 200


def test_a_refresh_after_an_action_still_shows_the_earlier_messages_one_asked_for(page, talk):
    start = timezone.now() - timedelta(days=9)
    for n in range(80):
        builders.message(talk, text=f"woord-{n:03}", sent_at=start + timedelta(minutes=n))
    first = talk.messages.order_by("sent_at").first()
    since = f"{round(first.sent_at.timestamp() * 1_000_000)}.{first.pk}"
    assert "woord-000" in do(page, talk, "claim", since=since).content.decode()
    assert "woord-000" not in do(page, talk, "release").content.decode()


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_outsider_finds_nothing_and_a_wrong_method_is_refused(client, page, talk, name):
    address = reverse(name, args=[talk.pk])
    assert page.get(address).status_code == 405
    client.force_login(builders.agent(builders.brand()))
    assert client.post(address).status_code == 404


def test_a_form_without_its_token_does_nothing(talk, agent):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(agent)
    assert strict.post(reverse("claim", args=[talk.pk])).status_code == 403
    assert Conversation.objects.get(pk=talk.pk).assignee is None
