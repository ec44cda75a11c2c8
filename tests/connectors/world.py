"""The platform's side of a conformance test: what goes wrong, and how the world outside is moved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from connectors.base import Connector
from connectors.exceptions import (
    AuthorizationLost,
    ConnectorError,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    TemporaryFailure,
)
from connectors.types import StreamRef

FAULTS: dict[str, tuple[type[ConnectorError], type[ConnectorError]]] = {
    # what goes wrong with the next call: (on a read, on a write)
    "authorization_lost": (AuthorizationLost, AuthorizationLost),
    "rate_limited": (RateLimited, RateLimited),
    "permission_missing": (PermissionMissing, PermissionMissing),
    "unavailable_html": (TemporaryFailure, OutcomeUnknown),
    "truncated": (TemporaryFailure, OutcomeUnknown),
    "hang": (TemporaryFailure, OutcomeUnknown),
    "cut_before_answer": (TemporaryFailure, OutcomeUnknown),
    "html_instead_of_json": (TemporaryFailure, OutcomeUnknown),
    "list_instead_of_object": (TemporaryFailure, OutcomeUnknown),
}


class World(ABC):
    """The platform's side of a test: people, the public's view, and faults. One per test."""

    tells_time: bool = True
    public: ClassVar[StreamRef]  # the stream in which people address us publicly
    private: ClassVar[StreamRef | None]  # and privately
    secret: ClassVar[str]  # a token that must never be seen

    @abstractmethod
    def connector(self) -> Connector:
        """Ours, connected to this world, with short time-outs."""

    @abstractmethod
    def unreachable(self) -> Connector:
        """The same, but nothing listens at the other end."""

    @abstractmethod
    def say(self, text: str, *, author: str = "jan") -> str:
        """A person addresses us publicly; the external id under which we should read it."""

    @abstractmethod
    def say_privately(self, text: str, *, author: str = "jan") -> str:
        """A person writes to us privately; the external id."""

    @abstractmethod
    def edit(self, external_id: str, text: str) -> None:
        """The person changes what was said."""

    @abstractmethod
    def delete(self, external_id: str) -> None:
        """The person takes it back."""

    @abstractmethod
    def poison(self) -> None:
        """Something unreadable comes in on the public stream."""

    @abstractmethod
    def fail(self, fault: str) -> None:
        """The next call goes wrong in this way (a key of FAULTS, "exhausted", "not_found", "written_then_cut")."""

    @abstractmethod
    def published(self) -> list[str]:
        """Texts of all that we have posted or sent, deleted ones left out, as the platform keeps them."""

    @abstractmethod
    def is_hidden(self, external_id: str) -> bool:
        """Whether the public no longer sees it."""

    @abstractmethod
    def recorded(self) -> list[dict[str, Any]]:
        """Exchanges as support gets them: at least one with a readable message."""
