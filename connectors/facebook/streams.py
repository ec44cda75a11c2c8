"""Which edge each stream reads, and how late something may turn up in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from connectors.facebook import fields, mapping
from connectors.facebook.edges import Edge, iso
from connectors.facebook.nests import Nest
from connectors.facebook.values import UnreadableError, entries, entry, identifier, moment_or_none, words
from connectors.types import Author, InboundMessage, Post

_DAY = timedelta(days=1)


def _posts(edge: str) -> Callable[[str], Edge]:
    def of(page_id: str) -> Edge:
        return Edge(
            path=f"{page_id}/{edge}",
            fields=fields.POST_METRICS,
            read=lambda payload: mapping.post(payload, page_id=page_id),
            overlap=_DAY,  # a post held back by a filter appears below newer ones
        )

    return of


def _reviews(page_id: str) -> Edge:
    return Edge(
        path=f"{page_id}/ratings",
        fields=fields.RATING,
        read=lambda payload: mapping.rating(payload, page_id=page_id),
        overlap=7 * _DAY,
    )


def _comments(page_id: str) -> Nest:
    """Of `feed`, not `published_posts`: people go on talking under what visitors posted as well."""
    return Nest(
        path=f"{page_id}/feed",
        fields=fields.post_with_comments,
        edge="comments",
        # Without `stream` the replies are missing.
        edge_params={
            "fields": fields.COMMENT,
            "filter": "stream",
            "order": "reverse_chronological",
            "summary": "true",
        },
        about=lambda post: _packed_root(post, page_id=page_id),
        read=lambda payload, about: mapping.comment(payload, page_id=page_id, under=_root(about)),
        overlap=timedelta(hours=1),
        recent_pages=4,
    )


def _direct(page_id: str) -> Nest:
    return Nest(
        path=f"{page_id}/conversations",
        fields=fields.conversation_with_messages,
        edge="messages",
        edge_params={"fields": fields.MESSAGE},
        about=lambda conversation: _packed_chat(conversation, page_id=page_id),
        read=lambda payload, about: _private(payload, page_id=page_id, within=_chat(about)),
        overlap=timedelta(minutes=10),
        params={"platform": "messenger"},
        ordered_by="updated_time",
        sweep_overlap=timedelta(minutes=10),
    )


def _private(payload: dict[str, Any], *, page_id: str, within: mapping.Chat) -> InboundMessage:
    """A message to or from the Page; one between others is not ours to read."""
    people = [identifier(entry(person).get("id")) for person in [payload.get("from"), *entries(payload.get("to"))]]
    if len(people) > 1 and all(people) and page_id not in people:
        raise UnreadableError("a conversation between others")
    return mapping.message(payload, page_id=page_id, within=within)


EDGES: dict[str, Callable[[str], Edge]] = {
    "visitor_posts": _posts("visitor_posts"),
    "tagged": _posts("tagged"),
    "own_posts": _posts("published_posts"),
    "reviews": _reviews,
}
NESTS: dict[str, Callable[[str], Nest]] = {"comments": _comments, "direct": _direct}


# A cursor carries the parent of the children still to be read; pictures stay behind.


def _packed_root(payload: dict[str, Any], *, page_id: str) -> dict[str, Any]:
    post = mapping.root(payload, page_id=page_id)
    return {
        "id": post.external_id,
        "text": post.text[:2_000],
        "ours": post.ours,
        "at": iso(post.sent_at),
        "link": post.permalink,
        "by": _packed_author(post.author),
    }


def _root(about: dict[str, Any]) -> Post:
    return Post(
        external_id=words(about.get("id")),
        text=words(about.get("text")),
        author=mapping.author(about.get("by")),
        ours=about.get("ours") is True,
        sent_at=moment_or_none(about.get("at")),
        permalink=words(about.get("link")),
    )


def _packed_chat(payload: dict[str, Any], *, page_id: str) -> dict[str, Any]:
    chat = mapping.chat(payload, page_id=page_id)
    return {
        "id": chat.external_id,
        "link": chat.link,
        "can_reply": chat.can_reply,
        "with": _packed_author(chat.partner),
    }


def _chat(about: dict[str, Any]) -> mapping.Chat:
    can_reply = about.get("can_reply")
    return mapping.Chat(
        external_id=words(about.get("id")),
        partner=mapping.author(entry(about.get("with"))),
        can_reply=can_reply if isinstance(can_reply, bool) else None,
        link=words(about.get("link")),
    )


def _packed_author(person: Author | None) -> dict[str, str] | None:
    return {"id": person.external_id, "name": person.name} if person else None
