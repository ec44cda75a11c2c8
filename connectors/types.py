"""What passes between a connector and the inbox: frozen dataclasses, nothing of a platform's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

Raw = Any  # the platform's own JSON, kept as it came


class Visibility(StrEnum):
    """Who can read along."""

    PUBLIC = "public"
    PRIVATE = "private"


class Direction(StrEnum):
    """Said to us, or by us."""

    INBOUND = "in"
    OUTBOUND = "out"


@dataclass(frozen=True, slots=True)
class Author:
    """Who said it. `external_id` is the identity's key; the handle may change."""

    external_id: str
    handle: str = ""
    name: str = ""
    bio: str = ""
    place: str = ""
    followers: int | None = None
    verified: bool = False
    avatar_url: str = ""
    profile_url: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture, film or file shown with a message; `url` may be short-lived."""

    kind: Literal["image", "video", "gif", "audio", "file", "link", "sticker", "other"]
    url: str = ""
    preview_url: str = ""
    alt_text: str = ""
    title: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Metrics:
    """How far a message has travelled; None where the platform does not say."""

    reposts: int | None = None
    replies: int | None = None
    likes: int | None = None
    quotes: int | None = None
    views: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """What a message reacts to: the root of a public thread, ours or somebody else's."""

    external_id: str
    text: str = ""
    author: Author | None = None
    ours: bool = False
    sent_at: datetime | None = None
    permalink: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyOption:
    """Whether one kind of reply can leave, and if not, why (a code the screen translates) and until when."""

    allowed: bool
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One thing somebody said, or that we said in the platform's own app (`direction` OUTBOUND).

    `external_id` is stable over edits. `thread_id` names the public thread (the root post) or the private
    conversation. `partner` is the outside person of the conversation when that is not the author (our own
    reply to them); None is unknown. All times are aware. `text` is plain text: entities undone, NFC.
    """

    external_id: str
    author: Author | None
    sent_at: datetime
    text: str
    visibility: Visibility
    thread_id: str
    direction: Direction = Direction.INBOUND
    partner: Author | None = None
    parent_id: str | None = None
    root: Post | None = None
    parent: Post | None = None
    language: str = ""
    permalink: str = ""
    attachments: tuple[Attachment, ...] = ()
    metrics: Metrics = Metrics()
    version_id: str = ""  # the id of this very version, where an edit makes a new one
    edited_at: datetime | None = None
    hidden: bool | None = None  # None: the platform does not say
    rating: Literal["", "positive", "negative"] = ""  # of a review
    public_reply: ReplyOption = ReplyOption(True)
    private_reply: ReplyOption = ReplyOption(False, "not_offered")
    can_hide: bool = False
    mentions: tuple[str, ...] = ()  # external ids of accounts named in it
    raw: Raw = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """A repost, quote or reaction: the original travels further; never work of its own."""

    external_id: str
    kind: Literal["repost", "quote", "reaction"]
    original_id: str
    author: Author | None
    at: datetime
    raw: Raw = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """The platform says this message is gone."""

    external_id: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that could not be understood: kept whole, with why."""

    payload: Raw
    error: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one or more calls took, in the platform's units. `money` in US dollars."""

    calls: int = 0
    post_reads: int = 0
    user_reads: int = 0
    message_reads: int = 0
    writes: int = 0
    money: Decimal = Decimal(0)

    def __add__(self, other: Cost) -> Cost:
        reads = (self.post_reads + other.post_reads, self.user_reads + other.user_reads)
        private = self.message_reads + other.message_reads
        return Cost(self.calls + other.calls, *reads, private, self.writes + other.writes, self.money + other.money)


@dataclass(frozen=True, slots=True)
class Limit:
    """One rate window as the platform last reported it.

    `bucket` names the window (an endpoint, or "app" usage). `remaining` counts calls; platforms that report
    percentages give limit 100 and remaining 100 - used, which may be negative. `resets_at` is None when unknown.
    Whatever an answer said, the figures fit 32 bits.
    """

    bucket: str
    limit: int | None
    remaining: int | None
    resets_at: datetime | None

    def __post_init__(self) -> None:
        for name in ("limit", "remaining"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, max(-(2**31), min(value, 2**31 - 1)))


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream an account of this kind can have, and what it needs.

    `kind` is its stable name ("mentions"). `proactive`: these people did not address us. `window_days`: how
    far back the platform lets us read (None: no known end); a cursor older than that is a certain gap.
    """

    kind: str
    visibility: Visibility
    needs_query: bool = False
    proactive: bool = False
    own: bool = False  # brings our own posts only
    default_interval: int = 60  # seconds
    min_interval: int = 15  # seconds, the platform's own limit
    window_days: int | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamRef:
    """The stream to poll: which of the account's, with its query where it has one."""

    kind: str
    query: str = ""
    language: str = ""
    exclude: tuple[str, ...] = ()


Cursor = dict[str, Any]  # JSON; only the connector that wrote it reads it; {} is "from the beginning"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer to a poll: what came, and from where to go on. Store everything in it before storing `cursor`.

    `has_more`: poll again with `cursor` to get older or further items of the same walk. `recovered`: ids of what
    earlier pages set aside and this one read. `gap_from`/`gap_until`: a stretch that certainly cannot be read any more.
    `complete_until`: what this page proves once the walk has ended. `trouble`: why it ended without proof ("no_end").
    """

    messages: tuple[InboundMessage, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    recovered: tuple[str, ...] = ()
    cursor: Cursor = field(default_factory=dict)
    has_more: bool = False
    gap_from: datetime | None = None
    gap_until: datetime | None = None
    gap_reason: str = ""
    complete_until: datetime | None = None
    trouble: str = ""
    fetched: int = 0
    cost: Cost = Cost()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send with a message."""

    content: bytes
    content_type: str
    filename: str
    alt_text: str = ""


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What is to leave. `mode`: a public reply, a direct message, or a private reply to a public message.

    `in_reply_to` is the external id of the message answered; `thread_id` that of its thread or private
    conversation; `recipient_id` the external id of the person (direct messages). `human_agent` asks for the
    longer window where the platform has one. `marker` is our own id of this delivery, for platforms that echo one.
    """

    mode: Literal["public_reply", "direct_message", "private_reply"]
    text: str
    in_reply_to: str = ""
    thread_id: str = ""
    recipient_id: str = ""
    attachments: tuple[Upload, ...] = ()
    human_agent: bool = False
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform has it. `external_id` is the id under which its echo will be read."""

    external_id: str
    permalink: str = ""
    sent_at: datetime | None = None
    thread_id: str = ""
    cost: Cost = Cost()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What re-reading messages by id told: current metrics, how they read now, and those that are gone."""

    metrics: dict[str, Metrics] = field(default_factory=dict)
    messages: tuple[InboundMessage, ...] = ()
    deleted: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    cost: Cost = Cost()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """Who a credential turns out to belong to, and what it may do. `missing` are scopes we would want."""

    external_id: str
    name: str
    handle: str = ""
    avatar_url: str = ""
    profile_url: str = ""
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    token_expires_at: datetime | None = None  # when the grant ends and a person must reconnect; None: never
    cost: Cost = Cost()
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """What may be sent along, per mode. Sizes in bytes."""

    content_types: tuple[str, ...] = ()
    max_bytes: int = 0
    max_count: int = 0
    alt_text: bool = False


@dataclass(frozen=True, slots=True)
class ModeRules:
    """The platform's limits for one way of replying. `max_length` is in the units of `Connector.length`."""

    mode: Literal["public_reply", "direct_message", "private_reply"]
    max_length: int
    attachments: AttachmentRules = AttachmentRules()
    window_hours: int | None = None  # after the person's last message
    human_agent_hours: int | None = None  # the longer window, where a human may still answer
    once_per_message: bool = False


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One thing to type when an account is connected with keys of one's own; `label` is the platform's word for it."""

    name: str  # the key in Credentials.data
    label: str


@dataclass(frozen=True, slots=True)
class ScopeUse:
    """What is lost without a permission, as a code the screen translates ("read", "reply", "direct", "hide")."""

    scope: str
    feature: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this platform can do, as data: no code outside `connectors/` asks for a platform's name."""

    label: str  # as people know it
    icon: str  # a symbol of the sprite
    length_rule: str  # "weighted" or "plain": how the browser counts while typing
    modes: tuple[ModeRules, ...] = ()
    streams: tuple[StreamSpec, ...] = ()
    can_hide: bool = False
    edits_keep_id: bool = True
    has_budget: bool = False  # calls cost money
    refresh_batch: int = 100  # ids per refresh_metrics call
    query_max_length: int = 0
    find_sent_after: int = 60  # seconds after which a post that is not found is surely absent
    own_keys: tuple[CredentialField, ...] = ()  # connecting with keys instead of by clicking through
    scope_uses: tuple[ScopeUse, ...] = ()
    portal_url: str = ""  # where a developer makes the app whose id and secret we need
    message_url: str = ""  # where a person begins a private conversation with us; {id} is the account's external id

    def mode(self, name: str) -> ModeRules | None:
        """The rules of one way of replying, or None when this platform has no such way."""
        return next((rules for rules in self.modes if rules.mode == name), None)

    def stream(self, kind: str) -> StreamSpec | None:
        """The stream of this kind, or None."""
        return next((spec for spec in self.streams if spec.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connector needs to speak for one account. Never shown: no field appears in `repr`.

    `account_id` is the account's external id ("" before the first `check`). `base_url` redirects every call
    (the sandbox); "" is the real platform. `data` holds the platform's own names: tokens, keys, secrets.
    """

    account_id: str = ""
    base_url: str = ""
    data: dict[str, str] = field(default_factory=dict, repr=False)
