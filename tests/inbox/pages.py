"""Pages as a connector would give them, for tests of ingest and polling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.types import Author, Direction, InboundMessage, Page, Visibility

START = datetime(2026, 3, 28, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def author(who: str, **fields: Any) -> Author:
    return Author(**{"external_id": f"id-{who}", "handle": who, "name": who.title(), "followers": 10, **fields})


def said(pk: str, who: str | None = "anna", minutes: float = 0, **fields: Any) -> InboundMessage:
    """Something somebody said in public."""
    defaults = {
        "external_id": pk, "author": author(who) if who else None, "sent_at": at(minutes), "text": f"Bericht {pk}",
        "visibility": Visibility.PUBLIC, "thread_id": "t1", "raw": {"id": pk},
    }  # fmt: skip
    return InboundMessage(**{**defaults, **fields})


def ours(pk: str, to: str | None = "anna", minutes: float = 0, **fields: Any) -> InboundMessage:
    """Something we said in the platform's own app."""
    defaults = {"direction": Direction.OUTBOUND, "partner": author(to) if to else None}
    return said(pk, "us", minutes, **{**defaults, **fields})


def private(pk: str, who: str = "anna", minutes: float = 0, **fields: Any) -> InboundMessage:
    return said(pk, who, minutes, **{"visibility": Visibility.PRIVATE, "thread_id": f"dm-{who}", **fields})


def page(*messages: InboundMessage, **fields: Any) -> Page:
    return Page(messages=messages, fetched=len(messages), **fields)
