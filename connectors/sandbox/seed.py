"""The accounts that exist from the start, and the credentials that open them. The same seed gives the same."""

from __future__ import annotations

import hashlib
from typing import Any

from connectors.sandbox.clock import DAY, HOUR, iso
from connectors.sandbox.entities import FbActor, Token, XUser
from connectors.sandbox.graph_auth import SCOPES as FB_SCOPES
from connectors.sandbox.world import World
from connectors.sandbox.x_auth import SCOPES as X_SCOPES

X_CLIENT = "sandbox-client-WmVlbWFu"
X_CONSUMER = "sandboxConsumerKeyForX01"
FB_APP = "104857600021337"
X_BRANDS = (
    ("1398212205531070466", "noordtreinen", "NoordTreinen", "Reizen door het noorden. Webcare elke dag van 6 tot 24 uur.", "Waterdam", 48_210),
    ("1401777220918345730", "NT_reisinfo", "NT Reisinfo", "Storingen en werkzaamheden, zonder omwegen.", "Waterdam", 91_400),
    ("1402555101882548226", "postvlot", "PostVlot", "Pakketten, brieven en de hond is ook welkom.", "Meerhuizen", 22_870),
)  # fmt: skip
FB_BRANDS = (
    ("104612845290117", "noordtreinen", "NoordTreinen", "Train station", "Treinen in het noorden", 63_520),
    ("104933178820442", "postvlot", "PostVlot", "Cargo & Freight Company", "Post en pakketten", 31_040),
)
FB_ADMIN = "7012345678901234"


def secret(world: World, name: str, *, length: int = 50) -> str:
    """The same secret for the same seed, however often it is asked."""
    return hashlib.sha512(f"{world.seed}:{name}".encode()).hexdigest()[:length]


def plant(world: World) -> None:
    """Put apps, brands and their tokens in an empty world."""
    now = world.clock.now()
    for user_id, handle, name, bio, place, followers in X_BRANDS:
        user = XUser(user_id, handle, name, now - 1_200 * DAY, bio, place, followers, 310, 0, verified=True)
        user.verified_type, user.brand = "business", True
        user.image = f"https://pbs.twimg.com/profile_images/{user_id}/brand_normal.jpg"
        world.add("x_users", user)
    for page_id, username, name, category, about, followers in FB_BRANDS:
        world.add("actors", FbActor(page_id, name, True, username, category, about, followers))
    world.add("actors", FbActor(FB_ADMIN, "Daan Wiersma"))
    _plant_apps(world)
    for brand in X_BRANDS:
        x_tokens(world, brand[0])
    for page in FB_BRANDS:
        fb_token(world, page[0])


def _plant_apps(world: World) -> None:
    world.add("tokens", Token(X_CLIENT, "x", "client", secret=secret(world, "x-client")))
    world.add("tokens", Token(X_CONSUMER, "x", "consumer", app=X_CLIENT, secret=secret(world, "x-consumer")))
    world.add("tokens", Token(FB_APP, "facebook", "fb_app", secret=secret(world, "fb-app", length=32)))
    app_only = "AAAAAAAAAAAAAAAAAAAAA" + secret(world, "x-app-only", length=60)
    world.add("tokens", Token(app_only, "x", "app", app=X_CLIENT, scopes=[]))


def x_tokens(world: World, user_id: str) -> None:
    """The tokens this account has from the start."""
    grant, now = f"seed-{user_id}", world.clock.now()
    access, refresh = (secret(world, f"x-{kind}-{user_id}", length=70) for kind in ("access", "refresh"))
    until = now + int(world.settings["token_hours"] * HOUR)
    scopes = list(X_SCOPES)
    world.add("tokens", Token(access, "x", "user", user_id, X_CLIENT, scopes, until, grant=grant))
    world.add("tokens", Token(refresh, "x", "refresh", user_id, X_CLIENT, scopes, grant=grant))
    key = f"{user_id}-{secret(world, f'x-oauth1-{user_id}', length=40)}"
    token = Token(key, "x", "oauth1", user_id, X_CLIENT, scopes, secret=secret(world, f"x-secret-{user_id}", length=45))
    world.add("tokens", token)


def fb_token(world: World, page_id: str) -> None:
    """The Page token this Page has from the start; it has no end."""
    token = Token("EAAP" + secret(world, f"page-{page_id}", length=120), "facebook", "page", page_id, FB_APP)
    token.scopes, token.grant, token.extra = list(FB_SCOPES), "seed", {"user": FB_ADMIN, "issued": world.clock.now()}
    world.add("tokens", token)


def accounts(world: World) -> list[dict[str, Any]]:
    """Every seeded account with what a connector needs to speak for it."""
    return [_x_account(world, brand[0]) for brand in X_BRANDS] + [_fb_account(world, page[0]) for page in FB_BRANDS]


def _newest(world: World, kind: str, owner: str) -> Token | None:
    found = [t for t in world.tokens.values() if t.kind == kind and t.owner == owner and not t.dead]
    return found[-1] if found else None


def _x_account(world: World, user_id: str) -> dict[str, Any]:
    user, consumer = world.x_users[user_id], world.tokens[X_CONSUMER]
    access, refresh = _newest(world, "user", user_id), _newest(world, "refresh", user_id)
    oauth1 = _newest(world, "oauth1", user_id)
    credentials = {
        "client_id": X_CLIENT, "client_secret": world.tokens[X_CLIENT].secret,
        "access_token": access.id if access else "", "refresh_token": refresh.id if refresh else "",
        "expires_at": iso(access.expires) if access else "", "scope": " ".join(X_SCOPES),
    }  # fmt: skip
    keys = {
        "api_key": consumer.id, "api_secret": consumer.secret,
        "access_token": oauth1.id if oauth1 else "", "access_token_secret": oauth1.secret if oauth1 else "",
    }  # fmt: skip
    return {
        "kind": "x", "external_id": user_id, "name": user.name, "handle": user.username, "brand": _brand(user.username),
        "credentials": credentials, "credentials_oauth1": keys, "app_only_token": _app_only(world),
    }  # fmt: skip


def _app_only(world: World) -> str:
    return next(token.id for token in world.tokens.values() if token.kind == "app" and token.platform == "x")


def _fb_account(world: World, page_id: str) -> dict[str, Any]:
    page, token = world.actors[page_id], _newest(world, "page", page_id)
    raw = token.id if token else ""
    app = {"app_id": FB_APP, "app_secret": world.tokens[FB_APP].secret}
    return {
        "kind": "facebook", "external_id": page_id, "name": page.name, "handle": page.username,
        "brand": _brand(page.username), "credentials": {"access_token": raw, "page_token": raw, **app},
    }  # fmt: skip


def _brand(handle: str) -> str:
    return "PostVlot" if handle.lower().startswith("postvlot") else "NoordTreinen"


def apps(world: World) -> dict[str, dict[str, str]]:
    """The platform apps through which accounts are connected by clicking."""
    return {
        "x": {"client_id": X_CLIENT, "client_secret": world.tokens[X_CLIENT].secret},
        "facebook": {"client_id": FB_APP, "client_secret": world.tokens[FB_APP].secret},
    }
