"""X's JSON, read without trust: both spellings of field names, and anything where something else belongs.

The specification renamed Tweet to Post between 2.166 and 2.167 (2026-08-07); both are on the wire.
https://docs.x.com/changelog (2026-08)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

TWEET_FIELDS = (
    "author_id", "conversation_id", "created_at", "in_reply_to_user_id", "referenced_tweets",
    "public_metrics", "lang", "entities", "attachments", "edit_history_tweet_ids", "edit_controls",
    "note_tweet", "reply_settings", "possibly_sensitive", "display_text_range",
)  # fmt: skip
EXPANSIONS = (
    "author_id", "referenced_tweets.id", "referenced_tweets.id.author_id", "in_reply_to_user_id",
    "attachments.media_keys", "attachments.poll_ids", "entities.mentions.username",
)  # fmt: skip
USER_FIELDS = (
    "public_metrics", "verified", "verified_type", "profile_image_url", "created_at", "protected",
    "description", "location", "receives_your_dm",
)  # fmt: skip
MEDIA_FIELDS = ("type", "url", "preview_image_url", "alt_text", "variants")
DM_FIELDS = (
    "id", "text", "event_type", "created_at", "dm_conversation_id", "sender_id", "participant_ids",
    "referenced_tweets", "attachments", "entities",
)  # fmt: skip
DM_EXPANSIONS = ("sender_id", "attachments.media_keys", "participant_ids")

_EPOCH_MS = 1288834974657  # https://docs.x.com/fundamentals/x-ids (2026-08)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, skipping what is not one."""
    return (item for item in items(value) if isinstance(item, Mapping))


def word(value: Any) -> str:
    """A string; ids also when they come as numbers."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def count(value: Any) -> int | None:
    """A whole number that is not negative, also when it comes as text; else None."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def either(holder: Mapping[str, Any], *names: str) -> Any:
    """The first of these fields that is there: the old spelling or the new."""
    return next((holder[name] for name in names if holder.get(name) is not None), None)


def moment(value: Any) -> datetime | None:
    """A time with or without fraction, always aware; None when it is none."""
    try:
        at = datetime.fromisoformat(word(value).strip())
    except ValueError:
        return None
    if not 2006 <= at.year < 2100:  # X began in 2006; later than that is no time of anything
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def number(identifier: str) -> int:
    """An id to compare with; 0 for what is not a number."""
    return int(identifier) if identifier.isascii() and identifier.isdecimal() and len(identifier) < 30 else 0


def born(identifier: str) -> datetime | None:
    """When an id was given out, where it carries that (since November 2010)."""
    milliseconds = (number(identifier) >> 22) + _EPOCH_MS
    if number(identifier) < 1 << 40 or milliseconds > 4_102_444_800_000:  # beyond 2100 it is no such id
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def likely(identifier: str, now: datetime) -> bool:
    """Whether an id may have been given out by now: one that was not is no place to go on from."""
    if number(identifier) < 1 << 40:  # ids without a time, of long ago
        return number(identifier) > 0
    at = born(identifier)
    return at is not None and at <= now + timedelta(minutes=5)


def before(identifier: str, seconds: int) -> str:
    """An id from so many seconds earlier; where ids carry no time, the one just below."""
    earlier = number(identifier) - ((seconds * 1000) << 22)
    return str(earlier if born(identifier) and earlier > 0 else max(number(identifier) - 1, 1))


def newer(one: str, other: str) -> str:
    """The greater of two ids."""
    return one if number(one) >= number(other) else other
