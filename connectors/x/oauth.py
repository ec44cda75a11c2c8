"""Connecting an X account by clicking through: authorization code with PKCE, rotating refresh tokens.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code (2026-08)
"""

from __future__ import annotations

import base64
import hashlib
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from connectors.base import OAuth
from connectors.exceptions import AuthorizationLost, PermissionMissing, Rejected, TemporaryFailure
from connectors.http import PlatformSession
from connectors.types import AccountInfo, Credentials
from connectors.x.connector import SCOPES, XConnector
from connectors.x.errors import failure
from connectors.x.wire import count, mapping, moment, word

_TOKEN = "https://api.twitter.com/2/oauth2/token"
_REVOKE = "https://api.twitter.com/2/oauth2/revoke"
_EARLY = timedelta(minutes=10)  # of the two hours an access token lives
_ABOUT_THE_TOKEN = {"invalid_request", "invalid_token", "unsupported_token_type"}


class XOAuth(OAuth):
    """`app`: client_id, client_secret ("": a public client), callback_url, base_url ("": the real X)."""

    scopes: ClassVar[tuple[str, ...]] = SCOPES

    @classmethod
    def check_app(cls, app: dict[str, str]) -> None:
        """Giving back a token that is none: the client is looked at before the token (RFC 7009, 2.1)."""
        nothing = {"token": "none", "token_type_hint": "access_token"}
        try:
            _post(app, _REVOKE, nothing, secrets=(), harmless=True)
        except AuthorizationLost as error:
            if error.code not in _ABOUT_THE_TOKEN:
                raise

    @classmethod
    def authorize_url(cls, app: dict[str, str], *, state: str, verifier: str) -> str:
        """Where to send the browser for consent."""
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": app["callback_url"],
            "scope": " ".join(cls.scopes),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{(app.get('base_url') or 'https://x.com').rstrip('/')}/i/oauth2/authorize?{urlencode(query)}"

    @classmethod
    def exchange(cls, app: dict[str, str], *, code: str, verifier: str) -> dict[str, str]:
        """The answer's code for a grant."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": app["callback_url"],
            "code_verifier": verifier,
        }
        return _grant(_post(app, _TOKEN, form, secrets=(code, verifier)))

    @classmethod
    def accounts(cls, app: dict[str, str], grant: dict[str, str]) -> list[tuple[Credentials, AccountInfo]]:
        """The one account this grant speaks for."""
        base_url = app.get("base_url", "")
        with XConnector(Credentials(base_url=base_url, data=grant)) as connector:
            info = connector.check()
        return [(Credentials(account_id=info.external_id, base_url=base_url, data=grant), info)]

    @classmethod
    def refresh(cls, app: dict[str, str], data: dict[str, str]) -> dict[str, str]:
        """Fresh data. The old refresh token is dead from now on: store what comes back at once."""
        if not data.get("refresh_token"):
            raise AuthorizationLost("No refresh token", code="no_refresh_token")
        form = {"grant_type": "refresh_token", "refresh_token": data["refresh_token"]}
        return data | _grant(_post(app, _TOKEN, form, secrets=data.values()))

    @classmethod
    def needs_refresh(cls, data: dict[str, str], *, now: datetime) -> bool:
        """Whether the access token ends within the next minutes. OAuth 1.0a keys never end."""
        ends = moment(data.get("expires_at"))
        return bool(data.get("refresh_token")) and ends is not None and ends - now < _EARLY

    @classmethod
    def revoke(cls, app: dict[str, str], data: dict[str, str]) -> None:
        """Give the grant back. OAuth 1.0a keys are withdrawn in X's own settings."""
        for kind in ("refresh_token", "access_token"):
            if data.get(kind) and not data.get("access_token_secret"):
                _post(app, _REVOKE, {"token": data[kind], "token_type_hint": kind}, secrets=data.values())


def _post(app: dict[str, str], url: str, form: dict[str, str], *, secrets: Any, harmless: bool = False) -> Any:
    secret = app.get("client_secret", "")
    with PlatformSession(base_url=app.get("base_url", ""), secrets=[secret, *filter(None, secrets)]) as session:
        form["client_id"] = app["client_id"]
        auth = (app["client_id"], secret) if secret else None
        with session.harmless() if harmless else nullcontext():
            response = session.post(url, data=form, auth=auth)
        answer = session.last
        if answer is None or response.status_code < 300:
            return response.json()
        error = failure(answer, session, ())
    if answer.status in (400, 403) and isinstance(error, Rejected | PermissionMissing):
        raise AuthorizationLost(error.detail, code=word(mapping(answer.json).get("error")) or error.code)
    raise error


def _grant(answer: Any) -> dict[str, str]:
    told = mapping(answer)
    if not word(told.get("access_token")):
        raise TemporaryFailure("No access token in the answer", code="no_token")
    grant = {name: word(told.get(name)) for name in ("access_token", "refresh_token", "scope")}
    grant = {name: value for name, value in grant.items() if value}
    seconds = count(told.get("expires_in"))
    if seconds is not None:
        grant["expires_at"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return grant
