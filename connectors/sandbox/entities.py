"""What exists in the sandbox: people, posts, conversations, tokens. Plain data that fits in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class XUser:
    """Somebody on X."""

    id: str
    username: str
    name: str
    at: int
    description: str = ""
    location: str = ""
    followers: int = 0
    following: int = 0
    posts: int = 0
    verified: bool = False
    verified_type: str = "none"
    protected: bool = False
    suspended: bool = False
    dms_open: bool = True
    image: str = ""
    brand: bool = False


@dataclass
class XPost:
    """A post on X; an edit is a new one that carries the ids before it."""

    id: str
    author_id: str
    text: str
    at: int
    conversation_id: str
    refs: list[dict[str, str]] = field(default_factory=list)
    in_reply_to_user_id: str = ""
    mentions: list[str] = field(default_factory=list)
    lang: str = "nl"
    media: list[str] = field(default_factory=list)
    metrics: dict[str, int] = field(default_factory=dict)
    edits: list[str] = field(default_factory=list)
    superseded: bool = False
    deleted: bool = False
    hidden: bool = False
    visible_from: int = 0
    prefix: int = 0  # length of the mentions a reply carries along
    poll: dict[str, Any] = field(default_factory=dict)

    def ref(self, kind: str) -> str:
        """The id of the post it replies to, quotes or reposts; "" when it does not."""
        return next((ref["id"] for ref in self.refs if ref["type"] == kind), "")


@dataclass
class XMedia:
    """A picture or film."""

    media_key: str
    type: str
    url: str
    alt_text: str = ""
    owner: str = ""
    width: int = 1200
    height: int = 800


@dataclass
class XDirect:
    """One event in a private conversation on X."""

    id: str
    conversation_id: str
    sender_id: str
    text: str
    at: int
    media: list[str] = field(default_factory=list)
    event_type: str = "MessageCreate"
    deleted: bool = False
    participants: list[str] = field(default_factory=list)  # of a group; two people stand in the conversation's id

    def members(self) -> list[str]:
        """Everybody in the conversation."""
        return self.participants or self.conversation_id.split("-")


@dataclass
class FbActor:
    """A person or a Page on Facebook."""

    id: str
    name: str
    page: bool = False
    username: str = ""
    category: str = ""
    about: str = ""
    followers: int = 0
    anonymous: bool = False  # the platform gives no `from` for this person
    blocked: bool = False


@dataclass
class FbPost:
    """A post on or about a Page."""

    id: str
    page_id: str
    author_id: str
    message: str
    at: int
    kind: str = "own"  # own, visitor, tagged
    updated: int = 0
    hidden: bool = False
    deleted: bool = False
    shares: int = 0
    likes: int = 0
    published: bool = True
    attachments: list[dict[str, Any]] = field(default_factory=list)
    liked_by: list[str] = field(default_factory=list)


@dataclass
class FbComment:
    """A comment, or a reply to one; `parent_id` is "" on top."""

    id: str
    post_id: str
    author_id: str
    message: str
    at: int
    parent_id: str = ""
    hidden: bool = False
    deleted: bool = False
    likes: int = 0
    attachment: dict[str, Any] | None = None
    liked_by: list[str] = field(default_factory=list)
    private_reply: str = ""  # the conversation it led to


@dataclass
class FbConversation:
    """A Messenger conversation between a Page and a person."""

    id: str
    page_id: str
    person_id: str
    updated: int
    unread: int = 0


@dataclass
class FbMessage:
    """One Messenger message."""

    id: str
    conversation_id: str
    author_id: str
    text: str
    at: int
    attachments: list[dict[str, Any]] = field(default_factory=list)
    tag: str = ""
    deleted: bool = False


@dataclass
class FbReview:
    """A recommendation of a Page; `id` is its open graph story's."""

    id: str
    page_id: str
    author_id: str
    text: str
    at: int
    positive: bool = True
    deleted: bool = False


@dataclass
class Token:
    """Something that opens the API. `dead` holds why it no longer does."""

    id: str
    platform: str  # x, facebook
    kind: str  # user, app, oauth1, refresh, code, page
    owner: str = ""
    app: str = ""
    scopes: list[str] = field(default_factory=list)
    expires: int = 0
    dead: str = ""
    secret: str = ""
    grant: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Entry:
    """One line of the ledger."""

    n: int
    at: str
    kind: str  # published, read, sent
    platform: str
    what: str
    id: str = ""
    thread_id: str = ""
    parent_id: str = ""
    author_id: str = ""
    author: str = ""
    account_id: str = ""
    text: str = ""
    ids: list[str] = field(default_factory=list)
    call: str = ""
