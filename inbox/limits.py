"""How often one agent may do what is heavy, costs money or reaches people outside.

Who logs in is limited by allauth, whose counters are in the database: a Valkey that is away opens no door. These only
spare others' patience and money, so without Valkey they stop nobody.
"""

from __future__ import annotations

import structlog
from redis import RedisError

from inbox.events import valkey

log = structlog.get_logger()
RATES = {"export": (20, 3600), "preview": (30, 3600), "invitation": (50, 3600), "connect": (30, 3600)}  # times, seconds


class LimitReached(Exception):
    """Too often; try again later."""


def count(what: str, *, agent_id: int) -> None:
    """Count one more; LimitReached over the rate. A counter that is away stops nobody."""
    times, seconds = RATES[what]
    key = f"webcare:limit:{what}:{agent_id}"
    try:
        pipe = valkey().pipeline()
        pipe.set(key, 0, ex=seconds, nx=True)
        pipe.incr(key)
        used = pipe.execute()[1]
    except (RedisError, OSError) as error:
        log.warning("limit_not_counted", what=what, error=type(error).__name__)
        return
    if used > times:
        raise LimitReached(what)
