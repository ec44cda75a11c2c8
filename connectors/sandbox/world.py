"""Everything that exists, with the indexes that make reading it fast."""

from __future__ import annotations

import hashlib
import random
import re
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from connectors.sandbox.clock import Clock, iso
from connectors.sandbox.entities import (
    Entry,
    FbActor,
    FbComment,
    FbConversation,
    FbMessage,
    FbPost,
    FbReview,
    Token,
    XDirect,
    XMedia,
    XPost,
    XUser,
)

X_EPOCH = 1288834974657
FB_EPOCH = 1577836800000
HANDLE = re.compile(r"(?<![\w@])@(\w{1,15})")
TERM = re.compile(r"[@#$]?\w+")
TABLES: dict[str, type] = {
    "x_users": XUser,
    "x_posts": XPost,
    "x_media": XMedia,
    "x_directs": XDirect,
    "actors": FbActor,
    "fb_posts": FbPost,
    "fb_comments": FbComment,
    "fb_conversations": FbConversation,
    "fb_messages": FbMessage,
    "reviews": FbReview,
    "tokens": Token,
}
DEFAULT_SETTINGS: dict[str, Any] = {
    "limits": 1.0,  # how much wider than the platform's the rate windows are; 0 is none
    "spelling": "2.166",  # of X's fields; 2.167 speaks of posts
    "reply_policy": "summoned",  # X: "open" lets us answer anybody
    "empty_pages": True,  # X: the second page of a long walk is empty
    "mention_ceiling": 800,
    "tier": "paid",  # "free" refuses likes, as the self-serve plans do
    "human_agent": True,  # Facebook: the app may use the seven-day window
    "usage_headers": True,
    "latency": 0.0,  # seconds added to every platform call
    "token_hours": 2.0,  # an X access token's life
    "replies": True,  # people answer us in scenarios
}


class World:
    """The state. Objects are changed in place and then named to `touch`, so that a store can keep them."""

    def __init__(self, *, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.seed = seed
        self.random = random.Random(seed)
        self.settings: dict[str, Any] = dict(DEFAULT_SETTINGS)
        self.listeners: list[Callable[[Entry], None]] = []
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.random = random.Random(self.seed)
        self.x_users: dict[str, XUser] = {}
        self.x_posts: dict[str, XPost] = {}
        self.x_media: dict[str, XMedia] = {}
        self.x_directs: dict[str, XDirect] = {}
        self.actors: dict[str, FbActor] = {}
        self.fb_posts: dict[str, FbPost] = {}
        self.fb_comments: dict[str, FbComment] = {}
        self.fb_conversations: dict[str, FbConversation] = {}
        self.fb_messages: dict[str, FbMessage] = {}
        self.reviews: dict[str, FbReview] = {}
        self.tokens: dict[str, Token] = {}
        self.ledger: list[Entry] = []
        self.written: dict[str, dict[frozenset[str], dict[str, Any]]] = {}  # X posts as JSON, by the asked fields
        self.uploads: dict[str, Any] = {}  # files that X is being sent in pieces
        self.relations: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)  # (user, "muting"...): whom or what
        self.dirty: set[tuple[str, str]] = set()
        self.handles: dict[str, str] = {}
        self.ids = Ids(self)
        self._clear_indexes()

    def _clear_indexes(self) -> None:
        self.all_posts: list[int] = []
        self.by_author: dict[str, list[int]] = defaultdict(list)
        self.by_mention: dict[str, list[int]] = defaultdict(list)
        self.by_term: dict[str, list[int]] = defaultdict(list)
        self.by_thread: dict[str, list[int]] = defaultdict(list)
        self.reposted_by: dict[str, list[int]] = defaultdict(list)
        self.directs_of: dict[str, list[int]] = defaultdict(list)  # conversation and participant
        self.page_posts: dict[str, list[str]] = defaultdict(list)
        self.comments_of: dict[str, list[str]] = defaultdict(list)  # post and parent comment
        self.conversations_of: dict[str, list[str]] = defaultdict(list)  # by the last word in them
        self.conversation_with: dict[tuple[str, str], str] = {}  # Page and person
        self.pages: dict[str, FbActor] = {}
        self.actor_names: dict[str, str] = {}  # the first of that name
        self.messages_of: dict[str, list[str]] = defaultdict(list)
        self.reviews_of: dict[str, list[str]] = defaultdict(list)

    def add(self, table: str, item: Any) -> Any:
        """Put a new thing in the world, findable at once."""
        getattr(self, table)[item.id if table != "x_media" else item.media_key] = item
        index = getattr(self, f"_index_{table}", None)
        if index is not None:
            index(item)
        self.touch(table, item)
        return item

    def touch(self, table: str, item: Any) -> None:
        """Say that it changed."""
        if table == "actors":
            self._index_actor(item)
        elif table == "x_posts":
            self.written.pop(item.id, None)
        self.dirty.add((table, item.media_key if table == "x_media" else item.id))

    def record(self, kind: str, *, platform: str, what: str, **more: Any) -> Entry:
        """One more line in the ledger."""
        at = more.pop("at", None)
        entry = Entry(len(self.ledger) + 1, iso(at or self.clock.now()), kind, platform, what, **more)
        self.ledger.append(entry)
        if kind != "read":
            for listener in self.listeners:
                listener(entry)
        return entry

    def _index_actor(self, actor: FbActor) -> None:
        self.actor_names.setdefault(actor.name, actor.id)
        if actor.page:
            self.pages[actor.id] = actor

    def _index_x_users(self, user: XUser) -> None:
        self.handles[user.username.lower()] = user.id
        self.written.clear()  # a new name turns into a mention wherever it stands

    def _index_x_posts(self, post: XPost) -> None:
        key = int(post.id)
        _insert(self.all_posts, key)
        _insert(self.by_author[post.author_id], key)
        _insert(self.by_thread[post.conversation_id], key)
        for user_id in post.mentions:
            _insert(self.by_mention[user_id], key)
        if post.ref("retweeted"):
            _insert(self.reposted_by[post.ref("retweeted")], key)
            return  # keyword search returns no reposts since May 2026
        for term in set(TERM.findall(post.text.lower())):
            _insert(self.by_term[term], key)
            if term[0] in "@#$":
                _insert(self.by_term[term[1:]], key)

    def _index_x_directs(self, event: XDirect) -> None:
        _insert(self.directs_of[event.conversation_id], int(event.id))
        for user_id in event.members():
            _insert(self.directs_of[user_id], int(event.id))

    def _index_fb_posts(self, post: FbPost) -> None:
        insort(self.page_posts[post.page_id], post.id, key=lambda i: (self.fb_posts[i].at, i))

    def _index_fb_comments(self, comment: FbComment) -> None:
        for owner in filter(None, (comment.post_id, comment.parent_id)):
            insort(self.comments_of[owner], comment.id, key=lambda i: (self.fb_comments[i].at, i))

    def _index_fb_conversations(self, conversation: FbConversation) -> None:
        self.conversation_with[conversation.page_id, conversation.person_id] = conversation.id
        insort(self.conversations_of[conversation.page_id], conversation.id, key=self._last_word)

    def _last_word(self, conversation_id: str) -> tuple[int, str]:
        return self.fb_conversations[conversation_id].updated, conversation_id

    def renew(self, conversation: FbConversation, *, at: int) -> None:
        """Something was said in it: it moves to its place among the Page's conversations."""
        ids = self.conversations_of[conversation.page_id]
        del ids[bisect_left(ids, (conversation.updated, conversation.id), key=self._last_word)]
        conversation.updated = max(conversation.updated, at)
        insort(ids, conversation.id, key=self._last_word)
        self.touch("fb_conversations", conversation)

    def _index_fb_messages(self, message: FbMessage) -> None:
        ids = self.messages_of[message.conversation_id]
        insort(ids, message.id, key=lambda i: (self.fb_messages[i].at, i))

    def _index_reviews(self, review: FbReview) -> None:
        insort(self.reviews_of[review.page_id], review.id, key=lambda i: (self.reviews[i].at, i))

    def user_by_handle(self, handle: str) -> XUser | None:
        """Whoever has this handle, in any case, with or without @."""
        return self.x_users.get(self.handles.get(handle.lstrip("@").lower(), ""))

    def mentioned_in(self, text: str) -> list[str]:
        """Ids of the people whose handle stands in the text."""
        found = (self.user_by_handle(handle) for handle in HANDLE.findall(text))
        return list(dict.fromkeys(user.id for user in found if user))


class Ids:
    """Ids that look like the platforms' own and rise with time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counter = 0
        self.next: dict[int, int] = {}  # the first free number of a millisecond

    def snowflake(self, at: int) -> str:
        """An id of X for this moment."""
        value, taken = max((at - X_EPOCH) << 22 | 1 << 12, self.next.get(at, 0)), self.world
        while str(value) in taken.x_posts or str(value) in taken.x_directs or str(value) in taken.x_users:
            value += 1
        if len(self.next) > 1000:
            self.next.clear()  # taken ids are passed over in any case, only more slowly
        self.next[at] = value + 1
        return str(value)

    def graph(self, at: int) -> str:
        """A number of eighteen digits for a post, comment or story."""
        self.counter += 1
        return f"122{(at - FB_EPOCH) * 1000 + self.counter % 1000:015d}"

    def opaque(self, prefix: str, *, length: int = 40) -> str:
        """Something that nobody can guess, the same for the same seed."""
        self.counter += 1
        digest = hashlib.sha512(f"{self.world.seed}/{prefix}/{self.counter}".encode()).hexdigest()
        return prefix + digest[:length]


def _insert(ids: list[int], key: int) -> None:
    if not ids or key > ids[-1]:
        ids.append(key)
    elif ids[bisect_left(ids, key)] != key:
        insort(ids, key)
