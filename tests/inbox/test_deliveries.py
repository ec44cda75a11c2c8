"""A reply leaves exactly once, whatever breaks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connectors.exceptions import (
    AuthorizationLost,
    Gone,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.types import Sent
from inbox.models import BulkReply, Delivery, DeliveryAttempt, Message, Notification, RateWindow
from inbox.operations import deliveries, outbox_choices, outbox_claims
from inbox.operations.outbox_echoes import settle_echoes
from inbox.operations.outbox_records import record_sent
from tests import builders
from tests.inbox.outbox import fresh_world, reply, run, soon, sweep
from tests.inbox.platform import WORLD, accepted_then_cut, cut_before, failing, refused_as_duplicate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_world")]


@pytest.fixture
def talk():
    return builders.conversation(builders.account(kind="fake"))


@pytest.fixture
def agent(talk):
    return builders.agent(talk.brand)


def script(talk, *behaviours):
    WORLD.script[talk.account.external_id].extend(behaviours)


def together(*jobs):
    """Run them at the same moment, each with a connection of its own."""
    gate, errors = threading.Barrier(len(jobs)), []

    def work(job):
        try:
            gate.wait()
            job()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_a_reply_is_sent_and_says_where(talk, agent):
    delivery = run(reply(talk, agent))
    talk.refresh_from_db()
    assert (delivery.state, delivery.message.external_id) == ("sent", "post-1")
    assert delivery.message.permalink.endswith("post-1")
    assert talk.first_reply_at == talk.last_reply_at == delivery.sent_at
    assert DeliveryAttempt.objects.get().outcome == "sent"


def test_a_reply_leaves_once_however_many_workers_are_woken(talk, agent):
    for n in range(10):
        reply(builders.conversation(talk.account), agent, f"Antwoord {n}")
    together(*[deliveries.deliver_due] * 6)
    assert sorted(WORLD.texts()) == sorted(f"Antwoord {n}" for n in range(10))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_two_tabs_with_the_same_form_make_one_reply(talk, agent):
    from uuid import uuid4

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
    together(*[deliveries.deliver_due] * 3)
    deliveries.deliver_due()
    assert WORLD.texts() == [str(n) for n in range(6)]


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


def test_a_bug_after_the_call_started_is_uncertain(talk, agent):
    script(talk, failing(ValueError("boom")))
    assert run(reply(talk, agent)).state == "uncertain"


@pytest.mark.parametrize("error", [TemporaryFailure("502"), RateLimited("429")])
def test_what_was_surely_not_accepted_waits_and_leaves_later(talk, agent, error):
    script(talk, failing(error))
    delivery = run(reply(talk, agent))
    assert (delivery.state, len(WORLD.calls)) == ("pending", 1)
    assert delivery.due_at > timezone.now()


def test_a_limit_holds_every_reply_of_its_kind_and_nothing_else(talk, agent):
    until = timezone.now() + timedelta(minutes=15)
    script(talk, failing(RateLimited("429", retry_at=until)))
    first = run(reply(talk, agent))
    other = run(reply(builders.conversation(talk.account), agent))
    elsewhere = run(reply(builders.conversation(builders.account(talk.brand, kind="fake")), agent))
    assert (first.state, first.due_at, other.state, elsewhere.state) == ("pending", until, "pending", "sent")
    talk.account.refresh_from_db()
    assert talk.account.retry_at is None  # polls have windows of their own


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Rejected("no", reason="blocked_by_person"), "blocked_by_person"),
        (PermissionMissing("scope"), "permission_missing"),
        (Gone("deleted"), "message_gone"),
    ],
)
def test_a_refusal_reopens_the_conversation_and_tells_its_owner(talk, agent, error, reason):
    waiting = talk.waiting_since
    script(talk, failing(error))
    delivery = run(reply(talk, agent))
    talk.refresh_from_db()
    assert (delivery.state, delivery.error_reason, delivery.error_detail) == ("failed", reason, error.detail)
    assert (talk.status, talk.waiting_since, talk.first_reply_at) == ("open", waiting, None)
    assert Notification.objects.get(agent=agent).kind == "delivery"


def test_a_revoked_token_stops_the_account_and_keeps_the_rest_waiting(talk, agent):
    WORLD.revoked.add(talk.account.external_id)
    delivery = run(reply(talk, agent))
    other = reply_unchecked(talk, agent)
    talk.account.refresh_from_db()
    assert (delivery.state, delivery.error_reason, talk.account.state) == ("failed", "authorization_lost", "lost")
    assert run(other).state == "pending"
    assert len(WORLD.calls) == 1


def test_what_waits_for_another_try_can_be_taken_back_and_a_post_by_hand_settles_what_failed(talk, agent):
    script(talk, failing(RateLimited("429")), failing(Rejected("no")))
    waiting = run(reply(talk, agent, "wacht"))
    outbox_choices.undo(delivery_id=waiting.pk, agent=agent)
    elsewhere = builders.conversation(builders.account(talk.brand, kind="fake"))
    script(elsewhere, failing(Rejected("no")))
    refused = run(reply(elsewhere, agent, "zelf geplaatst"))
    assert settle_echoes(account=elsewhere.account, outbound=[echo(refused, "by-hand")]) == {"by-hand"}
    refused.refresh_from_db()
    waiting.refresh_from_db()
    assert (waiting.state, refused.state) == ("cancelled", "sent")


def test_a_window_that_is_used_up_holds_replies_and_its_last_fifth_is_not_for_many(talk, agent):
    def told(left):
        RateWindow.objects.update_or_create(
            account=talk.account, bucket="send:public_reply",
            defaults={"limit": 100, "remaining": left, "resets_at": timezone.now() + timedelta(minutes=9),
                      "updated_at": timezone.now()},
        )  # fmt: skip

    many = BulkReply.objects.create(brand=talk.brand, text="x")
    bulk = reply(builders.conversation(talk.account), agent, bulk=many)
    single = reply(talk, agent)
    told(0)
    assert run(single).state == "pending"
    told(20)
    assert (run(single).state, run(bulk).state) == ("sent", "pending")
    told(21)
    assert run(bulk).state == "sent"


def reply_unchecked(talk, agent):
    return builders.delivery(builders.conversation(talk.account))


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


def echo(delivery, external_id="post-1", text=None):
    parent = delivery.in_reply_to
    text = text or delivery.message.text
    return (external_id, text, "", parent, timezone.now(), "https://platform.example/e")


def test_the_echo_before_the_worker_stored_the_id(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=1)[0]
    assert settle_echoes(account=talk.account, outbound=[echo(delivery)]) == {"post-1"}
    assert not record_sent(delivery=claimed, sent=Sent("post-1"))
    delivery.refresh_from_db()
    assert (delivery.state, Message.objects.filter(external_id="post-1").count()) == ("sent", 1)


def test_the_echo_stored_as_a_message_before_the_worker_stored_the_id(talk, agent):
    delivery = reply(talk, agent)
    claimed = outbox_claims.claim(limit=1)[0]
    builders.message(talk, text=delivery.message.text, direction="out", external_id="post-1")
    assert record_sent(delivery=claimed, sent=Sent("post-1"))
    assert Message.objects.get(external_id="post-1").delivery == delivery
    assert Message.objects.filter(direction="out").count() == 1


def test_the_echo_after_the_worker(talk, agent):
    delivery = run(reply(talk, agent))
    assert settle_echoes(account=talk.account, outbound=[echo(delivery)]) == {"post-1"}
    assert Message.objects.filter(direction="out").count() == 1


def test_the_echo_of_an_uncertain_reply_settles_it(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    assert settle_echoes(account=talk.account, outbound=[echo(delivery)]) == {"post-1"}
    delivery.refresh_from_db()
    assert delivery.state == "sent"


def test_the_echo_of_a_reply_seen_by_hand_brings_its_id(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    outbox_choices.it_is_there(delivery_id=delivery.pk, agent=agent)
    assert settle_echoes(account=talk.account, outbound=[echo(delivery)]) == {"post-1"}
    delivery.message.refresh_from_db()
    assert delivery.message.external_id == "post-1"


def test_the_echo_and_the_worker_race_and_there_is_one_message(talk, agent):
    for n in range(8):
        delivery = reply(talk, agent, f"Antwoord {n}")
        claimed = outbox_claims.claim(limit=1)[0]

        def ingest(delivery=delivery, n=n):
            with transaction.atomic():
                if settle_echoes(account=talk.account, outbound=[echo(delivery, f"id-{n}")]):
                    return
                builders.message(talk, text=delivery.message.text, direction="out", external_id=f"id-{n}")

        together(ingest, lambda claimed=claimed, n=n: record_sent(delivery=claimed, sent=Sent(f"id-{n}")))
        assert Message.objects.filter(external_id=f"id-{n}").count() == 1
        delivery.refresh_from_db()
        assert delivery.state == "sent"
    assert Message.objects.filter(direction="out").count() == 8


def test_our_other_post_with_the_same_words_is_not_taken_for_this_one(talk, agent):
    run(reply(talk, agent, "Dank je wel!"))
    script(talk, cut_before)
    second = run(reply(talk, agent, "Dank je wel!"))
    sweep(second)
    assert second.error_reason == "look_alike" or second.state == "pending"
    assert second.message.external_id is None


def test_somebody_elses_post_settles_nothing(talk, agent):
    script(talk, cut_before)
    delivery = run(reply(talk, agent))
    assert settle_echoes(account=talk.account, outbound=[echo(delivery, text="iets anders")]) == set()


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


def test_later_parts_do_not_leave_when_an_earlier_one_fails(talk, agent):
    script(talk, failing(Rejected("no")))
    first = run(reply(talk, agent, "woord " * 100, split=True))
    states = list(Delivery.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["failed", "failed", "failed"]
    outbox_choices.send_again(delivery_id=first.pk, agent=agent)
    deliveries.deliver_due()
    assert [t[-5:] for t in WORLD.texts()] == ["(1/3)", "(2/3)", "(3/3)"]


def test_a_slow_account_does_not_hold_up_another(talk, agent):
    door, slow = threading.Event(), talk.account

    def wait(accept):
        door.wait(20)
        return accept()

    for _ in range(20):
        reply(builders.conversation(slow), agent)
    WORLD.script[slow.external_id].extend([wait] * 20)
    quick = builders.conversation(builders.account(talk.brand, kind="fake"))
    run_in_background = threading.Thread(target=lambda: (deliveries.deliver_due(), connection.close()))
    run_in_background.start()
    try:
        late = reply(quick, agent, "snel")
        until = timezone.now() + timedelta(seconds=15)
        while Delivery.objects.get(pk=late.pk).state != "sent" and timezone.now() < until:
            threading.Event().wait(0.02)
        assert Delivery.objects.get(pk=late.pk).state == "sent"
        assert Delivery.objects.filter(account=slow, state="sending").count() == outbox_claims.PER_ACCOUNT
    finally:
        door.set()
        run_in_background.join()
    assert len(WORLD.posts) == 21


def test_what_was_right_when_written_is_checked_again_when_it_leaves(talk, agent):
    delivery = reply(talk, agent)
    talk.messages.filter(direction="in").update(deleted_at=timezone.now())
    assert (run(delivery).state, delivery.error_reason) == ("failed", "message_gone")
    assert not WORLD.calls


def test_late_proof_outlives_an_outcome_unknown(talk, agent):
    script(talk, failing(OutcomeUnknown("timeout")))
    delivery = run(reply(talk, agent))
    WORLD.accept(deliveries.outbound(delivery))  # accepted after we gave up waiting
    assert sweep(delivery).state == "sent"
    assert len(WORLD.posts) == 1


def test_an_account_that_is_lost_while_looking_keeps_the_reply_uncertain(talk, agent):
    script(talk, failing(AuthorizationLost("gone")))
    delivery = run(reply(talk, agent))
    assert (delivery.state, delivery.error_reason) == ("failed", "authorization_lost")


def test_a_private_answer_links_both_legs(talk, agent):
    run(reply(talk, agent, mode="private_reply"))
    leg = talk.legs.get()
    assert (leg.visibility, leg.key) == ("private", f"dm:dm-{talk.identity.external_id}")
