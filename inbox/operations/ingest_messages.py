"""The messages of a page that are new: their rows, and the rows that hang from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from psycopg.types.json import Jsonb

from connectors.payloads import clean_text
from connectors.types import Direction, InboundMessage, ReplyOption, Visibility
from inbox.models import Attachment, ChannelAccount, Message, MessagePayload, MetricWatch, Stream
from inbox.operations.ingest_rows import Keys, as_json, copy_rows
from inbox.operations.ingest_text import address, clip, json_text
from inbox.operations.threading import Place

FIRST_LOOK = timedelta(minutes=5)
MOST = 2**31 - 1
WATCHED_FOR = timedelta(days=2)
MESSAGE = (
    "id", "conversation_id", "account_id", "external_id", "direction", "visibility", "identity_id", "stream_id",
    "parent_external_id", "mode", "text", "language", "permalink", "rating", "version_id", "sent_at", "created_at",
    "edited_at", "hidden_at", "deleted_at", "placeholder", "reposts", "replies", "likes", "options",
)  # fmt: skip
ATTACHMENT = ("message_id", "position", "kind", "url", "preview_url", "title", "alt_text", "external_id",
              "content_type", "size", "created_at")  # fmt: skip


@dataclass(slots=True)
class Arrival:
    """A message of the page, cleaned."""

    message: InboundMessage
    text: str
    raw: str
    inbound: bool
    place: Place | None = None
    id: int = 0
    conversation_id: int = 0
    deleted_at: datetime | None = None
    later: list[InboundMessage] = field(default_factory=list)  # other versions of it in the same page


def prepared(message: InboundMessage) -> Arrival:
    """Cleaned and checked, so that it can be stored; ValueError says why not."""
    if not message.external_id or len(message.external_id) > 120 or len(message.thread_id) > 200:
        raise ValueError("the id is missing or too long")
    for person in (message.author, message.partner):
        if person is not None and not 0 < len(person.external_id) <= 120:
            raise ValueError("the author's id is missing or too long")
    if message.sent_at.tzinfo is None:
        raise ValueError("the time has no zone")
    raw = "" if message.raw is None else json_text(message.raw)
    return Arrival(message, clean_text(message.text), raw, message.direction == Direction.INBOUND)


def store_messages(
    arrivals: list[Arrival], *, account: ChannelAccount, stream: Stream, people: dict[str, Any], keys: Keys,
    now: datetime,
) -> None:  # fmt: skip
    """Insert them with payload, attachments and, for what is public, a watch on its reach."""
    for arrival in arrivals:
        arrival.id = keys.next("inbox_message")
    copy_rows(Message, MESSAGE, (_row(a, account, stream, people, now) for a in arrivals))
    payloads = ((a.id, a.raw, now) for a in arrivals if a.raw)
    copy_rows(MessagePayload, ("message_id", "body", "created_at"), payloads)
    watched = ((a.id, account.pk, now + FIRST_LOOK, 0) for a in arrivals if _watched(a, now))
    copy_rows(MetricWatch, ("message_id", "account_id", "next_at", "looks"), watched)
    copy_rows(Attachment, ATTACHMENT, (row for a in arrivals for row in attachment_rows(a, now)))


def _watched(arrival: Arrival, now: datetime) -> bool:
    message = arrival.message
    return arrival.inbound and message.visibility == Visibility.PUBLIC and message.sent_at > now - WATCHED_FOR


def _row(a: Arrival, account: ChannelAccount, stream: Stream, people: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    m = a.message
    author = people.get(m.author.external_id) if a.inbound and m.author else None
    return (
        a.id, a.conversation_id, account.pk, m.external_id, m.direction.value, m.visibility.value,
        author.identity_id if author else None, stream.pk, (m.parent_id or "")[:120], mode_of(m), a.text,
        m.language[:8], address(m.permalink), m.rating, m.version_id[:120], m.sent_at, now, m.edited_at,
        now if m.hidden else None, a.deleted_at, False, as_count(m.metrics.reposts),
        as_count(m.metrics.replies), as_count(m.metrics.likes), options_of(m),
    )  # fmt: skip


def as_count(value: int | None) -> int:
    """As the column holds it, whatever the platform counts."""
    return min(value, MOST) if value and value > 0 else 0


def mode_of(message: InboundMessage) -> str:
    """How we said it, when it is ours."""
    if message.direction == Direction.INBOUND:
        return ""
    return "direct_message" if message.visibility == Visibility.PRIVATE else "public_reply"


def options_of(message: InboundMessage) -> Jsonb:
    """What can be answered, as JSON."""
    return _options(message.public_reply, message.private_reply, message.can_hide)


@lru_cache(maxsize=512)
def _options(public: ReplyOption, private: ReplyOption, can_hide: bool) -> Jsonb:
    said = {"public_reply": _option(public), "private_reply": _option(private), "can_hide": can_hide}
    return as_json(json_text(said))


def _option(option: ReplyOption) -> dict[str, Any]:
    said = asdict(option)
    said["until"] = option.until.isoformat() if option.until else None
    return said


def attachment_rows(arrival: Arrival, now: datetime) -> Iterable[tuple[Any, ...]]:
    """What is shown with a message."""
    for position, a in enumerate(arrival.message.attachments[:50]):
        yield (arrival.id, position, a.kind, address(a.url, 2000), address(a.preview_url, 2000), clip(a.title, 300),
               clip(a.alt_text, 1000), clip(a.external_id, 200), "", 0, now)  # fmt: skip
