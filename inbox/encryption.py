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


def seal(value: Any) -> str:
    """A JSON value as text that only this process can read."""
    return box().encrypt(json.dumps(value).encode()).decode()


def unseal(text: str) -> Any:
    """What `seal` made; WrongKey when our keys do not fit."""
    return _opened(text.encode())


def _opened(token: bytes) -> Any:
    try:
        return json.loads(box().decrypt(token))
    except InvalidToken:
        raise WrongKey(
            "A stored secret cannot be decrypted: ENCRYPTION_KEYS lacks the key it was saved with."
        ) from None


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]
    """A JSON value that only this process can read."""

    def from_db_value(self, value: bytes | None, *_: Any) -> Any:
        return None if value is None else _opened(bytes(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None or isinstance(value, memoryview):
            return value
        return super().get_db_prep_value(box().encrypt(json.dumps(value).encode()), connection, prepared)


def encrypted_columns() -> list[tuple[type[models.Model], list[str]]]:
    """Every model that keeps secrets, with the names of the fields that do."""
    from django.apps import apps

    found = []
    for model in apps.get_models():
        names = [field.name for field in model._meta.fields if isinstance(field, EncryptedJSONField)]
        if names:
            found.append((model, names))
    return found
