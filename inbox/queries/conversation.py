"""One conversation as its page shows it. The number of statements does not grow with the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, Max, OuterRef, Q, QuerySet, Subquery, When
from django.http import Http404

from inbox import access
from inbox.models import (
    ActivityEntry,
    Agent,
    Attachment,
    CannedReply,
    ClosingReason,
    Contact,
    ContactNote,
    Conversation,
    ConversationLabel,
    Delivery,
    Draft,
    Identity,
    Membership,
    Message,
    MessageVersion,
    Note,
)
from inbox.operations import presence
from inbox.prepared import prepared, rows_of
from inbox.queries import choices
from inbox.queries.nested import Rows

NEWEST = 50
PAST = 40  # earlier conversations of the same person
OTHERS = 100  # others in the thread are counted no further
# Activity whose own row says more
QUIET = ("noted", "replied", "drafted", "sent", "proposed", "hide_asked", "show_asked")
# What a timeline and its composer do not read: fifty messages are made of what is left
UNSEEN = (
    "search", "stream", "language", "version_id", "created_at", "mode", "parent_external_id",
    *(f"agent__{column.name}" for column in Agent._meta.concrete_fields if column.name not in {"id", "name", "email"}),
    *(f"delivery__{name}" for name in ("recipient_id", "human_agent", "claimed_at", "claim", "looks", "owner",
      "approved_by", "bulk", "token", "before", "then", "then_until", "first_attempt_at")),
)  # fmt: skip
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    """One line of the timeline: a message, a note, or what happened."""

    kind: str
    at: datetime
    what: Any
    next: bool = False  # follows its own sender


class Tag(NamedTuple):
    """A label on the conversation."""

    pk: int
    name: str
    colour: str


@dataclass(frozen=True)
class Timeline:
    """A stretch of a conversation, oldest first; `earlier` is where the stretch before it ends."""

    items: list[Item]
    earlier: str = ""
    reasons: dict[str, ClosingReason] = field(default_factory=dict)  # by code, for what was resolved
    newest: list[Message] | None = None  # newest first, when the stretch is the newest


def opened(agent: Agent, pk: int) -> Conversation:
    """The conversation with everything around its messages, for somebody who may see it: one statement."""
    return _seen(agent, _opened(pk=pk, agent=agent.pk))


def headed(agent: Agent, pk: int) -> Conversation:
    """As `opened`, with what stands above the messages alone."""
    return _seen(agent, _headed(pk=pk, agent=agent.pk))


def _seen(agent: Agent, known: list[Any]) -> Conversation:
    if not known:
        raise Http404
    access.required(agent, known[0])
    known[0].brand.reason_rows = known[0].reason_rows
    known[0].tags = tuple(Tag(**row) for row in known[0].label_rows)
    found: Conversation = known[0]
    return found


@prepared
def _opened(*, pk: int, agent: int) -> QuerySet[Conversation]:
    related = ("brand", "account", "thread", "contact", "identity", "assignee", "team", "linked__account")
    draft = Draft.objects.filter(agent=agent, conversation=OuterRef("pk")).values("pk")[:1]
    shown = Conversation.objects.filter(pk=pk).select_related(*related)
    return shown.annotate(**_above(agent), **_around(), **_beside(), own_draft=Subquery(draft))


@prepared
def _headed(*, pk: int, agent: int) -> QuerySet[Conversation]:
    related = ("brand", "account", "contact", "identity", "assignee", "team", "linked")
    return Conversation.objects.filter(pk=pk).select_related(*related).annotate(**_above(agent))


def _above(agent: int) -> dict[str, Any]:
    """What stands above the messages, and whether this agent may see it."""
    own = Membership.objects.filter(agent=agent, brand=OuterRef("brand")).values("role")[:1]
    labels = ConversationLabel.objects.filter(conversation=OuterRef("pk")).order_by("pk")
    legs = Conversation.objects.filter(linked=OuterRef("pk")).order_by("pk")
    return {
        "own_role": Subquery(own),
        "label_rows": Rows(labels, 200, pk="label_id", name="label__name", colour="label__colour"),
        "leg_rows": Rows(legs, 5, pk="pk", visibility="visibility", kind="account__kind"),
        "reason_rows": choices.reason_rows("brand"),
    }


def _beside() -> dict[str, Any]:
    """What stands among the newest messages and beside them."""
    own = {"conversation": OuterRef("pk")}
    past = Conversation.objects.filter(contact=OuterRef("contact")).exclude(pk=OuterRef("pk"))
    language = Case(When(~Q(language=""), then=F("language")), default=F("brand__language"))
    fit = CannedReply.objects.filter(brand=OuterRef("brand"), channel__in=["", OuterRef("account__kind")])
    return {
        "spoken": language,
        "note_lines": Rows(Note.objects.filter(**own).order_by("-created_at", "-pk"), 4 * NEWEST, pk="pk", text="text",
                            created_at="created_at", by="author_id", name="author__name", email="author__email"),
        "activity_lines": Rows(_told(ActivityEntry.objects.filter(**own)).order_by("-at", "-pk"), 4 * NEWEST, pk="pk",
                                verb="verb", data="data", at="at", by="actor_id", name="actor__name",
                                email="actor__email"),
        "earlier_rows": Rows(past.order_by("-last_message_at"), PAST, pk="pk", preview="preview", feeling="feeling",
                              last_message_at="last_message_at", channel="account__kind"),
        "canned_rows": Rows(fit.filter(language__in=["", OuterRef("spoken")]).order_by("shortcut"), 500, pk="pk",
                             shortcut="shortcut", title="title", text="text", expires_on="expires_on"),
    }  # fmt: skip


def _around() -> dict[str, Any]:
    identities = Identity.objects.filter(contact=OuterRef("contact")).order_by("pk")
    notes = ContactNote.objects.filter(contact=OuterRef("contact")).order_by("-pk")
    newest = (
        Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation").annotate(pk_=Max("pk"))
    )
    root = Message.objects.filter(
        account=OuterRef("account"), external_id=OuterRef("thread__external_id"), conversation=OuterRef("pk")
    )
    others = Conversation.objects.filter(thread=OuterRef("thread")).exclude(pk=OuterRef("pk"))
    same = Contact.objects.filter(brand=OuterRef("brand"), name=OuterRef("contact__name"), erased_at=None).exclude(
        Q(pk=OuterRef("contact")) | Q(name="")
    )
    unsure = Delivery.objects.filter(conversation=OuterRef("pk"), state=Delivery.State.UNCERTAIN, handled_at=None)
    return {
        "first_uncertain": Subquery(unsure.order_by("pk").values("pk")[:1]),  # what later replies wait for
        # What they said is the root itself: it stands in the timeline already. Not Exists: PostgreSQL would weigh
        # reading all messages once for everybody, and now and then finds that cheap.
        "began_thread": Subquery(root.order_by().values("pk")[:1]),
        "newest_message": Subquery(newest.values("pk_")),
        "identity_rows": Rows(identities, 10, platform="platform", handle="handle", name="name", followers="followers",
                              url="profile_url"),
        "note_rows": Rows(notes, 20, pk="pk", text="text", author="author__name"),
        "other_rows": ArraySubquery(others.values("pk")[:OTHERS]),
        "same_rows": Rows(same, 3, pk="pk", name="name", platform="identities__platform", handle="identities__handle"),
    }  # fmt: skip


def timeline(
    conversation: Conversation, *, before: str = "", size: int = NEWEST, reasons: dict[str, Any] | None = None
) -> Timeline:
    """The newest messages, or those before a place, with the notes and the activity among them."""
    place = _place(before)
    own = _said(conversation, place, size + 1)
    found = _with_other_legs(conversation, own, place, size + 1)
    more, found = len(found) > size, found[:size]
    begin = found[-1].sent_at if found and more else BEGINNING
    items = [Item("message", m.sent_at, m) for m in found]
    items += [Item("note", n.created_at, n) for n in _notes(conversation, begin, place[0] if place else None)]
    items += [Item("happened", e.at, e) for e in _activity(conversation, begin, place[0] if place else None)]
    items.sort(key=lambda item: (item.at, item.kind != "message", item.what.pk))  # parts of a reply have one moment
    earlier = f"{found[-1].sent_at.timestamp():.6f}.{found[-1].pk}" if found and more else ""
    if reasons is None:
        reasons = {reason.code: reason for reason in ClosingReason.objects.filter(brand_id=conversation.brand_id)}
    return Timeline(_grouped(items), earlier, reasons, own[:size] if place is None else None)


def _said(conversation: Conversation, place: tuple[datetime, int] | None, most: int) -> list[Message]:
    """Messages, newest first. Nearly all are by the same person, who is read with the conversation."""

    def build(*, conversation: int, at: Any = None, pk: int = 0) -> QuerySet[Message]:
        own = Message.objects.filter(conversation=conversation).order_by("-sent_at", "-pk")
        if at is not None:
            own = own.filter(sent_at__lte=at).filter(Q(sent_at__lt=at) | Q(pk__lt=pk))
        # Cut before anything is joined: most conversations are short, so one plan for all would join thousands first
        said = Message.objects.filter(pk__in=own.values("pk")[:most]).annotate(**_with_message())
        return said.select_related("agent", "delivery", "hiding").defer(*UNSEEN).order_by("-sent_at", "-pk")

    values = {"conversation": conversation.pk, **({"at": place[0], "pk": place[1]} if place else {})}
    found: list[Message] = rows_of(("said", most, place is None), build, values, planned=True)
    around = {"conversation": conversation, "account": conversation.account}
    people = {conversation.identity_id: conversation.identity} if conversation.identity_id else {}
    people |= Identity.objects.in_bulk({m.identity_id for m in found if m.identity_id} - set(people))
    for m in found:
        identity = people.get(m.identity_id) if m.identity_id else None
        beside = m._state.fields_cache  # a fifth of the time of setting each by its name
        beside.update(identity=identity, **around)
        if delivery := beside.get("delivery"):
            delivery._state.fields_cache.update(around)
    return found


def _with_other_legs(
    conversation: Conversation, own: list[Message], place: tuple[datetime, int] | None, most: int
) -> list[Message]:  # fmt: skip
    """One case, one timeline: what was said in its other legs too; of a private leg, since this case began."""
    if hasattr(conversation, "leg_rows"):
        others = {row["pk"] for row in conversation.leg_rows}
    else:
        others = set(Conversation.objects.filter(linked=conversation).order_by("pk").values_list("pk", flat=True)[:5])
    others |= {conversation.linked_id} - {None}
    if not others:
        return own
    since = conversation.first_message_at if conversation.visibility == "public" else BEGINNING
    legs = Conversation.objects.filter(pk__in=others).select_related("brand", "account", "identity")
    elsewhere = [m for leg in legs for m in _said(leg, place, most) if m.sent_at >= since]
    return sorted([*own, *elsewhere], key=lambda m: (m.sent_at, m.pk), reverse=True)[:most]


def _with_message() -> dict[str, Any]:
    attachments = Attachment.objects.filter(message=OuterRef("pk")).order_by("position", "pk")
    versions = MessageVersion.objects.filter(message=OuterRef("pk")).order_by("replaced_at")
    return {
        "attachment_rows": Rows(attachments, 20, pk="pk", kind="kind", url="url", preview_url="preview_url",
                                title="title", alt_text="alt_text", file="file", external_id="external_id"),
        "version_rows": Rows(versions, 20, text="text"),
    }  # fmt: skip


def _notes(conversation: Conversation, begin: datetime, end: datetime | None) -> Sequence[Note]:
    if end is None and hasattr(conversation, "note_lines"):
        known: dict[int, Agent] = {}
        made = [
            Note(pk=n["pk"], text=n["text"], author=_colleague(n, known), created_at=_moment(n["created_at"]))
            for n in conversation.note_lines
        ]
        return [note for note in made if note.created_at >= begin]
    return _between(Note.objects.filter(conversation=conversation).select_related("author"), "created_at", begin, end)


def _activity(conversation: Conversation, begin: datetime, end: datetime | None) -> Sequence[ActivityEntry]:
    if end is None and hasattr(conversation, "activity_lines"):
        known: dict[int, Agent] = {}
        made = [
            ActivityEntry(pk=e["pk"], verb=e["verb"], data=e["data"], actor=_colleague(e, known), at=_moment(e["at"]))
            for e in conversation.activity_lines
        ]
        return [entry for entry in made if entry.at >= begin]
    happened = _told(ActivityEntry.objects.filter(conversation=conversation)).select_related("actor")
    return _between(happened, "at", begin, end)


def _told(found: QuerySet[ActivityEntry]) -> QuerySet[ActivityEntry]:
    return found.exclude(verb__in=QUIET)


def _colleague(row: dict[str, Any], known: dict[int, Agent]) -> Agent | None:
    pk = row["by"]
    if pk and pk not in known:
        # Without the defaults of all else. In the order of the model's columns, as a row comes
        known[pk] = Agent.from_db("default", ("id", "email", "name"), (pk, row["email"], row["name"]))
    return known.get(pk)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


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


@dataclass(frozen=True)
class Earlier:
    """Another conversation of the same person, in one line."""

    pk: int
    preview: str
    feeling: str
    last_message_at: datetime
    channel: str


def earlier_of(conversation: Conversation) -> tuple[Earlier, ...]:
    """The person's other conversations with the brand, newest first; of one that was opened."""
    rows = conversation.earlier_rows  # type: ignore[attr-defined]
    return tuple(Earlier(**{**row, "last_message_at": _moment(row["last_message_at"])}) for row in rows)


def looking_at(conversation: Conversation, agent: Agent) -> list[presence.Present]:
    """Colleagues who are here."""
    return presence.present(conversation.brand_id, [conversation.pk], besides=agent).get(conversation.pk, [])


def _place(text: str) -> tuple[datetime, int] | None:
    seconds, micro, pk = [*text.split("."), "", "", ""][:3]
    if not (seconds.isdecimal() and micro.isdecimal() and pk.isdecimal() and len(text) < 45 and text.isascii()):
        return None
    try:
        at = datetime.fromtimestamp(int(seconds), tz=UTC).replace(microsecond=int(micro[:6]))
    except (ValueError, OverflowError, OSError):
        return None
    return at, min(int(pk), 2**63 - 1)
