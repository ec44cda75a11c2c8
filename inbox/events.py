"""Tell open browsers that something changed: ids only, after commit. The browser asks with its own rights.

Published on Valkey channel "webcare:events" as JSON: {"brand": 1, "kind": "conversation", "id": 42, ...}.
Kinds: conversation (id), list (brand only), notification (agent), presence (id, agent), draft (id, agent),
account (id), rights (agent). Events are hints: losing one costs nothing but freshness.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache

import redis
import structlog
from django.conf import settings
from django.db import transaction

CHANNEL = "webcare:events"
log = structlog.get_logger()


@lru_cache(maxsize=1)
def valkey() -> redis.Redis:
    """The process's own connection pool."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def publish(kind: str, *, brand_id: int, **ids: int | str | None) -> None:
    """Publish once the transaction is committed; a Valkey that is away is no error."""
    event = _event(kind, brand_id, **ids)
    transaction.on_commit(lambda: _publish([event]))


def publish_conversations(changed: Iterable[tuple[int, int]]) -> None:
    """The same for many conversations, each with its brand, in one go to Valkey."""
    told = [_event("conversation", brand_id, id=pk) for brand_id, pk in changed]
    if told:
        transaction.on_commit(lambda: _publish(told))


def _event(kind: str, brand_id: int, **ids: int | str | None) -> str:
    return json.dumps({"kind": kind, "brand": brand_id, **{k: v for k, v in ids.items() if v is not None}})


def _publish(told: list[str]) -> None:
    try:
        with valkey().pipeline(transaction=False) as pipeline:
            for event in told:
                pipeline.publish(CHANNEL, event)
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("event_lost", error=type(error).__name__)
