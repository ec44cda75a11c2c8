"""The consent pages and X's token endpoint: what a person clicks through, and what a client asks afterwards."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode

from connectors.sandbox.clock import HOUR, MINUTE
from connectors.sandbox.entities import Token
from connectors.sandbox.graph_auth import SCOPES as FB_SCOPES
from connectors.sandbox.http import Request, Response, html_response, json_response, redirect
from connectors.sandbox.pages import page, speaks_dutch
from connectors.sandbox.seed import FB_ADMIN
from connectors.sandbox.world import World

FB_DIALOG = re.compile(r"^(/v\d+\.\d+)?/dialog/oauth$")


def handle(world: World, request: Request) -> Response | None:
    """A dialog or X's token endpoint; None when it is neither."""
    if request.path in {"/i/oauth2/authorize", "/2/oauth2/authorize"}:
        return _x_decide(world, request) if request.is_write else _x_ask(world, request)
    if FB_DIALOG.match(request.path):
        return _fb_decide(world, request) if request.is_write else _fb_ask(world, request)
    if request.path in {"/2/oauth2/token", "/2/oauth2/revoke"}:
        return _x_token(world, request)
    return None


def _hidden(values: dict[str, str]) -> str:
    return "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in values.items())


def _bad(why: str) -> Response:
    return html_response(page("Er ging iets mis", f"<h1>Er ging iets mis</h1><p>{escape(why)}</p>"), status=400)


# English, Dutch
WORDS = {
    "x": ("X: give access", "X: toegang geven"),
    "x_asks": ("Webcare wants access to your X account", "Webcare wil toegang tot je X-account"),
    "who": ("As whom?", "Als wie?"),
    "may": ("The app may then:", "De app mag dan:"),
    "allow": ("Allow", "Toestaan"),
    "fb": ("Facebook: give access", "Facebook: toegang geven"),
    "fb_asks": ("Which Pages may Webcare work with?", "Met welke Pagina's mag Webcare werken?"),
    "pages": ("Pages", "Pagina's"),
    "continue": ("Continue", "Doorgaan"),
    "cancel": ("Cancel", "Annuleren"),
}


def _words(request: Request) -> tuple[dict[str, str], bool]:
    dutch = speaks_dutch(request)
    return {name: escape(words[1 if dutch else 0]) for name, words in WORDS.items()}, dutch


def _x_ask(world: World, request: Request) -> Response:
    query = request.query
    client = world.tokens.get(query.get("client_id", ""))
    if client is None or client.kind != "client":
        return _bad("You weren't able to give access to the App. Unknown client_id.")
    needed = {"response_type", "redirect_uri", "state", "code_challenge", "scope"}
    if needed - query.keys() or query["response_type"] != "code":
        return _bad(f"You weren't able to give access to the App. Missing: {sorted(needed - query.keys())}")
    people = "".join(
        f'<label class="choice"><input type="radio" name="user_id" value="{u.id}"{" checked" if i == 0 else ""}> '
        f"<b>{escape(u.name)}</b> <span>@{escape(u.username)}</span></label>"
        for i, u in enumerate(user for user in world.x_users.values() if user.brand)
    )
    scopes = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in query["scope"].split())
    said, dutch = _words(request)
    return html_response(page(said["x"], f"""
<h1>{said["x_asks"]}</h1>
<form method="post" action="{escape(request.path)}">{_hidden(query)}
<fieldset><legend>{said["who"]}</legend>{people}</fieldset>
<p>{said["may"]}</p><ul class="scopes">{scopes}</ul>
<p class="buttons"><button name="answer" value="yes">{said["allow"]}</button>
<button class="quiet" name="answer" value="no">{said["cancel"]}</button></p></form>""", dutch=dutch))  # fmt: skip


def _with(address: str, values: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(values)}"


def _x_decide(world: World, request: Request) -> Response:
    form = request.form()
    back, state = str(form.get("redirect_uri", "")), str(form.get("state", ""))
    if form.get("answer") != "yes":
        return redirect(_with(back, {"error": "access_denied", "state": state}))
    code = Token(world.ids.opaque("", length=90), "x", "code", str(form["user_id"]), str(form["client_id"]))
    code.scopes, code.expires = str(form["scope"]).split(), world.clock.now() + MINUTE
    code.extra = {
        "redirect_uri": back, "challenge": form["code_challenge"], "method": form.get("code_challenge_method", "plain"),
    }  # fmt: skip
    world.add("tokens", code)
    return redirect(_with(back, {"state": state, "code": code.id}))


def _x_client(world: World, request: Request, form: dict[str, Any]) -> Token | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    client_id, secret = str(form.get("client_id", "")), None
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value).decode("utf-8", "replace").partition(":")
        except ValueError:
            return None
        client_id, secret = unquote(name), unquote(secret)
    client = world.tokens.get(client_id)
    if client is None or client.kind != "client" or (secret is not None and secret != client.secret):
        return None
    return client


def _oauth_error(status: int, error: str, why: str) -> Response:
    return json_response({"error": error, "error_description": why}, status=status)


def _x_token(world: World, request: Request) -> Response:
    form = request.form()
    client = _x_client(world, request, form)
    if client is None:
        return _oauth_error(401, "unauthorized_client", "Missing valid authorization header")
    if request.path.endswith("/revoke"):
        return _x_revoke(world, str(form.get("token", "")))
    grant = form.get("grant_type")
    if grant == "authorization_code":
        return _x_redeem(world, client, form)
    if grant == "refresh_token":
        return _x_refresh(world, client, form)
    if grant == "client_credentials":
        app = next(t for t in world.tokens.values() if t.kind == "app" and t.platform == "x")
        return json_response({"token_type": "bearer", "access_token": app.id})
    return _oauth_error(400, "unsupported_grant_type", "Value passed for the grant type was invalid.")


def _x_redeem(world: World, client: Token, form: dict[str, Any]) -> Response:
    code = world.tokens.get(str(form.get("code", "")))
    if code is None or code.kind != "code" or code.app != client.id or code.dead or code.expires < world.clock.now():
        return _oauth_error(400, "invalid_request", "Value passed for the authorization code was invalid.")
    if form.get("redirect_uri") != code.extra["redirect_uri"]:
        return _oauth_error(
            400, "invalid_request", "Value passed for the redirect uri did not match the uri of the authorization code."
        )
    if _challenge(str(form.get("code_verifier", "")), code.extra["method"]) != code.extra["challenge"]:
        return _oauth_error(
            400, "invalid_request", "Value passed for the code verifier did not match the code challenge."
        )
    code.dead = "used"
    world.touch("tokens", code)
    return json_response(_x_grant(world, code, grant=code.id[:20]))


def _challenge(verifier: str, method: str) -> str:
    if method.lower() != "s256":
        return verifier
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _x_grant(world: World, source: Token, *, grant: str) -> dict[str, Any]:
    hours = float(world.settings["token_hours"])
    access = Token(world.ids.opaque("", length=91), "x", "user", source.owner, source.app, source.scopes)
    access.expires, access.grant = world.clock.now() + int(hours * HOUR), grant
    world.add("tokens", access)
    answer = {
        "token_type": "bearer", "expires_in": int(hours * 3600), "access_token": access.id,
        "scope": " ".join(source.scopes),
    }  # fmt: skip
    if "offline.access" in source.scopes:
        refresh = Token(
            world.ids.opaque("r", length=90), "x", "refresh", source.owner, source.app, source.scopes, grant=grant
        )
        answer["refresh_token"] = world.add("tokens", refresh).id
    return answer


def _x_refresh(world: World, client: Token, form: dict[str, Any]) -> Response:
    """A refresh token works once; a second use is refused and the grant stays with who came first."""
    old = world.tokens.get(str(form.get("refresh_token", "")))
    if old is None or old.kind != "refresh" or old.app != client.id or old.dead:
        return _oauth_error(400, "invalid_request", "Value passed for the token was invalid.")
    old.dead = "used"
    world.touch("tokens", old)
    for token in world.tokens.values():
        if token.kind == "user" and token.grant == old.grant and not token.dead:
            token.dead = "replaced"
            world.touch("tokens", token)
    return json_response(_x_grant(world, old, grant=old.grant))


def _x_revoke(world: World, raw: str) -> Response:
    token = world.tokens.get(raw)
    for other in list(world.tokens.values()) if token else ():
        if token and other.grant == token.grant and other.kind in {"user", "refresh"} and other.owner == token.owner:
            other.dead = "revoked"
            world.touch("tokens", other)
    return json_response({"revoked": True})


def _fb_ask(world: World, request: Request) -> Response:
    query = request.query
    app = world.tokens.get(query.get("client_id", ""))
    if app is None or app.kind != "fb_app" or "redirect_uri" not in query:
        return _bad("Invalid App ID: The provided app ID does not look like a valid app ID.")
    pages = "".join(
        f'<label class="choice"><input type="checkbox" name="page_{a.id}" value="1" checked> <b>{escape(a.name)}</b> '
        f"<span>{escape(a.category)}</span></label>"
        for a in world.pages.values()
    )  # fmt: skip
    scopes = "".join(
        f'<label class="choice"><input type="checkbox" name="scope_{escape(scope)}" value="1" checked> '
        f"<code>{escape(scope)}</code></label>"
        for scope in _asked(query)
    )
    said, dutch = _words(request)
    return html_response(page(said["fb"], f"""
<h1>{said["fb_asks"]}</h1>
<form method="post" action="{escape(request.path)}">{_hidden(query | {"choose": "1"})}
<fieldset><legend>{said["pages"]}</legend>{pages}</fieldset>
<fieldset><legend>{said["may"]}</legend>{scopes}</fieldset>
<p class="buttons"><button name="answer" value="yes">{said["continue"]}</button>
<button class="quiet" name="answer" value="no">{said["cancel"]}</button></p></form>""", dutch=dutch))  # fmt: skip


def _asked(values: dict[str, Any]) -> list[str]:
    return [scope for scope in str(values.get("scope", "")).replace(" ", ",").split(",") if scope]


def _fb_decide(world: World, request: Request) -> Response:
    form = request.form()
    back, state = str(form.get("redirect_uri", "")), str(form.get("state", ""))
    if form.get("answer") != "yes":
        denied = {
            "error": "access_denied", "error_code": "200", "error_reason": "user_denied",
            "error_description": "Permissions error", "state": state,
        }  # fmt: skip
        return redirect(_with(back, denied))
    code = Token(world.ids.opaque("AQ", length=120), "facebook", "fb_code", FB_ADMIN, str(form["client_id"]))
    asked = _asked(form)
    if "choose" in form:  # the page was seen, and each permission could be taken away there
        asked = [scope for scope in asked if f"scope_{scope}" in form] or ["public_profile"]
    code.scopes, code.expires = asked or list(FB_SCOPES), world.clock.now() + 10 * MINUTE
    pages = [name.removeprefix("page_") for name in form if str(name).startswith("page_")]
    code.extra = {"redirect_uri": back, "pages": pages}
    world.add("tokens", code)
    return redirect(_with(back, {"code": code.id, "state": state}))
