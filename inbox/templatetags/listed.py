"""Rows of a list and lines of a timeline. What was written before is not written again while it says the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from operator import attrgetter
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markupsafe import Markup, escape

from inbox.models import Agent, Conversation, Delivery, Message
from inbox.operations.hiding import can_hide
from inbox.queries.conversation import Item, Timeline
from inbox.queries.conversation_words import cannot_reply, happened
from inbox.queries.outbox_words import delivery_words
from inbox.queries.rows import Row
from inbox.templatetags import filters
from webcare.jinja import piece

NOWHERE = Markup("")  # for what has no address of its own


def listed(
    rows: Sequence[Row], here: str, tail: str, agent: Agent, open_pk: int | None, *, caller: Callable[..., Markup]
) -> Markup:
    """Rows as `caller` writes one: it is given the row, its address, its norm, the time, and for whom it is.

    A row's address is its number between `here` and `tail`.
    """
    now, language = timezone.now(), get_language()
    day, here, tail = filters.calendar(now), escape(here), escape(tail)

    def one(row: Row) -> Markup:
        norm = filters.norm(row, now)
        waits = 0 if norm["state"] == "none" else filters.minutes(row.waiting_since, now)
        mine, selected = row.assignee_id == agent.pk, row.pk == open_pk
        looking = row.looking[0] if row.looking else None

        def write(at: Markup) -> Markup:
            return caller(row, at, norm, now, mine=mine, selected=selected)

        key = "row", language, row.facts, day, norm["state"], norm["share"], waits, looking, mine, selected
        return piece(key, write, here + str(row.pk) + tail)

    return Markup("").join(map(one, rows))


def lines(
    timeline: Timeline, conversation: Conversation, agent: Agent, lead: bool, *, caller: Callable[..., Markup]
) -> Markup:
    """What was said and what happened, as `caller` writes one: it is given the item, and the time."""
    now, language = timezone.now(), get_language()
    day = filters.calendar(now)

    def one(item: Item) -> Markup:
        if item.kind == "message":
            facts = _message(item, conversation, agent, lead)
        elif item.kind == "note":
            note = item.what
            facts = note.pk, note.text, str(note.author or ""), note.created_at
        else:
            entry = item.what
            facts = entry.pk, entry.verb, happened(entry, agent, timeline.reasons), entry.at
        if facts is None:
            return caller(item, now)
        return piece((item.kind, language, day, facts), lambda _: caller(item, now), NOWHERE)

    return Markup("").join(map(one, timeline.items))


_said = attrgetter(
    "pk", "conversation_id", "direction", "visibility", "agent_id", "text", "rating", "sent_at", "edited_at",
    "deleted_at", "erased_at", "placeholder", "reposts", "replies", "likes", "permalink", "attachment_rows",
    "version_rows",
)  # fmt: skip


def _message(item: Item, conversation: Conversation, agent: Agent, lead: bool) -> tuple[Hashable, ...] | None:
    """All that a message shows; None when it is on its way, or has a button that is one reader's own."""
    m: Message = item.what
    beside = m._state.fields_cache
    delivery, wish = beside.get("delivery"), beside.get("hiding")
    if (delivery and delivery.state != Delivery.State.SENT) or wish or m.hidden_at:
        return None
    *plain, files, versions = _said(m)
    return (
        *plain, tuple(tuple(file.values()) for file in files), tuple(old["text"] for old in versions), item.next,
        m.agent.name if m.agent_id and m.agent else "", speaker(m, conversation), conversation.pk,
        conversation.account.kind, conversation.contact.erased_at, cannot_reply(m), lead and can_hide(m),
        (delivery.pk, delivery_words(delivery, agent)) if delivery else None,
    )  # fmt: skip


def speaker(message: Message, conversation: Conversation) -> str:
    """Who said it: we, under the account's name, or somebody outside."""
    if message.direction == "out":
        return conversation.account.name
    who = message.identity
    return str((who and (who.name or who.handle)) or conversation.contact.name or _("Somebody"))


GLOBALS: dict[str, Any] = {"listed": listed, "lines": lines, "speaker": speaker}
