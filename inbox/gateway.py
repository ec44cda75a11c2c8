"""From a ChannelAccount to its Connector: decrypts the credentials and refreshes rotating tokens under a row lock."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from connectors.base import Connector
from connectors.registry import connector_class, oauth_class
from connectors.types import Credentials
from inbox.models import ChannelAccount, PlatformApp


def platform_settings(*, brand_id: int, kind: str, base_url: str = "") -> dict[str, str]:
    """What OAuth needs to know about the brand's own app at a platform."""
    app = PlatformApp.objects.filter(brand_id=brand_id, kind=kind).first()
    if app is None:
        return {"base_url": base_url}
    known: dict[str, str] = {"client_id": app.client_id, "callback_url": callback_url(kind), "base_url": app.base_url}
    return {**known, **app.secrets}


def callback_url(kind: str) -> str:
    """Where the platform sends the browser back to."""
    return f"{settings.PUBLIC_URL}/connect/{kind}/callback/"


def app_settings(account: ChannelAccount) -> dict[str, str]:
    """The same, for an account that is connected."""
    return platform_settings(brand_id=account.brand_id, kind=account.kind, base_url=account.base_url)


def connect(account: ChannelAccount) -> Connector:
    """Open a connector that speaks for this account; close it by using it in a `with`."""
    data = fresh_credentials(account)
    return connector_class(account.kind)(Credentials(account.external_id, account.base_url, data))


def fresh_credentials(account: ChannelAccount) -> dict[str, str]:
    """Credential data whose access token still lives. Two workers never refresh a rotating token together."""
    oauth = oauth_class(account.kind)
    if not oauth.needs_refresh(account.credentials, now=timezone.now()):
        return dict(account.credentials)
    with transaction.atomic():  # held over one call to the token endpoint: a rotated token must be stored or lost
        locked = ChannelAccount.objects.select_for_update().get(pk=account.pk)
        if oauth.needs_refresh(locked.credentials, now=timezone.now()):
            locked.credentials = oauth.refresh(app_settings(locked), locked.credentials)
            locked.save(update_fields=["credentials"])
    account.credentials = locked.credentials
    return dict(locked.credentials)
