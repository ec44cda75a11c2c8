"""System checks of our own."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError

from inbox.encryption import WrongKey, encrypted_columns, unseal

ADVICE = "Add the former key to ENCRYPTION_KEYS."


@register(Tags.database)  # type: ignore[type-var]
def secrets_can_be_read(*_: Any, databases: Any = None, **__: Any) -> list[CheckMessage]:
    """A sample of each kind of stored secret opens with the keys we have: tried by `check --database default`."""
    found: list[CheckMessage] = []
    for model, names in encrypted_columns() if databases else ():
        try:
            list(model._base_manager.order_by("-pk").values_list(*names)[:5])
        except WrongKey as error:
            label = model._meta.label
            found.append(Error(f"{label}: {error}", hint=ADVICE, id="inbox.E001"))
        except DatabaseError:  # before the first migration there is no table to read
            continue
    return found + (_second_factors() if databases else [])


def _second_factors() -> list[CheckMessage]:
    """The same for the secrets of authenticator apps, and the seeds of recovery codes."""
    from allauth.mfa.models import Authenticator

    try:
        for data in Authenticator.objects.order_by("-pk").values_list("data", flat=True)[:5]:
            for name in {"secret", "seed"} & data.keys():
                unseal(data[name])
    except WrongKey as error:
        return [Error(f"Second factors: {error}", hint=ADVICE, id="inbox.E002")]
    except DatabaseError:
        pass
    return []
