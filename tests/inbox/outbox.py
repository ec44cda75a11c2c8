"""What the tests of the outbox share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from connectors.registry import PLATFORMS, Platform
from inbox.models import Agent, Conversation, Delivery, DeliveryAttempt
from inbox.operations import deliveries
from inbox.operations.outbox_echoes import Echo
from inbox.operations.replies import send_reply
from tests import builders
from tests.inbox import platform


@pytest.fixture
def fresh_world(settings):
    """The fake platform, empty, in the registry."""
    settings.UNDO_SECONDS = 0
    PLATFORMS["fake"] = Platform("Fake", "tests.inbox.platform.FakeConnector", "tests.inbox.platform.FakeOAuth")
    platform.WORLD.__init__()  # type: ignore[misc]
    yield platform.WORLD
    del PLATFORMS["fake"]


@pytest.fixture
def talk() -> Conversation:
    return builders.conversation(builders.account(kind="fake"))


@pytest.fixture
def agent(talk: Conversation) -> Agent:
    return builders.agent(talk.brand)


def script(talk: Conversation, *behaviours: Any) -> None:
    """How the platform will behave towards this account, one call after the other."""
    platform.WORLD.script[talk.account.external_id].extend(behaviours)


def echo(delivery: Delivery, external_id: str = "post-1", text: str | None = None) -> Echo:
    """What a poll brings of it."""
    words = text or delivery.message.text
    return (external_id, words, "", delivery.in_reply_to, timezone.now(), "https://platform.example/e")


def reply(talk: Conversation, agent: Agent, text: str = "We zoeken het uit.", **more: Any) -> Delivery:
    more = {"mode": "public_reply", "token": uuid4(), **more}
    return send_reply(conversation=talk, agent=agent, text=text, **more)


def run(delivery: Delivery) -> Delivery:
    """Send what is due and read the row again."""
    deliveries.deliver_due()
    delivery.refresh_from_db()
    delivery.message.refresh_from_db()
    return delivery


def sweep(delivery: Delivery) -> Delivery:
    soon()
    deliveries.sweep()
    delivery.refresh_from_db()
    return delivery


def soon() -> None:
    """As if the waiting were over."""
    past = timezone.now() - timedelta(seconds=1)
    Delivery.objects.filter(state="uncertain", look_at__isnull=False).update(look_at=past)
    Delivery.objects.filter(state="pending").update(due_at=past)


def looked_for() -> None:
    """As if what is uncertain had been looked for since its last attempt, for longer than any platform hides a post."""
    past = timezone.now() - timedelta(minutes=10)
    for delivery in Delivery.objects.filter(state="uncertain"):
        DeliveryAttempt.objects.filter(delivery=delivery).update(started_at=past, finished_at=past)
        DeliveryAttempt.objects.bulk_create(
            DeliveryAttempt(delivery=delivery, number=0, started_at=at, finished_at=at, outcome="not_found")
            for at in (past + timedelta(seconds=20 * n) for n in range(1, 6))
        )


def together(*jobs: Callable[[], Any]) -> None:
    """Run them at the same moment, each with a connection of its own."""
    gate, errors = threading.Barrier(len(jobs)), list[Exception]()

    def work(job: Callable[[], Any]) -> None:
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
    if errors:
        raise errors[0]
