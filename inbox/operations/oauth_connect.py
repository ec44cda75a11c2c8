"""Connecting by clicking through: the way to the platform and back. These call platforms: never in a transaction."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.exceptions import ConnectorError, OutcomeUnknown, RateLimited, TemporaryFailure
from connectors.registry import connector_class, oauth_class
from connectors.types import AccountInfo, Credentials
from inbox import gateway
from inbox.encryption import seal, unseal
from inbox.models import Agent, Brand, ChannelAccount, PlatformApp
from inbox.operations import accounts, audit
from inbox.operations.changes import Refused


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way to the platform and back, kept in the session of the browser that began it."""

    brand_id: int
    kind: str
    state: str
    verifier: str
    account_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account the grant can speak for."""

    credentials: Credentials
    info: AccountInfo


def save_app(*, brand: Brand, agent: Agent, kind: str, client_id: str, client_secret: str, base_url: str = "") -> None:
    """The brand's own app at a platform, tried before it is kept: ConnectorError when the platform will not have it.

    An empty secret keeps the one that is there.
    """
    app = PlatformApp.objects.filter(brand=brand, kind=kind).first()
    kept = {"client_secret": client_secret} if client_secret else app.secrets if app else {}
    oauth_class(kind).check_app({"client_id": client_id, "base_url": base_url, **kept})
    fields: dict[str, Any] = {
        "client_id": client_id, "secrets": kept, "base_url": base_url, "checked_at": timezone.now()
    }  # fmt: skip
    if app is None or (app.client_id, app.base_url) != (client_id, base_url):  # another app proves itself anew
        fields |= {"came_back_at": None, "missing_scopes": None}
    _keep_app(brand, agent, kind, fields, secret_changed=bool(client_secret))


@transaction.atomic
def _keep_app(brand: Brand, agent: Agent, kind: str, fields: dict[str, Any], *, secret_changed: bool) -> None:
    PlatformApp.objects.update_or_create(brand=brand, kind=kind, defaults=fields)
    client_id, base_url = fields["client_id"], fields["base_url"]
    facts = {"kind": kind, "client_id": client_id, "secret_changed": secret_changed, "base_url": base_url}
    audit.record("platform_app_saved", actor=agent, brand=brand, target=kind, data=facts)


def begin(*, brand: Brand, kind: str, account: ChannelAccount | None = None) -> tuple[Attempt, str]:
    """A new attempt and the address to send the browser to."""
    app = gateway.platform_settings(brand_id=brand.pk, kind=kind)
    if not app.get("client_id"):
        raise Refused("no_app")
    attempt = Attempt(
        brand.pk, kind, state=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48),
        account_id=account.pk if account else None,
    )  # fmt: skip
    return attempt, oauth_class(kind).authorize_url(app, state=attempt.state, verifier=attempt.verifier)


def answered(stored: dict[str, Any] | None, *, kind: str, state: str) -> Attempt:
    """The attempt this answer belongs to; refused when it is not the one this browser began."""
    if not stored or stored.get("kind") != kind or not hmac.compare_digest(str(stored["state"]), state):
        raise Refused("not_begun_here")
    return Attempt(**stored)


def came_back(attempt: Attempt) -> None:
    """The platform knows our callback address: it sent the browser there."""
    PlatformApp.objects.filter(brand=attempt.brand_id, kind=attempt.kind).update(came_back_at=timezone.now())


def candidates(attempt: Attempt, *, code: str) -> list[Candidate]:
    """The accounts behind the platform's answer; ConnectorError when it will not have it."""
    app = gateway.platform_settings(brand_id=attempt.brand_id, kind=attempt.kind)
    oauth = oauth_class(attempt.kind)
    grant = oauth.exchange(app, code=code, verifier=attempt.verifier)
    found = [Candidate(credentials, info) for credentials, info in oauth.accounts(app, grant)]
    if found:
        missing = [scope for scope in oauth.scopes if any(scope in one.info.missing for one in found)]
        PlatformApp.objects.filter(brand=attempt.brand_id, kind=attempt.kind).update(missing_scopes=missing)
    return found


def keys_candidate(*, kind: str, data: dict[str, str], base_url: str = "") -> Candidate:
    """The account behind keys somebody typed."""
    credentials = Credentials("", base_url, data)
    return Candidate(credentials, _checked(kind, credentials))


def connect(*, brand: Brand, agent: Agent, kind: str, candidate: Candidate) -> ChannelAccount:
    """Ask the platform once more whether it works, then save."""
    info = _checked(kind, candidate.credentials)
    return accounts.connect(brand=brand, agent=agent, kind=kind, credentials=candidate.credentials, info=info)


def reconnect(*, account: ChannelAccount, agent: Agent, candidate: Candidate) -> ChannelAccount:
    """The same for an account that is there already."""
    info = _checked(account.kind, candidate.credentials)
    return accounts.reconnect(account=account, agent=agent, credentials=candidate.credentials, info=info)


def revoke(account: ChannelAccount) -> bool:
    """Give a removed account's grant back and forget it; False when it is not sure that the platform was told."""
    if account.credentials:
        try:
            oauth_class(account.kind).revoke(gateway.app_settings(account), account.credentials)
        except (ConnectorError, KeyError) as error:
            if isinstance(error, TemporaryFailure | RateLimited | OutcomeUnknown):
                return False
    accounts.forget_credentials(account=account)
    return True


def pack(found: list[Candidate]) -> str:
    """Candidates for the session: sealed, since the session's table is not."""
    return seal([{"credentials": asdict(one.credentials), "info": _plain(asdict(one.info))} for one in found])


def unpack(sealed: str) -> list[Candidate]:
    """What `pack` made."""
    return [Candidate(Credentials(**one["credentials"]), _info(one["info"])) for one in unseal(sealed)]


def _checked(kind: str, credentials: Credentials) -> AccountInfo:
    with connector_class(kind)(credentials) as connector:
        return connector.check()


def _plain(info: dict[str, Any]) -> dict[str, Any]:
    ends = info["token_expires_at"]
    return info | {"token_expires_at": ends.isoformat() if ends else None, "cost": None, "limits": None}


def _info(data: dict[str, Any]) -> AccountInfo:
    ends = data["token_expires_at"]
    kept: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in data.items() if k not in {"cost", "limits"}
    }
    kept["token_expires_at"] = datetime.fromisoformat(ends) if ends else None
    return AccountInfo(**kept)
