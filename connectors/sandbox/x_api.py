"""The X API v2: routing, limits and what each endpoint does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from connectors.sandbox import x_reading, x_writing
from connectors.sandbox.http import Request, Response, json_response
from connectors.sandbox.world import World
from connectors.sandbox.x_auth import Caller, caller
from connectors.sandbox.x_errors import Refusal, problem, too_many
from connectors.sandbox.x_limits import Windows
from connectors.sandbox.x_wire import Asked, Wire


class Call:
    """One authenticated request on its way to an endpoint."""

    def __init__(self, world: World, request: Request, who: Caller, args: tuple[str, ...]) -> None:
        self.world, self.request, self.who, self.args = world, request, who, args
        self.query = request.query
        self.asked = Asked(request.query, new_names=world.settings["spelling"] == "2.167")
        self.wire = Wire(world, self.asked)
        self.name = f"{request.method} {request.path}"

    def read(self, what: str, ids: list[str], *, account: str) -> None:
        """Put in the ledger what was handed out."""
        if ids:
            self.world.record("read", platform="x", what=what, ids=ids, account_id=account, call=self.name)


Endpoint = Callable[[Call], "tuple[int, Any]"]
ROUTES: list[tuple[str, re.Pattern[str], str, Endpoint]] = [
    (method, re.compile(f"/2/{path}$"), bucket, endpoint)
    for method, path, bucket, endpoint in (
        ("GET", r"users/(\d+)/mentions", "mentions", x_reading.mentions),
        ("GET", r"tweets/search/recent", "search", x_reading.search),
        ("GET", r"users/(\d+)/tweets", "user_posts", x_reading.user_posts),
        ("GET", r"users/me", "me", x_reading.me),
        ("GET", r"users", "users", x_reading.users),
        ("GET", r"users/by", "users", x_reading.users),
        ("GET", r"users/(\d+)", "users", x_reading.user),
        ("GET", r"users/by/username/(\w+)", "users", x_reading.user_by_name),
        ("GET", r"tweets", "posts", x_reading.posts),
        ("GET", r"tweets/(\d+)", "post", x_reading.post),
        ("GET", r"tweets/(\d+)/quote_tweets", "post", x_reading.quotes),
        ("GET", r"tweets/(\d+)/retweeted_by", "post", x_reading.retweeted_by),
        ("GET", r"dm_events", "dm_events", x_reading.directs),
        ("GET", r"dm_conversations/with/(\d+)/dm_events", "dm_events", x_reading.directs_with),
        ("GET", r"dm_conversations/([\d-]+)/dm_events", "dm_events", x_reading.directs_in),
        ("GET", r"dm_events/(\d+)", "dm_events", x_reading.direct),
        ("POST", r"tweets", "create", x_writing.create),
        ("DELETE", r"tweets/(\d+)", "delete", x_writing.delete),
        ("PUT", r"tweets/(\d+)/hidden", "hidden", x_writing.hide),
        ("POST", r"users/(\d+)/likes", "likes", x_writing.like),
        ("DELETE", r"users/(\d+)/likes/(\d+)", "likes", x_writing.unlike),
        ("POST", r"dm_conversations/with/(\d+)/messages", "dm_send", x_writing.send_to),
        ("POST", r"dm_conversations/([\d-]+)/messages", "dm_send", x_writing.send_in),
        ("POST", r"media/upload", "media", x_writing.upload),
        ("POST", r"media/metadata", "media", x_writing.describe),
    )
]


class XApi:
    """Answers everything under /2/."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.windows = Windows(world)

    def handle(self, request: Request) -> Response:
        """One call: who, how often, what."""
        headers: dict[str, str] = {}
        try:
            status, body = self._call(request, headers)
            response = json_response(body, status=status)
        except Refusal as refusal:
            response = refusal.response
        response.headers.update(headers)
        response.headers.setdefault("x-access-level", "read-write-directmessages")
        return response

    def _call(self, request: Request, headers: dict[str, str]) -> tuple[int, Any]:
        who = caller(self.world, request)
        for method, pattern, bucket, endpoint in ROUTES:
            found = pattern.match(request.path) if method == request.method else None
            if found:
                owner = who.token.app if who.is_app else who.token.owner
                fits, limits = self.windows.take(bucket, owner=owner, app=who.is_app)
                headers.update(limits)
                if not fits:
                    raise Refusal(too_many(limits))
                return endpoint(Call(self.world, request, who, found.groups()))
        raise problem(404, "Not Found", f"No endpoint {request.method} {request.path}")
