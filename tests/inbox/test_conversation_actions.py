"""Everything one does with a conversation: with and without script, with a way back, and safely."""

from __future__ import annotations

import html as markup
import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.models import ClosingReason, ContactNote, Conversation, Label, Note
from inbox.operations import assignments, triage
from inbox.views.actions import ACTS
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
    return builders.agent(talk.brand, name="Daan Visser", language="en")


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


@pytest.fixture
def mate(talk):
    return builders.agent(talk.brand, name="Anna Kuiper")


def do(page, talk, name, *, htmx=True, **data):
    return page.post(reverse("do", args=[talk.pk, name]), data, headers=HTMX if htmx else {})


def undo(page, entries, *, htmx=True):
    return page.post(reverse("undo"), {"entries": entries}, headers=HTMX if htmx else {})


def entries_in(html):
    return re.search(r'name="entries" value="([\d,]+)"', html).group(1)


def soon():
    """As the menu says it: with the offset of the agent's own zone."""
    return timezone.localtime(timezone.now() + timedelta(hours=3)).replace(microsecond=0).isoformat()


def forms(talk, mate):
    """Each action with a form that succeeds, and what it does to the conversation."""
    label = Label.objects.create(brand=talk.brand, name="lift")
    return {
        "claim": ({}, lambda c: c.assignee is not None),
        "assign": ({"to": f"agent:{mate.pk}"}, lambda c: c.assignee == mate),
        "label": ({"label": label.pk}, lambda c: c.labelled.exists()),
        "snooze": ({"for": soon(), "until": ""}, lambda c: c.status == "snoozed"),
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
    assert answer.headers["HX-Trigger"] == "conversation-changed"
    assert 'class="talk-head"' in html
    assert "<textarea" not in html
    assert holds(Conversation.objects.get(pk=talk.pk))
    assert undo(page, entries_in(html[html.index("hx-swap-oob") :])).status_code == 200
    assert not holds(Conversation.objects.get(pk=talk.pk))


@pytest.mark.parametrize(("place", "leads"), [
    ("http://testserver/inbox/{slug}/team/{pk}/?kind=complaint", "/inbox/{slug}/team/{pk}/?kind=complaint"),
    ("http://elsewhere.example/inbox/{slug}/team/{pk}/", "/conversations/{pk}/"),
    ("http://testserver/inbox/{slug}/team/", "/conversations/{pk}/"),
    ("http://[", "/conversations/{pk}/"),
])  # fmt: skip
def test_without_script_one_stays_in_the_queue(page, talk, place, leads):
    facts = {"slug": talk.brand.slug, "pk": talk.pk}
    answer = page.post(reverse("do", args=[talk.pk, "claim"]), headers={"Referer": place.format(**facts)})
    assert answer.headers["Location"] == leads.format(**facts)


def test_a_choice_that_shows_nowhere_else_says_what_was_chosen(page, talk):
    assert "Kind: complaint." in do(page, talk, "kind", kind="complaint").content.decode()
    assert "Kind: not set." in do(page, talk, "kind", kind="").content.decode()
    assert "Feeling: negative." in do(page, talk, "feeling", feeling="negative").content.decode()


@pytest.mark.parametrize("name", UNDOABLE)
def test_an_action_without_script_leads_back_and_says_what_was_done(page, talk, mate, name):
    data, holds = forms(talk, mate)[name]
    answer = do(page, talk, name, htmx=False, next="/account/login/?x=1", **data)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/account/login/?x=1"
    assert holds(Conversation.objects.get(pk=talk.pk))
    shown = page.get(reverse("conversation", args=[talk.pk]), follow=True).content.decode()
    assert 'class="toast good"' in shown
    assert undo(page, entries_in(shown), htmx=False).status_code == 302
    assert not holds(Conversation.objects.get(pk=talk.pk))


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
    assert "Anna Kuiper already minds this." in html
    toast = html[html.index("hx-swap-oob") :]
    seen = re.search(r'name="seen_assignee" value="(\d+)"', toast).group(1)
    assert do(page, talk, "take-over", seen_assignee=seen).status_code == 200
    assert Conversation.objects.get(pk=talk.pk).assignee == agent


def test_taking_over_from_somebody_one_did_not_see_there_is_refused(page, talk, agent, mate):
    third = builders.agent(talk.brand)
    assignments.claim(conversation_id=talk.pk, agent=third)
    assert do(page, talk, "take-over", seen_assignee=mate.pk).status_code == 409
    assert Conversation.objects.get(pk=talk.pk).assignee == third


def test_a_refusal_without_script_is_said_on_the_next_page(page, talk, mate):
    assignments.claim(conversation_id=talk.pk, agent=mate)
    answer = page.post(reverse("do", args=[talk.pk, "claim"]), follow=True)
    assert 'class="toast problem"' in answer.content.decode()


def test_what_a_colleague_did_since_is_not_undone(page, talk, agent, mate):
    entry = assignments.claim(conversation_id=talk.pk, agent=agent)
    assignments.take_over(conversation_id=talk.pk, agent=mate, seen_assignee_id=agent.pk)
    assert undo(page, entry.pk).status_code == 409
    assert Conversation.objects.get(pk=talk.pk).assignee == mate
    assert "took this over from you" in page.get(reverse("notifications"), headers={"Accept-Language": "en"}).text


def test_a_colleagues_change_and_one_of_a_brand_one_has_left_cannot_be_undone(page, talk, agent, mate):
    other = builders.conversation(talk.account)
    theirs = assignments.claim(conversation_id=other.pk, agent=mate)
    own = assignments.claim(conversation_id=talk.pk, agent=agent)
    assert undo(page, theirs.pk).status_code == 409
    agent.memberships.all().delete()
    assert undo(page, own.pk).status_code == 409
    assert Conversation.objects.get(pk=other.pk).assignee == mate
    assert Conversation.objects.get(pk=talk.pk).assignee == agent


def test_own_work_is_given_back_and_reopened(page, talk):
    do(page, talk, "claim")
    assert do(page, talk, "release").status_code == 200
    do(page, talk, "resolve", reason="spam")
    html = do(page, talk, "reopen").content.decode()
    talk.refresh_from_db()
    assert (talk.assignee, talk.status) == (None, "open")
    assert "Resolve" in html


BAD = [
    ("assign", {"to": "agent:999999999"}), ("assign", {"to": "team:999999999"}), ("assign", {"to": "x"}),
    ("snooze", {"for": "gisteren"}), ("snooze", {"until": "2001-01-01T10:00"}), ("snooze", {}),
    ("resolve", {"reason": ""}), ("resolve", {"reason": "verzonnen"}), ("kind", {"kind": "woedend"}),
    ("feeling", {"feeling": "woedend"}), ("release", {}), ("take-over", {"seen_assignee": "9" * 30 + "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data"), BAD)
def test_what_cannot_be_is_refused_with_a_sentence_and_changes_nothing(page, talk, mate, name, data):
    if name == "take-over":
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
    assert do(page, talk, "assign", to=f"agent:{stranger.pk}").status_code == 409
    assert do(page, talk, "assign", to=f"team:{team.pk}").status_code == 409
    do(page, talk, "label", label=label.pk)
    assert not talk.labelled.exists()


def test_a_moment_without_a_zone_is_on_the_agents_wall_clock(page, talk, agent):
    agent.time_zone = "America/New_York"
    agent.save(update_fields=["time_zone"])
    do(page, talk, "snooze", until="2030-01-15T09:00")
    talk.refresh_from_db()
    assert talk.snoozed_until.isoformat() == "2030-01-15T14:00:00+00:00"


def test_the_moments_of_the_menu_can_be_chosen(page, talk):
    html = page.get(reverse("head", args=[talk.pk])).content.decode()
    moments = re.findall(r'name="for" value="([^"]+T[^"]+)"', html)
    assert len(moments) >= 2
    for moment in moments:
        assert do(page, talk, "snooze", **{"for": moment, "until": ""}).status_code == 200
        talk.refresh_from_db()
        assert talk.snoozed_until == datetime.fromisoformat(moment)


def test_notes_about_a_person_are_kept_and_shown(page, talk, agent):
    address = reverse("note_person", args=[talk.pk])
    assert page.post(address, {"text": "rolstoel <b>"}).status_code == 302
    assert (ContactNote.objects.get().contact, ContactNote.objects.get().author) == (talk.contact, agent)
    shown = page.post(address, {"text": " "}, follow=True).content.decode()
    assert "rolstoel &lt;b&gt;" in shown
    assert 'class="toast problem"' in shown
    assert ContactNote.objects.count() == 1


def test_answered_counts_only_while_our_reply_stands(page, talk):
    offered = '<button type="submit" name="reason" value="" '
    assert offered not in page.get(reverse("head", args=[talk.pk])).content.decode()
    assert do(page, talk, "resolve", reason="").status_code == 409
    Conversation.objects.filter(pk=talk.pk).update(waiting_since=None, last_reply_at=timezone.now())
    assert offered in page.get(reverse("head", args=[talk.pk])).content.decode()
    assert do(page, talk, "resolve", reason="").status_code == 200
    assert Conversation.objects.get(pk=talk.pk).outcome == "answered"


@pytest.mark.parametrize("name", sorted(ACTS))
def test_an_outsider_finds_nothing_and_a_wrong_method_is_refused(client, page, talk, name):
    address = reverse("do", args=[talk.pk, name])
    assert page.get(address).status_code == 405
    client.force_login(builders.agent(builders.brand()))
    assert client.post(address).status_code == 404


def test_an_action_that_is_none_is_not_there(page, talk):
    assert do(page, talk, "verwijder").status_code == 404


def test_a_form_without_its_token_does_nothing(talk, agent):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(agent)
    assert strict.post(reverse("do", args=[talk.pk, "claim"])).status_code == 403
    assert Conversation.objects.get(pk=talk.pk).assignee is None


def test_colleagues_are_called_by_their_names(page, talk, mate):
    nameless = builders.agent(talk.brand, name="", email="shift2@webcare.example")
    Note.objects.create(conversation=talk, author=mate, text="is gebeld")
    triage.set_kind(conversation_id=talk.pk, actor=mate, kind="complaint")
    triage.set_feeling(conversation_id=talk.pk, actor=nameless, feeling="negative")
    shown = page.get(reverse("open", args=[talk.brand.slug, "all", talk.pk])).text
    assert "<b><bdi>Anna Kuiper</bdi></b><time" in shown
    assert "Anna Kuiper set the kind: complaint" in shown
    assert "shift2@webcare.example set the feeling: negative" in shown
    assert mate.email not in shown
