"""How Graph's objects and lists of them are written: the asked fields, nested lists, paging."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from connectors.sandbox import graph_known
from connectors.sandbox.entities import FbReview
from connectors.sandbox.graph_edges import EDGES, TARGETS, Args, Cut, cursor, cut, limit_of
from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.graph_fields import Field, parse_fields
from connectors.sandbox.graph_objects import DEFAULTS, FIELDS, NODE_TYPES, Viewer

GRAPH = "https://graph.facebook.com"


def check_fields(kind: type, fields: list[Field] | None) -> None:
    """Error 100 for a field that this type has not, whether or not there is anything to show."""
    for asked in fields or ():
        if asked.name in EDGES.get(kind, {}):
            check_fields(TARGETS[asked.name], asked.sub)
        elif not (asked.name in FIELDS[kind] or asked.name in graph_known.FIELDS[kind] | graph_known.EDGES[kind]):
            message = f"(#100) Tried accessing nonexisting field ({asked.name}) on node type ({NODE_TYPES[kind]})"
            raise GraphRefusal(100, message)


def render(viewer: Viewer, item: Any, fields: list[Field] | None) -> dict[str, Any]:
    """One object with the asked fields; the id always."""
    kind = type(item)
    known, edges = FIELDS[kind], EDGES.get(kind, {})
    out: dict[str, Any] = {}
    for asked in fields or DEFAULT_FIELDS[kind]:
        name = asked.args.get("as", asked.name)
        if asked.name in edges:
            value: Any = edge(viewer, item, asked.name, args=asked.args, fields=asked.sub)
            if not value["data"] and "summary" not in value:
                continue
        else:
            value = known[asked.name](viewer, item) if asked.name in known else None
            if value is None:
                continue
            if asked.sub is not None:
                value = _trimmed(value, asked.sub)
        out[name] = value
    if kind is not FbReview:
        out.setdefault("id", item.id)
    return out


def _trimmed(value: Any, sub: list[Field]) -> Any:
    """Only what was asked under a field; an id comes along."""
    if isinstance(value, list):
        return [_trimmed(one, sub) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) <= {"data", "paging"} and isinstance(value.get("data"), (list, dict)):
        return {**value, "data": _trimmed(value["data"], sub)}
    asked = {field.name: field.sub for field in sub}
    return {
        name: _trimmed(one, asked[name] or []) if asked.get(name) else one
        for name, one in value.items()
        if name in asked or name == "id"
    }


def edge(viewer: Viewer, item: Any, name: str, *, args: Args, fields: list[Field] | None) -> dict[str, Any]:
    """One page of an edge, with cursors and a link to the next."""
    listing = EDGES[type(item)][name](viewer, item, args)
    page = cut(listing, args, size=limit_of(name, args), now=viewer.world.clock.now())
    out: dict[str, Any] = {"data": [render(viewer, one, fields) for one in page.shown]}
    if page.shown:
        out["paging"] = _paging(viewer, item, name, args, page)
    if args.get("summary", "").lower() in {"true", "1", "total_count"} and name in {"comments", "likes", "reactions"}:
        out["summary"] = _summary(viewer, item, name, args, listing.count())
    return out


def _summary(viewer: Viewer, item: Any, name: str, args: Args, count: int) -> dict[str, Any]:
    if name == "comments":
        order = args.get("order", "chronological")
        return {"order": order, "total_count": count, "can_comment": True}
    total = count + (int(item.likes) if args.get("type", "LIKE") == "LIKE" else 0)
    if name == "reactions":
        return {"total_count": total, "viewer_reaction": "LIKE" if viewer.page_id in item.liked_by else "NONE"}
    return {"total_count": total, "can_like": True, "has_liked": viewer.page_id in item.liked_by}


def _paging(viewer: Viewer, item: Any, name: str, args: Args, page: Cut) -> dict[str, Any]:
    cursors = {"before": cursor(page.shown[0]), "after": cursor(page.shown[-1])}
    out: dict[str, Any] = {"cursors": cursors}
    if not (page.more or page.back):
        return out
    kept = {key: value for key, value in args.items() if key not in {"after", "before", "access_token", "as"}}
    base = f"{GRAPH}/{viewer.version}/{item.id}/{name}?access_token={viewer.token.id}&"
    if page.more:
        out["next"] = base + urlencode({**kept, "after": cursors["after"]})
    if page.back:
        out["previous"] = base + urlencode({**kept, "before": cursors["before"]})
    return out


DEFAULT_FIELDS = {kind: parse_fields(text) for kind, text in DEFAULTS.items()}
