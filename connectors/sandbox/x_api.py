"""The X API v2: routing, limits and what each endpoint does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from connectors.sandbox import x_directs, x_legacy, x_lookup, x_media, x_reading, x_relations, x_writing
from connectors.sandbox.http import Request, Response, json_response
from connectors.sandbox.publish import NotThere
from connectors.sandbox.world import World
from connectors.sandbox.x_auth import Caller, caller
from connectors.sandbox.x_errors import PROBLEMS, Refusal, invalid, problem, too_many
from connectors.sandbox.x_fields import Asked
from connectors.sandbox.x_limits import Windows
from connectors.sandbox.x_wire import Wire

JSON_NAMES = {str: "string", dict: "object", list: "array", int: "integer", float: "number", bool: "boolean"}
T = TypeVar("T", str, dict[str, Any], list[Any])


class Call:
    """One authenticated request on its way to an endpoint."""

    def __init__(self, world: World, request: Request, who: Caller, args: tuple[str, ...]) -> None:
        self.world, self.request, self.who, self.args = world, request, who, args
        self.query = request.query
        self.asked = Asked(request.query, new_names=world.settings["spelling"] == "2.167")
        self.wire = Wire(world, self.asked)
        self.name = f"{request.method} {request.path}"

    def body(self) -> dict[str, Any]:
        """The JSON body, which is an object."""
        try:
            body = self.request.json()
        except ValueError:
            raise problem(
                400, "Invalid Request", "Invalid JSON in request body", kind=PROBLEMS + "invalid-request"
            ) from None
        if not isinstance(body, dict):
            raise invalid("body", str(body), "$: array found, object expected")
        return body

    def part(self, body: dict[str, Any], name: str, kind: type[T]) -> T:
        """What stands under a name, empty when nothing does; refused when it is of another type."""
        value = body.get(name)
        if value is None:
            return kind()
        if not isinstance(value, kind):
            found, wanted = JSON_NAMES.get(type(value), "object"), JSON_NAMES[kind]
            raise invalid(name, str(value), f"$.{name}: {found} found, {wanted} expected")
        return value

    def read(self, what: str, ids: list[str], *, account: str) -> None:
        """Put in the ledger what was handed out."""
        if ids:
            self.world.record("read", platform="x", what=what, ids=ids, account_id=account, call=self.name)


Endpoint = Callable[[Call], "tuple[int, Any]"]
SHOWN = "tweet.fields post.fields user.fields media.fields poll.fields place.fields expansions"
WALK = f"{SHOWN} max_results pagination_token since_id until_id start_time end_time"
SOUGHT = f"{WALK} query next_token sort_order"
EVENTS = f"{SHOWN} dm_event.fields max_results pagination_token event_types"
COUNTS = "query since_id until_id start_time end_time next_token pagination_token granularity search_count.fields"
PAGED = f"{SHOWN} max_results pagination_token"
# method, path, rate window, what answers, and the query parameters it knows (writes are not checked)
ROUTES: list[tuple[str, re.Pattern[str], str, Endpoint, frozenset[str]]] = [
    (method, re.compile(f"/2/{path}$"), bucket, endpoint, frozenset(known.split()))
    for method, path, bucket, endpoint, known in (
        ("GET", r"users/(\w+)/mentions", "mentions", x_reading.mentions, WALK),
        ("GET", r"tweets/search/recent", "search", x_reading.search, SOUGHT),
        ("GET", r"tweets/search/all", "search_all", x_lookup.not_on_this_plan, SOUGHT),
        ("GET", r"tweets/counts/recent", "search", x_lookup.counts, COUNTS),
        ("GET", r"tweets/counts/all", "search_all", x_lookup.not_on_this_plan, COUNTS),
        ("GET", r"usage/tweets", "usage", x_lookup.usage, "days usage.fields"),
        ("GET", r"users/(\w+)/tweets", "user_posts", x_reading.user_posts, f"{WALK} exclude"),
        ("GET", r"users/(\w+)/timelines/reverse_chronological", "user_posts", x_reading.home, f"{WALK} exclude"),
        ("GET", r"users/me", "me", x_lookup.me, SHOWN),
        ("GET", r"users", "users", x_lookup.users, f"{SHOWN} ids"),
        ("GET", r"users/by", "users", x_lookup.users, f"{SHOWN} usernames"),
        ("GET", r"users/by/username/([^/]+)", "users", x_lookup.user_by_name, SHOWN),
        ("GET", r"users/(\w+)", "users", x_lookup.user, SHOWN),
        ("GET", r"users/(\w+)/(muting|blocking|following|followers)", "users", x_relations.people, PAGED),
        ("GET", r"users/(\w+)/(bookmarks|liked_tweets)", "users", x_relations.kept, PAGED),
        ("GET", r"tweets", "posts", x_lookup.posts, f"{SHOWN} ids"),
        ("GET", r"tweets/(\w+)", "post", x_lookup.post, SHOWN),
        ("GET", r"tweets/(\w+)/quote_tweets", "post", x_reading.quotes, f"{PAGED} exclude"),
        ("GET", r"tweets/(\w+)/(retweeted_by|liking_users)", "post", x_lookup.engaged, PAGED),
        ("GET", r"tweets/(\w+)/retweets", "post", x_reading.reposts, PAGED),
        ("GET", r"dm_events", "dm_events", x_directs.directs, EVENTS),
        ("GET", r"dm_conversations/with/(\w+)/dm_events", "dm_events", x_directs.directs_with, EVENTS),
        ("GET", r"dm_conversations/([\w-]+)/dm_events", "dm_events", x_directs.directs_in, EVENTS),
        ("GET", r"dm_events/(\w+)", "dm_events", x_directs.direct, EVENTS),
        ("POST", r"tweets", "create", x_writing.create, ""),
        ("DELETE", r"tweets/(\w+)", "delete", x_writing.delete, ""),
        ("PUT", r"tweets/(\w+)/hidden", "hidden", x_writing.hide, ""),
        ("POST", r"users/(\w+)/likes", "likes", x_relations.like, ""),
        ("DELETE", r"users/(\w+)/likes/(\w+)", "likes", x_relations.unlike, ""),
        ("POST", r"users/(\w+)/(muting|blocking|following|bookmarks|retweets)", "likes", x_relations.add, ""),
        ("DELETE", r"users/(\w+)/(muting|blocking|following|bookmarks|retweets)/(\w+)", "likes", x_relations.drop, ""),
        ("POST", r"dm_conversations", "dm_send", x_directs.start_group, ""),
        ("POST", r"dm_conversations/with/(\w+)/messages", "dm_send", x_directs.send_to, ""),
        ("POST", r"dm_conversations/([\w-]+)/messages", "dm_send", x_directs.send_in, ""),
        ("DELETE", r"dm_events/(\w+)", "dm_send", x_directs.withdraw, ""),
        ("POST", r"media/upload", "media", x_media.upload, ""),
        ("GET", r"media/upload", "media", x_media.status, "command media_id"),
        ("POST", r"media/upload/initialize", "media", x_media.initialize, ""),
        ("POST", r"media/upload/(\w+)/append", "media", x_media.append, ""),
        ("POST", r"media/upload/(\w+)/finalize", "media", x_media.finalize, ""),
        ("POST", r"media/metadata", "media", x_media.describe, ""),
    )
]


class XApi:
    """Answers everything under /2/, and what is left of version 1.1."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.windows = Windows(world)

    def handle(self, request: Request) -> Response:
        """One call: who, how often, what."""
        headers: dict[str, str] = {}
        try:
            status, body = self._call(request, headers)
            text = isinstance(body, str)
            response = Response(status, body.encode()) if text else json_response(body, status=status)
        except Refusal as refusal:
            response = refusal.response
        except NotThere as error:
            response = problem(404, "Not Found Error", f"Could not find it: {error}.").response
        response.headers.update(headers)
        response.headers.setdefault("x-access-level", "read-write-directmessages")
        return response

    def _call(self, request: Request, headers: dict[str, str]) -> tuple[int, Any]:
        if request.path.startswith("/oauth"):
            return x_legacy.sign_in(self.world, request)
        who = caller(self.world, request)
        if request.path.startswith("/1.1/"):
            return x_legacy.version_1(Call(self.world, request, who, ()))
        for method, pattern, bucket, endpoint, known in ROUTES:
            found = pattern.match(request.path) if method == request.method else None
            if found:
                owner = who.token.app if who.is_app else who.token.owner
                fits, limits = self.windows.take(bucket, owner=owner, app=who.is_app)
                headers.update(limits)
                if not fits:
                    raise Refusal(too_many(limits))
                _check(request, found.groups(), known)
                return endpoint(Call(self.world, request, who, found.groups()))
        raise problem(404, "Not Found", f"No endpoint {request.method} {request.path}")


def _check(request: Request, args: tuple[str, ...], known: frozenset[str]) -> None:
    """Ids in the path are numbers, and no parameter is unknown."""
    if args and "/by/username/" not in request.path and not args[0].replace("-", "").isdecimal():
        raise invalid("id", args[0], f"The `id` query parameter value [{args[0]}] is not valid")
    for name in request.query.keys() - known if request.method == "GET" else ():
        value = request.query[name]
        raise invalid(name, value, f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]")


def speaks_x(request: Request) -> bool:
    """Whether a request is meant for X; Graph has an `oauth/access_token` of its own, without such a signature."""
    path = request.path
    if path == "/oauth/access_token":
        return request.headers.get("authorization", "").startswith("OAuth ")
    return path.startswith(("/2/", "/1.1/", "/oauth2/", "/oauth/"))
