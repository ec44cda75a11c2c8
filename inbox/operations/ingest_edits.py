"""What changed about messages we have: edits keep every version, deletions mark and keep."""

from __future__ import annotations

import itertools
from datetime import datetime

from connectors.payloads import clean_text
from connectors.types import Deletion, InboundMessage
from inbox.models import ChannelAccount, Message, MessageVersion, Vanished
from inbox.operations.ingest_rows import execute, fetch
from inbox.operations.ingest_text import clip

Version = tuple[datetime, int, str, str]  # when it was said, how long its id is, its id, its text
KNOWN = """
    SELECT m.external_id, m.id, m.conversation_id, m.version_id, m.text, m.hidden_at, m.placeholder, m.stream_id,
        m.direction, c.key FROM inbox_message m JOIN inbox_conversation c ON c.id = m.conversation_id
    WHERE m.account_id = %s AND m.external_id = ANY(%s)"""


def store_versions(message_id: int, *, versions: list[InboundMessage], now: datetime) -> bool:
    """Add versions of a message in whatever order they are seen; the newest is its text. True when that changed."""
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.erased_at is not None:  # past its term or erased: nothing fills it in again
        return False
    said = {_stored(message)} | {
        (v.sent_at, len(v.version_id), v.version_id, v.text) for v in MessageVersion.objects.filter(message=message)
    }
    ordered = _distinct(sorted(said | {_seen(v, now) for v in versions}))
    before = message.text
    newest = ordered[-1]
    MessageVersion.objects.filter(message=message).delete()
    MessageVersion.objects.bulk_create(
        [
            MessageVersion(message=message, version_id=old[2], text=old[3], sent_at=old[0], replaced_at=new[0])
            for old, new in itertools.pairwise(ordered)
            if old[0] < new[0]
        ]
    )
    message.text, message.version_id = newest[3], newest[2]
    message.edited_at = newest[0] if len(ordered) > 1 else message.edited_at
    message.save(update_fields=["text", "version_id", "edited_at"])
    return message.text != before


def _stored(message: Message) -> Version:
    first = message.sent_at if message.version_id else message.created_at
    return (message.edited_at or first, len(message.version_id), message.version_id, message.text)


def _seen(version: InboundMessage, now: datetime) -> Version:
    """A platform without times of edits gives us the time at which we read it."""
    when = version.edited_at or (version.sent_at if version.version_id else now)
    return (when, len(version.version_id), version.version_id[:120], clean_text(version.text))


def _distinct(versions: list[Version]) -> list[Version]:
    kept: list[Version] = []
    for version in versions:
        same = kept and (version[3], version[2]) == (kept[-1][3], kept[-1][2])
        if not same:
            kept.append(version)
    return kept


def mark_deleted(deletions: tuple[Deletion, ...], *, account: ChannelAccount, now: datetime) -> set[int]:
    """Mark what is gone, remember what was never seen; the conversations this touches."""
    gone = {key: deletion.at or now for deletion in deletions if (key := clip(deletion.external_id, 120))}
    if not gone:
        return set()
    statement = """
        UPDATE inbox_message m SET deleted_at = g.at FROM unnest(%s::text[], %s::timestamptz[]) AS g(external_id, at)
        WHERE m.account_id = %s AND m.external_id = g.external_id AND m.deleted_at IS NULL RETURNING m.conversation_id"""
    touched = {row[0] for row in fetch(statement, [list(gone), list(gone.values()), account.pk])}
    rows = [Vanished(account=account, external_id=key, at=at) for key, at in gone.items()]
    Vanished.objects.bulk_create(rows, ignore_conflicts=True)
    return touched


def vanished(account: ChannelAccount, *, ids: list[str]) -> dict[str, datetime]:
    """Which of these were said to be gone before they came."""
    statement = "SELECT external_id, at FROM inbox_vanished WHERE account_id = %s AND external_id = ANY(%s)"
    return dict(fetch(statement, [account.pk, ids]))


def mark_hidden(seen: list[tuple[int, bool | None]], *, now: datetime) -> None:
    """Hidden, or shown again, on the platform; None is a platform that does not say."""
    hidden = [pk for pk, is_hidden in seen if is_hidden]
    shown = [pk for pk, is_hidden in seen if is_hidden is False]
    if hidden:
        execute("UPDATE inbox_message SET hidden_at = %s WHERE id = ANY(%s) AND hidden_at IS NULL", [now, hidden])
    if shown:
        execute("UPDATE inbox_message SET hidden_at = NULL WHERE id = ANY(%s) AND hidden_at < %s", [shown, now])
