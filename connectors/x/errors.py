"""X's refusals into ours. Types, codes and status decide; texts only where X gives nothing else.

Bodies: https://docs.x.com/x-api/fundamentals/response-codes-and-errors (2026-08), and recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.exceptions import (
    AlreadyDone,
    AuthorizationLost,
    BudgetExhausted,
    ConnectorError,
    CursorTooOld,
    Gone,
    PermissionMissing,
    RateLimited,
    Rejected,
    Unsupported,
)
from connectors.http import Answer, PlatformSession, retry_after, within_a_day
from connectors.payloads import glimpse
from connectors.types import Limit
from connectors.x.wire import items, mapping, moment, objects, word

# Codes of version 1.1, which still come through: https://developer.x.com/en/support/x-api/error-troubleshooting
_LOST = {"32", "89", "99", "135", "215", "326", "64"}
_FORBIDDEN = {"93", "220", "261", "453"}
_TOO_OFTEN = {"88", "185"}  # in the window, in the day
_REASONS = {
    "136": "blocked", "150": "dm_closed", "151": "dm_closed", "186": "too_long", "226": "looks_automated",
    "324": "bad_media", "349": "dm_closed", "354": "too_long", "385": "gone", "433": "replies_restricted",
}  # fmt: skip
# X gives these only as English sentences, type about:blank (seen 2026-07)
_SENTENCES = (
    ("duplicate content", "duplicate"),
    ("have not been mentioned or otherwise engaged", "not_summoned"),
    ("reply to this conversation is not allowed", "not_summoned"),
    ("direct message to a user that is not following", "dm_closed"),
    ("cannot send messages to this user", "dm_closed"),
    ("not have permission to dm", "dm_closed"),
    ("does not accept direct messages", "dm_closed"),
    ("have been blocked", "blocked"),
    ("deleted or not visible", "gone"),
    ("needs to be a bit shorter", "too_long"),
    ("encrypted", "encrypted"),
)


class Problem:
    """What an error body says, whichever of X's four shapes it has."""

    def __init__(self, body: Any) -> None:
        self.body = mapping(body)
        parts = list(objects(self.body.get("errors"))) or list(objects(body))
        whole = [self.body, *parts]
        self.types = [word(part.get("type")).rpartition("/")[2] for part in whole if part.get("type")]
        self.titles = {word(part.get(name)) for part in whole for name in ("title", "reason", "error")}
        self.codes = {word(part.get("code")) for part in parts if word(part.get("code"))}
        self.parameters = {name for part in parts for name in mapping(part.get("parameters"))}
        self.reset = next((m for part in whole if (m := _reset_date(part))), None)
        self.words = _words(self.body, parts, body)

    def code(self, status: int) -> str:
        """The most telling code: X's own number, else the problem's type, else the status."""
        kind = next((t for t in self.types if t not in ("", "about:blank")), "")
        return "/".join(filter(None, [str(status), min(self.codes, default=""), kind]))


def _reset_date(part: Mapping[str, Any]) -> datetime | None:
    return moment(part.get("reset_date")) or moment(part.get("resets_at"))


def _words(body: Mapping[str, Any], parts: list[Mapping[str, Any]], whole: Any) -> str:
    texts = [word(body.get("title")), word(body.get("detail")), word(body.get("error_description"))]
    texts += [word(part.get(name)) for part in parts for name in ("message", "detail")]
    texts += [text for text in items(body.get("errors")) if isinstance(text, str)]
    said = ": ".join(dict.fromkeys(text for text in texts if text))
    return said or (glimpse(whole) if whole else "")


def failure(answer: Answer, session: PlatformSession, limits: tuple[Limit, ...]) -> ConnectorError:
    """The error an answer means, in X's own words."""
    problem = Problem(answer.json)
    error = _failure(answer, session, problem)
    error.code = problem.code(answer.status)
    error.limits = limits
    return error


def _failure(answer: Answer, session: PlatformSession, problem: Problem) -> ConnectorError:
    words = session.redact(f"{answer.status} {problem.words}".strip())
    by_kind = _by_kind(problem, words)
    if by_kind is not None and answer.status < 500:
        return by_kind
    match answer.status:
        case status if status == 429 or (status < 500 and problem.codes & _TOO_OFTEN):
            return _limited(answer, problem, words)
        case 402:
            return BudgetExhausted(words, retry_at=problem.reset)
        case 401:
            return AuthorizationLost(words)
        case 403:
            return PermissionMissing(words) if answer.method == "GET" else Rejected(words, reason="not_permitted")
        case 404:
            return Gone(words, reason="gone")
        case 410:
            return Unsupported(words)
        case 413:
            return Rejected(words, reason="too_large")
        case status if 400 <= status < 500 and status not in (408, 425):
            return Rejected(words, reason="invalid")
    error = session.failure(answer.method, words)
    error.retry_at = retry_after(answer.headers)
    return error


def _by_kind(problem: Problem, words: str) -> ConnectorError | None:
    """What the type or the code says, whatever the status."""
    kinds = set(problem.types)
    if kinds & {"credits"} or problem.titles & {"CreditsDepleted", "SpendCapReached"}:
        return BudgetExhausted(words, retry_at=problem.reset)
    if kinds & {"usage-capped"} or "UsageCapExceeded" in problem.titles:
        return BudgetExhausted(words, retry_at=problem.reset)
    if problem.codes & _LOST:
        return AuthorizationLost(words)
    if problem.codes & _FORBIDDEN or kinds & {
        "unsupported-authentication",
        "client-forbidden",
        "oauth1-permissions",
    }:
        return PermissionMissing(words)
    if "187" in problem.codes:
        return AlreadyDone(words, reason="duplicate")
    if kinds & {"resource-not-found", "not-authorized-for-resource"}:
        return Gone(words, reason="gone")
    if _too_old(problem):
        return CursorTooOld(words)
    return _by_reason(problem, words)


def _too_old(problem: Problem) -> bool:
    said = problem.words.lower()
    if problem.parameters & {"since_id", "start_time"} or "since_id" in said or "start_time" in said:
        return any(part in said for part in ("must be a tweet id created after", "created after", "on or after"))
    return bool(problem.parameters & {"pagination_token", "next_token"}) or "pagination_token" in said


def _by_reason(problem: Problem, words: str) -> ConnectorError | None:
    reason = next((_REASONS[code] for code in sorted(problem.codes) if code in _REASONS), "")
    said = problem.words.lower()
    reason = reason or next((name for sentence, name in _SENTENCES if sentence in said), "")
    if reason == "duplicate":
        return AlreadyDone(words, reason=reason)
    if reason == "gone":
        return Gone(words, reason=reason)
    return Rejected(words, reason=reason) if reason else None


def _limited(answer: Answer, problem: Problem, words: str) -> ConnectorError:
    """The window that is used up says when; without any window it is the month that is."""
    spent = [limit for limit in limits_of(answer, "") if limit.remaining == 0 and limit.resets_at]
    latest = max((limit.resets_at for limit in spent if limit.resets_at), default=None)
    reset = latest or _unix(answer.headers.get("x-rate-limit-reset")) or retry_after(answer.headers)
    return RateLimited(words, retry_at=reset)


_WINDOWS = (
    ("", "x-rate-limit-"),
    ("/user/24h", "x-user-limit-24hour-"),
    ("/app/24h", "x-app-limit-24hour-"),
)


def limits_of(answer: Answer, bucket: str) -> tuple[Limit, ...]:
    """Every window an answer's headers tell about."""
    return tuple(
        Limit(bucket + suffix, _int(headers.get(name + "limit")), left, _unix(headers.get(name + "reset")))
        for headers in (answer.headers,)
        for suffix, name in _WINDOWS
        if (left := _int(headers.get(name + "remaining"))) is not None
    )


def _int(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 15 else None


def _unix(value: str | None) -> datetime | None:
    """A window's end: Unix seconds, with or without a fraction, milliseconds, or a date."""
    try:
        at = datetime.fromtimestamp(_seconds(float(value or 0)), UTC)
    except (ValueError, OverflowError, OSError):
        return moment(value) or retry_after({"retry-after": value or ""})
    return within_a_day(at) if at.year > 2005 else None


def _seconds(told: float) -> float:
    return told / 1000 if told >= 100_000_000_000 else told
