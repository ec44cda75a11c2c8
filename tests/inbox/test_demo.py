"""The demo: a morning full of life on the first start, left alone from then on, and never near real brands."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from connectors.sandbox.process import SandboxProcess
from inbox.management.commands import demo_colleagues
from inbox.models import (
    ActivityEntry,
    Agent,
    Brand,
    Conversation,
    ConversationLabel,
    Delivery,
    Draft,
    Note,
    Notification,
    View,
)
from inbox.operations import presence
from inbox.queries.counts import brand_counts, loads_of
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def platforms():
    with SandboxProcess(scenario="demo", limits=1) as running:
        yield running


@pytest.fixture
def morning(platforms, settings):
    settings.SANDBOX_URL, settings.DEMO_PASSWORD = platforms.url, builders.PASSWORD
    call_command("load_demo")
    return Brand.objects.get(slug="noordtreinen")


def test_the_first_start_is_a_morning_full_of_life_and_the_second_leaves_it_as_it_is(morning):
    anna = Agent.objects.get(email="agent@webcare.example")
    of_brand = Conversation.objects.filter(brand=morning)
    assert {"open", "pending", "snoozed", "resolved"} == set(of_brand.values_list("status", flat=True))
    assert {"question", "complaint", "compliment"} <= set(of_brand.values_list("kind", flat=True))
    assert {"negative", "neutral", "positive"} <= set(of_brand.values_list("feeling", flat=True))
    assert of_brand.filter(status="resolved").exclude(outcome__in=["", "answered"]).exists()
    assert ConversationLabel.objects.filter(conversation__brand=morning).count() > 20
    counts = brand_counts(morning)
    assert all(counts["queues"].get(name, 0) > 0 for name in ("unassigned", "compliments", "all", "snoozed", "pending"))
    assert 0 < counts["overdue"] < 12
    loads = loads_of(morning)
    assert len(loads) >= 4, "several colleagues have work"
    assert loads[anna.pk] >= 5
    kinds = set(Notification.objects.filter(agent=anna, read_at=None).values_list("kind", flat=True))
    assert {"assigned", "mentioned"} <= kinds
    assert Note.objects.filter(conversation__brand=morning).count() >= 3
    assert View.objects.filter(brand=morning, owner=None).exists()
    assert View.objects.filter(owner=anna).exists()
    assert Draft.objects.filter(agent=anna).exists()
    assert Delivery.objects.filter(conversation__brand=morning, state="pending").count() > 5
    assert Agent.objects.filter(on_shift=False).count() == 1
    before = [model.objects.count() for model in (ActivityEntry, Conversation, Note, View, Delivery, Agent)]
    call_command("load_demo")
    assert before == [model.objects.count() for model in (ActivityEntry, Conversation, Note, View, Delivery, Agent)]


def test_colleagues_look_at_their_own_work_and_never_act_for_a_visitor(morning):
    visitors = set(Agent.objects.filter(email__regex="^(agent|lead|admin)@").values_list("pk", flat=True))
    before = ActivityEntry.objects.filter(actor__in=visitors).count()
    for _ in range(10):
        demo_colleagues.work(morning, random.Random(2))
    rooms = presence.present(morning.pk, Conversation.objects.filter(brand=morning).values_list("pk", flat=True))
    there = {person.agent_id for people in rooms.values() for person in people}
    assert there
    assert not there & visitors
    assert ActivityEntry.objects.filter(actor__in=visitors).count() == before


def test_a_brand_that_speaks_on_a_real_platform_is_left_alone(platforms, settings):
    settings.SANDBOX_URL, settings.DEMO_PASSWORD = platforms.url, builders.PASSWORD
    real = builders.brand(name="NoordTreinen", slug="noordtreinen")
    builders.account(real)
    with pytest.raises(CommandError, match="real platform"):
        call_command("load_demo")
    assert Agent.objects.count() == 0


def test_colleagues_keep_up_and_leave_some_for_who_looks_around(morning):
    Conversation.objects.filter(brand=morning, status="open").update(assignee=None)
    assert demo_colleagues.free(morning).count() > demo_colleagues.LEFT
    for _ in range(30):
        demo_colleagues.work(morning, random.Random(2))
    assert demo_colleagues.free(morning).count() == demo_colleagues.LEFT
    for conversation in Conversation.objects.filter(brand=morning):
        said = list(conversation.messages.exclude(agent=None).values_list("text", flat=True))
        assert len(said) == len(set(said)), "a platform refuses the same words twice"


def test_what_a_colleague_could_not_send_is_not_left_lying(morning):
    daan = Agent.objects.get(email="daan@webcare.example")
    mine = Delivery.objects.filter(conversation__brand=morning, owner=daan)
    assert mine.update(state="failed", error_reason="duplicate") > 0
    demo_colleagues.work(morning, random.Random(2))
    assert not mine.filter(state="failed", handled_at=None).exists()


def test_what_a_platform_lets_nobody_answer_stops_no_colleague(morning):
    daan = Agent.objects.get(email="daan@webcare.example")
    talk = Conversation.objects.filter(brand=morning, account__kind="x", visibility="public", status="open").first()
    talk.messages.update(options={"public_reply": {"allowed": False, "reason": "not_summoned"}})
    long_ago = timezone.now() - timedelta(days=2)  # nobody has waited longer
    Conversation.objects.filter(pk=talk.pk).update(assignee=daan, preview="Zomaar iets", waiting_since=long_ago)
    demo_colleagues.work(morning, random.Random(2))
    talk.refresh_from_db()
    assert (talk.status, talk.outcome) == ("resolved", "no_answer_needed")


def test_nobody_writes_twice_to_what_is_gone(morning):
    daan = Agent.objects.get(email="daan@webcare.example")
    lost = Delivery.objects.filter(conversation__brand=morning, owner=daan).first()
    Delivery.objects.filter(pk=lost.pk).update(state="failed", error_reason="message_gone")
    long_ago = timezone.now() - timedelta(days=2)
    talk = Conversation.objects.filter(pk=lost.conversation_id)
    talk.update(assignee=daan, status="open", preview="Zomaar iets", waiting_since=long_ago)
    demo_colleagues.work(morning, random.Random(2))
    assert talk.get().outcome == "no_answer_needed"
