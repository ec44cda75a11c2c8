"""Rounds of polling in which one account's platform answers as a test tells it, and another's is honest."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from inbox.models import Message, Poll, SetAside, Stream
from inbox.operations import polling, polling_leases
from tests import builders
from tests.connectors.scripted_graph import Call, Reply, scripted_graph
from tests.connectors.x_payloads import US, USERS

PAGE = "100"
EPOCH = 1288834974657
CREDENTIALS = {"access_token": "token-of-this-account", "app_secret": "secret-of-this-app"}
Answering = Callable[[Call], Reply]


def x_id(at: datetime, number: int = 0) -> str:
    """An id as X gives them out: it carries when."""
    return str((int(at.timestamp() * 1000) - EPOCH) << 22 | number)


def x_post(name: str, *, minutes_ago: float = 1.0, **more: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    identifier = more.pop("id", x_id(at))
    made = {
        "id": identifier, "text": f"@ons {name}", "author_id": "5", "conversation_id": identifier, "lang": "nl",
        "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "edit_history_tweet_ids": [identifier],
        "entities": {"mentions": [{"start": 0, "end": 4, "username": "ons", "id": US}]},
    }  # fmt: skip
    return made | more


def x_page(*posts: Any, token: str = "", **more: Any) -> dict[str, Any]:
    meta = {"result_count": len(posts)} | ({"next_token": token} if token else {})
    return {"data": list(posts), "includes": {"users": USERS}, "meta": meta} | more


class HonestX:
    """A timeline as X reads it: since_id, start_time, and pages of which it knows its own tokens only."""

    def __init__(self, posts: list[dict[str, Any]]) -> None:
        self.posts = sorted(posts, key=lambda post: int(post["id"]), reverse=True)

    def __call__(self, call: Call) -> Reply:
        asked = call.query
        if "pagination_token" in asked:
            wrong = {"parameters": {"pagination_token": [asked["pagination_token"]]}, "message": "not valid"}
            return Reply({"errors": [wrong], "title": "Invalid Request", "type": "about:blank"}, 400)
        floor = int(asked.get("since_id", 0))
        start = datetime.fromisoformat(asked["start_time"]) if "start_time" in asked else datetime.fromtimestamp(0, UTC)
        found = [p for p in self.posts if int(p["id"]) > floor and datetime.fromisoformat(p["created_at"]) >= start]
        return Reply(x_page(*found) if found else {"meta": {"result_count": 0}})


def g_time(minutes_ago: float = 0.0) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def g_comment(name: str, *, minutes_ago: float = 1.0, **more: Any) -> dict[str, Any]:
    return {"id": f"55_{zlib.crc32(name.encode())}", "message": name, "created_time": g_time(minutes_ago),
            "from": {"id": "9001", "name": "Ann"}} | more  # fmt: skip


def g_post(comments: Any, number: int = 55, **more: Any) -> dict[str, Any]:
    return {"id": f"{PAGE}_{number}", "message": "Ons nieuws", "created_time": g_time(500),
            "from": {"id": PAGE, "name": "Wij"}, "comments": comments} | more  # fmt: skip


def g_feed(*comments: Any, **more: Any) -> dict[str, Any]:
    edge = {"data": list(comments), "summary": {"total_count": len(comments)}}
    return {"data": [g_post(edge)], "paging": {}} | more


def x_event(name: str, *, minutes_ago: float = 1.0) -> dict[str, Any]:
    return x_post(name, minutes_ago=minutes_ago) | {"sender_id": "5", "dm_conversation_id": f"5-{US}"}


def g_message(name: str, *, minutes_ago: float = 1.0) -> dict[str, Any]:
    message = g_comment(name, minutes_ago=minutes_ago, to={"data": [{"id": PAGE, "name": "Wij"}]})
    return message | {"id": f"m_{message['id']}"}


def g_inbox(*messages: dict[str, Any]) -> dict[str, Any]:
    chat = {"id": "t_1", "updated_time": messages[0]["created_time"], "can_reply": True, "link": "/inbox/1",
            "participants": {"data": [{"id": "9001", "name": "Ann"}, {"id": PAGE, "name": "Wij"}]}}  # fmt: skip
    return {"data": [chat | {"messages": {"data": list(messages)}}], "paging": {}}


def g_review(name: str, *, minutes_ago: float = 1.0) -> dict[str, Any]:
    number = str(zlib.crc32(name.encode()))
    return {"created_time": g_time(minutes_ago), "recommendation_type": "negative", "review_text": name,
            "reviewer": {"id": "9001", "name": "Ann"}, "open_graph_story": {"id": number}}  # fmt: skip


def g_edge(*items: Any) -> dict[str, Any]:
    return {"data": list(items), "paging": {}}


@dataclass
class Stage:
    """Two accounts in one round: `stream` gets what the test says, `neighbour` what is usual."""

    stream: Stream
    neighbour: Stream
    answer: Callable[[Answering], None]
    calls: list[Call]

    def turn(self) -> None:
        """One round over both."""
        Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
        Stream.objects.exclude(account__retry_at=None).update(failures=0)
        self.stream.account.__class__.objects.update(retry_at=None)
        lease, pks = polling_leases.lease_due(now=timezone.now())
        assert set(pks) == {self.stream.pk, self.neighbour.pk}
        polling.poll_streams(pks, lease=lease)
        for stream in (self.stream, self.neighbour):
            stream.refresh_from_db()
            assert stream.lease is None
            assert stream.next_poll_at > timezone.now() - timedelta(seconds=1)

    def texts(self, stream: Stream | None = None) -> list[str]:
        of = Message.objects.filter(stream=stream or self.stream, placeholder=False)
        return sorted(text.removeprefix("@ons ") for text in of.values_list("text", flat=True))

    def aside(self) -> list[SetAside]:
        return list(SetAside.objects.filter(stream=self.stream).order_by("pk"))

    def poll(self) -> Poll:
        """Its latest row in the ledger."""
        return Poll.objects.filter(stream=self.stream).latest("pk")


@contextmanager
def stage(kind: str, what: str = "") -> Iterator[Stage]:
    """A stream of mentions on X, or of comments on Facebook, or another; read through the platform's own SDK."""
    with scripted_graph() as scripted, scripted_graph() as honest:
        own = {"x": US, "facebook": PAGE}[kind]
        what = what or {"x": "mentions", "facebook": "comments"}[kind]
        account = builders.account(None, kind, external_id=own, base_url=scripted.base_url, credentials=CREDENTIALS)
        other = builders.account(None, "x", external_id="98", base_url=honest.base_url, credentials=CREDENTIALS)
        honest.answer = HonestX([x_post("van de buren")])
        begun = timezone.now() - timedelta(days=2)
        stream, neighbour = builders.stream(account, what, since=begun), builders.stream(other, since=begun)

        def answer(how: Answering) -> None:
            scripted.answer = how

        yield Stage(stream, neighbour, answer, scripted.calls)
