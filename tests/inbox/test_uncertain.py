"""A reply whose fate is unknown is looked for, and never sent again in hope."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.exceptions import OutcomeUnknown
from connectors.types import Sent
from inbox.models import Attachment, Delivery, Notification
from inbox.operations import deliveries, outbox_choices, outbox_claims
from inbox.operations.outbox_messages import outbound
from inbox.operations.outbox_records import record_sent
from tests import builders
from tests.inbox.outbox import agent, fresh_world, reply, run, script, soon, sweep, talk, together
from tests.inbox.platform import WORLD, FakeConnector, accepted_then_cut, cut_before, failing, refused_as_duplicate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_world")]


def test_nothing_overtakes_a_reply_that_is_uncertain(talk, agent):
    script(talk, accepted_then_cut)
    first, second = reply(talk, agent, "een"), reply(talk, agent, "twee")
    run(second)
    first.refresh_from_db()
    assert (first.state, second.state) == ("uncertain", "pending")
    assert sweep(first).state == "sent"
    assert run(second).state == "sent"
    assert WORLD.texts() == ["een", "twee"]


def test_cut_after_acceptance_is_found_and_not_sent_again(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    assert (delivery.state, delivery.error_reason) == ("uncertain", "no_answer")
    assert sweep(delivery).state == "sent"
    soon()
    deliveries.deliver_due()
    assert len(WORLD.posts) == 1


def test_cut_before_acceptance_leaves_again_once_it_is_surely_absent(talk, agent):
    script(talk, cut_before)
    delivery = run(reply(talk, agent))
    assert delivery.state == "uncertain"
    assert sweep(delivery).state == "pending"
    assert run(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_a_clock_that_is_put_forward_makes_no_reply_surely_absent(talk, agent, monkeypatch, time_machine):
    patient = replace(FakeConnector.capabilities, find_sent_after=90)
    monkeypatch.setattr(FakeConnector, "capabilities", patient)
    script(talk, cut_before)
    now = timezone.now()
    time_machine.move_to(now)
    delivery = run(reply(talk, agent))
    for moment in (3, 3600, 3610, 3625):  # the clock jumps an hour between the first two looks
        time_machine.move_to(now + timedelta(seconds=moment))
        assert sweep(delivery).state == "uncertain"
    for moment in (3645, 3665, 3685, 3705):
        time_machine.move_to(now + timedelta(seconds=moment))
        sweep(delivery)
    assert (delivery.state, delivery.error_reason) == ("pending", "absent")
    assert run(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_a_clock_far_ahead_of_the_platforms_hides_no_reply_that_came_through(talk, agent):
    WORLD.behind = timedelta(minutes=20)
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    assert delivery.state == "uncertain"
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_a_bug_after_the_call_started_is_uncertain(talk, agent):
    script(talk, failing(ValueError("boom")))
    assert run(reply(talk, agent)).state == "uncertain"


def test_refused_as_duplicate_after_the_first_came_through_is_sent(talk, agent):
    script(talk, accepted_then_cut, refused_as_duplicate)
    delivery = run(reply(talk, agent))
    Delivery.objects.filter(pk=delivery.pk).update(state="pending", due_at=timezone.now(), claim=None)
    assert run(delivery).error_reason == "already_done"
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_refused_as_duplicate_though_it_is_nowhere_fails_and_does_not_go_round(talk, agent):
    script(talk, refused_as_duplicate)
    delivery = run(reply(talk, agent))
    assert (sweep(delivery).state, delivery.error_reason) == ("failed", "duplicate")


def test_a_worker_that_died_leaves_an_uncertain_reply(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=5)
    WORLD.accept(deliveries.outbound(claimed[0]))  # it got there, and then the worker was gone
    long_ago = timezone.now() - timedelta(minutes=5)
    Delivery.objects.update(claimed_at=long_ago)
    together(outbox_claims.recover_stuck, outbox_claims.recover_stuck)
    delivery.refresh_from_db()
    assert delivery.state == "uncertain"
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_a_worker_that_comes_back_late_with_proof_is_believed(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=1)[0]
    Delivery.objects.update(claimed_at=timezone.now() - timedelta(minutes=5))
    outbox_claims.recover_stuck()
    assert record_sent(delivery=claimed, sent=Sent("late"))
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_a_worker_that_lost_its_claim_cannot_record_a_failure(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=1)[0]
    assert record_sent(delivery=claimed, sent=Sent("echo"))
    assert not deliveries.now_failed(delivery=claimed, reason="rejected")
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_our_other_post_with_the_same_words_is_not_taken_for_this_one(talk, agent):
    run(reply(talk, agent, "Dank je wel!"))
    script(talk, cut_before)
    second = run(reply(talk, agent, "Dank je wel!"))
    sweep(second)
    assert second.error_reason == "look_alike" or second.state == "pending"
    assert second.message.external_id is None


def test_when_looking_tells_nothing_a_person_decides(talk, agent):
    script(talk, cut_before)
    WORLD.blind.add(talk.account.external_id)
    delivery = run(reply(talk, agent))
    for _ in range(25):
        sweep(delivery)
    assert (delivery.state, delivery.look_at) == ("uncertain", None)
    assert Notification.objects.filter(agent=agent, kind="delivery").exists()
    outbox_choices.send_again(delivery_id=delivery.pk, agent=agent)
    assert run(delivery).state == "sent"
    assert delivery.attempts == 2


def test_it_is_there_settles_by_hand(talk, agent):
    script(talk, cut_before)
    delivery = run(reply(talk, agent))
    outbox_choices.it_is_there(delivery_id=delivery.pk, agent=agent, link="https://x.example/1")
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    deliveries.deliver_due()
    assert len(WORLD.calls) == 1


def test_late_proof_outlives_an_outcome_unknown(talk, agent):
    script(talk, failing(OutcomeUnknown("timeout")))
    delivery = run(reply(talk, agent))
    WORLD.accept(deliveries.outbound(delivery))  # accepted after we gave up waiting
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_a_clock_of_ours_that_is_ahead_makes_no_second_one(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    WORLD.posts[0] = replace(WORLD.posts[0], at=timezone.now() - timedelta(minutes=4))  # by the platform's clock
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_what_was_posted_by_hand_before_we_tried_is_not_taken_for_this_one(talk, agent):
    """The same words, a moment ago, in the platform's own app."""
    delivery = reply(talk, agent)
    post = WORLD.accept(outbound(delivery))
    before = timezone.now() - timedelta(minutes=1)
    builders.message(talk, external_id=post.external_id, direction="out", text=delivery.message.text, created_at=before)
    script(talk, cut_before)
    assert run(delivery).state == "uncertain"
    assert (sweep(delivery).state, delivery.error_reason) == ("uncertain", "look_alike")


def test_a_worker_that_uploads_pictures_is_not_thought_dead_as_soon_as_another(talk, agent):
    delivery, other = reply(talk, agent), reply(builders.conversation(talk.account), agent)
    picture = {"kind": "image", "content_type": "image/png", "size": 3, "file": "kaart.png"}
    Attachment.objects.create(brand=talk.brand, message=delivery.message, **picture)
    outbox_claims.claim(limit=2)
    Delivery.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))
    deliveries.sweep()
    states = Delivery.objects.in_bulk([delivery.pk, other.pk])
    assert (states[delivery.pk].state, states[other.pk].error_reason) == ("sending", "worker_died")
    Delivery.objects.update(claimed_at=timezone.now() - timedelta(minutes=11))
    deliveries.sweep()
    assert Delivery.objects.get(pk=delivery.pk).error_reason == "worker_died"
