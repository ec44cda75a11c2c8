"""Our own post, seen in a poll: one message and one reply, in whatever order things happen."""

from __future__ import annotations

import pytest

from connectors.exceptions import RateLimited, Rejected
from connectors.types import Sent
from inbox.models import Message
from inbox.operations import outbox_choices, outbox_claims
from inbox.operations.outbox_echoes import settle_echoes
from inbox.operations.outbox_records import record_sent
from tests import builders
from tests.inbox.outbox import agent, echo, fresh_world, reply, run, script, talk
from tests.inbox.platform import accepted_then_cut, cut_before, failing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_world")]


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


def test_an_echo_that_reading_repaired_is_still_the_echo(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent, text="In de mail staat Ã©"))
    assert settle_echoes(account=talk.account, outbound=[echo(delivery, text="In de mail staat é")]) == {"post-1"}


def test_the_echo_of_a_reply_seen_by_hand_brings_its_id(talk, agent):
    script(talk, accepted_then_cut)
    delivery = run(reply(talk, agent))
    outbox_choices.it_is_there(delivery_id=delivery.pk, agent=agent)
    assert settle_echoes(account=talk.account, outbound=[echo(delivery)]) == {"post-1"}
    delivery.message.refresh_from_db()
    assert delivery.message.external_id == "post-1"


def test_somebody_elses_post_settles_nothing(talk, agent):
    script(talk, cut_before)
    delivery = run(reply(talk, agent))
    assert settle_echoes(account=talk.account, outbound=[echo(delivery, text="iets anders")]) == set()


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
