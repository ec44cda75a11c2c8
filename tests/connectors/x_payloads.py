"""X's answers, made by hand after its documentation and recordings."""

from __future__ import annotations

from typing import Any

US = "99"
USERS = [
    {
        "id": "5",
        "name": "Jan &amp; co",
        "username": "jan",
        "description": "Treinen",
        "location": "Waterdam",
        "verified": False,
        "verified_type": "blue",
        "profile_image_url": "https://pbs.example/jan.jpg",
        "public_metrics": {"followers_count": 12},
    },
    {"id": US, "name": "Ons", "username": "ons"},
]
FIRST = 2_000_000_000_000_000_000  # a snowflake of November 2025


def number(position: int) -> str:
    """The id of a post, a minute after the one before it."""
    return str(FIRST + position * (60_000 << 22))


def post(position: int, **more: Any) -> dict[str, Any]:
    identifier = number(position)
    made = {
        "id": identifier,
        "text": f"@ons nummer {position}",
        "author_id": "5",
        "conversation_id": identifier,
        "edit_history_tweet_ids": [identifier],
        "entities": {"mentions": [{"start": 0, "end": 4, "username": "ons", "id": US}]},
        "lang": "nl",
    }
    return {name: value for name, value in (made | more).items() if value is not None}


def page(*posts: Any, token: str = "", includes: Any = None, **more: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"result_count": len(posts)}
    if posts and isinstance(posts[0], dict) and "id" in posts[0]:
        meta |= {"newest_id": posts[0]["id"], "oldest_id": posts[-1].get("id")}
    if token:
        meta["next_token"] = token
    body = {"includes": {"users": USERS} if includes is None else includes, "meta": meta} | more
    return body | ({"data": list(posts)} if posts else {})


def event(position: int, *, sender: str = "5", **more: Any) -> dict[str, Any]:
    made = {
        "id": number(position),
        "event_type": "MessageCreate",
        "text": f"bericht {position}",
        "sender_id": sender,
        "dm_conversation_id": "5-99",
    }
    return {name: value for name, value in (made | more).items() if value is not None}


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": kind, "status": status} | more
