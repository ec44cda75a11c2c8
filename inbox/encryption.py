"""Secrets at rest: MultiFernet under the keys of ENCRYPTION_KEYS, the first of which writes."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class WrongKey(ImproperlyConfigured):
    """A stored secret cannot be read with the keys we have: never return the ciphertext in its place."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def box() -> MultiFernet:
    """The cipher of the current keys."""
    return _box(tuple(settings.ENCRYPTION_KEYS))


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]
    """A JSON value that only this process can read."""

    def from_db_value(self, value: bytes | None, *_: Any) -> Any:
        if value is None:
            return None
        try:
            return json.loads(box().decrypt(bytes(value)))
        except InvalidToken:
            raise WrongKey(
                "A stored secret cannot be decrypted: ENCRYPTION_KEYS lacks the key it was saved with."
            ) from None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        if value is None or isinstance(value, memoryview):
            return value
        return super().get_db_prep_value(box().encrypt(json.dumps(value).encode()), connection, prepared)
