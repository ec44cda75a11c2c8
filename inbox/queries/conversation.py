"""One open conversation: its timeline, its head, and the person. The same few statements however long it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Value
from django.utils import timezone

from inbox.access import agents_of
from inbox.models import (
    ActivityEntry,
    Agent,
    Attachment,
    Brand,
    ClosingReason,
    ContactNote,
    Conversation,
    ConversationLabel,
    Delivery,
    Identity,
    Label,
    Message,
    MessageVersion,
    Note,
    Team,
)
from inbox.operations import presence
from inbox.queries.conversation_times import Feeling, Preset, feelings_of, presets
from inbox.queries.counts import brand_counts
from inbox.queries.outbox import composer_for

PAGE = 50
WINDOW = 500  # the most a refresh shows again
SIDE = 200  # notes or activity entries on one page
OTHERS = 20
PAST = 60
SAID_ELSEWHERE = ("noted", "replied", "sent", "proposed")  # the timeline shows the thing itself
RELATED = (
    "pk", "preview", "status", "visibility", "kind", "feeling", "first_message_at", "last_message_at",
    "waiting_since", "account__kind", "identity__name", "identity__handle", "contact__name", "why",
)  # fmt: skip
Place = tuple[datetime, int]


@dataclass(slots=True)
class Item:
    """One line of the timeline."""

    kind: str  # message, note or activity
    at: datetime
    thing: Any
    delivery: Delivery | None = None
    undo: bool = False


@dataclass(slots=True)
class Timeline:
    """A stretch of it, oldest first; `earlier` is where the one before begins ("" when there is none)."""

    items: list[Item] = field(default_factory=list)
    oldest: str = ""
    earlier: str = ""
    partial: bool = False  # not the newest stretch


@dataclass(slots=True)
class Talk:
    """What the middle pane shows."""

    conversation: Conversation
    agent: Agent
    queue: str
    timeline: Timeline
    labels: list[Label]
    reasons: list[ClosingReason]
    present: list[presence.Present]
    others: list[dict[str, Any]]
    legs: list[dict[str, Any]]
    past: list[dict[str, Any]]
    snoozes: list[Preset]

    @property
    def name(self) -> str:
        """Who it is with, as far as we know."""
        who = self.conversation.identity
        return (who and (who.name or who.handle)) or self.conversation.contact.name

    @property
    def mine(self) -> bool:
        return self.conversation.assignee_id == self.agent.pk

    @property
    def answered(self) -> bool:
        """Whether it can be closed as answered."""
        return self.conversation.waiting_since is None and self.conversation.last_reply_at is not None

    @property
    def reason_names(self) -> dict[str, ClosingReason]:
        return {reason.code: reason for reason in self.reasons}


@dataclass(slots=True)
class Person:
    """What the right pane shows."""

    identities: list[Identity]
    notes: list[ContactNote]
    feelings: list[Feeling]


def context_for(
    *, agent: Agent, conversation: Conversation, before: str | None = None, queue: str = "all"
) -> dict[str, Any]:
    """Everything `inbox/conversation.html` needs, the composer included."""
    context = live_for(agent=agent, conversation=conversation, before=before or "", queue=queue)
    contact, talk = conversation.contact, context["talk"]
    notes = contact.notes.select_related("author").order_by("-created_at", "-pk")[:20]
    context["person"] = Person(
        identities=list(contact.identities.order_by("platform", "pk")[:20]), notes=list(notes),
        feelings=feelings_of(talk.past, conversation),
    )  # fmt: skip
    context["composer"] = composer_for(conversation=conversation, agent=agent)
    return context


def live_for(
    *, agent: Agent, conversation: Conversation, before: str = "", since: str = "", queue: str = "all"
) -> dict[str, Any]:
    """Head and timeline: what a refresh brings. `since` is the oldest place the browser shows."""
    related = _related(conversation)
    talk = Talk(
        conversation=conversation, agent=agent, queue=queue,
        timeline=timeline_of(conversation, agent=agent, before=before, since=since), labels=_labels(conversation),
        reasons=list(ClosingReason.objects.filter(brand_id=conversation.brand_id).order_by("pk")),
        present=present_at(conversation, agent=agent), snoozes=presets(), **related,
    )  # fmt: skip
    return {"talk": talk, "conversation": conversation, "brand": conversation.brand, "queued": None}


def present_at(conversation: Conversation, *, agent: Agent) -> list[presence.Present]:
    """Which colleagues are at it."""
    return presence.present([conversation.pk], besides=agent).get(conversation.pk, [])


def timeline_of(conversation: Conversation, *, agent: Agent, before: str = "", since: str = "") -> Timeline:
    """Messages, notes and activity by time: a page before a place, or everything since one."""
    until, start = place(before), place(since)
    messages, more = _messages(conversation, until, start)
    first = messages[0] if messages else None
    low = first.sent_at if first and (more or start) else None
    items = [Item("message", m.sent_at, m, getattr(m, "delivery", None)) for m in messages]
    items += [Item("note", n.created_at, n) for n in _notes(conversation, low, until)]
    items += [Item("activity", e.at, e) for e in _activity(conversation, low, until)]
    items.sort(key=lambda item: (item.at, item.kind != "message", item.thing.pk))
    if until is None:
        _offer_undo(items, agent)
    oldest = key_of(first) if first else ""
    return Timeline(items, oldest=oldest, earlier=oldest if more else "", partial=until is not None)


def _messages(conversation: Conversation, until: Place | None, start: Place | None) -> tuple[list[Message], bool]:
    """A page, oldest first, and whether there is more before it."""
    found = conversation.messages.select_related("identity", "agent", "delivery").defer("search")
    attachments = Attachment.objects.order_by("position", "pk")
    versions = MessageVersion.objects.order_by("replaced_at")
    found = found.prefetch_related(Prefetch("attachments", attachments), Prefetch("versions", versions))
    if until:
        found = found.filter(sent_at__lte=until[0]).filter(Q(sent_at__lt=until[0]) | Q(pk__lt=until[1]))
    if start:
        found = found.filter(sent_at__gte=start[0]).filter(Q(sent_at__gt=start[0]) | Q(pk__gte=start[1]))
    size = WINDOW if start else PAGE
    rows = list(found.order_by("-sent_at", "-pk")[: size + 1])
    more, rows = len(rows) > size, rows[:size][::-1]
    if start and rows and not more:
        at, pk = rows[0].sent_at, rows[0].pk
        earlier = conversation.messages.filter(sent_at__lte=at).filter(Q(sent_at__lt=at) | Q(pk__lt=pk))
        more = earlier.exists()
    return rows, more


def _notes(conversation: Conversation, low: datetime | None, until: Place | None) -> Iterable[Note]:
    found = conversation.notes.select_related("author")
    return _between(found, "created_at", low, until).order_by("-created_at", "-pk")[:SIDE]


def _activity(conversation: Conversation, low: datetime | None, until: Place | None) -> Iterable[ActivityEntry]:
    found = conversation.activity.select_related("actor").exclude(verb__in=SAID_ELSEWHERE)
    return _between(found, "at", low, until).order_by("-at", "-pk")[:SIDE]


def _between(found: QuerySet[Any], column: str, low: datetime | None, until: Place | None) -> QuerySet[Any]:
    if low:
        found = found.filter(**{f"{column}__gte": low})
    return found.filter(**{f"{column}__lt": until[0]}) if until else found


def _offer_undo(items: list[Item], agent: Agent) -> None:
    """The agent's own last change can be taken back from the timeline itself."""
    last = next((item for item in reversed(items) if item.kind == "activity"), None)
    if last is None or last.thing.actor_id != agent.pk or last.thing.verb == "undone":
        return
    fresh = last.at > timezone.now() - timedelta(minutes=10)
    last.undo = fresh and ("before" in last.thing.data or "labels" in last.thing.data)


def _labels(conversation: Conversation) -> list[Label]:
    """The brand's labels, each with `on`; an archived one only while it is on."""
    has = ConversationLabel.objects.filter(conversation=conversation, label=OuterRef("pk"))
    found = Label.objects.filter(brand_id=conversation.brand_id).annotate(on=Exists(has))
    return list(found.filter(Q(archived_at=None) | Q(on=True)).order_by("name"))


def _related(conversation: Conversation) -> dict[str, list[dict[str, Any]]]:
    """Others in this thread, the other legs of this case, and what this person had before: one statement."""
    rows = Conversation.objects.exclude(pk=conversation.pk)
    newest = ("-last_message_at", "-pk")
    leg = Q(linked_id=conversation.pk) | (Q(pk=conversation.linked_id) if conversation.linked_id else Q(pk=None))
    parts = (
        _part(rows.filter(thread_id=conversation.thread_id), "others").order_by(*newest)[: OTHERS + 1],
        _part(rows.filter(leg), "legs").order_by(*newest)[:5],
        _part(rows.filter(contact_id=conversation.contact_id), "past").order_by(*newest)[:PAST],
    )
    found: dict[str, list[dict[str, Any]]] = {"others": [], "legs": [], "past": []}
    for row in parts[0].union(*parts[1:], all=True):
        found[row["why"]].append({name.replace("__", "_"): value for name, value in row.items()})
    for those in found.values():
        those.sort(key=lambda row: (row["last_message_at"], row["pk"]), reverse=True)
    return found


def _part(rows: QuerySet[Conversation], why: str) -> QuerySet[Conversation, dict[str, Any]]:
    return rows.annotate(why=Value(why)).values(*RELATED)


def key_of(message: Message) -> str:
    """Where a message stands in its conversation."""
    return f"{round(message.sent_at.timestamp() * 1_000_000)}.{message.pk}"


def place(key: str) -> Place | None:
    """The place a key means; None for what is no key."""
    head, _, tail = key.partition(".")
    if not (head.isascii() and head.isdigit() and tail.isascii() and tail.isdigit()) or len(key) > 36:
        return None
    seconds, micro = divmod(int(head), 1_000_000)
    if seconds > 253_370_764_800 or int(tail) >= 2**63:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=micro), int(tail)


@dataclass(slots=True)
class Colleague:
    """Somebody to assign to, and how busy they are."""

    agent: Agent
    load: int


def colleagues_for(brand: Brand) -> tuple[list[Colleague], list[Team]]:
    """Members with what they mind, those at work first; and the teams."""
    load = brand_counts(brand)["agents"]
    people = [Colleague(agent, load.get(str(agent.pk), 0)) for agent in agents_of(brand).distinct()[:200]]
    people.sort(key=lambda one: (not one.agent.on_shift, one.agent.name.casefold()))
    return people, list(brand.teams.order_by("name"))
