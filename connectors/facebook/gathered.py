"""What replaying recorded traffic gathers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.facebook.harvest import reason
from connectors.facebook.values import UnreadableError, entry, identifier
from connectors.types import Deletion, Exposure, InboundMessage, Page, Unreadable

_SECRET = {"access_token", "app_secret", "appsecret_proof", "client_secret", "refresh_token"}


class Gathered:
    """Messages and the rest; nothing that a payload holds stops it."""

    def __init__(self) -> None:
        self.messages: list[InboundMessage] = []
        self.exposures: list[Exposure] = []
        self.deletions: list[Deletion] = []
        self.unreadable: list[Unreadable] = []
        self.fetched = 0

    def take(self, payload: Any, read: Callable[[dict[str, Any]], InboundMessage]) -> None:
        """One item, read or set aside."""
        self.attempt(payload, lambda found: self.messages.append(read(found)))

    def attempt(self, payload: Any, read: Callable[[dict[str, Any]], None]) -> None:
        """Anything done with one item; its failure is the item's alone."""
        self.fetched += 1
        try:
            if not isinstance(payload, dict):
                raise UnreadableError(f"an item is a {type(payload).__name__}")
            read(payload)
        except Exception as error:
            self.fetched -= 1
            self.set_aside(payload, reason(error))

    def set_aside(self, payload: Any, why: str) -> None:
        """Keep it, less any token it carries."""
        self.fetched += 1
        self.unreadable.append(Unreadable(_clean(payload), why, identifier(entry(payload).get("id"))))

    def page(self) -> Page:
        """Everything gathered."""
        return Page(
            messages=tuple(self.messages),
            exposures=tuple(self.exposures),
            deletions=tuple(self.deletions),
            unreadable=tuple(self.unreadable),
            fetched=self.fetched,
        )


def _clean(payload: Any) -> Any:
    if isinstance(payload, dict):
        return {key: "***" if key in _SECRET else _clean(value) for key, value in payload.items()}
    if isinstance(payload, list):
        return [_clean(item) for item in payload]
    return payload
