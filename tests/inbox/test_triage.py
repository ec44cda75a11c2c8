"""Assigning and triage: races, reasons and undo."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from inbox import events
from inbox.models import ActivityEntry, ClosingReason, Conversation, Label, Notification
from inbox.operations import assignments, notes, notifications, presence, triage
from inbox.operations.changes import Refused, undo
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand():
    made = builders.brand()
    ClosingReason.objects.create(brand=made, code="no_question", name_nl="Geen vraag", name_en="No question")
    return made


@pytest.fixture
def agent(brand):
    return builders.agent(brand)


@pytest.fixture
def conversation(brand):
    return builders.conversation(builders.account(brand))


def together(*calls):
    """Run them at the same moment, each on its own connection; results or exceptions, in order."""

    def run(call):
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_of_agents_who_claim_together_one_has_it_and_the_others_are_told_who():
    brand = builders.brand()
    conversation = builders.conversation(builders.account(brand))
    agents = [builders.agent(brand) for _ in range(4)]
    results = together(
        *[lambda a=a: assignments.claim(conversation_id=conversation.pk, agent=a) for a in agents]  # type: ignore[misc]
    )
    conversation.refresh_from_db()
    refused = [r for r in results if isinstance(r, Refused)]
    assert len(refused) == 3
    assert {r.facts["by"] for r in refused} == {str(conversation.assignee)}
    assert ActivityEntry.objects.filter(verb="claimed").count() == 1


def test_claiming_ones_own_changes_nothing(conversation, agent):
    assignments.claim(conversation_id=conversation.pk, agent=agent)
    assert assignments.claim(conversation_id=conversation.pk, agent=agent) is None


def test_an_outsider_cannot_claim(conversation):
    with pytest.raises(Refused, match="not_a_member"):
        assignments.claim(conversation_id=conversation.pk, agent=builders.agent(builders.brand()))


def test_taking_over_needs_to_know_from_whom(conversation, agent, brand):
    other, third = builders.agent(brand), builders.agent(brand)
    assignments.claim(conversation_id=conversation.pk, agent=other)
    with pytest.raises(Refused, match="taken"):
        assignments.take_over(conversation_id=conversation.pk, agent=agent, seen_assignee_id=third.pk)
    assignments.take_over(conversation_id=conversation.pk, agent=agent, seen_assignee_id=other.pk)
    assert Notification.objects.get(agent=other).detail == "taken_over"


def test_assigning_many_says_what_was_not_done(brand, agent):
    account = builders.account(brand)
    mine = [builders.conversation(account) for _ in range(3)]
    foreign = builders.conversation(builders.account(builders.brand()))
    outcome = assignments.assign(
        conversation_ids=[*(c.pk for c in mine), foreign.pk], actor=builders.agent(brand, "lead"), assignee=agent
    )
    assert outcome.done == sorted(c.pk for c in mine)
    assert outcome.refused == {foreign.pk: "not_a_member"}
    assert Notification.objects.filter(agent=agent, kind="assigned").count() == 3


def test_open_work_of_somebody_who_leaves_is_offered_back_and_finished_work_is_not(brand, agent):
    account = builders.account(brand)
    open_, done = builders.conversation(account, assignee=agent), builders.conversation(account, assignee=agent)
    triage.resolve(conversation_ids=[done.pk], actor=agent, reason="no_question")
    outcome = assignments.offer_back(agent=agent, brand=brand, actor=agent)
    assert outcome.done == [open_.pk]
    done.refresh_from_db()
    assert done.assignee == agent


def test_nothing_is_closed_without_an_answer_or_a_reason(conversation, agent):
    outcome = triage.resolve(conversation_ids=[conversation.pk], actor=agent)
    assert outcome.refused == {conversation.pk: "reason_needed"}
    assert triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="x").refused == {
        conversation.pk: "unknown_reason"
    }
    triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="no_question")
    conversation.refresh_from_db()
    assert (conversation.status, conversation.outcome) == ("resolved", "no_question")


def test_what_was_answered_is_closed_as_answered(conversation, agent):
    Conversation.objects.update(waiting_since=None, last_reply_at=timezone.now())
    triage.resolve(conversation_ids=[conversation.pk], actor=agent)
    conversation.refresh_from_db()
    assert conversation.outcome == "answered"


@pytest.mark.parametrize("act", ["resolve", "snooze", "kind", "claim", "label"])
def test_every_change_can_be_undone(conversation, agent, brand, act):
    label = Label.objects.create(brand=brand, name="lift")
    before = Conversation.objects.values("status", "outcome", "kind", "assignee", "snoozed_until").get()
    ids, later = [conversation.pk], timezone.now() + timedelta(hours=1)
    done = {
        "resolve": lambda: triage.resolve(conversation_ids=ids, actor=agent, reason="no_question").entries,
        "snooze": lambda: triage.snooze(conversation_ids=ids, actor=agent, until=later).entries,
        "kind": lambda: [triage.set_kind(conversation_id=ids[0], actor=agent, kind="complaint").pk],
        "claim": lambda: [assignments.claim(conversation_id=ids[0], agent=agent).pk],
        "label": lambda: triage.add_labels(conversation_ids=ids, actor=agent, labels=[label]).entries,
    }[act]()
    assert undo(entries=done, agent=agent).done == ids
    assert Conversation.objects.values("status", "outcome", "kind", "assignee", "snoozed_until").get() == before
    assert not conversation.labelled.exists()


def test_undo_leaves_alone_what_a_colleague_did_since(conversation, agent, brand):
    entry = assignments.claim(conversation_id=conversation.pk, agent=agent)
    other = builders.agent(brand)
    assignments.take_over(conversation_id=conversation.pk, agent=other, seen_assignee_id=agent.pk)
    assert undo(entries=[entry.pk], agent=agent).refused == {conversation.pk: "changed_since"}
    conversation.refresh_from_db()
    assert conversation.assignee == other


def test_nobody_undoes_a_colleagues_change(conversation, agent, brand):
    entry = assignments.claim(conversation_id=conversation.pk, agent=agent)
    assert undo(entries=[entry.pk], agent=builders.agent(brand)).done == []


def test_a_snooze_ends_once_however_many_look(conversation, agent):
    triage.snooze(conversation_ids=[conversation.pk], actor=agent, until=timezone.now() + timedelta(hours=1))
    Conversation.objects.update(snoozed_until=timezone.now())
    assert [triage.wake_snoozed(), triage.wake_snoozed()] == [1, 0]
    conversation.refresh_from_db()
    assert conversation.status == "open"


def test_snoozing_into_the_past_is_refused(conversation, agent):
    with pytest.raises(Refused, match="in_the_past"):
        triage.snooze(conversation_ids=[conversation.pk], actor=agent, until=timezone.now())


def test_a_label_of_another_brand_is_refused(conversation, agent):
    label = Label.objects.create(brand=builders.brand(), name="x")
    outcome = triage.add_labels(conversation_ids=[conversation.pk], actor=agent, labels=[label])
    assert outcome.refused == {conversation.pk: "other_brand"}


def test_a_label_row_follows_its_conversation_out_of_the_open_set(conversation, agent, brand):
    label = Label.objects.create(brand=brand, name="lift")
    triage.add_labels(conversation_ids=[conversation.pk], actor=agent, labels=[label])
    triage.resolve(conversation_ids=[conversation.pk], actor=agent, reason="no_question")
    assert not conversation.labelled.get().open


def test_a_colleague_named_in_a_note_is_told_once(conversation, agent, brand):
    anna = builders.agent(brand, name="Anna Kuiper")
    notes.add_note(conversation=conversation, author=agent, text="@Anna en @anna.kuiper, kijk jij? @niemand")
    assert Notification.objects.get().agent == anna


def test_an_empty_note_is_refused(conversation, agent):
    with pytest.raises(Refused, match="empty"):
        notes.add_note(conversation=conversation, author=agent, text="  \n")


def test_a_norm_that_is_near_is_told_once(brand, agent):
    now = timezone.now()
    builders.conversation(builders.account(brand), assignee=agent, at=now - timedelta(minutes=29))
    builders.conversation(builders.account(brand), assignee=agent, at=now - timedelta(minutes=5))
    assert [notifications.warn_due_soon(), notifications.warn_due_soon()] == [1, 0]


def test_the_last_fifth_of_a_long_norm_is_near_too(brand, agent):
    now = timezone.now()
    for left in (1.5, 2.5):  # days, of ten
        due = now + timedelta(days=left)
        builders.conversation(builders.account(brand), assignee=agent, at=due - timedelta(days=10), due_at=due)
    assert notifications.warn_due_soon() == 1


def test_presence_shows_colleagues_and_who_types(conversation, agent, brand):
    anna = builders.agent(brand, name="Anna Kuiper")
    presence.arrive(conversation, agent=anna, typing=True)
    presence.arrive(conversation, agent=agent)
    (seen,) = presence.present(conversation.brand_id, [conversation.pk], besides=agent)[conversation.pk]
    assert (seen.name, seen.typing) == ("Anna Kuiper", True)
    presence.leave(conversation, agent=anna)
    assert presence.present(conversation.brand_id, [conversation.pk], besides=agent) == {}


def test_who_went_without_a_word_is_forgotten_by_the_next_sign_of_life(conversation, agent, brand):
    other, anna = builders.conversation(conversation.account), builders.agent(brand, name="Anna Kuiper")
    presence.arrive(other, agent=anna)
    key = f"webcare:present:{brand.pk}"
    events.valkey().hset(key, f"{other.pk}:{anna.pk}", f"{time.time() - 1}|0|Anna Kuiper")
    assert presence.present(brand.pk, [other.pk]) == {}
    presence.arrive(conversation, agent=agent)
    assert events.valkey().hkeys(key) == [f"{conversation.pk}:{agent.pk}".encode()]
    assert events.valkey().ttl(key) <= 2 * presence.LOOKING


def test_a_change_costs_few_queries(conversation, agent, django_assert_max_num_queries):
    assert connection.vendor == "postgresql"
    with django_assert_max_num_queries(8):
        triage.set_kind(conversation_id=conversation.pk, actor=agent, kind="complaint")
