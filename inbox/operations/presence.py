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
    now = time.time()
    try:
        seen = _members(conversation.pk).get(agent.pk)
        pipe = events.valkey().pipeline()
        pipe.hset(_key(conversation.pk), str(agent.pk), f"{now + LOOKING}|{now + TYPING if typing else 0}|{agent.name}")
        pipe.expire(_key(conversation.pk), LOOKING * 2)
        pipe.execute()
    except redis.RedisError:
        return
    if seen is None or seen.typing != typing:
        events.publish("presence", brand_id=conversation.brand_id, id=conversation.pk, agent=agent.pk)


def leave(conversation: Conversation, *, agent: Agent) -> None:
    """Gone elsewhere."""
    try:
        events.valkey().hdel(_key(conversation.pk), str(agent.pk))
    except redis.RedisError:
        return
    events.publish("presence", brand_id=conversation.brand_id, id=conversation.pk, agent=agent.pk)


def present(conversation_ids: Iterable[int], *, besides: Agent | None = None) -> dict[int, list[Present]]:
    """Who is where, in one round trip; empty when Valkey is away."""
    ids = list(conversation_ids)
    try:
        pipe = events.valkey().pipeline(transaction=False)
        for pk in ids:
            pipe.hgetall(_key(pk))
        found = pipe.execute()
    except redis.RedisError:
        return {}
    own = besides.pk if besides else None
    rooms = {pk: [p for p in _read(raw).values() if p.agent_id != own] for pk, raw in zip(ids, found, strict=True)}
    return {pk: people for pk, people in rooms.items() if people}


def _members(conversation_id: int) -> dict[int, Present]:
    return _read(events.valkey().hgetall(_key(conversation_id)))  # type: ignore[arg-type]


def _read(raw: dict[bytes, bytes]) -> dict[int, Present]:
    now, people = time.time(), {}
    for key, value in raw.items():
        until, typing, name = value.decode().split("|", 2)
        if float(until) > now:
            people[int(key)] = Present(int(key), name, float(typing) > now)
    return people


def _key(conversation_id: int) -> str:
    return f"webcare:presence:{conversation_id}"
