"""Write every stored secret anew under the first key of ENCRYPTION_KEYS, so that the others may go."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from inbox.encryption import WrongKey, encrypted_columns, seal, unseal


class Command(BaseCommand):
    """Safe while everything runs, and to run again: each row is locked, read and written by itself."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable: list[str] = []
        for model, names in encrypted_columns():
            done = sum(_rotated(model, pk, names, unreadable) for pk in _keys(model))
            self.stdout.write(f"{model._meta.label}: {done} rows ({', '.join(names)})")
        done = sum(_rotated_factor(pk, unreadable) for pk in _keys(Authenticator))
        self.stdout.write(f"{Authenticator._meta.label}: {done} rows")
        if unreadable:
            raise CommandError(
                f"{len(unreadable)} secrets cannot be read with these keys and were left as they are: "
                f"{', '.join(unreadable[:20])}. Add the key they were saved with to ENCRYPTION_KEYS."
            )


def _keys(model: type[models.Model]) -> list[int]:
    return list(model._base_manager.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _rotated(model: type[models.Model], pk: int, names: list[str], unreadable: list[str]) -> bool:
    try:
        row = model._base_manager.select_for_update().only("pk", *names).filter(pk=pk).first()
        if row is not None:
            row.save(update_fields=names)
    except WrongKey:
        unreadable.append(f"{model._meta.label} {pk}")
        return False
    return row is not None


@transaction.atomic
def _rotated_factor(pk: int, unreadable: list[str]) -> bool:
    """Secrets of authenticator apps, and the seeds of recovery codes."""
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if factor is None:
        return False
    try:
        sealed = {name: factor.data[name] for name in ("secret", "seed") if name in factor.data}
        factor.data |= {name: seal(unseal(text)) for name, text in sealed.items()}
    except WrongKey:
        unreadable.append(f"{Authenticator._meta.label} {pk}")
        return False
    factor.save(update_fields=["data"])
    return True
