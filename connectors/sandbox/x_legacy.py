"""What is left of X's older API: OAuth 1.0a in three steps, app-only tokens, and media of version 1.1."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from connectors.sandbox import x_media
from connectors.sandbox.clock import MINUTE
from connectors.sandbox.entities import Token
from connectors.sandbox.http import Request, json_response
from connectors.sandbox.world import World
from connectors.sandbox.x_auth import SCOPES, signed_by
from connectors.sandbox.x_errors import Refusal

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]


def coded(status: int, code: int, message: str) -> Refusal:
    """An error as version 1.1 writes it."""
    return Refusal(json_response({"errors": [{"message": message, "code": code}]}, status=status))


def sign_in(world: World, request: Request) -> Answer:
    """The token endpoints under /oauth and /oauth2."""
    step = {
        "/oauth/request_token": _request_token, "/oauth/access_token": _access_token, "/oauth2/token": _app_only,
    }.get(request.path)  # fmt: skip
    if step is None or request.method != "POST":
        raise coded(404, 34, "Sorry, that page does not exist.")
    return step(world, request)


def _request_token(world: World, request: Request) -> Answer:
    given, app, _ = signed_by(world, request)
    callback = (
        given.get("oauth_callback") or request.query.get("oauth_callback") or request.form().get("oauth_callback")
    )
    if app is None:
        raise coded(401, 32, "Could not authenticate you.")
    token = Token(world.ids.opaque("", length=27), "x", "request", app=app.app, secret=world.ids.opaque("", length=32))
    token.expires, token.extra = world.clock.now() + 15 * MINUTE, {"callback": callback or "oob"}
    world.add("tokens", token)
    return 200, urlencode(
        {"oauth_token": token.id, "oauth_token_secret": token.secret, "oauth_callback_confirmed": "true"}
    )


def _access_token(world: World, request: Request) -> Answer:
    given, app, token = signed_by(world, request)
    verifier = (
        given.get("oauth_verifier") or request.query.get("oauth_verifier") or request.form().get("oauth_verifier")
    )
    if app is None or token is None or token.kind != "request" or token.dead:
        raise coded(401, 32, "Could not authenticate you.")
    if not token.owner or verifier != token.extra.get("verifier"):
        raise coded(401, 89, "Invalid or expired token.")
    token.dead = "used"
    found = next(
        (t for t in world.tokens.values() if t.kind == "oauth1" and t.owner == token.owner and not t.dead), None
    )
    if found is None:
        key = f"{token.owner}-{world.ids.opaque('', length=40)}"
        secret = world.ids.opaque("", length=45)
        found = world.add("tokens", Token(key, "x", "oauth1", token.owner, app.app, list(SCOPES), secret=secret))
    user = world.x_users[token.owner]
    named = {"user_id": user.id, "screen_name": user.username}
    return 200, urlencode({"oauth_token": found.id, "oauth_token_secret": found.secret, **named})


def _app_only(world: World, request: Request) -> Answer:
    scheme, _, raw = request.headers.get("authorization", "").partition(" ")
    try:
        key, _, secret = base64.b64decode(raw).decode().partition(":")
    except ValueError:
        key = secret = ""
    app = world.tokens.get(unquote(key))
    if scheme.lower() != "basic" or app is None or app.kind != "consumer" or app.secret != unquote(secret):
        raise coded(403, 99, "Unable to verify your credentials")
    if request.form().get("grant_type") != "client_credentials":
        raise coded(400, 170, "Missing required parameter: grant_type")
    found = next(token for token in world.tokens.values() if token.kind == "app" and token.platform == "x")
    return 200, {"token_type": "bearer", "access_token": found.id}


def version_1(call: Call) -> Answer:
    """What version 1.1 still answers; the rest belongs to plans that nobody can buy any more."""
    form, path = call.request.form(), call.request.path.removeprefix("/1.1/").removesuffix(".json")
    if path == "media/upload":
        command = str(form.get("command") or call.query.get("command") or "").upper()
        if command == "APPEND":
            x_media.append(call)
            return 204, ""
        if not command:
            form.setdefault("media_category", "tweet_image")
        status, body = x_media.status(call) if command == "STATUS" else x_media.upload(call)
        told = dict(body["data"])
        number = told.pop("id")
        return status, {"media_id": int(number), "media_id_string": number, **told}
    if path == "media/metadata/create":
        x_media.describe(call)
        return 200, ""
    if path == "account/verify_credentials":
        me = call.who.person()
        return 200, {"id": int(me.id), "id_str": me.id, "name": me.name, "screen_name": me.username}
    raise coded(
        403, 453, "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints (e.g. media "
        "post, oauth) only. If you need access to this endpoint, you may need a different access level. You can learn "
        "more here: https://developer.x.com/en/portal/product",
    )  # fmt: skip
