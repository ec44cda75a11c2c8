"""What the tests of the outbox share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from connectors.registry import PLATFORMS, Platform
from inbox.models import Agent, Conversation, Delivery
from inbox.operations import deliveries
from inbox.operations.replies import send_reply
from tests.inbox import platform


@pytest.fixture
def fresh_world(settings):
    """The fake platform, empty, in the registry."""
    settings.UNDO_SECONDS = 0
    PLATFORMS["fake"] = Platform("Fake", "tests.inbox.platform.FakeConnector", "tests.inbox.platform.FakeOAuth")
    platform.WORLD.__init__()  # type: ignore[misc]
    yield platform.WORLD
    del PLATFORMS["fake"]


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
