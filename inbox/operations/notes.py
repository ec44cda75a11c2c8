"""Internal remarks. They have a table of their own: nothing here can leave the building."""

from __future__ import annotations

import re

from django.db import transaction

from inbox.access import agents_of
from inbox.models import Agent, Contact, ContactNote, Conversation, Note
from inbox.operations import notifications
from inbox.operations.changes import Refused, record

MENTION = re.compile(r"(?<!\w)@([\w.\-]+)", re.UNICODE)


@transaction.atomic
def add_note(*, conversation: Conversation, author: Agent, text: str) -> Note:
    """Write a note; colleagues named with @ (first name or whole name without spaces) are told."""
    text = text.strip()
    if not text:
        raise Refused("empty")
    note = Note.objects.create(conversation=conversation, author=author, text=text)
    named = colleagues_named(conversation, text)
    note.mentioned.set(named)
    record(conversation, actor=author, verb="noted", data={"note": note.pk})
    notifications.tell([a.pk for a in named if a != author], kind="mentioned", conversation=conversation, actor=author,
                       key=f"note:{note.pk}", detail=text)  # fmt: skip
    return note


@transaction.atomic
def add_contact_note(*, contact: Contact, author: Agent, text: str) -> ContactNote:
    """What colleagues should know about a person, whichever conversation they open."""
    text = text.replace("\x00", "").strip()[:5000]
    if not text:
        raise Refused("empty")
    return ContactNote.objects.create(contact=contact, author=author, text=text)


def colleagues_named(conversation: Conversation, text: str) -> list[Agent]:
    """The members of the brand whose name follows an @."""
    words = {word.casefold().rstrip(".") for word in MENTION.findall(text)}
    return [agent for agent in agents_of(conversation.brand) if words & handles_of(agent)]


def handles_of(agent: Agent) -> set[str]:
    """How a colleague can be named: "@anna", "@annakuiper", "@anna.kuiper"."""
    parts = agent.name.casefold().split()
    return {parts[0], "".join(parts), ".".join(parts), "-".join(parts)} if parts else set()
