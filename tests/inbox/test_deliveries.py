"""A reply leaves exactly once, whatever the platform answers."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from connectors.exceptions import AuthorizationLost, Gone, PermissionMissing, RateLimited, Rejected, TemporaryFailure
from inbox.models import Attachment, BulkReply, Delivery, DeliveryAttempt, Notification, RateWindow
from inbox.operations import deliveries, outbox_choices, outbox_claims
from inbox.queries import outbox_todo
from tests import builders
from tests.faults.replies_stage import until
from tests.inbox.outbox import agent, fresh_world, reply, run, script, talk
from tests.inbox.platform import WORLD, failing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_world")]


def test_a_reply_is_sent_and_says_where(talk, agent):
    delivery = run(reply(talk, agent))
    talk.refresh_from_db()
    assert (delivery.state, delivery.message.external_id) == ("sent", "post-1")
    assert delivery.message.permalink.endswith("post-1")
    assert talk.first_reply_at == talk.last_reply_at == delivery.sent_at
    assert DeliveryAttempt.objects.get().outcome == "sent"


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


def let_go(delivery):
    """The wait is over."""
    RateWindow.objects.all().delete()
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now())


def test_a_limit_whose_end_nobody_tells_waits_twice_as_long_each_time(talk, agent):
    script(talk, failing(RateLimited("429")), failing(RateLimited("429")))
    delivery = run(reply(talk, agent))
    assert 11 < (delivery.due_at - timezone.now()).total_seconds() <= 15
    let_go(delivery)
    delivery = run(delivery)
    assert 23 < (delivery.due_at - timezone.now()).total_seconds() <= 30
    let_go(delivery)
    assert run(delivery).state == "sent"


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


@pytest.mark.parametrize("gone", ["left the brand", "left the firm"])
def test_a_refusal_to_somebody_who_left_is_told_to_those_who_lead(talk, agent, gone):
    lead = builders.agent(talk.brand, "lead")
    script(talk, failing(Rejected("no", reason="rejected")))
    delivery = reply(talk, agent)
    agent.memberships.all().delete() if gone == "left the brand" else type(agent).objects.update(is_active=False)
    type(agent).objects.filter(pk=lead.pk).update(is_active=True)
    assert run(delivery).state == "failed"
    assert [n.agent for n in Notification.objects.all()] == [lead]
    assert outbox_todo.minded(agent=lead, brands=[talk.brand]).get() == delivery


def test_a_revoked_token_stops_the_account_and_keeps_the_rest_waiting(talk, agent):
    WORLD.revoked.add(talk.account.external_id)
    delivery = run(reply(talk, agent))
    other = reply_unchecked(talk, agent)
    talk.account.refresh_from_db()
    assert (delivery.state, delivery.error_reason, talk.account.state) == ("failed", "authorization_lost", "lost")
    assert run(other).state == "pending"
    assert len(WORLD.calls) == 1


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


def test_an_account_that_is_lost_while_looking_keeps_the_reply_uncertain(talk, agent):
    script(talk, failing(AuthorizationLost("gone")))
    delivery = run(reply(talk, agent))
    assert (delivery.state, delivery.error_reason) == ("failed", "authorization_lost")


def test_a_private_answer_links_both_legs(talk, agent):
    run(reply(talk, agent, mode="private_reply"))
    leg = talk.legs.get()
    assert (leg.visibility, leg.key) == ("private", f"dm:dm-{talk.identity.external_id}")


def test_a_picture_that_is_gone_fails_its_reply_and_no_other(talk, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    gone = Attachment(brand=talk.brand, kind="image", content_type="image/png", size=3, uploaded_by=agent)
    gone.file.save("gone.png", ContentFile(b"png"))
    failed = reply(talk, agent, attachments=[gone])
    (tmp_path / gone.file.name).unlink()
    other = run(reply(builders.conversation(talk.account), agent))
    failed.refresh_from_db()
    assert (failed.state, failed.error_reason, other.state) == ("failed", "file_missing", "sent")


def test_a_store_of_files_that_is_slow_for_one_holds_up_nobody_else(talk, agent, settings, tmp_path):
    settings.MEDIA_ROOT, pipe = tmp_path, tmp_path / "slow.png"
    slow = Attachment(brand=talk.brand, kind="image", content_type="image/png", size=3, uploaded_by=agent)
    slow.file.name = "slow.png"
    slow.save()
    os.mkfifo(pipe)  # whoever opens it waits for somebody to write
    waits = reply(talk, agent, "met foto", attachments=[slow])
    other = reply(builders.conversation(talk.account), agent, "zonder foto")
    sending = threading.Thread(target=lambda: (deliveries.deliver_due(), connection.close()))
    sending.start()
    try:
        assert until(lambda: Delivery.objects.get(pk=other.pk).state == "sent", seconds=15, every=0.02)
        assert Delivery.objects.get(pk=waits.pk).state == "sending"
    finally:
        pipe.write_bytes(b"png")
        sending.join()
    assert Delivery.objects.get(pk=waits.pk).state == "sent"
