"""How many wait in each queue: one pass over a brand's open conversations, at most once a second."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import redis
from django.db import connection

from inbox import events
from inbox.models import Agent, Brand, Conversation, Delivery

CAP = 1000  # a queue this long says "999+"
FRESH = 1.0  # seconds: a hundred browsers cost one pass
KEPT = 60.0  # seconds, for those who need no newer figures, and while somebody counts
# Rows are counted from an index alone (conv_open_counts); grouping gives every agent's and team's figure at once.
PASS = """
select assignee_id, team_id, kind = 'compliment', proactive, due_at < now(), count(*)
from (select assignee_id, team_id, kind, proactive, due_at from inbox_conversation
      where brand_id = %s and status = 'open' limit 100000) open
group by 1, 2, 3, 4, 5
"""


@dataclass
class Counts:
    """Figures of a brand; `mine` and `mentioned` are the agent's."""

    queues: dict[str, int] = field(default_factory=dict)
    overdue: int = 0
    by_agent: dict[int, int] = field(default_factory=dict)


def brand_counts(brand: Brand, *, age: float = FRESH) -> dict[str, Any]:
    """Figures for everybody, at most this many seconds old, or older while somebody else counts; as of now at age 0."""
    key = f"webcare:counts:{brand.pk}"
    try:
        raw = events.valkey().get(key)
        kept = dict(json.loads(raw)) if raw else None  # type: ignore[arg-type]
        if kept and age and (time.time() - kept["at"] < age or _somebody_counts(key)):
            return kept
    except redis.RedisError:
        return _counted(brand)
    counted = _counted(brand)
    with contextlib.suppress(redis.RedisError):
        events.valkey().set(key, json.dumps(counted), px=int(KEPT * 1000))
        events.valkey().delete(f"{key}:busy")
    return counted


def _somebody_counts(key: str) -> bool:
    return not events.valkey().set(f"{key}:busy", 1, nx=True, ex=5)


def counts_for(agent: Agent, brand: Brand, team_ids: list[int], mentioned: int) -> Counts:
    """The sidebar's figures for one agent, who was mentioned so often."""
    common = brand_counts(brand)
    queues = dict(common["queues"])
    queues["mine"] = common["agents"].get(str(agent.pk), 0)
    queues["team"] = sum(common["teams"].get(str(pk), 0) for pk in team_ids)
    queues["mentioned"] = mentioned
    by_agent = {int(pk): n for pk, n in common["agents"].items() if pk != "None"}
    return Counts(queues, common["overdue"], by_agent)


def _counted(brand: Brand) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(PASS, [brand.pk])
        rows = cursor.fetchall()
    queues: Counter[str] = Counter()
    agents: Counter[str] = Counter()
    teams: Counter[str] = Counter()
    overdue = 0
    for assignee, team, compliment, proactive, late, n in rows:
        queues["all"] += n
        queues["unassigned"] += 0 if assignee else n
        queues["compliments"] += n if compliment else 0
        queues["proactive"] += n if proactive else 0
        agents[str(assignee)] += n
        teams[str(team)] += n
        overdue += n if late else 0
    of_brand = Conversation.objects.filter(brand=brand)
    queues["snoozed"] = of_brand.filter(status="snoozed")[:CAP].count()
    queues["pending"] = of_brand.filter(status="pending")[:CAP].count()
    minded = Delivery.objects.filter(account__brand=brand, state__in=["failed", "uncertain"], handled_at=None)
    queues["minded"] = minded[:CAP].count()
    return {"at": time.time(), "queues": dict(queues), "agents": dict(agents), "teams": dict(teams), "overdue": overdue}
