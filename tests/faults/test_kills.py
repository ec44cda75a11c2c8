"""kill -9 at each exact point of a reply's way, real processes against the sandbox's ledger: it leaves exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from connectors.exceptions import TemporaryFailure
from connectors.sandbox.process import SandboxProcess
from inbox.models import ChannelAccount, Conversation, Delivery, DeliveryAttempt, RateWindow, Thread
from inbox.operations import deliveries
from inbox.operations.outbox_claims import claim, patience
from inbox.operations.outbox_messages import outbound
from tests import builders
from tests.faults.replies_stage import ROOT, until
from tests.inbox.outbox import looked_for, reply

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]
WORKER = """
import sys, time, django
django.setup()
from connectors.registry import connector_class
from inbox.operations.deliveries import deliver_due
connector_class("x")
print("ready", flush=True)
if sys.stdin.readline() == "claim\\n":
    from inbox.operations.outbox_claims import claim
    claim(limit=1)
    print("claimed", flush=True)
    time.sleep(60)
deliver_due()
"""


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def talk(sandbox, settings):
    settings.UNDO_SECONDS = 0
    sandbox.client.clear_faults()
    told = sandbox.client.account("noordtreinen")
    account = builders.account(kind="x", external_id=told["external_id"], handle="noordtreinen",
                               base_url=sandbox.url, credentials=told["credentials"])  # fmt: skip
    post = sandbox.client.x_post({"handle": f"p{account.pk}", "name": "P"}, "@noordtreinen vraag?")
    thread = Thread.objects.create(account=account, external_id=post["id"], visibility="public")
    made = builders.conversation(account, thread=thread)
    made.messages.update(external_id=post["id"])
    return made


@pytest.fixture
def worker():
    """A process that waits until it is told to send what is due; never outlives the test."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])
    process = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True, env={**os.environ, "DATABASE_URL": url})  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    yield process
    kill(process)


def go(process, what="go"):
    process.stdin.write(f"{what}\n")
    process.stdin.flush()


def kill(process):
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def state_of(delivery):
    return Delivery.objects.get(pk=delivery.pk).state


def posts(sandbox, text):
    return sum(entry["text"].endswith(text) for entry in sandbox.client.ledger("sent"))


def afterwards(delivery):
    """The minutes that the sweeps wait for, passed."""
    past = timezone.now() - timedelta(minutes=10)
    for _ in range(3):
        Delivery.objects.filter(state="sending").update(claimed_at=past)
        looked_for()
        Delivery.objects.filter(state="uncertain").update(look_at=past, claim=None)
        deliveries.sweep()
        deliveries.deliver_due()
    return state_of(delivery)


def blocked():
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def test_before_the_call(sandbox, talk, worker):
    delivery = reply(talk, builders.agent(talk.brand), f"voor {talk.pk}")
    go(worker, "claim")
    assert worker.stdout.readline() == "claimed\n"
    kill(worker)
    assert (state_of(delivery), posts(sandbox, delivery.message.text)) == ("sending", 0)
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)


def test_during_the_call(sandbox, talk, worker):
    delivery = reply(talk, builders.agent(talk.brand), f"tijdens {talk.pk}")
    sandbox.client.fault("hang", path="/2/tweets", method="POST", times=1, seconds=5)
    go(worker)
    assert until(lambda: sandbox.client.get("faults")["faults"][0]["hits"] == 1, seconds=15, every=0.05)
    kill(worker)
    assert (state_of(delivery), posts(sandbox, delivery.message.text)) == ("sending", 0)
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)


def test_accepted_and_the_answer_not_read(sandbox, talk, worker):
    delivery = reply(talk, builders.agent(talk.brand), f"aangenomen {talk.pk}")
    sandbox.client.fault("late", path="/2/tweets", method="POST", times=1, seconds=1)
    go(worker)
    assert until(lambda: sandbox.client.get("faults")["faults"][0]["hits"] == 1, seconds=15, every=0.05)
    worker.send_signal(signal.SIGSTOP)  # it cannot read what comes now
    assert until(lambda: posts(sandbox, delivery.message.text) == 1, seconds=10, every=0.05)
    kill(worker)
    assert state_of(delivery) == "sending"
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)


def test_the_answer_read_and_not_committed(sandbox, talk, worker):
    delivery = reply(talk, builders.agent(talk.brand), f"gelezen {talk.pk}")
    with transaction.atomic():
        Conversation.objects.select_for_update().get(pk=talk.pk)  # what is recorded waits for us
        go(worker)
        assert until(lambda: posts(sandbox, delivery.message.text) == 1 and blocked(), seconds=15, every=0.05)
        kill(worker)
    assert until(lambda: not blocked(), seconds=5)
    assert state_of(delivery) == "sending"
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)


def test_after_the_commit(sandbox, talk, worker):
    delivery = reply(talk, builders.agent(talk.brand), f"vastgelegd {talk.pk}")
    go(worker)
    assert until(lambda: state_of(delivery) == "sent", seconds=15, every=0.02)
    kill(worker)
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)
    assert ChannelAccount.objects.get(pk=talk.account_id).state == "connected"


ANSWERS = ["html", "html_ok", "empty", "unavailable", "server_error", "no_content_type", "refuse", "cut_before",
           "truncate", "cut_after", "error_after"]  # fmt: skip


@pytest.mark.parametrize("kind", ANSWERS)
def test_whatever_the_platform_answers_it_stands_there_once(sandbox, talk, kind):
    sandbox.client.fault(kind, path="/2/tweets", method="POST", times=1)
    delivery = reply(talk, builders.agent(talk.brand), f"{kind} {talk.pk}")
    deliveries.deliver_due()
    assert state_of(delivery) in {"pending", "uncertain", "sent"}
    assert (state_of(delivery) == "sent") <= (posts(sandbox, delivery.message.text) == 1)  # claimed only when true
    RateWindow.objects.all().delete()  # and the time that the platform asked for
    Delivery.objects.filter(state="pending").update(due_at=timezone.now())
    assert (afterwards(delivery), posts(sandbox, delivery.message.text)) == ("sent", 1)


def test_access_that_is_lost_between_the_claim_and_the_call(sandbox, talk):
    delivery = reply(talk, builders.agent(talk.brand), f"ingetrokken {talk.pk}")
    claimed = claim(limit=1)[0]
    sandbox.client.revoke(talk.account.external_id)
    deliveries._record_all([(claimed, deliveries._call(claimed, outbound(claimed)))])
    sandbox.client.restore(talk.account.external_id)
    told = Delivery.objects.select_related("account").get(pk=delivery.pk)
    assert (told.state, told.error_reason, told.account.state) == ("failed", "authorization_lost", "lost")
    assert posts(sandbox, delivery.message.text) == 0


def test_what_begins_after_the_sweep_may_have_given_it_up_does_not_leave(sandbox, talk):
    """Slow pictures, a machine that slept: another worker may be sending it by now."""
    delivery = reply(talk, builders.agent(talk.brand), f"te laat {talk.pk}")
    claimed = claim(limit=1)[0]
    claimed.claimed_at -= patience(claimed)
    outcome = deliveries._call(claimed, outbound(claimed))
    assert (type(outcome), outcome.code) == (TemporaryFailure, "too_late")
    assert posts(sandbox, delivery.message.text) == 0
