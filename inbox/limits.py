"""How often one agent may do what is heavy, costs money or reaches people outside."""

from __future__ import annotations

import structlog
from django.core.cache import cache
from redis import RedisError

log = structlog.get_logger()
RATES = {"export": (20, 3600), "preview": (30, 3600), "invitation": (50, 3600), "connect": (30, 3600)}  # times, seconds


class LimitReached(Exception):
    """Too often; try again later."""


def count(what: str, *, agent_id: int) -> None:
    """Count one more; LimitReached over the rate. A counter that is away stops nobody."""
    times, seconds = RATES[what]
    key = f"limit:{what}:{agent_id}"
    try:
        cache.add(key, 0, timeout=seconds)
        used = cache.incr(key)
    except (RedisError, OSError, ValueError) as error:
        log.warning("limit_not_counted", what=what, error=type(error).__name__)
        return
    if used > times:
        raise LimitReached(what)
