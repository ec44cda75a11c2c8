"""Who calls X: OAuth 2.0 user and app-only bearer tokens, OAuth 1.0a signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, unquote

from connectors.sandbox.entities import Token, XUser
from connectors.sandbox.http import Request
from connectors.sandbox.world import World
from connectors.sandbox.x_errors import app_only, forbidden, problem, unauthorized

# Clients sign for the platform's own hosts before they are redirected here; some sign for the address they are given
SIGNED_HOSTS = ("https://api.twitter.com", "https://api.x.com", "https://upload.twitter.com", "https://upload.x.com")
SCOPES = (
    "tweet.read", "users.read", "tweet.write", "tweet.moderate.write", "dm.read", "dm.write", "media.write",
    "like.write", "offline.access",
)  # fmt: skip


class Caller:
    """The token that made a call, and whose it is."""

    def __init__(self, world: World, token: Token) -> None:
        self.token = token
        self.user: XUser | None = world.x_users.get(token.owner)
        self.is_app = token.kind == "app"

    def person(self, *scopes: str) -> XUser:
        """The user behind the token, who granted these scopes; refused otherwise."""
        if self.user is None:
            raise app_only()
        if self.token.kind == "user" and not set(scopes) <= set(self.token.scopes):
            raise forbidden("You are not permitted to perform this action.")
        return self.user


def caller(world: World, request: Request) -> Caller:
    """Whoever signed this request; 401 when nobody we know."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = world.tokens.get(value.strip())
    elif scheme.lower() == "oauth":
        token = _signed(world, request)
    else:
        raise unauthorized()
    if token is None or token.platform != "x" or token.kind not in {"user", "app", "oauth1"} or token.dead:
        raise unauthorized()
    if token.expires and token.expires <= world.clock.now():
        raise unauthorized()
    found = Caller(world, token)
    if found.user is not None and found.user.suspended:
        raise problem(403, "Forbidden", "Your account is suspended and is not permitted to access this feature.")
    return found


def _signed(world: World, request: Request) -> Token | None:
    _, app, token = signed_by(world, request)
    return token if app is not None and token is not None and token.kind == "oauth1" else None


def signed_by(world: World, request: Request) -> tuple[dict[str, str], Token | None, Token | None]:
    """The OAuth parameters, the app and the token behind a signature; no app when the signature is wrong."""
    given = {}
    for part in request.headers.get("authorization", "").partition(" ")[2].split(","):
        name, _, value = part.strip().partition("=")
        given[unquote(name)] = unquote(value.strip('"'))
    token = world.tokens.get(given.get("oauth_token", ""))
    app = world.tokens.get(given.get("oauth_consumer_key", ""))
    if app is None or app.kind != "consumer" or (token is None and given.get("oauth_token")):
        return given, None, None
    signature = given.pop("oauth_signature", "")
    given.pop("realm", None)
    for host in (*SIGNED_HOSTS, f"http://{request.headers.get('host', '')}"):
        secret = token.secret if token else ""
        expected = sign(request, given, consumer_secret=app.secret, token_secret=secret, host=host)
        if hmac.compare_digest(signature.encode(), expected.encode()):
            return given, app, token
    return given, None, None


def sign(
    request: Request, oauth: dict[str, str], *, consumer_secret: str, token_secret: str, host: str = SIGNED_HOSTS[0]
) -> str:
    """The HMAC-SHA1 signature this request should carry."""
    pairs = [*oauth.items(), *parse_qsl(request.query_string, keep_blank_values=True)]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    encoded = sorted((_encode(name), _encode(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join((request.method, _encode(host + request.path), _encode(parameters)))
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _encode(text: str) -> str:
    return quote(text, safe="~")
