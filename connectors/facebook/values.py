"""Reading single values out of Graph JSON, where anything can be missing, null, or of another type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.payloads import clean_text

EARLIEST = datetime(2004, 2, 4, tzinfo=UTC)  # nothing on Facebook is older
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138


class UnreadableError(ValueError):
    """An item lacks what no message can do without; the words say what."""


def entry(value: Any) -> dict[str, Any]:
    """The object here; the first of a list where a list stands in its place; {} for anything else."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[Any]:
    """The items of an edge: `{"data": [...]}`, a bare list, a single object, or nothing."""
    if isinstance(value, dict):
        value = value.get("data", [value])
    if isinstance(value, dict):
        value = [value]
    return value if isinstance(value, list) else []


def identifier(value: Any) -> str:
    """An id as a string; "" when it is none. Ids pass 2^53, so a float cannot be trusted."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()[:200]


def prose(value: Any) -> str:
    """Text as a person wrote it; "" when there is none. UnreadableError when it is an object."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise UnreadableError(f"text is a {type(value).__name__}")
    return clean_text(value)


def words(value: Any) -> str:
    """A short text that may as well be missing."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """A number of things, None when it is not one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and 0 <= value < 2**63 else None


def truth(value: Any) -> bool | None:
    """Yes or no; None when it is not told."""
    return value if isinstance(value, bool) else None


def moment(value: Any) -> datetime:
    """An aware time, from `2021-08-10T18:45:03+0000`, Unix seconds or Unix milliseconds.

    GET answers write the offset without a colon, feed webhooks give seconds, Messenger's give milliseconds.
    """
    try:
        at = _parsed(value)
    except (ValueError, OverflowError, OSError, TypeError):
        raise UnreadableError(f"impossible time: {str(value)[:60]!r}") from None
    if not EARLIEST <= at <= LATEST:
        raise UnreadableError(f"impossible time: {str(value)[:60]!r}")
    return at


def moment_or_none(value: Any) -> datetime | None:
    """A time where one is welcome but not needed."""
    try:
        return moment(value)
    except UnreadableError:
        return None


def _parsed(value: Any) -> datetime:
    if isinstance(value, str) and not value.strip().lstrip("-").isdecimal():
        at = datetime.fromisoformat(value.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError("no time")
    number = float(value)
    if number >= _MILLISECONDS_FROM:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=number)
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=number)


def without(payload: dict[str, Any], *edges: str) -> dict[str, Any]:
    """The payload as it came, less edges that are kept as messages of their own."""
    return {key: value for key, value in payload.items() if key not in edges}
