"""People outside: how an erased one is recognised without being remembered."""

from __future__ import annotations

import hmac

from django.conf import settings


def fingerprint(*, platform: str, external_id: str) -> str:
    """A keyed hash of somebody's id: of no use without SECRET_KEY."""
    text = f"{platform}\0{external_id}"
    return hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256").hex()
