"""What Graph's error codes mean for the caller.

Code and subcode decide: messages come localised, and the HTTP status that goes with a code is not documented.

Codes: developers.facebook.com/docs/graph-api/guides/error-handling and
.../business-messaging/messenger-platform/error-codes, read in November 2026.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.exceptions import (
    AlreadyDone,
    AuthorizationLost,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.facebook.values import count, entries, entry, identifier, words
from connectors.http import PlatformSession, retry_after, within_a_day
from connectors.payloads import glimpse, parse_json
from connectors.types import Cost, Limit

THROTTLED = frozenset({4, 9, 17, 32, 613, *range(80000, 80015)})  # the last are the kinds of business use
BLOCKED = frozenset({341, 368})  # too much, or blocked for a while: nothing to be done for hours
BLOCKED_FOR = timedelta(hours=6)
TOKEN = frozenset({102, 104, 190, 459, 460, 463, 464, 467})
SERVICE = frozenset({1, 2, 1200})
DUPLICATE = frozenset({506, 10900, 10903})
PERSON_UNAVAILABLE = frozenset({1545041, 2018108})
OUTSIDE_WINDOW = frozenset({2018065, 2018278, 2534022})  # Messenger before and now, Instagram
ATTACHMENT_FAILED = 2018047
OBJECT_MISSING = 33


def translate(result: Any, *, session: PlatformSession, method: str) -> ConnectorError:
    """The error for an answer that carries one; the platform's words stay, tokens do not."""
    last = session.last
    headers: Mapping[str, str] = last.headers if last else {}
    error = _error(result)
    code, subcode = count(error.get("code")), count(error.get("error_subcode"))
    name = "" if code is None else f"{code}/{subcode}" if subcode else str(code)
    detail = session.redact(_words(error, result))
    if code is None:
        return _nameless(session, method, detail=detail, transient=error.get("is_transient") is True)
    more: dict[str, Any] = {"code": name, "cost": Cost(calls=1), "limits": limits(headers)}
    return _by_code(code, subcode, error, write=session.is_write(method), detail=detail, headers=headers, more=more)


def _by_code(
    code: int,
    subcode: int | None,
    error: dict[str, Any],
    *,
    write: bool,
    detail: str,
    headers: Mapping[str, str],
    more: dict[str, Any],
) -> ConnectorError:
    if code in THROTTLED:
        return RateLimited(detail, retry_at=regained_at(headers), **more)
    if code in BLOCKED:
        return RateLimited(detail, retry_at=datetime.now(UTC) + BLOCKED_FOR, **more)
    if code in TOKEN:
        return AuthorizationLost(detail, **more)
    if code in DUPLICATE:
        return AlreadyDone(detail, reason="already_done", **more)
    if subcode in PERSON_UNAVAILABLE or code == 551:
        return Rejected(detail, reason="person_unavailable", **more)
    if code == 10 and subcode in OUTSIDE_WINDOW:
        return Rejected(detail, reason="window_closed", **more)
    if code in SERVICE and write:  # "unknown error" has been seen on writes that were carried out
        return OutcomeUnknown(detail, **more)
    if code in SERVICE or error.get("is_transient") is True:
        return TemporaryFailure(detail, **more)
    if code in {3, 10} or 200 <= code <= 299:
        return PermissionMissing(detail, **more)
    return _permanent(code, subcode, detail=detail, more=more)


def _permanent(code: int, subcode: int | None, *, detail: str, more: dict[str, Any]) -> ConnectorError:
    if (code, subcode) == (100, OBJECT_MISSING) or code == 803:
        return Gone(detail, reason="gone", **more)
    if (code, subcode) == (100, ATTACHMENT_FAILED):
        return Rejected(detail, reason="attachment_failed", **more)
    return Rejected(detail, **more)


def _nameless(session: PlatformSession, method: str, *, detail: str, transient: bool) -> ConnectorError:
    """An error answer without a code: only the status is left to go by."""
    last = session.last
    status = last.status if last else 0
    if status == 429:
        return RateLimited(detail, code="http_429", retry_at=regained_at(last.headers if last else {}))
    if status == 401:
        return AuthorizationLost(detail, code="http_401")
    if 400 <= status < 500 and not transient:
        return Rejected(detail, code=f"http_{status}")
    return session.failure(method, detail, code=f"http_{status}")


def _error(result: Any) -> dict[str, Any]:
    body = entry(result)
    if isinstance(body.get("error"), dict | list):
        return entry(body["error"])
    if "error_code" in body:  # the REST shape of old
        return {"code": body["error_code"], "message": body.get("error_msg", "")}
    return {}


def _words(error: dict[str, Any], result: Any) -> str:
    said = words(error.get("message"))
    person = words(error.get("error_user_msg"))
    if said or person:
        return " · ".join(part for part in (said, person) if part)
    return glimpse(result)


# Limits -------------------------------------------------------------------------------------------


def limits(headers: Mapping[str, str]) -> tuple[Limit, ...]:
    """Each allowance in percent: more than 100 may be used, and both headers may be absent."""
    found = [*_app_usage(headers), *_business_usage(headers)]
    return tuple(found)


def regained_at(headers: Mapping[str, str]) -> datetime | None:
    """When the token may call again; None: back off. Normally there is no Retry-After."""
    ends = [limit.resets_at for limit in limits(headers) if limit.resets_at]
    return max(ends) if ends else retry_after(headers)


def _app_usage(headers: Mapping[str, str]) -> list[Limit]:
    told = (("app", _header(headers, "x-app-usage")), ("page", _header(headers, "x-page-usage")))
    return [_limit(bucket, usage) for bucket, usage in told if usage]


def _business_usage(headers: Mapping[str, str]) -> list[Limit]:
    found = []
    for owner, usages in _header(headers, "x-business-use-case-usage").items():
        for usage in entries(usages):
            kind = words(entry(usage).get("type")) or "business"
            found.append(_limit(f"{kind}:{identifier(owner)}", entry(usage)))
    return found


def _limit(bucket: str, usage: dict[str, Any]) -> Limit:
    used = [_figure(usage.get(key)) for key in ("call_count", "total_time", "total_cputime")]
    percent = int(max(used))
    minutes = _figure(usage.get("estimated_time_to_regain_access"))
    resets_at = None
    if 0 < minutes < 100_000:
        resets_at = within_a_day(datetime.now(UTC) + timedelta(minutes=minutes))
    return Limit(bucket, limit=100, remaining=100 - percent, resets_at=resets_at)


def _figure(value: Any) -> float:
    """A number, also when it comes as text; 0 when it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0


def _header(headers: Mapping[str, str], name: str) -> dict[str, Any]:
    try:
        return entry(parse_json(headers.get(name) or "{}"))
    except ValueError:
        return {}
