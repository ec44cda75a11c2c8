"""The contract every platform keeps. It is proved by `tests/connectors/conformance.py`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar, Self

from connectors.types import (
    AccountInfo,
    Capabilities,
    Credentials,
    Cursor,
    OutboundMessage,
    Page,
    Refreshed,
    Sent,
    StreamRef,
)


class Connector(ABC):
    """One account on one platform. Calls once, never retries, raises only `ConnectorError`.

    Instances are cheap, hold one HTTP session, and are not shared between threads; close them (`with`).
    """

    kind: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    def __init__(self, credentials: Credentials, *, timeout: tuple[float, float] = (3.05, 10.0)) -> None:
        self.credentials = credentials
        self.timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the HTTP session back."""

    @abstractmethod
    def check(self) -> AccountInfo:
        """Who this credential belongs to, and what it may do; AuthorizationLost when it is no good."""

    def streams(self) -> tuple[StreamRef, ...]:
        """The streams an account starts with: all that need no query."""
        return tuple(StreamRef(s.kind) for s in self.capabilities.streams if not s.needs_query)

    @abstractmethod
    def poll(self, stream: StreamRef, cursor: Cursor, *, since: datetime | None = None, limit: int = 100) -> Page:
        """One page of a stream. `since` bounds how far a first poll ({} cursor) looks back."""

    @abstractmethod
    def send(self, message: OutboundMessage) -> Sent:
        """Post it, once. OutcomeUnknown when it may have been accepted."""

    @abstractmethod
    def find_sent(self, message: OutboundMessage, since: datetime) -> Sent | None:
        """Our own post with this text in this thread, made at or after `since`; None when it is not there (yet)."""

    def told_at(self) -> datetime | None:
        """The platform's clock as its latest answer showed it; None when it showed none."""
        return None

    @abstractmethod
    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        """Re-read messages by id (at most `capabilities.refresh_batch`)."""

    @abstractmethod
    def hide(self, external_id: str) -> None:
        """Hide somebody's public reply. Hiding what is hidden is done."""

    @abstractmethod
    def unhide(self, external_id: str) -> None:
        """Show it again."""

    @abstractmethod
    def delete_own(self, external_id: str) -> None:
        """Delete a post of ours. Deleting what is gone is done."""

    @abstractmethod
    def permalink(self, external_id: str, *, thread_id: str = "", handle: str = "") -> str:
        """Where a person sees this message on the platform; "" when it has no address."""

    @classmethod
    @abstractmethod
    def length(cls, text: str) -> int:
        """How long the platform finds this text."""

    @classmethod
    @abstractmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        """A recorded answer (`method`, `uri`, `status`, `headers`, `body`) through the same mapping as `poll`.

        `account_id` and `stream` say for whom it was read and by which stream, where that is known.
        """


class OAuth(ABC):
    """How an account of a platform is connected by clicking through. One per platform, in its `oauth.py`.

    `state` and `verifier` are made and kept by the caller. `app` holds the platform app's own settings:
    client_id, client_secret, callback_url, and base_url for the sandbox.
    """

    scopes: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def check_app(cls, app: dict[str, str]) -> None:
        """Return when the platform knows this id with this secret; AuthorizationLost when not. Changes nothing."""

    @classmethod
    @abstractmethod
    def authorize_url(cls, app: dict[str, str], *, state: str, verifier: str) -> str:
        """Where to send the browser for consent."""

    @classmethod
    @abstractmethod
    def exchange(cls, app: dict[str, str], *, code: str, verifier: str) -> dict[str, str]:
        """The answer's code for a grant: credential data (and "expires_at", an ISO time, where it ends)."""

    @classmethod
    @abstractmethod
    def accounts(cls, app: dict[str, str], grant: dict[str, str]) -> list[tuple[Credentials, AccountInfo]]:
        """The accounts this grant can speak for: one for X, each chosen Page for Facebook."""

    @classmethod
    @abstractmethod
    def refresh(cls, app: dict[str, str], data: dict[str, str]) -> dict[str, str]:
        """Fresh credential data from the old; the caller holds the row lock and stores it at once."""

    @classmethod
    @abstractmethod
    def needs_refresh(cls, data: dict[str, str], *, now: datetime) -> bool:
        """Whether the access token ends within the next minutes."""

    @classmethod
    @abstractmethod
    def revoke(cls, app: dict[str, str], data: dict[str, str]) -> None:
        """Give the grant back to the platform."""
