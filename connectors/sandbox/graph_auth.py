"""Facebook's tokens: codes for tokens, short for long, a user's Pages, and what a token is worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.sandbox.clock import DAY, HOUR
from connectors.sandbox.entities import Token
from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.graph_fields import Field
from connectors.sandbox.graph_objects import Viewer
from connectors.sandbox.graph_wire import render
from connectors.sandbox.world import World

LONG_LIFE = 5_183_944  # seconds, as in recorded answers
SCOPES = [
    "pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement",
    "pages_manage_metadata", "pages_messaging", "business_management", "public_profile",
]  # fmt: skip
TASKS = ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"]


def app_token(world: World, raw: str) -> Token | None:
    """`app_id|app_secret` speaks for the app itself."""
    app_id, _, secret = raw.partition("|")
    app = world.tokens.get(app_id)
    if app is None or app.kind != "fb_app" or app.secret != secret:
        return None
    return Token(raw, "facebook", "app", owner=app_id, app=app_id)


def _app(world: World, args: dict[str, Any]) -> Token:
    app = world.tokens.get(str(args.get("client_id", "")))
    if app is None or app.kind != "fb_app":
        raise GraphRefusal(101, "Error validating application. Cannot get application info due to a system error.")
    if app.secret != str(args.get("client_secret", "")):
        raise GraphRefusal(1, "Error validating client secret.")
    return app


def access_token(world: World, args: dict[str, Any]) -> dict[str, Any]:
    """`oauth/access_token`: for a code, for a short token, for the app."""
    app = _app(world, args)
    grant = args.get("grant_type", "")
    if grant == "client_credentials":
        return {"access_token": f"{app.id}|{app.secret}", "token_type": "bearer"}
    if grant == "fb_exchange_token":
        return _lengthen(world, app, str(args.get("fb_exchange_token", "")))
    code = world.tokens.get(str(args.get("code", "")))
    if code is None or code.kind != "fb_code" or code.app != app.id:
        raise GraphRefusal(100, "Invalid verification code format.", subcode=36009)
    if code.dead or code.expires < world.clock.now():
        raise GraphRefusal(100, "This authorization code has been used.", subcode=36009)
    if code.extra["redirect_uri"] != args.get("redirect_uri"):
        raise GraphRefusal(
            100, "Error validating verification code. Please make sure your redirect_uri is identical to the one you "
            "used in the OAuth dialog request", subcode=36008,
        )  # fmt: skip
    code.dead = "used"
    world.touch("tokens", code)
    return _user_token(world, code, seconds=2 * 3600 - 91)


def _user_token(world: World, source: Token, *, seconds: int) -> dict[str, Any]:
    token = Token(world.ids.opaque("EAAG", length=120), "facebook", "user", source.owner, source.app)
    token.scopes, token.extra = source.scopes, {"pages": source.extra.get("pages", [])}
    token.expires, token.grant = world.clock.now() + seconds * 1000, source.grant
    world.add("tokens", token)
    return {"access_token": token.id, "token_type": "bearer", "expires_in": seconds}


def _lengthen(world: World, app: Token, raw: str) -> dict[str, Any]:
    short = world.tokens.get(raw)
    if short is None or short.kind != "user" or short.app != app.id or short.dead:
        raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token")
    return _user_token(world, short, seconds=LONG_LIFE)


def page_token(
    world: World, *, page_id: str, app_id: str, user_id: str, scopes: list[str], expires: int, grant: str
) -> Token:
    """The token of a Page under one grant, with what that grant allows; the same again when asked twice."""
    for token in world.tokens.values():
        if token.kind == "page" and token.owner == page_id and token.grant == grant and not token.dead:
            return token
    token = Token(world.ids.opaque("EAAP", length=120), "facebook", "page", page_id, app_id, list(scopes), expires)
    token.extra, token.grant = {"user": user_id, "issued": world.clock.now()}, grant
    return world.add("tokens", token)  # type: ignore[no-any-return]


def my_pages(world: World, viewer: Viewer, args: dict[str, Any], fields: list[Field] | None) -> dict[str, Any]:
    """`me/accounts`: only the Pages ticked in the dialog."""
    token = viewer.token
    if token.kind != "user":
        raise GraphRefusal(100, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)")
    # A long-lived user token gives Page tokens without an end
    expires = 0 if token.expires - world.clock.now() > 2 * DAY else token.expires
    data = []
    for page_id in token.extra.get("pages", []):
        page = page_token(
            world,
            page_id=page_id,
            app_id=token.app,
            user_id=token.owner,
            scopes=token.scopes,
            expires=expires,
            grant=token.id,
        )
        own = Viewer(world, page, version=viewer.version)
        plain = [f for f in fields if f.name != "tasks"] if fields else None
        item = render(own, world.actors[page_id], plain)
        if fields is None:
            item = {"access_token": page.id, "category": world.actors[page_id].category, **item}
        if fields is None or any(f.name == "tasks" for f in fields):
            item["tasks"] = TASKS
        data.append(item)
    return {"data": data, "paging": {"cursors": {"before": "MA", "after": "MQ"}}} if data else {"data": []}


def debug_token(world: World, args: dict[str, Any]) -> dict[str, Any]:
    """What a token is worth; asked with the app's own token."""
    raw = str(args.get("access_token", ""))
    asking = app_token(world, raw) or world.tokens.get(raw)
    if asking is None:
        raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token")
    token = world.tokens.get(str(args.get("input_token", "")))
    if token is None or token.kind not in {"page", "user"}:
        return {
            "data": {"error": {"code": 190, "message": "Invalid OAuth access token."}, "is_valid": False, "scopes": []}
        }
    now = world.clock.now()
    alive = not token.dead and (not token.expires or token.expires > now)
    data: dict[str, Any] = {
        "app_id": token.app, "type": token.kind.upper(), "application": "Webcare", "expires_at": token.expires // 1000,
        "data_access_expires_at": (token.extra.get("issued", now) + 90 * DAY) // 1000, "is_valid": alive,
        "issued_at": token.extra.get("issued", now - HOUR) // 1000, "scopes": token.scopes,
        "user_id": token.extra.get("user", token.owner),
    }  # fmt: skip
    if token.kind == "page":
        data["profile_id"] = token.owner
    if not alive:
        data["error"] = {"code": 190, "message": "Error validating access token", "subcode": int(token.dead or 463)}
    return {"data": data}


ENDPOINTS: dict[str, Callable[[World, dict[str, Any]], dict[str, Any]]] = {
    "oauth/access_token": access_token,
    "debug_token": debug_token,
}
