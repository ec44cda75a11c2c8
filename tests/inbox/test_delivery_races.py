"""Workers, tabs and colleagues at the same moment: one wins, and nothing is done twice."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from connectors.exceptions import Rejected
from connectors.types import Sent
from inbox import events
from inbox.models import BulkReply, Delivery, DeliveryAttempt, Draft, Message
from inbox.operations import approvals, assignments, bulk, deliveries, outbox_choices, outbox_claims
from inbox.operations.changes import Refused
from inbox.operations.outbox_echoes import settle_echoes
from inbox.operations.outbox_fast import record_plainly
from inbox.operations.outbox_records import record_sent
from tests import builders
from tests.faults.replies_stage import until
from tests.inbox.outbox import agent, echo, fresh_world, reply, run, script, soon, talk, together
from tests.inbox.platform import WORLD, accepted_then_cut, cut_before, failing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_world")]


def test_a_reply_leaves_once_however_many_workers_are_woken(talk, agent):
    for n in range(10):
        reply(builders.conversation(talk.account), agent, f"Antwoord {n}")
    together(*[deliveries._deliver_due] * 6)  # as in processes of their own
    assert sorted(WORLD.texts()) == sorted(f"Antwoord {n}" for n in range(10))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_two_tabs_with_the_same_form_make_one_reply(talk, agent):
    token = uuid4()
    together(*[lambda: reply(talk, agent, token=token)] * 4)
    deliveries.deliver_due()
    assert len(WORLD.posts) == 1


def test_taking_back_and_sending_race_and_one_wins(talk, agent):
    for _ in range(8):
        delivery = reply(talk, agent)
        won = []

        def take_back(pk=delivery.pk, won=won):
            try:
                outbox_choices.undo(delivery_id=pk, agent=agent)
                won.append("undo")
            except outbox_choices.Refused:
                won.append("sent")

        together(take_back, deliveries.deliver_due)
        delivery.refresh_from_db()
        assert delivery.state == {"undo": "cancelled", "sent": "sent"}[won[0]]
    sent = Delivery.objects.filter(state="sent").count()
    assert len(WORLD.posts) == sent


def test_replies_in_one_conversation_leave_in_their_order(talk, agent):
    for n in range(6):
        reply(talk, agent, f"{n}")
    together(*[deliveries._deliver_due] * 3)
    deliveries.deliver_due()
    assert WORLD.texts() == [str(n) for n in range(6)]


def test_the_echo_and_the_worker_race_and_there_is_one_message(talk, agent):
    for n in range(8):
        delivery = reply(talk, agent, f"Antwoord {n}")
        claimed = outbox_claims.claim(limit=1)[0]

        def ingest(delivery=delivery, n=n):
            for _ in range(2):  # as ingest does: who loses the race for the id reads again
                with suppress(IntegrityError), transaction.atomic():
                    if not settle_echoes(account=talk.account, outbound=[echo(delivery, f"id-{n}")]):
                        builders.message(talk, text=delivery.message.text, direction="out", external_id=f"id-{n}")
                    return

        together(ingest, lambda claimed=claimed, n=n: record_sent(delivery=claimed, sent=Sent(f"id-{n}")))
        assert Message.objects.filter(external_id=f"id-{n}").count() == 1
        delivery.refresh_from_db()
        assert delivery.state == "sent"
    assert Message.objects.filter(direction="out").count() == 8


def outcomes(*jobs):
    """What each of them came to at the same moment: its result, or the code it was refused with."""
    came = [None] * len(jobs)

    def take(n):
        try:
            came[n] = jobs[n]()
        except Refused as refused:
            came[n] = refused.code

    together(*[lambda n=n: take(n) for n in range(len(jobs))])
    return came


@pytest.fixture
def trainee(talk):
    talk.brand.approve_trainees = True
    talk.brand.save()
    return builders.agent(talk.brand, is_trainee=True)


def test_two_colleagues_approve_and_it_leaves_once_in_the_words_of_one(talk, agent, trainee):
    other = builders.agent(talk.brand)
    for n in range(5):
        proposed = reply(talk, trainee, f"Voorstel {n}")
        words = {agent: f"Van Anna {n}", other: f"Van Bram {n}"}
        came = outcomes(*[lambda a=a, t=t, pk=proposed.pk: approvals.approve(delivery_id=pk, agent=a, text=t)
                          for a, t in words.items()])  # fmt: skip
        assert came.count("too_late") == 1
        proposed.refresh_from_db()
        assert Message.objects.get(pk=proposed.message_id).text == words[proposed.approved_by]
        deliveries.deliver_due()
        assert len(WORLD.posts) == n + 1


def test_one_approves_and_one_returns_and_only_one_of_both_happens(talk, agent, trainee):
    other = builders.agent(talk.brand)
    for n in range(5):
        proposed = reply(talk, trainee, f"Voorstel {n}")
        came = outcomes(
            lambda pk=proposed.pk: approvals.approve(delivery_id=pk, agent=agent),
            lambda pk=proposed.pk: approvals.give_back(delivery_id=pk, agent=other, note="Vriendelijker"),
        )
        assert came.count("too_late") == 1
        deliveries.deliver_due()
        proposed.refresh_from_db()
        left = f"Voorstel {n}" in WORLD.texts()
        assert (proposed.state, left) in {("sent", True), ("cancelled", False)}
        assert Draft.objects.filter(agent=trainee, text__contains=f"Voorstel {n}").exists() is not left


def test_two_colleagues_send_a_failed_reply_again_and_it_leaves_once(talk, agent):
    other = builders.agent(talk.brand)
    for n in range(5):
        script(talk, failing(Rejected("Nee")))
        failed = run(reply(talk, agent, f"Antwoord {n}"))
        came = outcomes(*[lambda a=a, pk=failed.pk: outbox_choices.send_again(delivery_id=pk, agent=a)
                          for a in (agent, other)])  # fmt: skip
        assert came.count("too_late") == 1
        together(deliveries._deliver_due, deliveries._deliver_due)
        assert WORLD.texts().count(f"Antwoord {n}") == 1
        assert failed.history.filter(outcome="again").count() == 1


def test_sending_again_by_hand_and_finding_it_there_race_and_it_stands_there_once(talk, agent):
    for n in range(5):
        script(talk, accepted_then_cut)
        unsure = run(reply(talk, agent, f"Antwoord {n}"))
        Delivery.objects.filter(pk=unsure.pk).update(look_at=timezone.now())
        seen = echo(unsure, f"post-{n + 1}")
        came = outcomes(
            lambda pk=unsure.pk: outbox_choices.it_is_there(delivery_id=pk, agent=agent),
            deliveries.sweep,
            lambda seen=seen: settle_echoes(account=talk.account, outbound=[seen]),
        )
        assert came[0] == "too_late" or came[0].state == "sent"
        unsure.refresh_from_db()
        assert unsure.state == "sent"
        assert WORLD.texts().count(f"Antwoord {n}") == 1


def test_stopping_a_bulk_while_it_is_sent_leaves_nothing_between_sent_and_stopped(talk, agent):
    talks = [talk, *[builders.conversation(talk.account) for _ in range(11)]]
    made, _ = bulk.send_bulk(brand=talk.brand, agent=agent, text="Hoi", token=uuid4(),
                             chosen={c.pk: f"Hoi {c.pk}" for c in talks})  # fmt: skip
    soon()
    stopped = outcomes(lambda: bulk.stop(bulk=made, agent=agent), deliveries.deliver_due, deliveries.deliver_due)[0]
    deliveries.deliver_due()
    states = Counter(Delivery.objects.filter(bulk=made).values_list("state", flat=True))
    assert states == Counter({"sent": len(WORLD.posts), "cancelled": stopped}) - Counter()
    assert sum(states.values()) == len(talks)
    open_again = [c.pk for c in talks if type(c).objects.get(pk=c.pk).status == "open"]
    assert len(open_again) == stopped


def test_stopping_while_it_is_still_being_queued_stops_the_rest(talk, agent):
    talks = [talk, *[builders.conversation(talk.account) for _ in range(9)]]
    made = BulkReply.objects.create(brand=talk.brand, agent=agent, text="Hoi", token=uuid4())

    def queue():
        for c in talks:
            with suppress(Refused):
                bulk._send_one(made, c, agent, text=f"Hoi {c.pk}", delay=0, seen=None)

    together(queue, lambda: bulk.stop(bulk=made, agent=agent))
    assert set(Delivery.objects.filter(bulk=made).values_list("state", flat=True)) <= {"cancelled"}
    deliveries.deliver_due()
    assert not WORLD.posts


def test_the_same_bulk_from_two_tabs_is_one(talk, agent):
    talks, token = [talk, *[builders.conversation(talk.account) for _ in range(3)]], uuid4()
    send = lambda: bulk.send_bulk(  # noqa: E731
        brand=talk.brand, agent=agent, text="Hoi", token=token, chosen={c.pk: "Hoi" for c in talks}
    )
    together(send, send)
    soon()
    deliveries.deliver_due()
    assert len(WORLD.posts) == len(talks)


def test_a_bulk_that_was_broken_off_goes_on_when_it_is_sent_again(talk, agent):
    talks, token = [talk, *[builders.conversation(talk.account) for _ in range(3)]], uuid4()
    for chosen in (talks[:2], talks):  # the first time, only two were queued before the server stopped
        bulk.send_bulk(brand=talk.brand, agent=agent, text="Hoi", token=token, chosen={c.pk: "Hoi" for c in chosen})
    soon()
    deliveries.deliver_due()
    assert len(WORLD.posts) == len(talks)


def test_two_agents_answer_at_the_same_moment_and_the_second_hears_of_the_first(talk, agent):
    other, seen = builders.agent(talk.brand), talk.messages.get().pk
    came = outcomes(*[lambda a=a: reply(talk, a, f"Van {a.pk}", seen_message=seen) for a in (agent, other)])
    assert came.count("answered_meanwhile") == 1
    deliveries.deliver_due()
    assert len(WORLD.posts) == 1


def test_writing_down_that_it_was_sent_waits_for_a_decision_without_standing_in_its_way(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=1)[0]
    recording = threading.Thread(target=lambda: (record_sent(delivery=claimed, sent=Sent("x")), connection.close()))
    with transaction.atomic():
        type(talk).objects.select_for_update().get(pk=talk.pk)  # as somebody who decides has it
        recording.start()
        assert until(blocked, seconds=15, every=0.02)
        Delivery.objects.select_for_update(nowait=True).get(pk=delivery.pk)
    recording.join()
    assert Delivery.objects.get(pk=delivery.pk).state == "sent"


def test_what_is_written_down_together_leaves_out_what_somebody_holds_and_waits_for_nobody(talk, agent):
    for conversation in (talk, builders.conversation(talk.account), builders.conversation(talk.account)):
        reply(conversation, agent)
    claimed, recorded = outbox_claims.claim(limit=3), list[int]()
    done = [(delivery, Sent(f"x{delivery.pk}")) for delivery in claimed]
    recording = threading.Thread(target=lambda: (recorded.extend(record_plainly(done)), connection.close()))
    with transaction.atomic():
        type(talk).objects.select_for_update().get(pk=talk.pk)
        recording.start()
        recording.join(15)
        assert not recording.is_alive()
    assert sorted(recorded) == [d.pk for d in claimed if d.conversation_id != talk.pk]
    assert Delivery.objects.get(conversation=talk).state == "sending"
    assert set(Message.objects.filter(external_id__startswith="x").values_list("delivery__state", flat=True)) == {
        "sent"
    }


def test_an_echo_that_came_first_costs_the_others_of_its_batch_nothing(talk, agent):
    for conversation in (talk, builders.conversation(talk.account)):
        reply(conversation, agent)
    claimed = outbox_claims.claim(limit=2)
    builders.message(talk, external_id="post-1", direction="out")  # stored by a poll, not recognised
    deliveries._record_all([(d, Sent(f"post-{n}", sent_at=timezone.now())) for n, d in enumerate(claimed, 1)])
    assert list(Delivery.objects.values_list("state", flat=True)) == ["sent", "sent"]
    assert Message.objects.filter(external_id="post-1").count() == 1


def blocked():
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_locks where not granted"
        )  # what pg_stat_activity says stands still in a transaction
        return cursor.fetchone()[0]


def test_two_tabs_with_a_form_each_of_one_agent_make_one_reply_and_ask_about_the_other(talk, agent):
    seen = talk.messages.get().pk
    came = outcomes(*[lambda: reply(talk, agent, "Zelfde woorden", seen_message=seen)] * 2)
    assert came.count("you_answered") == 1
    deliveries.deliver_due()
    assert len(WORLD.posts) == 1
    again = Delivery.objects.get().message_id
    assert reply(talk, agent, "En nog iets", seen_message=again).state == "pending"


def test_two_colleagues_take_over_and_one_has_it(talk, agent):
    owner, other = builders.agent(talk.brand), builders.agent(talk.brand)
    for _ in range(5):
        type(talk).objects.filter(pk=talk.pk).update(assignee=owner)
        came = outcomes(*[lambda a=a: assignments.take_over(conversation_id=talk.pk, agent=a, seen_assignee_id=owner.pk)
                          for a in (agent, other)])  # fmt: skip
        talk.refresh_from_db()
        assert [isinstance(c, str) for c in came].count(True) == 1
        assert talk.assignee == (other if isinstance(came[0], str) else agent)


def test_many_sweepers_look_once_each_for_what_is_uncertain(talk, agent):
    talks = [talk, *[builders.conversation(talk.account) for _ in range(5)]]
    unsure = [reply(c, agent, f"Antwoord {c.pk}") for c in talks]
    script(talk, *[cut_before, accepted_then_cut] * 3)
    deliveries.deliver_due()
    soon()
    together(*[deliveries.sweep] * 4)
    looks = DeliveryAttempt.objects.filter(outcome__in=["found", "not_found"], number=0)
    assert sorted(looks.values_list("delivery", flat=True)) == sorted(d.pk for d in unsure)
    soon()
    together(deliveries._deliver_due, deliveries._deliver_due)
    assert sorted(WORLD.texts()) == sorted(f"Antwoord {c.pk}" for c in talks)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_what_was_flushed_from_the_broker_during_the_undo_time_leaves_all_the_same(talk, agent, settings):
    settings.UNDO_SECONDS = 0.5
    stop = threading.Event()
    worker = threading.Thread(target=deliveries.keep_delivering, args=[stop])
    worker.start()
    try:
        delivery = reply(talk, agent)
        events.valkey().flushall()
        assert until(lambda: Delivery.objects.get(pk=delivery.pk).state == "sent", seconds=15, every=0.02)
    finally:
        stop.set()
        worker.join()
    delivery.refresh_from_db()
    assert delivery.first_attempt_at >= delivery.due_at
    assert len(WORLD.posts) == 1
