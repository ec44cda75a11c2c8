"""Canned replies: filling in the placeholders."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from inbox.models import Agent, CannedReply, Conversation


def usable(conversation: Conversation) -> Iterable[CannedReply]:
    """Those for this language and channel that are still valid; the page of a conversation has read them already."""
    today = timezone.localdate()
    if hasattr(conversation, "canned_rows"):
        last = today.isoformat()
        rows = [row for row in conversation.canned_rows if not row["expires_on"] or row["expires_on"] >= last]
        return [CannedReply(**row) for row in rows]
    valid = Q(expires_on=None) | Q(expires_on__gte=today)
    channel = Q(channel="") | Q(channel=conversation.account.kind)
    language = Q(language="") | Q(language=conversation.language or conversation.brand.language)
    return CannedReply.objects.filter(valid, channel, language, brand_id=conversation.brand_id).order_by("shortcut")


def fill(text: str, *, conversation: Conversation, agent: Agent) -> str:
    """The text with names in it; a placeholder nobody knows stays as it is, so that it is seen.

    Who has no name is greeted without one: "Hoi {name}!" becomes "Hoi!".
    """
    identity = conversation.identity
    name = (identity.name if identity else "") or conversation.contact.name
    values = {
        "name": name.split(" ")[0] if name else (identity.handle if identity else ""),
        "handle": identity.handle if identity else "",
        "agent": agent.name.split(" ")[0],
        "initials": agent.initials,
    }
    for key, value in values.items():
        mark = "{" + key + "}"
        text = (text if value else text.replace(f" {mark}", "")).replace(mark, value)
    return text
