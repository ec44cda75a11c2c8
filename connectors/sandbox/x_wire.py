"""Posts, users, media and messages as X's v2 JSON: only the fields and expansions that were asked for."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from connectors.sandbox.clock import HOUR, whole_iso
from connectors.sandbox.entities import XDirect, XMedia, XPost, XUser
from connectors.sandbox.world import HANDLE, World
from connectors.sandbox.x_errors import invalid, missing, not_authorized

LONG = 280
URL = re.compile(r"https?://\S+")
TAG = re.compile(r"(?<!\w)([#$])(\w+)")
POST_FIELDS = frozenset(
    [
        "article",
        "attachments",
        "author_id",
        "card_uri",
        "community_id",
        "context_annotations",
        "conversation_id",
        "created_at",
        "display_text_range",
        "edit_controls",
        "edit_history_tweet_ids",
        "entities",
        "geo",
        "id",
        "in_reply_to_user_id",
        "lang",
        "media_metadata",
        "note_tweet",
        "possibly_sensitive",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
        "scopes",
        "source",
        "suggested_source_links",
        "text",
        "withheld",
        "non_public_metrics",
        "organic_metrics",
        "promoted_metrics",
    ]
)
USER_FIELDS = frozenset(
    [
        "affiliation",
        "connection_status",
        "confirmed_email",
        "created_at",
        "description",
        "entities",
        "id",
        "is_identity_verified",
        "location",
        "most_recent_tweet_id",
        "name",
        "parody",
        "pinned_tweet_id",
        "profile_banner_url",
        "profile_image_url",
        "protected",
        "public_metrics",
        "receives_your_dm",
        "subscription",
        "subscription_type",
        "url",
        "username",
        "verified",
        "verified_followers_count",
        "verified_type",
        "withheld",
    ]
)
MEDIA_FIELDS = frozenset(
    [
        "alt_text",
        "duration_ms",
        "height",
        "media_key",
        "non_public_metrics",
        "organic_metrics",
        "preview_image_url",
        "promoted_metrics",
        "public_metrics",
        "type",
        "url",
        "variants",
        "width",
    ]
)
DM_FIELDS = frozenset(
    [
        "attachments",
        "created_at",
        "dm_conversation_id",
        "entities",
        "event_type",
        "id",
        "participant_ids",
        "referenced_tweets",
        "sender_id",
        "text",
    ]
)
EXPANSIONS = frozenset(
    [
        "article.cover_media",
        "article.media_entities",
        "attachments.media_keys",
        "attachments.media_source_tweet",
        "attachments.poll_ids",
        "author_id",
        "author_screen_name",
        "edit_history_tweet_ids",
        "entities.mentions.username",
        "entities.note.mentions.username",
        "geo.place_id",
        "in_reply_to_user_id",
        "referenced_tweets.id",
        "referenced_tweets.id.attachments.media_keys",
        "referenced_tweets.id.author_id",
        "pinned_tweet_id",
        "sender_id",
        "participant_ids",
        "affiliation.user_id",
        "most_recent_tweet_id",
    ]
)
RENAMED = {
    "referenced_tweets": "referenced_posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "pinned_tweet_id": "pinned_post_id",
    "most_recent_tweet_id": "most_recent_post_id",
    "tweets": "posts",
    "tweet_count": "post_count",
}
OLD_NAMES = {new: old for old, new in RENAMED.items()}


class Asked:
    """Which fields and expansions a request wants."""

    def __init__(self, query: dict[str, str], *, new_names: bool = False) -> None:
        self.new_names = new_names
        self.post = _names(query, "post.fields" if new_names else "tweet.fields", POST_FIELDS)
        self.user = _names(query, "user.fields", USER_FIELDS)
        self.media = _names(query, "media.fields", MEDIA_FIELDS)
        self.dm = _names(query, "dm_event.fields", DM_FIELDS)
        self.expansions = _names(query, "expansions", EXPANSIONS)


def _names(query: dict[str, str], parameter: str, known: frozenset[str]) -> frozenset[str]:
    raw = query.get(parameter, "")
    names = _split(raw)
    for name in names - known:
        raise invalid(parameter, raw, f"The `{parameter}` query parameter value [{name}] is not one of {sorted(known)}")
    return names


@lru_cache(maxsize=1024)
def _split(raw: str) -> frozenset[str]:
    return frozenset(_old_name(name.strip()) for name in raw.split(",") if name.strip())


def _old_name(name: str) -> str:
    head, dot, rest = name.partition(".")
    return OLD_NAMES.get(head, head) + dot + rest


def renamed(data: Any) -> Any:
    """The same JSON in the names of specification 2.167."""
    if isinstance(data, dict):
        return {RENAMED.get(key, key): renamed(value) for key, value in data.items()}
    return [renamed(item) for item in data] if isinstance(data, list) else data


class Wire:
    """Builds one answer: `data`, and `includes` and `errors` as they come up."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world, self.asked = world, asked
        self.users: dict[str, dict[str, Any]] = {}
        self.posts: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []

    def answer(self, data: Any, *, meta: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole document. Empty parts are left out, as X does."""
        out: dict[str, Any] = {}
        if data or (data == [] and meta is None and not self.errors):
            out["data"] = data
        sides = {"users": self.users, "tweets": self.posts, "media": self.media}
        includes = {name: list(items.values()) for name, items in sides.items() if items}
        if includes:
            out["includes"] = includes
        if self.errors:
            out["errors"] = self.errors
        if meta is not None:
            out["meta"] = meta
        return renamed(out) if self.asked.new_names else out

    def all_posts(self, posts: Iterable[XPost]) -> list[dict[str, Any]]:
        """Posts with what was asked to come along."""
        return [self.with_expansions(post) for post in posts]

    def with_expansions(self, post: XPost) -> dict[str, Any]:
        """One post, its expansions put aside in `includes`."""
        wanted = self.asked.expansions
        if wanted:
            self._expand(post, wanted)
        return self.post(post)

    def _expand(self, post: XPost, wanted: frozenset[str]) -> None:
        if "author_id" in wanted:
            self.include_user(post.author_id, parameter="author_id")
        if "in_reply_to_user_id" in wanted and post.in_reply_to_user_id:
            self.include_user(post.in_reply_to_user_id, parameter="in_reply_to_user_id")
        if "entities.mentions.username" in wanted:
            for user_id in post.mentions:
                self.include_user(user_id, parameter="entities.mentions.username")
        if "attachments.media_keys" in wanted:
            self._include_media(post)
        if wanted & {"referenced_tweets.id", "referenced_tweets.id.author_id"}:
            for ref in post.refs:
                self._include_post(ref["id"], wanted)

    def _include_post(self, post_id: str, wanted: frozenset[str]) -> None:
        post = self.world.x_posts.get(post_id)
        if post is None or post.deleted:
            self.errors.append(missing(post_id, parameter="referenced_tweets.id"))
            return
        author = self.world.x_users[post.author_id]
        if author.protected or author.suspended:
            self.errors.append(not_authorized(post_id, parameter="referenced_tweets.id", resource="tweet"))
            return
        self.posts.setdefault(post_id, self.post(post))
        if "referenced_tweets.id.author_id" in wanted:
            self.include_user(post.author_id, parameter="referenced_tweets.id.author_id")
        if "referenced_tweets.id.attachments.media_keys" in wanted:
            self._include_media(post)

    def include_user(self, user_id: str, *, parameter: str) -> None:
        """Put somebody in `includes.users`, or say why not."""
        if user_id in self.users:
            return
        user = self.world.x_users[user_id]
        if user.suspended:
            why = f"User has been suspended: [{user_id}]."
            self.errors.append(not_authorized(user_id, parameter=parameter, resource="user", why=why))
        else:
            self.users[user_id] = self.user(user)

    def _include_media(self, post: XPost) -> None:
        for key in post.media:
            if key in self.world.x_media:
                self.media[key] = self.one_media(self.world.x_media[key])

    def post(self, post: XPost) -> dict[str, Any]:
        """One post with the asked fields; id, text and the edit history always."""
        text = post.text if len(post.text) <= LONG else post.text[: LONG - 4].rstrip() + "…"
        out: dict[str, Any] = {
            "edit_history_tweet_ids": post.edits, "id": post.id, "text": html.escape(text, quote=False),
        }  # fmt: skip
        for name in self.asked.post:
            builder = _POST.get(name)
            value = builder(self, post) if builder else None
            if value is not None and value != "":
                out[name] = value
        return out

    def entities(self, text: str) -> dict[str, Any] | None:
        """Where mentions, tags and addresses stand, in code points of the escaped text."""
        found = ((m, self.world.user_by_handle(m[1])) for m in HANDLE.finditer(text))
        mentions = [
            {"start": m.start(), "end": m.end(), "username": user.username, "id": user.id} for m, user in found if user
        ]
        tags = [{"start": m.start(), "end": m.end(), "tag": m[2]} for m in TAG.finditer(text) if m[1] == "#"]
        urls = [
            {"start": m.start(), "end": m.end(), "url": m[0], "expanded_url": m[0], "display_url": m[0][8:]}
            for m in URL.finditer(text)
        ]
        parts = {"mentions": mentions, "hashtags": tags, "urls": urls}
        return {name: items for name, items in parts.items() if items} or None

    def user(self, user: XUser) -> dict[str, Any]:
        """Somebody, with the asked fields; id, name and username always."""
        out: dict[str, Any] = {"id": user.id, "name": user.name, "username": user.username}
        for name in self.asked.user:
            builder = _USER.get(name)
            value = builder(user) if builder else None
            if value is not None and (value != "" or name == "description"):
                out[name] = value
        return out

    def one_media(self, media: XMedia) -> dict[str, Any]:
        """A picture or film, with the asked fields."""
        out: dict[str, Any] = {"media_key": media.media_key, "type": media.type}
        values = {
            "url": media.url if media.type == "photo" else None, "alt_text": media.alt_text or None,
            "width": media.width, "height": media.height,
            "preview_image_url": media.url if media.type != "photo" else None,
            "variants": [{"bit_rate": 2176000, "content_type": "video/mp4", "url": media.url + ".mp4"}]
            if media.type != "photo" else None,
        }  # fmt: skip
        out.update({name: values[name] for name in self.asked.media if values.get(name) is not None})
        return out

    def direct(self, event: XDirect) -> dict[str, Any]:
        """A private message, with the asked fields; id, text and type always."""
        out: dict[str, Any] = {"id": event.id, "event_type": event.event_type}
        if event.event_type == "MessageCreate":
            out["text"] = html.escape(event.text, quote=False)
        values: dict[str, Any] = {
            "created_at": whole_iso(event.at), "sender_id": event.sender_id,
            "dm_conversation_id": event.conversation_id,
            "attachments": {"media_keys": event.media} if event.media else None,
            "entities": self.entities(event.text),
        }  # fmt: skip
        out.update({name: values[name] for name in self.asked.dm if values.get(name) is not None})
        if "sender_id" in self.asked.expansions:
            self.include_user(event.sender_id, parameter="sender_id")
        if "attachments.media_keys" in self.asked.expansions:
            for key in event.media:
                if key in self.world.x_media:
                    self.media[key] = self.one_media(self.world.x_media[key])
        return out


def _note(wire: Wire, post: XPost) -> dict[str, Any] | None:
    if len(post.text) <= LONG:
        return None
    note: dict[str, Any] = {"text": post.text}
    entities = wire.entities(post.text)
    return {**note, "entities": entities} if entities else note


def _edit_controls(_wire: Wire, post: XPost) -> dict[str, Any]:
    return {
        "edits_remaining": 6 - len(post.edits), "is_edit_eligible": not post.refs,
        "editable_until": whole_iso(post.at + HOUR),
    }  # fmt: skip


_POST: dict[str, Any] = {
    "author_id": lambda w, p: p.author_id,
    "conversation_id": lambda w, p: p.conversation_id,
    "created_at": lambda w, p: whole_iso(p.at),
    "in_reply_to_user_id": lambda w, p: p.in_reply_to_user_id or None,
    "referenced_tweets": lambda w, p: p.refs or None,
    "public_metrics": lambda w, p: dict(p.metrics),
    "lang": lambda w, p: p.lang,
    "entities": lambda w, p: w.entities(html.escape(p.text[:LONG], quote=False)),
    "attachments": lambda w, p: {"media_keys": p.media} if p.media else None,
    "edit_controls": _edit_controls,
    "note_tweet": _note,
    "reply_settings": lambda w, p: "everyone",
    "possibly_sensitive": lambda w, p: False,
    "display_text_range": lambda w, p: [p.prefix, min(len(p.text), LONG)],
}
_USER: dict[str, Any] = {
    "created_at": lambda u: whole_iso(u.at),
    "description": lambda u: u.description,
    "location": lambda u: u.location,
    "protected": lambda u: u.protected,
    "verified": lambda u: u.verified,
    "verified_type": lambda u: u.verified_type,
    "profile_image_url": lambda u: u.image,
    "receives_your_dm": lambda u: u.dms_open,
    "public_metrics": lambda u: {
        "followers_count": u.followers,
        "following_count": u.following,
        "tweet_count": u.posts,
        "listed_count": u.followers // 200,
        "like_count": u.posts * 3,
        "media_count": u.posts // 9,
    },
}
