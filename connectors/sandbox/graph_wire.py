"""Graph's edges and paging: how objects and lists of them are written."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from connectors.sandbox.clock import parse
from connectors.sandbox.entities import FbActor, FbComment, FbConversation, FbMessage, FbPost, FbReview
from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.graph_fields import Field, parse_fields
from connectors.sandbox.graph_objects import DEFAULTS, FIELDS, NODE_TYPES, Viewer

GRAPH = "https://graph.facebook.com"
EdgeList = Callable[[Viewer, Any, dict[str, str]], list[Any]]


def _post_kinds(*kinds: str) -> EdgeList:
    def posts(viewer: Viewer, page: FbActor, args: dict[str, str]) -> list[Any]:
        ids = viewer.world.page_posts.get(page.id, [])
        found = (viewer.world.fb_posts[post_id] for post_id in reversed(ids))
        return [post for post in found if post.kind in kinds and not post.deleted]

    return posts


def _comments(viewer: Viewer, post: FbPost, args: dict[str, str]) -> list[Any]:
    """Top-level comments; replies only with filter=stream. Hidden ones only for the Page."""
    stream = args.get("filter", "toplevel") == "stream"
    found = (viewer.world.fb_comments[comment_id] for comment_id in viewer.world.comments_of.get(post.id, []))
    shown = [
        c for c in found
        if not c.deleted and (stream or not c.parent_id) and (not c.hidden or viewer.page_id == post.page_id)
    ]  # fmt: skip
    return shown[::-1] if args.get("order") == "reverse_chronological" else shown


def _replies(viewer: Viewer, comment: FbComment, args: dict[str, str]) -> list[Any]:
    ids = viewer.world.comments_of.get(comment.id, [])
    shown = [c for c in (viewer.world.fb_comments[i] for i in ids) if not c.deleted]
    return shown[::-1] if args.get("order") == "reverse_chronological" else shown


def _conversations(viewer: Viewer, page: FbActor, args: dict[str, str]) -> list[Any]:
    if viewer.page_id != page.id:
        raise GraphRefusal(190, "This method must be called with a Page Access Token", subcode=2069032)
    found = [viewer.world.fb_conversations[i] for i in viewer.world.conversations_of.get(page.id, [])]
    if args.get("user_id"):
        found = [c for c in found if c.person_id == args["user_id"]]
    return sorted(found, key=lambda c: -c.updated)


def _messages(viewer: Viewer, conversation: FbConversation, args: dict[str, str]) -> list[Any]:
    ids = reversed(viewer.world.messages_of.get(conversation.id, []))
    return [m for m in (viewer.world.fb_messages[i] for i in ids) if not m.deleted]


def _ratings(viewer: Viewer, page: FbActor, args: dict[str, str]) -> list[Any]:
    if viewer.page_id != page.id:
        raise GraphRefusal(210, "(#210) A page access token is required to request this resource.")
    ids = reversed(viewer.world.reviews_of.get(page.id, []))
    return [r for r in (viewer.world.reviews[i] for i in ids) if not r.deleted]


def _likes(viewer: Viewer, item: Any, args: dict[str, str]) -> list[Any]:
    return [viewer.world.actors[i] for i in item.liked_by]


EDGES: dict[type, dict[str, EdgeList]] = {
    FbActor: {
        "feed": _post_kinds("own", "visitor"),
        "posts": _post_kinds("own"),
        "published_posts": _post_kinds("own"),
        "visitor_posts": _post_kinds("visitor"),
        "tagged": _post_kinds("tagged"),
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


def check_fields(kind: type, fields: list[Field] | None) -> None:
    """Error 100 for a field that this type has not, whether or not there is anything to show."""
    for asked in fields or ():
        if asked.name in EDGES.get(kind, {}):
            check_fields(TARGETS[asked.name], asked.sub)
        elif asked.name not in FIELDS[kind]:
            message = f"(#100) Tried accessing nonexisting field ({asked.name}) on node type ({NODE_TYPES[kind]})"
            raise GraphRefusal(100, message)


def render(viewer: Viewer, item: Any, fields: list[Field] | None) -> dict[str, Any]:
    """One object with the asked fields; the id always."""
    kind = type(item)
    wanted = fields or parse_fields(DEFAULTS[kind])
    out: dict[str, Any] = {}
    for asked in wanted:
        if asked.name in EDGES.get(kind, {}):
            out[asked.name] = edge(viewer, item, asked.name, args=asked.args, fields=asked.sub, nested=True)
        else:
            value = FIELDS[kind][asked.name](viewer, item)
            if value is not None:
                out[asked.name] = value
    if kind is not FbReview:
        out.setdefault("id", item.id)
    return {
        name: value
        for name, value in out.items()
        if not (isinstance(value, dict) and value.get("data") == [] and "summary" not in value)
    }


def edge(
    viewer: Viewer, item: Any, name: str, *, args: dict[str, str], fields: list[Field] | None, nested: bool = False
) -> dict[str, Any]:
    """One page of an edge, with cursors and a link to the next."""
    everything = _within(EDGES[type(item)][name](viewer, item, args), args)
    size = _limit(args)
    start = _start(everything, args)
    shown = everything[start : start + size]
    out: dict[str, Any] = {"data": [render(viewer, one, fields) for one in shown]}
    if shown:
        out["paging"] = _paging(viewer, item, name, args, shown, more=start + size < len(everything), back=start > 0)
    if args.get("summary") in {"true", "1", "total_count"}:
        out["summary"] = _summary(viewer, item, name, args, len(everything))
    return out


def _summary(viewer: Viewer, item: Any, name: str, args: dict[str, str], count: int) -> dict[str, Any]:
    if name == "comments":
        order = args.get("order", "chronological")
        return {"order": order, "total_count": count, "can_comment": True}
    total = count + int(getattr(item, "likes", 0))
    if name == "reactions":
        return {"total_count": total, "viewer_reaction": "LIKE" if viewer.page_id in item.liked_by else "NONE"}
    return {"total_count": total, "can_like": True, "has_liked": viewer.page_id in item.liked_by}


def _limit(args: dict[str, str]) -> int:
    raw = args.get("limit", "25")
    if not raw.isdigit():
        raise GraphRefusal(100, "(#100) Param limit must be an integer")
    if int(raw) > 100:
        raise GraphRefusal(100, "(#100) Please reduce the amount of data you're asking for, then retry your request")
    return max(1, int(raw))


def _within(items: list[Any], args: dict[str, str]) -> list[Any]:
    try:
        since = parse(args["since"]) if args.get("since") else 0
        until = parse(args["until"]) if args.get("until") else 1 << 62
    except ValueError:
        raise GraphRefusal(100, "(#100) Param since must be a valid timestamp") from None
    if not since and until == 1 << 62:
        return items
    return [item for item in items if since <= getattr(item, "at", since) <= until]


def _cursor(item: Any) -> str:
    return base64.urlsafe_b64encode(f"c:{item.id}".encode()).decode().rstrip("=")


def _start(items: list[Any], args: dict[str, str]) -> int:
    after, before = args.get("after", ""), args.get("before", "")
    if not after and not before:
        return 0
    cursors = [_cursor(item) for item in items]
    if after:
        return cursors.index(after) + 1 if after in cursors else len(items)
    return max(0, cursors.index(before) - _limit(args)) if before in cursors else 0


def _paging(
    viewer: Viewer, item: Any, name: str, args: dict[str, str], shown: list[Any], *, more: bool, back: bool
) -> dict[str, Any]:
    cursors = {"before": _cursor(shown[0]), "after": _cursor(shown[-1])}
    out: dict[str, Any] = {"cursors": cursors}
    kept = {key: value for key, value in args.items() if key not in {"after", "before", "access_token"}}
    base = f"{GRAPH}/{viewer.version}/{item.id}/{name}?access_token={viewer.token.id}&"
    if more:
        out["next"] = base + urlencode({**kept, "after": cursors["after"]})
    if back:
        out["previous"] = base + urlencode({**kept, "before": cursors["before"]})
    return out
