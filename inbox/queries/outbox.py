"""What the composer and the queue of minded replies show."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Max, QuerySet, prefetch_related_objects

from inbox.models import Agent, Attachment, Brand, CannedReply, Conversation, Delivery, Draft, Message
from inbox.operations import approvals, canned, handoff, outbox_rules
from inbox.operations.changes import Refused
from inbox.operations.replies import parent_of
from inbox.prepared import prepared
from inbox.queries.conversation import NEWEST
from inbox.queries.outbox_todo import waiting_for_approval
from inbox.queries.outbox_words import sentence

State = Delivery.State
AUDIENCES = ("public", "private", "note")
PARENTS = 20  # messages that a reply can be to


@dataclass(frozen=True, slots=True)
class Way:
    """One tab of the composer: its audience, and what the platform lets through."""

    audience: str
    mode: str
    allowed: bool
    reason: str = ""
    until: datetime | None = None
    human_agent: bool = False
    limit: int = 0
    max_files: int = 0
    accept: str = ""
    alt_text: bool = False
    splits: bool = True  # whether a text that is too long can leave in parts


@dataclass(slots=True)
class Composer:
    """Everything the composer shows."""

    conversation: Conversation
    ways: list[Way]
    chosen: str
    text: str
    token: UUID
    seen_message: int
    parents: tuple[tuple[str | None, datetime, str], ...]  # what a reply can be to: its id, when, how it begins
    parent: Message | None
    drafts: dict[str, str]
    files: dict[str, list[Attachment]]  # by audience: a picture for one never leaves for another
    saved_at: datetime | None
    canned: list[tuple[CannedReply, str]]
    sign_off: str
    length_rule: str
    first_name: str
    handoff_line: str
    invitation: str
    loop: Conversation | None
    error: str = ""
    conflict: bool = False
    too_long: bool = False
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def way(self) -> Way | None:
        return next((way for way in self.ways if way.audience == self.chosen), None)


def mode_of(conversation: Conversation, audience: str) -> str:
    """The platform's way for this audience, from this conversation."""
    if audience == "note":
        return "note"
    if audience == "public":
        return outbox_rules.PUBLIC
    if conversation.visibility == "private":
        return outbox_rules.DIRECT
    capabilities = conversation.account.capabilities
    return outbox_rules.PRIVATE_REPLY if capabilities.mode(outbox_rules.PRIVATE_REPLY) else outbox_rules.DIRECT


def composer_for(
    *, conversation: Conversation, agent: Agent, audience: str = "", text: str | None = None,
    token: UUID | None = None, refused: Refused | None = None,
    newest: list[Message] | None = None,
) -> Composer:  # fmt: skip
    """The composer of a conversation, with the agent's drafts; `refused` is what stood in the way of the last try.

    The `newest` messages, newest first, are what the page has read already.
    """
    parents = _parents(conversation, newest)
    parent = parents[0] if parents else None
    ways = [way for name in AUDIENCES if (way := _way(conversation, name, parent)) is not None]
    drafts = _drafts_of(conversation, agent)
    open_ways = {way.audience for way in ways if way.allowed}
    chosen = audience or _first_choice(ways, drafts)
    draft = drafts.get(mode_of(conversation, chosen))
    texts = {way.audience: drafts[way.mode].text if way.mode in drafts else "" for way in ways}
    identity = conversation.identity
    name = (identity.name if identity else "") or conversation.contact.name or (identity.handle if identity else "")
    return Composer(
        conversation=conversation, ways=ways, chosen=chosen, text=texts.get(chosen, "") if text is None else text,
        token=token or uuid4(), seen_message=_newest(conversation),
        parent=parent,
        parents=tuple((m.external_id, m.sent_at, m.text[:60]) for m in parents), drafts=texts,
        files={way.audience: list(drafts[way.mode].attachments.all()) for way in ways if way.mode in drafts},
        saved_at=draft.saved_at if draft else None,
        canned=[(c, canned.fill(c.text, conversation=conversation, agent=agent)) for c in canned.usable(conversation)],
        sign_off=outbox_rules.sign_off(conversation, agent),
        length_rule=conversation.account.capabilities.length_rule, first_name=name.split(" ")[0],
        handoff_line=handoff.public_line(conversation) if {"public", "private"} <= open_ways else "",
        invitation=handoff.invitation(conversation),
        loop=handoff.loop_to_close(conversation) if conversation.linked_id else None,
        error=sentence(refused.code, **refused.facts) if refused else "",
        conflict=bool(refused and refused.code in {"answered_meanwhile", "wrote_meanwhile", "you_answered"}),
        too_long=bool(refused and refused.code == "too_long"),
    )  # fmt: skip


def _drafts_of(conversation: Conversation, agent: Agent) -> dict[str, Draft]:
    """By mode, with their files; the page of a conversation knows whether there is one."""
    if getattr(conversation, "own_draft", True) is None:
        return {}
    found: list[Draft] = _drafts(conversation=conversation.pk, agent=agent.pk)
    prefetch_related_objects(found, "attachments")
    return {draft.mode: draft for draft in found}


@prepared
def _drafts(*, conversation: int, agent: int) -> QuerySet[Draft]:
    return Draft.objects.filter(agent=agent, conversation=conversation)


def _parents(conversation: Conversation, newest: list[Message] | None) -> list[Message]:
    """Their newest messages, which a reply can be to: those on the page, and when none stands there, those before."""
    theirs = [m for m in newest or [] if m.direction == "in" and m.external_id is not None][:PARENTS]
    if theirs or (newest is not None and len(newest) < NEWEST):
        return theirs
    answerable = conversation.messages.filter(direction="in", external_id__isnull=False)
    return list(answerable.defer("search").order_by("-sent_at", "-pk")[:PARENTS])


def _newest(conversation: Conversation) -> int:
    """The id of its newest message; its page has read it already."""
    if hasattr(conversation, "newest_message"):
        return conversation.newest_message or 0
    return conversation.messages.aggregate(last=Max("pk"))["last"] or 0


def _first_choice(ways: list[Way], drafts: dict[str, Draft]) -> str:
    newest = max(drafts.values(), key=lambda d: d.saved_at, default=None)
    with_draft = [way.audience for way in ways if newest and way.mode == newest.mode]
    return (with_draft or [way.audience for way in ways if way.allowed] or ["note"])[0]


def _way(conversation: Conversation, audience: str, parent: Message | None) -> Way | None:
    mode = mode_of(conversation, audience)
    if audience == "note":
        return Way("note", "note", allowed=True)
    if audience == "public" and conversation.visibility == "private":
        return None
    rules = conversation.account.capabilities.mode(mode)
    if rules is None:
        return None
    files = rules.attachments
    limits = {"limit": rules.max_length, "max_files": files.max_count, "accept": ",".join(files.content_types),
              "alt_text": files.alt_text, "splits": not rules.once_per_message}  # fmt: skip
    try:
        outbox_rules.check_account(conversation.account)
        opening = outbox_rules.opening(conversation=conversation, mode=mode, parent=parent)
    except Refused as refused:
        return Way(audience, mode, False, sentence(refused.code, **refused.facts), **limits)  # type: ignore[arg-type]
    return Way(audience, mode, True, "", opening.until, opening.human_agent, **limits)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a trainee wrote, as a colleague judges it."""

    delivery: Delivery
    text: str
    line: str  # the public line behind a private message
    parts: int
    asked: Message | None
    newer: Message | None  # what was said since
    mine: bool  # its writer cannot approve it


def proposals(*, agent: Agent, brand: Brand) -> list[Proposal]:
    """The oldest fifty that wait."""
    related = ("message__agent", "conversation__identity", "conversation__contact", "conversation__account", "account")
    rows = waiting_for_approval(brands=[brand]).select_related(*related).prefetch_related("message__attachments")
    return [_proposal(row, agent) for row in rows[:50]]


def _proposal(delivery: Delivery, agent: Agent) -> Proposal:
    parts = approvals.proposal(delivery)
    line = approvals.announcement(parts)
    return Proposal(
        delivery, approvals.words_of(parts), line.message.text if line else "", len(parts),
        parent_of(delivery.conversation, delivery.in_reply_to), approvals.answered_since(delivery),
        mine=delivery.message.agent_id == agent.pk or not approvals.may_approve(agent, delivery.conversation),
    )  # fmt: skip
