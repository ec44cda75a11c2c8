"""The audit trail: who did what to the installation. Rows are only ever added (a trigger sees to it)."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from inbox.models import Agent, AuditEntry, Brand

address: ContextVar[str | None] = ContextVar("audit_address", default=None)  # of the request, set by the middleware


def record(
    verb: str, *, actor: Agent | None = None, brand: Brand | None = None, target: str = "",
    data: dict[str, Any] | None = None,
) -> AuditEntry:  # fmt: skip
    """Add an entry, in the same transaction as what it tells of. Never pass a secret."""
    return AuditEntry.objects.create(
        verb=verb, actor=actor, actor_name=str(actor or "")[:200], brand=brand, target=target[:200], data=data or {},
        address=address.get(),
    )  # fmt: skip


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """What differs, as {"field": [old, new]}, in JSON's own types."""
    return {key: [_plain(before.get(key)), _plain(new)] for key, new in after.items() if before.get(key) != new}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
