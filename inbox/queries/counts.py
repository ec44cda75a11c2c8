"""How many wait in each queue of a brand: walks over small indexes, at most once a second for all browsers together."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from inbox import events
from inbox.models import Brand, Conversation, Delivery
from inbox.prepared import rows_of
from inbox.queries.nested import Capped

CAP = 1000  # a queue this long says "999+"
WHOLE = 100_000  # of what is said in words: counted to the end, within reason
FRESH = 1.0  # seconds: a hundred browsers cost one count
LOADS_FRESH = 10.0  # who minds how many is for choosing whom to give work, and every open row is counted for it
KEPT = 60.0  # seconds that older figures serve while somebody counts


@dataclass
class Counts:
    """Figures of a brand; `mine`, `team` and `mentioned` are the agent's."""

    queues: dict[str, int] = field(default_factory=dict)
    overdue: int = 0


def brand_counts(brand: Brand, *, age: float = FRESH) -> dict[str, Any]:
    """Figures for everybody, at most this many seconds old, or older while somebody else counts; as of now at age 0."""
    return _kept(f"webcare:counts:{brand.pk}", age, lambda: _counted(brand))


def loads_of(brand: Brand, *, age: float = LOADS_FRESH) -> dict[int, int]:
    """How many open conversations each agent minds."""
    kept = _kept(f"webcare:loads:{brand.pk}", age, lambda: {"loads": _loads(brand)})
    return {int(pk): n for pk, n in kept["loads"].items()}


def counts_for(brand: Brand, own: dict[str, int]) -> Counts:
    """The sidebar's figures for an agent, whose own these are."""
    common = brand_counts(brand)
    return Counts({**common["queues"], **own}, common["overdue"])


def _kept(key: str, age: float, count: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        raw = events.valkey().get(key)
        kept = dict(json.loads(raw)) if raw else None  # type: ignore[arg-type]
        if kept and age and (time.time() - kept["at"] < age or _somebody_counts(key)):
            return kept
    except redis.RedisError:
        return count()
    counted = {**count(), "at": time.time()}
    with contextlib.suppress(redis.RedisError):
        events.valkey().set(key, json.dumps(counted), px=int(KEPT * 1000))
        events.valkey().delete(f"{key}:busy")
    return counted


def _somebody_counts(key: str) -> bool:
    return not events.valkey().set(f"{key}:busy", 1, nx=True, ex=5)


def _counted(brand: Brand) -> dict[str, Any]:
    def build(*, brand: int) -> QuerySet[Brand, Any]:
        ours = Conversation.objects.filter(brand=brand)
        free = ours.filter(status="open")
        minded = Delivery.objects.filter(account__brand=brand, state__in=["failed", "uncertain"], handled_at=None)
        return Brand.objects.filter(pk=brand).values(
            all=Capped(free, CAP), unassigned=Capped(free.filter(assignee=None), WHOLE),
            compliments=Capped(free.filter(kind="compliment"), CAP), proactive=Capped(free.filter(proactive=True), CAP),
            snoozed=Capped(ours.filter(status="snoozed"), CAP), pending=Capped(ours.filter(status="pending"), CAP),
            minded=Capped(minded, CAP), overdue=Capped(free.filter(due_at__lt=Now()), WHOLE),
        )  # fmt: skip

    queues = dict(rows_of(("counts",), build, {"brand": brand.pk})[0])
    return {"overdue": queues.pop("overdue"), "queues": queues}


def _loads(brand: Brand) -> dict[str, int]:
    minded = Conversation.objects.filter(brand=brand, status="open", assignee__isnull=False)
    return {str(pk): n for pk, n in minded.order_by().values_list("assignee").annotate(n=Count("pk"))}
