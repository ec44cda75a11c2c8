"""One X account: what it can do, and the calls it makes. Quirks and limits: README.md beside this file."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from connectors.base import Connector
from connectors.exceptions import Gone, Rejected, Unsupported
from connectors.http import told_time
from connectors.types import (
    AccountInfo,
    AttachmentRules,
    Capabilities,
    Cost,
    CredentialField,
    Credentials,
    Cursor,
    InboundMessage,
    ModeRules,
    OutboundMessage,
    Page,
    Refreshed,
    ScopeUse,
    Sent,
    StreamRef,
    StreamSpec,
    Visibility,
)
from connectors.x import recorded, sending
from connectors.x.calls import OWNED_READ, POST_READ, USER_READ, Calls, Reply, read_cost
from connectors.x.mapping import Read, Reader, read, read_direct
from connectors.x.parts import author_of, permalink
from connectors.x.polling import DIRECT_DAYS, Walk, direct_page
from connectors.x.text import weighted_length
from connectors.x.wire import (
    DM_EXPANSIONS,
    DM_FIELDS,
    EXPANSIONS,
    MEDIA_FIELDS,
    TWEET_FIELDS,
    USER_FIELDS,
    mapping,
    moment,
    word,
)

SCOPES = (
    "tweet.read", "users.read", "tweet.write", "tweet.moderate.write",
    "dm.read", "dm.write", "media.write", "offline.access",
)  # fmt: skip
_PICTURES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_MEGABYTES = 1024 * 1024
_FIELDS: dict[str, Any] = {
    "tweet_fields": list(TWEET_FIELDS),
    "expansions": list(EXPANSIONS),
    "user_fields": list(USER_FIELDS),
    "media_fields": list(MEDIA_FIELDS),
}
_CEILINGS = {"mentions": 790, "own_posts": 3190}  # 800 and 3,200, less what was deleted meanwhile


class XConnector(Connector):
    """X through tweepy. `credentials.data` holds OAuth 2.0 user tokens or OAuth 1.0a keys (see README.md)."""

    kind: ClassVar[str] = "x"
    capabilities: ClassVar[Capabilities] = Capabilities(
        label="X (Twitter)",
        icon="x",
        length_rule="weighted",
        modes=(
            ModeRules("public_reply", 280, AttachmentRules(_PICTURES, 5 * _MEGABYTES, 4, alt_text=True)),
            ModeRules("direct_message", 10_000, AttachmentRules(_PICTURES, 5 * _MEGABYTES, 1)),
            ModeRules("private_reply", 10_000, AttachmentRules(_PICTURES, 5 * _MEGABYTES, 1)),
        ),
        streams=(
            StreamSpec("mentions", Visibility.PUBLIC, default_interval=20, scopes=("tweet.read", "users.read")),
            StreamSpec(
                "search",
                Visibility.PUBLIC,
                needs_query=True,
                proactive=True,
                default_interval=300,
                window_days=7,
                scopes=("tweet.read", "users.read"),
            ),
            StreamSpec(
                "direct",
                Visibility.PRIVATE,
                default_interval=75,
                min_interval=60,
                window_days=DIRECT_DAYS,
                scopes=("dm.read", "tweet.read", "users.read"),
            ),
            StreamSpec("own_posts", Visibility.PUBLIC, own=True, default_interval=120),
        ),
        can_hide=True,
        edits_keep_id=False,
        has_budget=True,
        query_max_length=512,
        find_sent_after=90,
        own_keys=(
            CredentialField("consumer_key", "API Key"),
            CredentialField("consumer_secret", "API Key Secret"),
            CredentialField("access_token", "Access Token"),
            CredentialField("access_token_secret", "Access Token Secret"),
        ),
        scope_uses=(
            ScopeUse("tweet.read", "read"),
            ScopeUse("users.read", "read"),
            ScopeUse("tweet.write", "reply"),
            ScopeUse("tweet.moderate.write", "hide"),
            ScopeUse("dm.read", "direct"),
            ScopeUse("dm.write", "direct"),
            ScopeUse("media.write", "pictures"),
            ScopeUse("offline.access", "stay_connected"),
        ),
        portal_url="https://developer.x.com/en/portal/dashboard",
        # A post with this address shows a button: "Call-to-action" in the Direct Messages guide of the X API (2025-11)
        message_url="https://twitter.com/messages/compose?recipient_id={id}",
    )

    def __init__(self, credentials: Credentials, *, timeout: tuple[float, float] = (3.05, 10.0)) -> None:
        super().__init__(credentials, timeout=timeout)
        self.calls = Calls(credentials, timeout)
        self._account_id = credentials.account_id

    def close(self) -> None:
        """Give the HTTP session back."""
        self.calls.close()

    def check(self) -> AccountInfo:
        """Who this credential belongs to; AuthorizationLost when it is no good."""
        reply = self.calls.ask("me", self.calls.client.get_me, user_fields=list(USER_FIELDS))
        author = author_of(reply.data)
        if not author.external_id:
            raise self.calls.session.failure("GET", "X does not say who we are", code="no_id")
        data = self.credentials.data
        granted = tuple(data.get("scope", "").split())
        return AccountInfo(
            external_id=author.external_id,
            name=author.name or author.handle,
            handle=author.handle,
            avatar_url=author.avatar_url,
            profile_url=author.profile_url,
            scopes=granted,
            missing=tuple(scope for scope in SCOPES if granted and scope not in granted),
            token_expires_at=None if data.get("refresh_token") else moment(data.get("expires_at")),
            cost=Cost(calls=1, user_reads=1, money=USER_READ),
            limits=reply.limits,
        )

    @property
    def account_id(self) -> str:
        """Our own id, asked for once where the credentials do not say."""
        if not self._account_id:
            self._account_id = self.check().external_id
        return self._account_id

    def _reader(self, stream: str) -> Reader:
        free = self.credentials.data.get("plan") == "enterprise"
        return Reader(self.account_id, stream, free_to_reply=free)

    # Reading

    def poll(self, stream: StreamRef, cursor: Cursor, *, since: datetime | None = None, limit: int = 100) -> Page:
        """One page of a stream, newest first; see polling.py for what the cursor promises."""
        if self.capabilities.stream(stream.kind) is None:
            raise Unsupported(f"X has no stream {stream.kind!r}")
        if stream.kind == "direct":
            return self._poll_direct(cursor, since=since, limit=limit)
        walk = Walk(cursor, ceiling=_CEILINGS.get(stream.kind, 1 << 40), window=stream.kind == "search")
        reply = walk.fetch(lambda **bounds: self._ask(stream, limit, bounds), since=since)
        found = read(reply.json, self._reader(stream.kind)).until(reply.at)
        return walk.page(reply, found, cost=read_cost(reply, walk.paid, price=self._price(stream.kind)))

    def _ask(self, stream: StreamRef, limit: int, bounds: dict[str, Any]) -> Reply:
        client, wanted = self.calls.client, _FIELDS | bounds
        if stream.kind == "search":
            wanted["next_token"] = wanted.pop("pagination_token", None)
            size = min(max(limit, 10), 100)
            wanted["max_results"] = size
            return self.calls.ask_page("search", client.search_recent_tweets, query_of(stream), **wanted)
        size = min(max(limit, 5), 100)
        method = client.get_users_mentions if stream.kind == "mentions" else client.get_users_tweets
        return self.calls.ask_page(stream.kind, method, self.account_id, max_results=size, **wanted)

    def _price(self, stream: str) -> Any:
        """Own posts and mentions are cheap only where the account owns the developer app."""
        owned = self.credentials.data.get("owns_app") == "yes" and stream in _CEILINGS
        return OWNED_READ if owned else POST_READ

    def _poll_direct(self, cursor: Cursor, *, since: datetime | None, limit: int) -> Page:
        token = word(cursor.get("token")) or None
        size = limit if token or not cursor.get("known") else min(limit, 20)  # usually little is new
        reply = self.calls.ask_page(
            "dm_events",
            self.calls.client.get_direct_message_events,
            dm_event_fields=list(DM_FIELDS),
            expansions=list(DM_EXPANSIONS),
            user_fields=list(USER_FIELDS),
            media_fields=list(MEDIA_FIELDS),
            max_results=min(max(size, 1), 100),
            pagination_token=token,
        )
        paid = dict(mapping(cursor.get("paid")))
        cost = read_cost(reply, paid, messages=True)
        found = read_direct(reply.json, self._reader("direct")).until(reply.at)
        return direct_page(cursor, reply, found, since=since, cost=cost, paid=paid)

    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        """Current numbers, new versions, and those X says are gone."""
        if not ids:
            return Refreshed()
        reply, found, cost = self._look_up(ids[: self.capabilities.refresh_batch])
        latest = [newest for m in found.messages if (newest := _latest(m)) != m.version_id]
        if latest:  # asking for a first version brings that version, and the ids of later ones
            _, newer, more = self._look_up(latest)
            cost += more
            changed = {m.external_id: m for m in newer.messages}
            found.messages = [changed.get(m.external_id, m) for m in found.messages]
        return Refreshed(
            metrics={m.external_id: m.metrics for m in found.messages},
            messages=tuple(found.messages),
            deleted=tuple(d.external_id for d in found.deletions if d.external_id in ids),
            unreadable=tuple(found.unreadable),
            cost=cost,
            limits=reply.limits,
        )

    def _look_up(self, ids: list[str]) -> tuple[Reply, Read, Cost]:
        reply = self.calls.ask("lookup", self.calls.client.get_tweets, ids, **_FIELDS)
        return reply, read(reply.json, self._reader("")), read_cost(reply, {})

    # Writing

    def send(self, message: OutboundMessage) -> Sent:
        """Post it, once. OutcomeUnknown when it may have been accepted."""
        if not message.text.strip() and not message.attachments:
            raise Rejected("Nothing to send", reason="empty")
        if message.mode == "public_reply":
            return sending.send_reply(self.calls, message)
        return sending.send_direct(self.calls, message)

    def find_sent(self, message: OutboundMessage, since: datetime) -> Sent | None:
        """Our own post with this text in this thread, made at or after `since`."""
        find = sending.find_reply if message.mode == "public_reply" else sending.find_direct
        return find(self.calls, self.account_id, message, since)

    def told_at(self) -> datetime | None:
        """X's clock, as its latest answer showed it."""
        last = self.calls.session.last
        return told_time(last.headers) if last else None

    def hide(self, external_id: str) -> None:
        """Hide a reply under a post of ours."""
        self.calls.ask("hide", self.calls.client.hide_reply, external_id)

    def unhide(self, external_id: str) -> None:
        """Show it again."""
        self.calls.ask("hide", self.calls.client.unhide_reply, external_id)

    def delete_own(self, external_id: str) -> None:
        """Delete a post of ours. Deleting what is gone is done."""
        try:
            self.calls.ask("delete", self.calls.client.delete_tweet, external_id)
        except Gone:
            return

    def permalink(self, external_id: str, *, thread_id: str = "", handle: str = "") -> str:
        """Where a person sees a post; the conversation for a direct message."""
        if "-" in thread_id:
            return f"https://x.com/messages/{thread_id}"
        return permalink(external_id, handle)

    @classmethod
    def length(cls, text: str) -> int:
        """The weighted length."""
        return weighted_length(text)

    @classmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        """A recorded answer through the same mapping as `poll`."""
        return recorded.read_exchange(exchange)


def query_of(stream: StreamRef) -> str:
    """The query as X wants it: ours in brackets when we add to it, reposts left out."""
    parts = [stream.query]
    if stream.exclude or stream.language:
        parts = [f"({stream.query})"] if " OR " in stream.query else parts
    parts += [f"lang:{stream.language}"] if stream.language else []
    parts += [f"-{term}" if " " not in term else f'-"{term}"' for term in stream.exclude]
    return " ".join([*parts, "-is:retweet"] if "is:retweet" not in stream.query else parts)


def _latest(message: InboundMessage) -> str:
    raw = message.raw if isinstance(message.raw, dict) else {}
    history = raw.get("edit_history_tweet_ids") or raw.get("edit_history_post_ids")
    return word(history[-1]) if isinstance(history, list) and history else message.version_id
