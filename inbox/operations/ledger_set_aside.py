"""What could not be read is tried again after a fix, through the same mapping and the same ingest."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.registry import connector_class
from connectors.types import Page
from inbox.models import Agent, SetAside
from inbox.operations.ingest import ingest_page
from inbox.operations.ledger import Turn


@transaction.atomic
def retry_set_aside(item: SetAside, *, agent: Agent) -> bool:
    """True when it can be read now and is stored; otherwise the error says why not yet."""
    item = SetAside.objects.select_for_update(of=("self",)).select_related("stream__account").get(pk=item.pk)
    if item.resolved_at is not None:
        return True
    now = timezone.now()
    page = read_again(item)
    readable = bool(page.messages or page.exposures or page.deletions) and not page.unreadable
    if readable:
        done = ingest_page(stream=item.stream, page=page, now=now, lease=None, turn=Turn(now, fields=None))
        readable = done.set_aside == 0
    error = "; ".join(unread.error for unread in page.unreadable) or item.error
    SetAside.objects.filter(pk=item.pk).update(
        tried_at=now, error=item.error if readable else error, resolved_at=now if readable else None
    )
    return readable


def read_again(item: SetAside) -> Page:
    """The payload through the platform's mapping, as if it were an answer."""
    kept: Any = item.payload
    answered = isinstance(kept, dict) and "body" in kept
    exchange = kept if answered else {"method": "GET", "uri": "", "status": 200, "headers": {}, "body": kept}
    stream = item.stream
    read_for = {"account_id": stream.account.external_id, "stream": stream.kind}  # or our own words were another's
    return connector_class(stream.account.kind).read_recorded(exchange | read_for)
