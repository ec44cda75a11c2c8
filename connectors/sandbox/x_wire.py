"""Posts, users, media and messages as X's v2 JSON: only the fields and expansions that were asked for."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from connectors.sandbox.clock import HOUR, MINUTE, whole_iso
from connectors.sandbox.entities import XDirect, XMedia, XPost, XUser
from connectors.sandbox.world import HANDLE, World
from connectors.sandbox.x_errors import missing, not_authorized
from connectors.sandbox.x_fields import Asked, renamed

LONG = 280
KEPT_WRITTEN = 20_000
URL = re.compile(r"https?://\S+")
TAG = re.compile(r"(?<!\w)([#$])(\w+)")


class Wire:
    """Builds one answer: `data`, and `includes` and `errors` as they come up."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world, self.asked = world, asked
        self.users: dict[str, dict[str, Any]] = {}
        self.posts: dict[str, dict[str, Any]] = {}
        self.media: dict[str, dict[str, Any]] = {}
        self.polls: dict[str, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []

    def answer(self, data: Any, *, meta: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole document. Empty parts are left out, as X does."""
        out: dict[str, Any] = {}
        if data or (data == [] and meta is None and not self.errors):
            out["data"] = data
        sides = {"users": self.users, "tweets": self.posts, "media": self.media, "polls": self.polls}
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
        if "attachments.poll_ids" in wanted and post.poll:
            self.polls[post.id] = self.poll(post)
        if "edit_history_tweet_ids" in wanted:
            for version in post.edits[:-1]:
                self.posts.setdefault(version, self.post(self.world.x_posts[version]))
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
        """One post with the asked fields; id, text and the edit history always. Written once until it changes."""
        if len(self.world.written) > KEPT_WRITTEN:
            self.world.written.clear()
        written = self.world.written.setdefault(post.id, {})
        out = written.get(self.asked.post)
        if out is None:
            out = written[self.asked.post] = self._written(post)
        return out

    def _written(self, post: XPost) -> dict[str, Any]:
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

    def poll(self, post: XPost) -> dict[str, Any]:
        """A poll, which has the id of its post here; nobody votes."""
        ends = post.at + int(post.poll["minutes"]) * MINUTE
        values: dict[str, Any] = {
            "duration_minutes": post.poll["minutes"], "end_datetime": whole_iso(ends),
            "voting_status": "closed" if ends < self.world.clock.now() else "open",
        }  # fmt: skip
        options = [{"position": n, "label": label, "votes": 0} for n, label in enumerate(post.poll["options"], 1)]
        return {"id": post.id, "options": options, **{n: values[n] for n in self.asked.poll & values.keys()}}

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
            "participant_ids": event.participants or None,
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


def _attachments(post: XPost) -> dict[str, Any] | None:
    held = {"media_keys": post.media, "poll_ids": [post.id] if post.poll else []}
    return {name: ids for name, ids in held.items() if ids} or None


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
    "attachments": lambda w, p: _attachments(p),
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
