"""Names on X's wire: which fields and expansions exist, in both spellings, and which of them a request wants."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from connectors.sandbox.x_errors import NEW_PROBLEMS, PROBLEMS, invalid

POST_FIELDS = frozenset(
    [
        "article",
        "article_title",
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
        "matched_media_notes",
        "media_metadata",
        "non_public_metrics",
        "note_request_suggestions",
        "note_tweet",
        "organic_metrics",
        "paid_partnership",
        "possibly_sensitive",
        "promoted_metrics",
        "public_metrics",
        "referenced_tweets",
        "reply_settings",
        "scopes",
        "source",
        "suggested_source_links",
        "suggested_source_links_with_counts",
        "text",
        "username",
        "withheld",
    ]
)
USER_FIELDS = frozenset(
    [
        "affiliation",
        "confirmed_email",
        "connection_status",
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
        "subscribes_to_you",
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
POLL_FIELDS = frozenset(["duration_minutes", "end_datetime", "id", "options", "voting_status"])
PLACE_FIELDS = frozenset(
    ["contained_within", "country", "country_code", "full_name", "geo", "id", "name", "place_type"]
)
EXPANSIONS = frozenset(
    [
        "affiliation.user_id",
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
        "most_recent_tweet_id",
        "participant_ids",
        "pinned_tweet_id",
        "referenced_tweets.id",
        "referenced_tweets.id.attachments.media_keys",
        "referenced_tweets.id.author_id",
        "sender_id",
        "username",
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
    "retweet_count": "repost_count",
}
OLD_NAMES = {**{new: old for old, new in RENAMED.items()}, "username": "author_id"}


class Asked:
    """Which fields and expansions a request wants, and in whose names it is to be answered."""

    def __init__(self, query: dict[str, str], *, new_names: bool = False) -> None:
        self.new_names = new_names or "post.fields" in query
        self.post = _names(query, "post.fields" if "post.fields" in query else "tweet.fields", POST_FIELDS)
        self.user = _names(query, "user.fields", USER_FIELDS)
        self.media = _names(query, "media.fields", MEDIA_FIELDS)
        self.dm = _names(query, "dm_event.fields", DM_FIELDS)
        self.poll = _names(query, "poll.fields", POLL_FIELDS)
        self.place = _names(query, "place.fields", PLACE_FIELDS)
        self.expansions = _names(query, "expansions", EXPANSIONS)


def _names(query: dict[str, str], parameter: str, known: frozenset[str]) -> frozenset[str]:
    raw = query.get(parameter, "")
    names = _split(raw, expanding=parameter == "expansions") if raw else frozenset()
    for name in names - known:
        raise invalid(
            parameter,
            raw,
            f"The `{parameter}` query parameter value [{name}] is not one of [{','.join(sorted(known))}]",
        )
    return names


@lru_cache(maxsize=1024)
def _split(raw: str, *, expanding: bool) -> frozenset[str]:
    return frozenset(_old_name(name.strip(), expanding=expanding) for name in raw.split(",") if name.strip())


def _old_name(name: str, *, expanding: bool) -> str:
    if name == "referenced_posts" and expanding:
        return "referenced_tweets.id"
    if name == "username" and not expanding:
        return name
    head, dot, rest = name.partition(".")
    return OLD_NAMES.get(head, head) + dot + rest


def renamed(data: Any) -> Any:
    """The same JSON in the names of specification 2.167."""
    if isinstance(data, dict):
        return {RENAMED.get(key, key): renamed(value) for key, value in data.items()}
    if isinstance(data, str) and data.startswith(PROBLEMS):
        return NEW_PROBLEMS + data[len(PROBLEMS) :]
    return [renamed(item) for item in data] if isinstance(data, list) else data
