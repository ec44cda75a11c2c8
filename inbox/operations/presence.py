"""Who is looking at a conversation and who is typing: Valkey keys that end by themselves. Losing them costs nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import redis

from inbox import events
from inbox.models import Agent, Conversation

LOOKING = 45  # seconds after the last sign of life; browsers give one every 20
TYPING = 8


@dataclass(frozen=True)
class Present:
    """A colleague at a conversation."""

    agent_id: int
    name: str
    typing: bool


def arrive(conversation: Conversation, *, agent: Agent, typing: bool = False) -> None:
    """A sign of life; colleagues are told when it says something new."""
    now, key, place = time.time(), _key(conversation.brand_id), f"{conversation.pk}:{agent.pk}"
    try:
        known: dict[bytes, bytes] = events.valkey().hgetall(key)  # type: ignore[assignment]
        ended = [name for name, value in known.items() if _read(0, value, now) is None]
        seen = _read(agent.pk, known.get(place.encode(), b""), now)
        pipe = events.valkey().pipeline()
        if ended:
            pipe.hdel(key, *ended)
        pipe.hset(key, place, f"{now + LOOKING}|{now + TYPING if typing else 0}|{agent.name}")
        pipe.expire(key, LOOKING * 2)
        pipe.execute()
    except redis.RedisError:
        return
    if seen is None or seen.typing != typing:
        events.publish("presence", brand_id=conversation.brand_id, id=conversation.pk, agent=agent.pk)


def leave(conversation: Conversation, *, agent: Agent) -> None:
    """Gone elsewhere."""
    try:
        events.valkey().hdel(_key(conversation.brand_id), f"{conversation.pk}:{agent.pk}")
    except redis.RedisError:
        return
    events.publish("presence", brand_id=conversation.brand_id, id=conversation.pk, agent=agent.pk)


def present(
    brand_id: int, conversation_ids: Iterable[int], *, besides: Agent | None = None
) -> dict[int, list[Present]]:
    """Who is where in a brand, read in one go; empty when Valkey is away."""
    try:
        known: dict[bytes, bytes] = events.valkey().hgetall(_key(brand_id))  # type: ignore[assignment]
    except redis.RedisError:
        return {}
    now, wanted, own = time.time(), set(conversation_ids), besides.pk if besides else None
    rooms: dict[int, list[Present]] = {}
    for name, value in known.items():
        room, _, agent_id = name.partition(b":")
        if int(room) in wanted and int(agent_id) != own and (one := _read(int(agent_id), value, now)):
            rooms.setdefault(int(room), []).append(one)
    return rooms


def _read(agent_id: int, value: bytes, now: float) -> Present | None:
    """None when the sign of life is too long ago."""
    until, typing, name = value.decode().split("|", 2) if value else ("0", "0", "")
    return Present(agent_id, name, float(typing) > now) if float(until) > now else None


def _key(brand_id: int) -> str:
    """A brand's colleagues in one hash: a list of fifty conversations is one look, and few people are at work."""
    return f"webcare:present:{brand_id}"
