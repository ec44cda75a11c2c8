"""Instagram's media and comments: `text`, `timestamp`, `username` where Facebook says otherwise."""

from __future__ import annotations

from typing import Any

from connectors.facebook.gathered import Gathered
from connectors.facebook.mapping import needed_id, prose_or_nothing
from connectors.facebook.values import (
    count,
    entries,
    entry,
    identifier,
    moment,
    moment_or_none,
    prose,
    truth,
    without,
    words,
)
from connectors.types import Attachment, Author, Direction, InboundMessage, Metrics, Post, Visibility

_MEDIA = {"caption", "media_type", "media_product_type", "media_url", "shortcode"}


def is_object(item: dict[str, Any]) -> bool:
    """Whether it is Instagram's."""
    return bool(_MEDIA & set(item)) or ("text" in item and ("timestamp" in item or "username" in item))


def read_object(gathered: Gathered, item: dict[str, Any], *, account_id: str) -> None:
    """A comment, or a medium with its comments and their replies."""
    if not is_object(item) or not _MEDIA & set(item):
        _read_comment(gathered, item, account_id=account_id, under=None, above="")
        return
    under = _medium(item)
    owner = account_id or identifier(entry(item.get("owner")).get("id"))
    for found in entries(item.get("comments")):
        _read_comment(gathered, found, account_id=owner, under=under, above="")
    if item.get("comments") is None:
        gathered.set_aside(item, "an Instagram medium without comments")


def _read_comment(gathered: Gathered, item: Any, *, account_id: str, under: Post | None, above: str) -> None:
    gathered.take(item, lambda found: comment(found, account_id=account_id, under=under, above=above))
    for reply in entries(entry(item).get("replies")):
        _read_comment(gathered, reply, account_id=account_id, under=under, above=identifier(item.get("id")))


def comment(payload: dict[str, Any], *, account_id: str, under: Post | None = None, above: str = "") -> InboundMessage:
    """A comment on a medium, or a reply to one."""
    person = entry(payload.get("from")) or entry(payload.get("user"))
    person_id = identifier(person.get("id"))
    handle = words(payload.get("username")) or words(person.get("username"))
    ours = bool(account_id) and person_id == account_id
    thread = under.external_id if under else identifier(entry(payload.get("media")).get("id"))
    return InboundMessage(
        external_id=needed_id(payload),
        author=Author(person_id, handle=handle, name=words(person.get("name"))) if person_id else _named(handle),
        sent_at=moment(payload.get("timestamp")),
        text=prose(payload.get("text")),
        visibility=Visibility.PUBLIC,
        thread_id=thread or above or needed_id(payload),
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        parent_id=identifier(payload.get("parent_id")) or above or thread or None,
        root=under,
        hidden=truth(payload.get("hidden")),
        metrics=Metrics(likes=count(payload.get("like_count"))),
        raw=without(payload, "replies"),
    )


def _named(handle: str) -> Author | None:
    """Instagram gives many people by their handle alone; it is the only key there is then."""
    return Author(f"@{handle}", handle=handle) if handle else None


def _medium(item: dict[str, Any]) -> Post:
    url = words(item.get("media_url"))
    return Post(
        external_id=identifier(item.get("id")),
        text=prose_or_nothing(item.get("caption")),
        ours=True,
        sent_at=moment_or_none(item.get("timestamp")),
        permalink=words(item.get("permalink")),
        attachments=(Attachment("video" if item.get("media_type") == "VIDEO" else "image", url=url),) if url else (),
    )
