"""One conversation as its page shows it. The number of statements does not grow with the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, Exists, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Cast, JSONObject
from django.http import Http404

from inbox import access
from inbox.models import (
    ActivityEntry,
    Agent,
    Attachment,
    ClosingReason,
    Contact,
    ContactNote,
    Conversation,
    ConversationLabel,
    Identity,
    Membership,
    Message,
    MessageVersion,
    Note,
)
from inbox.operations import presence

NEWEST = 50
OTHERS = 100  # others in the thread are counted no further
# Activity whose own row says more
QUIET = ("noted", "replied", "drafted", "sent", "proposed", "hide_asked", "show_asked")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One line of the timeline: a message, a note, or what happened."""

    kind: str
    at: datetime
    what: Any
    next: bool = False  # follows its own sender


@dataclass(frozen=True)
class Timeline:
    """A stretch of a conversation, oldest first; `earlier` is where the stretch before it ends."""

    items: list[Item]
    earlier: str = ""
    reasons: dict[str, ClosingReason] = field(default_factory=dict)  # by code, for what was resolved


def opened(agent: Agent, pk: int) -> Conversation:
    """The conversation with everything around its messages, for somebody who may see it: one statement."""
    related = ("brand", "account", "thread", "contact", "identity", "assignee", "team", "linked__account")
    own = Membership.objects.filter(agent=agent, brand=OuterRef("brand")).values("role")[:1]
    around = {**_around(), "own_role": Subquery(own)}
    found = Conversation.objects.filter(pk=pk).select_related(*related).annotate(**around).first()
    if found is None:
        raise Http404
    found.brand.own_role = found.own_role  # type: ignore[attr-defined]
    access.require(agent, found.brand)
    return found


def _around() -> dict[str, Any]:
    labels = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("pk")
    identities = Identity.objects.filter(contact=OuterRef("contact")).order_by("pk")
    notes = ContactNote.objects.filter(contact=OuterRef("contact")).order_by("-pk")
    newest = (
        Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation").annotate(pk_=Max("pk"))
    )
    root = Message.objects.filter(
        account=OuterRef("account"), external_id=OuterRef("thread__external_id"), conversation=OuterRef("pk")
    )
    others = Conversation.objects.filter(thread=OuterRef("thread")).exclude(pk=OuterRef("pk"))
    legs = Conversation.objects.filter(linked=OuterRef("pk")).order_by("pk")
    same = Contact.objects.filter(brand=OuterRef("brand"), name=OuterRef("contact__name"), erased_at=None).exclude(
        Q(pk=OuterRef("contact")) | Q(name="")
    )
    return {
        "began_thread": Exists(root),  # what they said is the root itself: it stands in the timeline already
        "newest_message": Subquery(newest.values("pk_")),
        "label_rows": ArraySubquery(labels.values(row=JSONObject(
            pk="label_id", name="label__name", colour="label__colour"))[:200]),
        "identity_rows": ArraySubquery(identities.values(row=JSONObject(
            platform="platform", handle="handle", name="name", bio="bio", place="place", language="language",
            followers="followers", verified="verified", url="profile_url"))[:10]),
        "note_rows": ArraySubquery(notes.values(row=JSONObject(
            pk="pk", text="text", author="author__name", at=Cast("created_at", CharField())))[:20]),
        "other_rows": ArraySubquery(others.values("pk")[:OTHERS]),
        "leg_rows": ArraySubquery(legs.values(row=JSONObject(
            pk="pk", visibility="visibility", kind="account__kind"))[:5]),
        "same_rows": ArraySubquery(same.values(row=JSONObject(
            pk="pk", name="name", platform="identities__platform", handle="identities__handle"))[:3]),
    }  # fmt: skip


def timeline(
    conversation: Conversation, *, before: str = "", size: int = NEWEST, reasons: dict[str, Any] | None = None
) -> Timeline:
    """The newest messages, or those before a place, with the notes and the activity among them: four statements."""
    place = _place(before)
    said = conversation.messages.select_related("identity", "agent", "delivery", "hiding").annotate(**_with_message())
    if place is not None:
        at, pk = place
        said = said.filter(sent_at__lte=at).filter(Q(sent_at__lt=at) | Q(pk__lt=pk))
    found = list(said.defer("search").order_by("-sent_at", "-pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    for m in found:
        if "delivery" in m._state.fields_cache and (delivery := getattr(m, "delivery", None)):
            delivery.conversation, delivery.account = conversation, conversation.account
    begin = found[-1].sent_at if found and more else BEGINNING
    end = place[0] if place else None
    items = [Item("message", m.sent_at, m) for m in found]
    items += [Item("note", n.created_at, n) for n in _between(_notes(conversation), "created_at", begin, end)]
    items += [Item("happened", e.at, e) for e in _between(_activity(conversation), "at", begin, end)]
    items.sort(key=lambda item: (item.at, item.kind != "message"))
    earlier = f"{found[-1].sent_at.timestamp():.6f}.{found[-1].pk}" if found and more else ""
    if reasons is None:
        reasons = {reason.code: reason for reason in ClosingReason.objects.filter(brand_id=conversation.brand_id)}
    return Timeline(_grouped(items), earlier, reasons)


def _with_message() -> dict[str, Any]:
    attachments = Attachment.objects.filter(message=OuterRef("pk")).order_by("position", "pk")
    versions = MessageVersion.objects.filter(message=OuterRef("pk")).order_by("replaced_at")
    return {
        "attachment_rows": ArraySubquery(attachments.values(row=JSONObject(
            pk="pk", kind="kind", url="url", preview_url="preview_url", title="title", alt_text="alt_text",
            file="file", content_type="content_type", external_id="external_id"))[:20]),
        "version_rows": ArraySubquery(versions.values(row=JSONObject(
            text="text", at=Cast("sent_at", CharField())))[:20]),
    }  # fmt: skip


def _notes(conversation: Conversation) -> Any:
    return Note.objects.filter(conversation=conversation).select_related("author")


def _activity(conversation: Conversation) -> Any:
    happened = ActivityEntry.objects.filter(conversation=conversation).exclude(verb__in=QUIET)
    return happened.select_related("actor")


def _between(found: Any, column: str, begin: datetime, end: datetime | None) -> Sequence[Any]:
    if end is not None:
        found = found.filter(**{f"{column}__lt": end})
    return list(found.filter(**{f"{column}__gte": begin}).order_by(f"-{column}", "-pk")[: 4 * NEWEST])


def _grouped(items: list[Item]) -> list[Item]:
    """Mark what follows its own sender within five minutes."""
    result: list[Item] = []
    for item in items:
        last = result[-1] if result else None
        follows = (
            last is not None and item.kind == last.kind == "message" and item.what.direction == "in"
            and last.what.direction == "in" and item.what.identity_id == last.what.identity_id
            and item.what.visibility == last.what.visibility and (item.at - last.at).total_seconds() < 300
        )  # fmt: skip
        result.append(Item(item.kind, item.at, item.what, follows))
    return result


def earlier_of(conversation: Conversation, *, most: int = 40) -> list[Conversation]:
    """The person's other conversations with the brand, newest first."""
    others = Conversation.objects.filter(contact=conversation.contact_id).exclude(pk=conversation.pk)
    shown = others.select_related("account").only(
        "pk", "preview", "last_message_at", "feeling", "kind", "status", "outcome", "account__kind"
    )
    return list(shown.order_by(F("last_message_at").desc())[:most])


def looking_at(conversation: Conversation, agent: Agent) -> list[presence.Present]:
    """Colleagues who are here."""
    return presence.present([conversation.pk], besides=agent).get(conversation.pk, [])


def _place(text: str) -> tuple[datetime, int] | None:
    seconds, micro, pk = [*text.split("."), "", "", ""][:3]
    if not (seconds.isdigit() and micro.isdigit() and pk.isdigit() and len(text) < 45 and text.isascii()):
        return None
    try:
        at = datetime.fromtimestamp(int(seconds), tz=UTC).replace(microsecond=int(micro[:6]))
    except (ValueError, OverflowError, OSError):
        return None
    return at, min(int(pk), 2**63 - 1)
