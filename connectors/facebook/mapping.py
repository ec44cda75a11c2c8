"""Graph payloads into the inbox's words. Pure functions; UnreadableError where nothing can be made of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from connectors.facebook.media import message_attachments, post_attachments, story_attachment
from connectors.facebook.values import (
    UnreadableError,
    count,
    entries,
    entry,
    identifier,
    moment,
    moment_or_none,
    prose,
    truth,
    without,
    words,
)
from connectors.types import (
    Author,
    Direction,
    InboundMessage,
    Metrics,
    Post,
    ReplyOption,
    Visibility,
)

SITE = "https://www.facebook.com"
WINDOW = timedelta(hours=24)  # after the person's last message
PRIVATE_REPLY_WITHIN = timedelta(days=7)
IN_PRIVATE = ReplyOption(False, "private_conversation")
OUR_OWN = ReplyOption(False, "own_message")


@dataclass(frozen=True, slots=True)
class Chat:
    """What a conversation says about its messages. `link` and `partner` may be unknown."""

    external_id: str
    partner: Author | None = None
    can_reply: bool | None = None
    link: str = ""


def author(payload: Any) -> Author | None:
    """Who said it, or None: Graph leaves `from` out for many people, and that is normal."""
    person = entry(payload)
    external_id = identifier(person.get("id"))
    if not external_id:
        return None
    picture = entry(entry(person.get("picture")).get("data")) or entry(person.get("picture"))
    return Author(
        external_id=external_id,
        handle=words(person.get("username")),
        name=prose_or_nothing(person.get("name")),
        avatar_url=words(picture.get("url")),
        profile_url=words(person.get("link")),
    )


def prose_or_nothing(value: Any) -> str:
    """A name in NFC; "" when there is none to read."""
    return prose(value) if isinstance(value, str) else ""


def comment_id(value: Any) -> str:
    """A comment's id is `post_comment`; older answers put the Page's id in front of it."""
    parts = identifier(value).split("_")
    return "_".join(parts[-2:])


def post_id(comment: dict[str, Any], *, page_id: str) -> str:
    """The post a comment stands under, where only the comment is known: `page_post`."""
    owner = identifier(entry(comment.get("object")).get("id"))
    if "_" in owner:
        return owner
    first = comment_id(comment.get("id")).split("_")[0]
    return f"{page_id}_{first}" if page_id else first


def needed_id(payload: dict[str, Any]) -> str:
    """The id, without which nothing can be kept apart."""
    external_id = identifier(payload.get("id"))
    if not external_id:
        raise UnreadableError("no id")
    return external_id


# Posts --------------------------------------------------------------------------------------------


def root(payload: dict[str, Any], *, page_id: str) -> Post:
    """A post as the thing that comments react to."""
    writer = author(payload.get("from"))
    return Post(
        external_id=identifier(payload.get("id")),
        text=prose_or_nothing(payload.get("message")) or prose_or_nothing(payload.get("story")),
        author=writer,
        ours=writer is not None and writer.external_id == page_id,
        sent_at=moment_or_none(payload.get("created_time")),
        permalink=words(payload.get("permalink_url")),
        attachments=post_attachments(payload),
    )


def post(payload: dict[str, Any], *, page_id: str) -> InboundMessage:
    """A post on, by or about the Page."""
    external_id = needed_id(payload)
    writer = author(payload.get("from"))
    ours = writer is not None and writer.external_id == page_id
    return InboundMessage(
        external_id=external_id,
        author=writer,
        sent_at=moment(payload.get("created_time")),
        text=prose(payload.get("message")) or prose(payload.get("story")),
        visibility=Visibility.PUBLIC,
        thread_id=external_id,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        permalink=words(payload.get("permalink_url")) or f"{SITE}/{external_id}",
        attachments=post_attachments(payload),
        metrics=post_metrics(payload),
        hidden=truth(payload.get("is_hidden")),
        private_reply=OUR_OWN if ours else ReplyOption(False, "not_offered"),
        mentions=tags(payload),
        raw=without(payload, "comments"),
    )


def post_metrics(payload: dict[str, Any]) -> Metrics:
    """How far a post has travelled."""
    likes = entry(payload.get("reactions")) or entry(payload.get("likes"))
    return Metrics(
        reposts=count(entry(payload.get("shares")).get("count")),
        replies=total(payload.get("comments")),
        likes=count(entry(likes.get("summary")).get("total_count")),
    )


def total(edge: Any) -> int | None:
    """How many an edge says it holds."""
    said = count(entry(entry(edge).get("summary")).get("total_count"))
    return said if said is not None else count(entry(edge).get("count", edge))


def tags(payload: dict[str, Any]) -> tuple[str, ...]:
    """The accounts named in a text."""
    found = payload.get("message_tags")
    if isinstance(found, dict) and "id" not in found and "data" not in found:  # old answers key them by offset
        found = [tag for group in found.values() for tag in entries(group)]
    ids = (identifier(entry(tag).get("id")) for tag in entries(found))
    return tuple(dict.fromkeys(tag for tag in ids if tag))


# Comments -----------------------------------------------------------------------------------------


def comment(payload: dict[str, Any], *, page_id: str, under: Post | None = None) -> InboundMessage:
    """A comment or a reply to one. Our own are outbound, and `partner` is who they answer."""
    payload = payload | _addressed(payload)
    external_id = comment_id(needed_id(payload))
    writer = author(payload.get("from"))
    ours = writer is not None and writer.external_id == page_id
    thread = under.external_id if under and under.external_id else post_id(payload, page_id=page_id)
    above = entry(payload.get("parent"))
    sent_at = moment(payload.get("created_time"))
    return InboundMessage(
        external_id=external_id,
        author=writer,
        sent_at=sent_at,
        text=prose(payload.get("message")),
        visibility=Visibility.PUBLIC,
        thread_id=thread,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        partner=partner(payload, page_id=page_id, under=under) if ours else None,
        parent_id=comment_id(above.get("id")) or thread,
        root=under,
        parent=_parent(above, page_id=page_id),
        permalink=words(payload.get("permalink_url")) or f"{SITE}/{external_id}",
        attachments=story_attachment(payload.get("attachment")),
        metrics=comment_metrics(payload),
        hidden=truth(payload.get("is_hidden")),
        public_reply=OUR_OWN if ours else _public_reply(payload),
        private_reply=OUR_OWN if ours else private_reply(payload, sent_at=sent_at),
        can_hide=payload.get("can_hide") is True and not ours,
        mentions=tags(payload),
        raw=without(payload, "comments"),
    )


def _addressed(payload: dict[str, Any]) -> dict[str, Any]:
    """Id and parent out of the comment's own address, where the answer was not asked for them."""
    link = urlsplit(words(payload.get("permalink_url")))
    asked = dict(parse_qsl(link.query))
    post_part = next((part for part in reversed(link.path.split("/")) if part.isdecimal()), "")
    top, reply = asked.get("comment_id", ""), asked.get("reply_comment_id", "")
    found: dict[str, Any] = {}
    if "id" not in payload and post_part and top:
        found["id"] = f"{post_part}_{reply or top}"
    if "parent" not in payload and post_part and reply:
        found["parent"] = {"id": f"{post_part}_{top}"}
    return found


def partner(payload: dict[str, Any], *, page_id: str, under: Post | None) -> Author | None:
    """Whom a comment of our own answers: the person it names, or who wrote what it stands under.

    A reply to a reply is filed under the top comment, so its `parent` may be somebody else than who is named.
    """
    for tag in entries(payload.get("message_tags")):
        named = author(tag)
        if named and named.external_id != page_id and words(entry(tag).get("type")) in {"user", ""}:
            return named
    above = author(entry(payload.get("parent")).get("from"))
    if above is None and not payload.get("parent") and under and not under.ours:
        above = under.author
    return above if above and above.external_id != page_id else None


def comment_metrics(payload: dict[str, Any]) -> Metrics:
    """How far a comment has travelled."""
    likes, replies = count(payload.get("like_count")), count(payload.get("comment_count"))
    return Metrics(
        likes=likes if likes is not None else total(payload.get("likes")),
        replies=replies if replies is not None else total(payload.get("comments")),
    )


def private_reply(payload: dict[str, Any], *, sent_at: datetime) -> ReplyOption:
    """Once per comment, within seven days, and only where Graph says so."""
    until = sent_at + PRIVATE_REPLY_WITHIN
    if entry(payload.get("private_reply_conversation")):
        return ReplyOption(False, "already_replied")
    if payload.get("can_reply_privately") is True:
        return ReplyOption(True, until=until)
    return ReplyOption(False, "not_offered" if "can_reply_privately" in payload else "unknown")


def _public_reply(payload: dict[str, Any]) -> ReplyOption:
    if payload.get("can_comment") is False:
        return ReplyOption(False, "closed")
    return ReplyOption(True)


def _parent(above: dict[str, Any], *, page_id: str) -> Post | None:
    if not above.get("id"):
        return None
    return replace(root(above, page_id=page_id), external_id=comment_id(above["id"]))


# Private messages ---------------------------------------------------------------------------------


def chat(payload: dict[str, Any], *, page_id: str) -> Chat:
    """What a conversation says about its messages."""
    people = [author(person) for key in ("participants", "senders") for person in entries(payload.get(key))]
    partner_ = next((person for person in people if person and person.external_id != page_id), None)
    link = words(payload.get("link"))
    can_reply = payload.get("can_reply")
    return Chat(
        external_id=identifier(payload.get("id")),
        partner=partner_,
        can_reply=can_reply if isinstance(can_reply, bool) else None,
        link=f"{SITE}{link}" if link.startswith("/") else link,
    )


def message_id(value: Any) -> str:
    """Deliveries say `mid.$…` where GET says `m_mid.$…`; everything newer says `m_…` in both."""
    external_id = identifier(value)
    return external_id[2:] if external_id.startswith("m_mid.") else external_id


def message(payload: dict[str, Any], *, page_id: str, within: Chat | None = None) -> InboundMessage:
    """A private message. Its thread is the person: deliveries and sends know no conversation's id."""
    external_id = message_id(needed_id(payload))
    if "created_time" not in payload and not payload.get("from"):
        raise UnreadableError("Graph keeps details of a conversation's newest messages only")
    writer = author(payload.get("from"))
    ours = _is_ours(payload, writer, page_id=page_id)
    other = _other(payload, writer, page_id=page_id, within=within)
    sent_at = moment(payload.get("created_time"))
    return InboundMessage(
        external_id=external_id,
        author=writer,
        sent_at=sent_at,
        text=prose(payload.get("message")),
        visibility=Visibility.PRIVATE,
        thread_id=(other.external_id if other else within.external_id if within else "") or external_id,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        partner=other if ours or writer is None else None,
        permalink=within.link if within else "",
        attachments=message_attachments(payload),
        public_reply=IN_PRIVATE,
        private_reply=OUR_OWN if ours else window(sent_at, can_reply=within.can_reply if within else None),
        raw=payload,
    )


def window(sent_at: datetime, *, can_reply: bool | None) -> ReplyOption:
    """The 24 hours after a person's message; a human agent has seven days (`ModeRules.human_agent_hours`)."""
    if can_reply is False:
        return ReplyOption(False, "person_unavailable")
    return ReplyOption(True, until=sent_at + WINDOW)


def _is_ours(payload: dict[str, Any], writer: Author | None, *, page_id: str) -> bool:
    """Whether the Page wrote it; where nobody is said to have, it did when it went to others only."""
    if writer is not None:
        return writer.external_id == page_id
    addressed = [person.external_id for one in entries(payload.get("to")) if (person := author(one))]
    return bool(page_id and addressed) and page_id not in addressed


def _other(payload: dict[str, Any], writer: Author | None, *, page_id: str, within: Chat | None) -> Author | None:
    if writer and writer.external_id != page_id:
        return writer
    addressed = (author(person) for person in entries(payload.get("to")))
    found = next((person for person in addressed if person and person.external_id != page_id), None)
    return found or (within.partner if within else None)


# Reviews ------------------------------------------------------------------------------------------


def rating(payload: dict[str, Any], *, page_id: str) -> InboundMessage:
    """A recommendation. It has no id of its own: that of its story is the one that can be answered."""
    story = entry(payload.get("open_graph_story"))
    story_id = identifier(story.get("id")) or identifier(payload.get("open_graph_story_id"))
    writer = author(payload.get("reviewer")) or author(story.get("from"))
    sent_at = moment(payload.get("created_time"))
    external_id = story_id or _made_up_id(payload, writer, page_id=page_id)
    return InboundMessage(
        external_id=external_id,
        author=writer,
        sent_at=sent_at,
        text=prose(payload.get("review_text")) or prose(story.get("message")),
        visibility=Visibility.PUBLIC,
        thread_id=external_id,
        permalink=words(story.get("permalink_url")) or (f"{SITE}/{story_id}" if story_id else ""),
        rating=judgement(payload),
        public_reply=ReplyOption(True) if story_id else ReplyOption(False, "no_address"),
        raw=payload,
    )


def judgement(payload: dict[str, Any]) -> Literal["", "positive", "negative"]:
    """Recommended or not; stars where only stars are given."""
    said = words(payload.get("recommendation_type")).lower()  # deliveries shout it
    if said == "positive":
        return "positive"
    if said == "negative":
        return "negative"
    stars = count(payload.get("rating"))
    if stars is None or stars not in {1, 2, 4, 5}:
        return ""
    return "positive" if stars > 3 else "negative"


def _made_up_id(payload: dict[str, Any], writer: Author | None, *, page_id: str) -> str:
    """Stable for as long as the person and the time are: an edit keeps both."""
    person = writer.external_id if writer else prose_or_nothing(payload.get("review_text"))
    seed = f"{page_id}:{person}:{payload.get('created_time')}"
    return "review_" + hashlib.sha256(seed.encode()).hexdigest()[:24]
