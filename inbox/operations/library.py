"""Labels, canned replies and reasons for closing."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from inbox import events
from inbox.models import Agent, CannedReply, ClosingReason, Label
from inbox.operations import audit
from inbox.operations.changes import Refused

T = TypeVar("T", Label, CannedReply, ClosingReason)


@transaction.atomic
def save(thing: T, *, agent: Agent, **fields: Any) -> T:
    """A new one, or a change to one. Refused "exists" when the brand has it already."""
    old = type(thing)._default_manager.filter(pk=thing.pk).values(*fields).first() or {}
    for name, value in fields.items():
        setattr(thing, name, value)
    try:
        with transaction.atomic():
            thing.save(update_fields=list(fields) if thing.pk else None)
    except IntegrityError:
        raise Refused("exists", name=str(thing)) from None
    _tell(thing, "saved", agent, changed=audit.changes(old, {n: _plain(v) for n, v in fields.items()}))
    return thing


@transaction.atomic
def archive(thing: Label | ClosingReason, *, agent: Agent, archived: bool) -> None:
    """Out of the choices, or back in; what carries it keeps it."""
    thing.archived_at = timezone.now() if archived else None
    thing.save(update_fields=["archived_at"])
    _tell(thing, "archived" if archived else "restored", agent)


@transaction.atomic
def delete_reply(reply: CannedReply, *, agent: Agent) -> None:
    """A text nobody needs any more."""
    _tell(reply, "deleted", agent)
    reply.delete()


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def _tell(thing: Label | CannedReply | ClosingReason, what: str, agent: Agent, **data: Any) -> None:
    noun = type(thing)._meta.model_name
    audit.record(f"{noun}_{what}", actor=agent, brand=thing.brand, target=str(thing), data=data)
    events.publish("list", brand_id=thing.brand_id)
