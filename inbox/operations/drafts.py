"""What an agent was writing: kept on the server, per conversation and audience."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from inbox import events
from inbox.models import Agent, Attachment, Conversation, Draft
from inbox.operations.changes import Refused
from inbox.operations.outbox_rules import MODES

KINDS = (*MODES, "note")
LONGEST = 20_000  # characters


@transaction.atomic
def save_draft(*, conversation: Conversation, agent: Agent, mode: str, text: str) -> Draft | None:
    """Keep it; an empty one without files is forgotten."""
    if mode not in KINDS:
        raise Refused("mode_unavailable")
    mine = Draft.objects.filter(agent=agent, conversation=conversation, mode=mode)
    if not text.strip() and not mine.filter(attachments__isnull=False).exists():
        mine.delete()
        return None
    values = {"text": text[:LONGEST], "saved_at": timezone.now()}
    draft, _ = Draft.objects.update_or_create(agent=agent, conversation=conversation, mode=mode, defaults=values)
    events.publish("draft", brand_id=conversation.brand_id, id=conversation.pk, agent=agent.pk)
    return draft


@transaction.atomic
def add_file(*, conversation: Conversation, agent: Agent, mode: str, file: Attachment) -> Draft:
    """Put an uploaded file with what is being written."""
    draft, _ = Draft.objects.get_or_create(
        agent=agent, conversation=conversation, mode=mode, defaults={"text": "", "saved_at": timezone.now()}
    )
    draft.attachments.add(file)
    return draft
