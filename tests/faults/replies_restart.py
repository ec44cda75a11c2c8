"""PostgreSQL restarted and Valkey flushed while the platform is answering: what it said is written down all the same."""

from __future__ import annotations

import signal
import time
from typing import Any
from uuid import uuid4

from tests.faults.replies import _compare, _flush
from tests.faults.replies_stage import Stage, until

TALKS = 12


def run(seed: int = 1) -> dict[str, Any]:
    """Figures as of `replies`; no minute passes faster here, nothing is looked for."""
    with Stage() as stage:
        from django.db import connection

        from inbox.models import Delivery, DeliveryAttempt
        from inbox.operations import outbox_rules
        from inbox.operations.replies import send_reply
        from tests import builders

        account = stage.account()
        people, agent = stage.conversations(account, TALKS), builders.agent(account.brand)
        stage.sandbox.client.fault("slow", path="/2/tweets", method="POST", times=8, seconds=4.0)
        for n, talk in enumerate(people):
            send_reply(conversation=talk, agent=agent, mode=outbox_rules.PUBLIC, token=uuid4(),
                       text=f"Antwoord {n} ({seed})")  # fmt: skip
        stage.start_worker()
        begun = until(lambda: len(stage.sandbox.client.ledger("sent")) == 8, seconds=60, every=0.05)
        connection.close()
        _restart(stage)
        _flush()
        started = time.monotonic()
        settled = until(lambda: not Delivery.objects.exclude(state="sent").exists(), seconds=60)
        return {
            "scenario": "restart", "seed": seed, "replies": TALKS, "in_flight": begun, "settled": settled,
            "settled_seconds": round(time.monotonic() - started, 1),
            "looked_for": DeliveryAttempt.objects.filter(number=0).count(), **_compare(stage),
        }  # fmt: skip


def _restart(stage: Stage) -> None:
    """At once: whoever was connected is thrown out."""
    process = stage.servers.processes["postgres"]
    process.send_signal(signal.SIGINT)
    process.wait(30)
    time.sleep(1)
    stage.servers.start_one("postgres")
    stage.servers.postgres.wait()
