"""A message that we answered elsewhere and have not seen: something stands in its place until it comes.

It is asked for by id with the looks at reach (`reach.refresh_due`), so within the budget and after the page is in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from inbox.models import ChannelAccount, Conversation, Stream
from inbox.operations.ingest_conversations import Changes
from inbox.operations.ingest_messages import Arrival
from inbox.operations.ingest_rows import execute, fetch

MOVE = """
    UPDATE inbox_message SET conversation_id = %s WHERE account_id = %s AND conversation_id = %s AND direction = 'out'
        AND parent_external_id = %s RETURNING id"""
PUT = """
    WITH put AS (INSERT INTO inbox_message (conversation_id, account_id, external_id, direction, visibility, stream_id,
        parent_external_id, mode, text, language, permalink, rating, version_id, sent_at, created_at, placeholder,
        reposts, replies, likes, options)
    VALUES (%s, %s, %s, 'in', 'public', %s, '', '', '', '', '', '', '', %s, %s, true, 0, 0, 0, '{}')
    ON CONFLICT DO NOTHING RETURNING id, account_id, created_at)
    INSERT INTO inbox_metricwatch (message_id, account_id, next_at, looks) SELECT id, account_id, created_at, 0 FROM put"""


def fill_placeholders(placed: list[Arrival], *, known: dict[str, tuple[Any, ...]], changes: Changes) -> None:
    """The message itself is here: it takes the place, and our answers to it come along to its conversation."""
    for arrival in placed:
        row = known.get(arrival.message.external_id)
        if row is None:
            continue
        _, pk, conversation_id, *_ = row
        execute("DELETE FROM inbox_metricwatch WHERE message_id = %s", [pk])
        execute("DELETE FROM inbox_message WHERE id = %s", [pk])
        if conversation_id == arrival.conversation_id:
            continue
        moved = [r[0] for r in fetch(MOVE, [arrival.conversation_id, _account_of(conversation_id), conversation_id,
                                            arrival.message.external_id])]  # fmt: skip
        execute(
            "UPDATE inbox_delivery SET conversation_id = %s WHERE message_id = ANY(%s)",
            [arrival.conversation_id, moved],
        )
        changes.touched |= {conversation_id, arrival.conversation_id}
        changes.answered |= {arrival.conversation_id}
        _drop_if_empty(conversation_id, changes)


def _account_of(conversation_id: int) -> int:
    return int(fetch("SELECT account_id FROM inbox_conversation WHERE id = %s", [conversation_id])[0][0])


def _drop_if_empty(conversation_id: int, changes: Changes) -> None:
    empty = Conversation.objects.filter(pk=conversation_id, messages=None, deliveries=None, notes=None).first()
    if empty is None:
        return
    contact = empty.contact
    empty.delete()
    changes.touched.discard(conversation_id)
    if not contact.identities.exists() and not contact.conversations.exists():
        contact.delete()


def put_placeholders(
    placed: list[Arrival], *, account: ChannelAccount, stream: Stream, known: dict[str, tuple[Any, ...]], now: datetime
) -> None:
    """Stand-ins for what our own messages answer."""
    here = {a.message.external_id for a in placed}
    for arrival in placed:
        unseen = arrival.place.placeholder if arrival.place else ""
        if unseen and unseen not in here and unseen not in known:
            execute(PUT, [arrival.conversation_id, account.pk, unseen, stream.pk, arrival.message.sent_at, now])
