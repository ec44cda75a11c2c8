"""The one family of errors a connector raises: each class says what the caller does next.

`detail` keeps the platform's own words (redacted); `code` is the platform's own code, as "190/460".
"""

from __future__ import annotations

from datetime import datetime

from connectors.types import Cost, Limit


class ConnectorError(Exception):
    """Something went wrong between us and a platform."""

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        retry_at: datetime | None = None,
        cost: Cost | None = None,
        limits: tuple[Limit, ...] = (),
    ) -> None:
        super().__init__(detail or type(self).__name__)
        self.detail = detail
        self.code = code
        self.retry_at = retry_at
        self.cost = cost or Cost(calls=1)
        self.limits = limits


class RateLimited(ConnectorError):
    """Surely not done; do it again at `retry_at` (None: back off). The limit is shared by the account."""


class BudgetExhausted(RateLimited):
    """Out of credits, or over the monthly cap: every call fails until `retry_at` or until somebody pays."""


class TemporaryFailure(ConnectorError):
    """Surely not accepted; try again with backoff."""


class OutcomeUnknown(ConnectorError):
    """The request left us and no clear answer came back: it may have been accepted. Never send again blindly."""


class AuthorizationLost(ConnectorError):
    """The credential is no good any more: stop this account and ask for reconnection."""


class PermissionMissing(ConnectorError):
    """This feature is not ours to use (a scope, a plan): stop the stream or the reply, not the account."""


class Rejected(ConnectorError):
    """The platform will not do this, now or later. `reason` is a code the screen translates."""

    def __init__(self, detail: str = "", *, reason: str = "rejected", **more: object) -> None:
        super().__init__(detail, **more)  # type: ignore[arg-type]
        self.reason = reason


class AlreadyDone(Rejected):
    """Refused as a duplicate: what we asked for exists already. Look for it with `find_sent`."""


class Gone(Rejected):
    """The thing addressed is deleted or invisible to us."""


class CursorTooOld(ConnectorError):
    """The platform no longer reads back to this cursor. `poll` handles this itself by reporting a gap."""


class Unsupported(ConnectorError):
    """This platform cannot be asked this at all (see `Capabilities`)."""
