"""Everything we know about one person, over all channels of one brand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet

from inbox.models import Attachment, Brand, Contact, Conversation, Exposure, Message, Note, SetAside

FOUND = 50


def people(brand: Brand, words: str) -> list[Any]:
    """Who fits a name, a handle or an id; at most fifty."""
    words = words.strip().lstrip("@")
    if len(words) < 2:
        return []
    fits = (
        Q(name__icontains=words) | Q(identities__name__icontains=words) | Q(identities__handle__icontains=words)
        | Q(identities__external_id=words)
    )  # fmt: skip
    found = Contact.objects.filter(fits, brand=brand, erased_at=None).distinct()
    return list(
        found.prefetch_related("identities")
        .annotate(number=Count("conversations", distinct=True))
        .order_by("name", "pk")[:FOUND]
    )


def dossier(contact: Contact) -> dict[str, Any]:
    """All of it, as JSON's own types."""
    conversations = contact.conversations.select_related("account", "thread").order_by("first_message_at", "pk")
    return {
        "name": contact.name,
        "known_since": contact.created_at.isoformat(),
        "identities": [_fields(one, _IDENTITY) for one in contact.identities.order_by("pk")],
        "notes_about_the_person": [_fields(one, ("text", "created_at")) for one in contact.notes.order_by("pk")],
        "conversations": [_conversation(one) for one in conversations],
        "messages_elsewhere": _messages(
            Message.objects.filter(identity__contact=contact).exclude(conversation__contact=contact)
        ),
        "shares_and_reactions": list(_exposures(contact)),
        "could_not_be_read": list(_set_aside(contact)),
    }


_IDENTITY = (
    "platform", "external_id", "handle", "name", "bio", "place", "language", "followers", "verified", "avatar_url",
    "profile_url", "seen_at",
)  # fmt: skip
_CONVERSATION = (
    "visibility", "status", "outcome", "kind", "feeling", "language", "first_message_at", "last_message_at",
    "first_reply_at",
    "resolved_at", "proactive",
)  # fmt: skip
_MESSAGE = (
    "external_id", "direction", "visibility", "text", "language", "permalink", "rating", "sent_at", "edited_at",
    "deleted_at",
    "hidden_at", "reposts", "replies", "likes",
)  # fmt: skip
_HIDING = ("hide", "reason", "explanation", "state", "asked_at")
_ATTACHMENT = ("kind", "url", "preview_url", "title", "alt_text", "content_type", "size")


def _conversation(conversation: Conversation) -> dict[str, Any]:
    thread = conversation.thread
    return {
        "account": str(conversation.account),
        "platform": conversation.account.kind,
        **_fields(conversation, _CONVERSATION),
        "in_reaction_to": {"text": thread.text, "author": thread.author_name or thread.author_handle},
        "labels": [row.label.name for row in conversation.labelled.select_related("label").order_by("pk")],
        "messages": _messages(conversation.messages.all()),
        "internal_notes": [
            _fields(one, ("text", "created_at")) for one in Note.objects.filter(conversation=conversation)
        ],
        "being_written": [
            _fields(one, ("mode", "text", "saved_at")) for one in conversation.drafts.order_by("saved_at", "pk")
        ],
        "activity": [_fields(one, ("verb", "at")) for one in conversation.activity.order_by("at", "pk")],
    }


def _messages(found: QuerySet[Message]) -> list[dict[str, Any]]:
    rows = (
        found.prefetch_related("versions", "attachments", "samples")
        .select_related("payload", "hiding")
        .order_by("sent_at", "pk")
    )
    return [
        {
            **_fields(message, _MESSAGE),
            "earlier_versions": [_fields(one, ("text", "sent_at", "replaced_at")) for one in message.versions.all()],
            "attachments": [_attachment(one) for one in message.attachments.all()],
            "hiding": _fields(message.hiding, _HIDING) if hasattr(message, "hiding") else None,
            "reach_over_time": [_fields(one, ("at", "reposts", "replies", "likes")) for one in message.samples.all()],
            "as_received": message.payload.received if hasattr(message, "payload") else None,
        }
        for message in rows
    ]


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return {**_fields(attachment, _ATTACHMENT), "file": attachment.file.name if attachment.file else ""}


def _exposures(contact: Contact) -> Iterable[dict[str, Any]]:
    for identity in contact.identities.all():
        found = Exposure.objects.filter(
            account__brand_id=contact.brand_id, account__kind=identity.platform, author_external_id=identity.external_id
        )
        for one in found.order_by("at"):
            yield _fields(one, ("kind", "original_external_id", "at"))


def _set_aside(contact: Contact) -> Iterable[dict[str, Any]]:
    for identity in contact.identities.all():
        found = SetAside.objects.filter(
            stream__account__brand_id=contact.brand_id, stream__account__kind=identity.platform,
            payload__icontains=identity.external_id,
        )  # fmt: skip
        for one in found.order_by("pk"):
            yield _fields(one, ("payload", "error", "created_at"))


def files_of(contact: Contact) -> QuerySet[Attachment]:
    """The files we keep that were sent to or by this person."""
    theirs = Q(message__conversation__contact=contact) | Q(message__identity__contact=contact)
    return Attachment.objects.filter(theirs).exclude(file=None).exclude(file="").distinct().order_by("pk")


def _fields(row: Any, names: Iterable[str]) -> dict[str, Any]:
    values = ((name, getattr(row, name)) for name in names)
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values}
