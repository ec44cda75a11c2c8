"""The parts X's payloads are made of: people, media, links, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.types import Attachment, Author, Metrics
from connectors.x.text import plain
from connectors.x.wire import count, either, items, mapping, number, objects, word

_KINDS = {"photo": "image", "video": "video", "animated_gif": "gif"}


class Includes:
    """What a payload carries beside its items: people, posts and media by id. Any part may be missing."""

    def __init__(self, payload: Mapping[str, Any]) -> None:
        includes = mapping(payload.get("includes"))
        self.users = {word(u.get("id")): u for u in map(_unwrapped, objects(includes.get("users")))}
        said = [payload.get("data"), includes.get("tweets"), includes.get("posts")]
        posts = [post for part in said for post in objects(part) if word(post.get("id"))]
        self.posts = {first_version(p): p for p in posts} | {word(p.get("id")): p for p in posts}
        self.polls = {word(p.get("id")): p for p in objects(includes.get("polls"))}
        self.media = {word(m.get("media_key")): m for m in objects(includes.get("media"))}

    def author(self, identifier: str) -> Author | None:
        """Everything told about this person; at least the id, when there is one."""
        return author_of(self.users.get(identifier, {"id": identifier})) if identifier else None

    def first(self, identifier: str) -> str:
        """The id of the first version, where this one is an edit that the answer tells about."""
        return first_version(self.posts.get(identifier, {})) or identifier


def first_version(post: Mapping[str, Any]) -> str:
    """The id that stays over edits: each makes a new one, and a list holds them all."""
    history = [*map(word, items(either(post, "edit_history_tweet_ids", "edit_history_post_ids")))]
    return min(filter(None, history), key=lambda one: (number(one) or 1 << 99, one), default=word(post.get("id")))


def _unwrapped(user: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(user["data"]) if isinstance(user.get("data"), Mapping) else user  # post.delete events


def author_of(user: Mapping[str, Any]) -> Author:
    """A person as far as told."""
    handle = word(user.get("username"))
    return Author(
        external_id=word(user.get("id")),
        handle=handle,
        name=plain(word(user.get("name"))),
        bio=plain(word(user.get("description"))),
        place=plain(word(user.get("location"))),
        followers=count(mapping(user.get("public_metrics")).get("followers_count")),
        verified=user.get("verified") is True or word(user.get("verified_type")) not in ("", "none"),
        avatar_url=word(user.get("profile_image_url")),
        profile_url=f"https://x.com/{handle}" if handle else "",
    )


def metrics_of(post: Mapping[str, Any]) -> Metrics:
    """How far a post has travelled."""
    told = mapping(post.get("public_metrics"))
    return Metrics(
        reposts=count(either(told, "retweet_count", "repost_count")),
        replies=count(told.get("reply_count")),
        likes=count(told.get("like_count")),
        quotes=count(told.get("quote_count")),
        views=count(told.get("impression_count")),
    )


def permalink(identifier: str, handle: str = "") -> str:
    """Where a person sees a post; X finds it under any name."""
    return f"https://x.com/{handle}/status/{identifier}" if handle else f"https://x.com/i/status/{identifier}"


def media(post: Mapping[str, Any], includes: Includes) -> tuple[Attachment, ...]:
    keys = [word(key) for key in items(mapping(post.get("attachments")).get("media_keys"))]
    return tuple(_medium(key, includes.media.get(key, {})) for key in keys if key)


def polls(post: Mapping[str, Any], includes: Includes) -> tuple[Attachment, ...]:
    """What can be voted for; X shows how it stands."""
    asked = [word(key) for key in items(mapping(post.get("attachments")).get("poll_ids"))]
    found = []
    for key in filter(None, asked):
        options = objects(includes.polls.get(key, {}).get("options"))
        labels = " · ".join(plain(word(option.get("label"))) for option in options)
        found.append(Attachment("other", title=labels, external_id=key))
    return tuple(found)


def _medium(key: str, medium: Mapping[str, Any]) -> Attachment:
    kind: Any = _KINDS.get(word(medium.get("type")), "other")
    preview = word(medium.get("preview_image_url"))
    url = word(medium.get("url")) or _best(medium) or preview
    return Attachment(kind, url, preview, plain(word(medium.get("alt_text"))), external_id=key)


def _best(medium: Mapping[str, Any]) -> str:
    films = [v for v in objects(medium.get("variants")) if v.get("content_type") == "video/mp4" and word(v.get("url"))]
    return word(max(films, key=lambda v: count(v.get("bit_rate")) or 0)["url"]) if films else ""


def links(entities: Any) -> tuple[Attachment, ...]:
    """Where the short links in the text lead; `external_id` is the short link itself."""
    found = []
    for url in objects(mapping(entities).get("urls")):
        short, there = word(url.get("url")), word(url.get("unwound_url")) or word(url.get("expanded_url"))
        if there and not url.get("media_key") and not word(url.get("display_url")).startswith("pic."):
            found.append(Attachment("link", there, title=plain(word(url.get("title"))), external_id=short))
    return tuple(found)
