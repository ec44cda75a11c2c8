"""1,000 replies under 20 % faults, workers killed and Valkey flushed: held against the sandbox's ledger."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.faults.replies_stage import Stage, until

SHARES = {"cut_after": 0.07, "error_after": 0.05, "cut_before": 0.05, "late": 0.03}  # together 20 %
TALKS, EACH = 250, 4


def run(seed: int = 1, *, talks: int = TALKS, each: int = EACH) -> dict[str, Any]:
    """Figures: lost, doubled, misplaced (out of order or elsewhere), false_sent."""
    dice, started = random.Random(seed), time.monotonic()
    with Stage() as stage:
        from inbox.operations import outbox_rules
        from inbox.operations.replies import send_reply
        from tests import builders

        account = stage.account()
        people = stage.conversations(account, talks)
        agent = builders.agent(account.brand)
        for n, (kind, share) in enumerate(SHARES.items()):
            more = {"seconds": 13.0} if kind == "late" else {}
            stage.sandbox.client.fault(kind, path="/2/tweets", method="POST", rate=share, seed=seed * 10 + n, **more)
        first, second = stage.start_worker(beat=True), stage.start_worker()
        for turn in range(each):
            for n, talk in enumerate(people):
                send_reply(conversation=talk, agent=agent, mode=outbox_rules.PUBLIC, token=uuid4(),
                           text=f"Antwoord {turn} aan {n} ({seed})")  # fmt: skip
            if turn == 1:
                time.sleep(dice.uniform(0.5, 1.5))
                stage.kill(second)
                second = stage.start_worker()
            if turn == 2:
                _flush()
                stage.kill(first)
                first = stage.start_worker(beat=True)
        settled_in = _settle(stage, seconds=240)
        time.sleep(1)
        figures = _compare(stage)
    return {"scenario": "replies", "seed": seed, "replies": talks * each, "settled_seconds": settled_in,
            "seconds": round(time.monotonic() - started, 1), **figures}  # fmt: skip


def _flush() -> None:
    from inbox.events import valkey

    valkey().flushall()


def _settle(stage: Stage, *, seconds: float) -> float:
    """Wait until all are settled; the platforms' minutes of delay pass faster: attempts are made older."""
    from django.utils import timezone

    from inbox.models import Delivery, DeliveryAttempt

    begun = time.monotonic()

    def all_settled() -> bool:
        old = timezone.now() - timedelta(seconds=20)  # every late acceptance has happened by then
        stuck = timezone.now() - timedelta(seconds=25)  # every call has ended or died by then
        DeliveryAttempt.objects.filter(finished_at__range=(old - timedelta(seconds=60), old), number__gt=0).update(
            finished_at=old - timedelta(hours=1)
        )
        Delivery.objects.filter(state="sending", claimed_at__lt=stuck).update(claimed_at=stuck - timedelta(hours=1))
        Delivery.objects.filter(
            state="uncertain", look_at__gt=timezone.now() + timedelta(seconds=5), claim=None
        ).update(look_at=timezone.now())
        Delivery.objects.filter(state="pending", due_at__gt=timezone.now() + timedelta(seconds=5)).update(
            due_at=timezone.now()
        )
        stage.sandbox.client.clear_faults() if time.monotonic() - begun > seconds / 2 else None
        return not Delivery.objects.filter(state__in=["pending", "sending", "uncertain"]).exists()

    until(all_settled, seconds=seconds, every=1.0)
    return round(time.monotonic() - begun, 1)


def _compare(stage: Stage) -> dict[str, Any]:
    from inbox.models import Delivery

    ledger = [entry for entry in stage.sandbox.client.ledger("sent") if entry["text"].startswith(("Antwoord", "@"))]
    told = {entry["id"]: entry for entry in ledger}
    times: Counter[str] = Counter(_words(entry["text"]) for entry in ledger)
    rows = list(Delivery.objects.select_related("message").order_by("pk"))
    sent = [d for d in rows if d.state == "sent"]
    lost = [d for d in rows if not times[d.message.text] and d.state != "failed"]
    false_sent = [d for d in sent if (d.message.external_id or "") not in told]
    misplaced = [d for d in sent if (entry := told.get(d.message.external_id or ""))
                 and (entry["parent_id"] != d.in_reply_to or _words(entry["text"]) != d.message.text)]  # fmt: skip
    misplaced += _out_of_order(rows, ledger)
    return {
        "states": dict(Counter(d.state for d in rows)),
        "not_sent": [(d.state, d.error_reason, d.error_detail, times[d.message.text],
                      [f"{h.number}:{h.outcome}" for h in d.history.order_by("pk")]) for d in rows if d.state != "sent"], "attempts": sum(d.attempts for d in rows),
        "on_the_platform": len(ledger), "lost": len(lost), "doubled": sum(n - 1 for n in times.values() if n > 1),
        "misplaced": len(misplaced), "false_sent": len(false_sent),
    }  # fmt: skip


def _words(text: str) -> str:
    return text[text.index("Antwoord") :] if "Antwoord" in text else text


def _out_of_order(rows: list[Any], ledger: list[dict[str, Any]]) -> list[Any]:
    place = {_words(entry["text"]): entry["n"] for entry in ledger}
    wrong, last = [], dict[int, int]()
    for row in rows:
        n = place.get(row.message.text)
        if n is not None:
            if n < last.get(row.conversation_id, 0):
                wrong.append(row)
            last[row.conversation_id] = max(n, last.get(row.conversation_id, 0))
    return wrong
