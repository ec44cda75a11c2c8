"""Graph's edges: which things hang under an object, in which order, and a page of them by cursor or by time."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from connectors.sandbox.clock import DAY, HOUR, MINUTE, parse
from connectors.sandbox.entities import FbActor, FbComment, FbConversation, FbMessage, FbPost, FbReview
from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.graph_objects import Viewer

Args = dict[str, str]
AGO = re.compile(r"([+-]?\d+) ?(minute|hour|day|week|month|year)s?( ago)?")
SPANS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY}


@dataclass(slots=True)
class Listing:
    """Ids in order of time, the things behind them, which of them are shown, and from which end one reads."""

    ids: Sequence[str]
    things: dict[str, Any]
    keep: Callable[[Any], bool]
    newest_first: bool = True
    time: str = "at"

    def key(self, item_id: str) -> tuple[int, str]:
        """Where an id stands."""
        return getattr(self.things[item_id], self.time), item_id

    def count(self) -> int:
        """How many are shown."""
        return sum(1 for item_id in self.ids if self.keep(self.things[item_id]))


@dataclass(slots=True)
class Cut:
    """One page, and whether there is something behind and before it."""

    shown: list[Any]
    more: bool
    back: bool


def _posts(*kinds: str) -> Callable[[Viewer, FbActor, Args], Listing]:
    def listing(viewer: Viewer, page: FbActor, args: Args) -> Listing:
        world = viewer.world
        return Listing(
            world.page_posts.get(page.id, []), world.fb_posts,
            lambda p: p.kind in kinds and not p.deleted and p.published,
        )  # fmt: skip

    return listing


def _comments(viewer: Viewer, post: FbPost, args: Args) -> Listing:
    """Top-level comments; replies only with filter=stream. Hidden ones only for the Page."""
    stream, ours = args.get("filter", "toplevel") == "stream", viewer.page_id == post.page_id
    return Listing(
        viewer.world.comments_of.get(post.id, []), viewer.world.fb_comments,
        lambda c: not c.deleted and (stream or not c.parent_id) and (ours or not c.hidden),
        newest_first=args.get("order") == "reverse_chronological",
    )  # fmt: skip


def _replies(viewer: Viewer, comment: FbComment, args: Args) -> Listing:
    return Listing(
        viewer.world.comments_of.get(comment.id, []), viewer.world.fb_comments, lambda c: not c.deleted,
        newest_first=args.get("order") == "reverse_chronological",
    )  # fmt: skip


def _conversations(viewer: Viewer, page: FbActor, args: Args) -> Listing:
    if viewer.page_id != page.id:
        raise GraphRefusal(190, "This method must be called with a Page Access Token", subcode=2069032)
    world = viewer.world
    ids: Sequence[str] = world.conversations_of.get(page.id, [])
    if args.get("platform", "messenger").lower() != "messenger":
        ids = []
    elif args.get("user_id"):
        found = world.conversation_with.get((page.id, args["user_id"]))
        ids = [found] if found else []
    return Listing(ids, world.fb_conversations, lambda c: True, time="updated")


def _messages(viewer: Viewer, conversation: FbConversation, args: Args) -> Listing:
    world = viewer.world
    return Listing(world.messages_of.get(conversation.id, []), world.fb_messages, lambda m: not m.deleted)


def _ratings(viewer: Viewer, page: FbActor, args: Args) -> Listing:
    if viewer.page_id != page.id:
        raise GraphRefusal(210, "(#210) A page access token is required to request this resource.")
    return Listing(viewer.world.reviews_of.get(page.id, []), viewer.world.reviews, lambda r: not r.deleted)


def _likes(viewer: Viewer, item: Any, args: Args) -> Listing:
    wanted = args.get("type", "LIKE") == "LIKE"
    people = viewer.world.actors
    return Listing(item.liked_by if wanted else [], people, lambda a: True, newest_first=False, time="followers")


EDGES: dict[type, dict[str, Callable[[Viewer, Any, Args], Listing]]] = {
    FbActor: {
        "feed": _posts("own", "visitor"),
        "posts": _posts("own"),
        "published_posts": _posts("own"),
        "visitor_posts": _posts("visitor"),
        "tagged": _posts("tagged"),
        "conversations": _conversations,
        "ratings": _ratings,
    },
    FbPost: {"comments": _comments, "likes": _likes, "reactions": _likes},
    FbComment: {"comments": _replies, "likes": _likes, "reactions": _likes},
    FbConversation: {"messages": _messages},
}
TARGETS: dict[str, type] = {
    "feed": FbPost, "posts": FbPost, "published_posts": FbPost, "visitor_posts": FbPost, "tagged": FbPost,
    "conversations": FbConversation, "ratings": FbReview, "comments": FbComment, "messages": FbMessage,
    "likes": FbActor, "reactions": FbActor,
}  # fmt: skip


def limit_of(name: str, args: Args) -> int:
    """How many are wanted. Lists of posts refuse more than a hundred, the others give a hundred."""
    raw = args.get("limit", "25")
    if not raw.isdecimal():
        raise GraphRefusal(100, "(#100) Param limit must be an integer")
    if int(raw) > 100 and TARGETS.get(name) is FbPost:
        raise GraphRefusal(100, "(#100) Please reduce the amount of data you're asking for, then retry your request")
    return min(int(raw), 100)


def cursor(item: Any) -> str:
    """A place in a list, as the client hands it back."""
    return base64.urlsafe_b64encode(f"c:{item.id}".encode()).decode().rstrip("=")


def _id_in(raw: str) -> str:
    try:
        return base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode().removeprefix("c:")
    except ValueError:
        return ""


def moment(text: str, now: int) -> int:
    """A time as Graph takes it: Unix seconds, a date, or words such as `yesterday` and `-2 days`."""
    days = {"now": 0, "today": 0, "yesterday": -1, "tomorrow": 1}
    word = text.strip().lower()
    if word in days:
        return now + days[word] * DAY if word == "now" else now - now % DAY + days[word] * DAY
    if found := AGO.fullmatch(word):
        return now + int(found[1]) * SPANS[found[2]] * (-1 if found[3] else 1)
    return parse(text.strip())


def _range(listing: Listing, args: Args, now: int) -> tuple[int, int]:
    """The part of a list between `since` and `until`, as positions."""
    first, last = 0, len(listing.ids)
    try:
        if args.get("since"):
            first = bisect_left(listing.ids, (moment(args["since"], now), ""), key=listing.key)
        if args.get("until"):
            last = bisect_right(listing.ids, (moment(args["until"], now) + 999, "~"), key=listing.key)
    except (ValueError, OverflowError):
        raise GraphRefusal(100, "(#100) Param since must be a valid timestamp") from None
    return first, last


def _position(listing: Listing, raw: str) -> int | None:
    """Where the thing behind a cursor stands; None when it is gone."""
    item_id = _id_in(raw)
    if item_id not in listing.things or not listing.keep(listing.things[item_id]):
        return None
    if listing.time == "followers":  # people who like stand in no order of their own
        return listing.ids.index(item_id) if item_id in listing.ids else None
    at = bisect_left(listing.ids, listing.key(item_id), key=listing.key)
    return at if at < len(listing.ids) and listing.ids[at] == item_id else None


def cut(listing: Listing, args: Args, *, size: int, now: int) -> Cut:
    """The page that the arguments name."""
    first, last = _range(listing, args, now)
    raw = args.get("after") or args.get("before") or ""
    forward = not listing.newest_first
    if not raw:
        found = list(islice(_kept(listing, first, last, ascending=forward), size + 1))
        return Cut(found[:size], len(found) > size, back=False)
    at = _position(listing, raw)
    if at is None:
        return Cut([], more=False, back=False)
    going_back = not args.get("after")
    ascending = forward != going_back
    span = (max(at + 1, first), last) if ascending else (first, min(at, last))
    found = list(islice(_kept(listing, *span, ascending=ascending), size + 1))
    if going_back:
        return Cut(found[:size][::-1], more=bool(found), back=len(found) > size)
    return Cut(found[:size], more=len(found) > size, back=True)


def _kept(listing: Listing, first: int, last: int, *, ascending: bool) -> Iterator[Any]:
    things, keep, ids = listing.things, listing.keep, listing.ids
    for index in range(first, last) if ascending else range(last - 1, first - 1, -1):
        thing = things[ids[index]]
        if keep(thing):
            yield thing
