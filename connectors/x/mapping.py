"""X's payloads into ours. One bad item never costs its neighbours: it comes out as `Unreadable`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from connectors.payloads import glimpse
from connectors.types import (
    Author,
    Deletion,
    Direction,
    Exposure,
    InboundMessage,
    Post,
    ReplyOption,
    Unreadable,
    Visibility,
)
from connectors.x.parts import Includes, first_version, links, media, metrics_of, permalink, polls
from connectors.x.text import plain
from connectors.x.wire import born, either, items, mapping, moment, objects, word

_NO_LANGUAGE = frozenset({"und", "qam", "qct", "qht", "qme", "qst", "zxx", "art"})
_RENAMED_LANGUAGE = {"in": "id", "iw": "he", "ji": "yi"}
_CIPHER = ("encrypted_text", "ciphertext", "encoded_event", "encrypted_content", "conversation_key_version")
DAY = timedelta(days=1)
LONGEST_CHAIN = 100  # of posts of ours that go on from each other, within one answer
_GONE = ("resource-not-found", "not-authorized-for-resource")


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a payload is read: our `account_id` ("" unknown), the `stream` asked ("" a look-up)."""

    account_id: str = ""
    stream: str = ""
    free_to_reply: bool = False  # enterprise plans may reply to anybody


@dataclass(slots=True)
class Read:
    """What came out of one payload, newest first as it came."""

    messages: list[InboundMessage] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # of every item, read or not
    user_ids: list[str] = field(default_factory=list)
    fetched: int = 0

    def until(self, now: datetime) -> Self:
        """Without what says to be of a day that has not come by the platform's own clock: that is set aside."""
        come, self.messages = self.messages, []
        for m in come:
            if (m.edited_at or m.sent_at) <= now + DAY:
                self.messages.append(m)
            else:
                self.unreadable.append(Unreadable(m.raw, f"impossible time: {m.sent_at.isoformat()}", m.external_id))
        return self


def read(payload: Any, reader: Reader) -> Read:
    """Everything in an answer of posts."""
    return _read(payload, lambda item, includes: _post_or_exposure(item, includes, reader))


def read_direct(payload: Any, reader: Reader) -> Read:
    """Everything in an answer of direct message events."""
    return _read(payload, lambda item, includes: _direct(item, includes, reader))


def _read(payload: Any, understand: Callable[[Mapping[str, Any], Includes], list[Any]]) -> Read:
    body, result = mapping(payload), Read()
    if body.get("data") is None and not isinstance(payload, Mapping):
        result.unreadable.append(Unreadable(payload, "not an object"))
    includes = Includes(body)
    result.user_ids = [identifier for identifier in includes.users if identifier]
    data = body.get("data")
    for item in items(data) if isinstance(data, list | None) else [data]:
        _sort(item, includes, understand, result)
    result.deletions = _deletions(body, set(result.ids))
    return result


def _sort(
    item: Any,
    includes: Includes,
    understand: Callable[[Mapping[str, Any], Includes], list[Any]],
    result: Read,
) -> None:
    result.fetched += 1
    result.ids.append(word(mapping(item).get("id")))
    try:
        for thing in understand(_object(item), includes):
            (result.exposures if isinstance(thing, Exposure) else result.messages).append(thing)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:500]
        result.unreadable.append(Unreadable(item, reason, result.ids[-1]))


def _object(item: Any) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise TypeError(f"an object belongs here, not {type(item).__name__}")
    return item


def _deletions(body: Mapping[str, Any], present: set[str]) -> list[Deletion]:
    """Posts asked for by id that are gone; an error about something a post refers to is not that."""
    gone = []
    for error in objects(body.get("errors")):
        asked = word(error.get("parameter")) in {"ids", "id"}
        kind = word(error.get("resource_type")) in {"tweet", "post"}
        identifier = word(error.get("resource_id")) or word(error.get("value"))
        if asked and kind and identifier not in present and word(error.get("type")).endswith(_GONE):
            gone.append(Deletion(identifier))
    return gone


# Posts


def _post_or_exposure(post: Mapping[str, Any], includes: Includes, reader: Reader) -> list[Any]:
    refers = references(post)
    if "retweeted" in refers or "reposted" in refers:
        return [_exposure(post, includes, "repost", refers.get("retweeted") or refers["reposted"])]
    found: list[Any] = []
    message = read_post(post, includes, reader)
    if "quoted" in refers and message.direction is Direction.INBOUND:
        found.append(_exposure(post, includes, "quote", refers["quoted"]))
        if reader.stream == "mentions" and not _addressed(post, reader):
            return found
    return [*found, message]


def references(post: Mapping[str, Any]) -> dict[str, str]:
    """Kind -> id of the posts this one refers to; the parent is only there."""
    refers = either(post, "referenced_tweets", "referenced_posts")
    return {word(r.get("type")): word(r.get("id")) for r in objects(refers) if word(r.get("id"))}


def _addressed(post: Mapping[str, Any], reader: Reader) -> bool:
    """Whether the post names or answers us; when that cannot be told, it does."""
    if _names_us(post, reader) or not reader.account_id:
        return True
    people = mapping(post.get("entities")).get("mentions")
    return people is None or any(not word(person.get("id")) for person in objects(people))


def _names_us(post: Mapping[str, Any], reader: Reader) -> bool:
    named = (*_mentions(post), word(post.get("in_reply_to_user_id")))
    return bool(reader.account_id) and reader.account_id in named


def _mentions(post: Mapping[str, Any]) -> tuple[str, ...]:
    """Who is named; whom only the part beyond the cut names stands with the note."""
    parts = (post, mapping(either(post, "note_tweet", "note_post")))
    people = [person for part in parts for person in objects(mapping(part.get("entities")).get("mentions"))]
    return tuple(dict.fromkeys(identifier for p in people if (identifier := word(p.get("id")))))


def _exposure(post: Mapping[str, Any], includes: Includes, kind: Any, original: str) -> Exposure:
    identifier, _ = _identity(post)
    author = includes.author(word(post.get("author_id")))
    return Exposure(identifier, kind, original, author, _made(post, identifier)[0], dict(post))


def _identity(post: Mapping[str, Any]) -> tuple[str, str]:
    """The id that stays over edits, and this version's: every edit makes a new one."""
    own = word(post.get("id"))
    if "id_str" in post or "full_text" in post:
        raise ValueError("a post of API version 1.1, not 2")
    if not own:
        raise ValueError("no id")
    if "text" not in post and not either(post, "note_tweet", "note_post"):
        raise ValueError("no text")
    return first_version(post) or own, own


def _made(post: Mapping[str, Any], first: str) -> tuple[datetime, datetime | None]:
    """When it was first said, and when this version was made (None: never edited)."""
    own = word(post.get("id"))
    told = _told(post, own)
    if first == own:
        return told, None
    original = born(first)
    near = original is not None and timedelta(0) <= told - original <= timedelta(hours=2)
    return (original if near and original else told), told


def _told(item: Mapping[str, Any], identifier: str) -> datetime:
    told = moment(item.get("created_at")) or born(identifier)
    if told is None:
        raise ValueError(f"no usable created_at: {glimpse(item.get('created_at'))}")
    return told


def full_text(post: Mapping[str, Any]) -> tuple[str, Any]:
    """The whole text with its entities: `text` is cut where a note is there."""
    note = mapping(either(post, "note_tweet", "note_post"))
    if isinstance(note.get("text"), str) and note["text"]:
        return plain(note["text"]), note.get("entities") or post.get("entities")
    text = post.get("text")
    if text is not None and not isinstance(text, str):
        raise TypeError(f"text is {type(text).__name__}")
    return plain(text or ""), post.get("entities")


def read_post(post: Mapping[str, Any], includes: Includes, reader: Reader) -> InboundMessage:
    """One post as a message. ValueError or TypeError when it cannot be understood."""
    identifier, version = _identity(post)
    sent_at, edited_at = _made(post, identifier)
    text, entities = full_text(post)
    author = includes.author(word(post.get("author_id")))
    ours = author is not None and author.external_id == reader.account_id
    refers = references(post)
    parent_id = includes.first(refers["replied_to"]) if "replied_to" in refers else None
    thread = includes.first(word(post.get("conversation_id")) or _thread(parent_id, includes) or identifier)
    thread = identifier if thread == version else thread
    return InboundMessage(
        external_id=identifier,
        version_id=version,
        author=author,
        sent_at=sent_at,
        edited_at=edited_at,
        text=text,
        visibility=Visibility.PUBLIC,
        thread_id=thread,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        partner=_partner(post, includes, reader) if ours else None,
        parent_id=parent_id,
        root=_context(thread, includes, reader) if thread != identifier else None,
        parent=_context(parent_id or refers.get("quoted"), includes, reader) or _our_own(parent_id, post, reader),
        language=_language(post.get("lang")),
        permalink=permalink(version, author.handle if author else ""),
        attachments=media(post, includes) + polls(post, includes) + links(entities),
        metrics=metrics_of(post),
        public_reply=_may_reply(post, includes, reader, ours=ours),
        private_reply=_may_message(author, includes, reader),
        can_hide=not ours and _under_ours(thread, parent_id, post, includes, reader),
        mentions=_mentions(post),
        raw=dict(post),
    )


def _thread(parent_id: str | None, includes: Includes) -> str:
    parent = mapping(includes.posts.get(parent_id or ""))
    return word(parent.get("conversation_id")) or parent_id or ""


def _partner(post: Mapping[str, Any], includes: Includes, reader: Reader) -> Author | None:
    """Whom our post answers; where it goes on from one of ours, whom that one answers."""
    for _ in range(LONGEST_CHAIN):
        other = word(post.get("in_reply_to_user_id"))
        if other != reader.account_id:
            return includes.author(other)
        post = includes.posts.get(references(post).get("replied_to", ""), {})
    return None


def _our_own(identifier: str | None, post: Mapping[str, Any], reader: Reader) -> Post | None:
    """A post of ours that the answer did not bring along."""
    ours = bool(reader.account_id) and word(post.get("in_reply_to_user_id")) == reader.account_id
    return Post(identifier, ours=True) if identifier and ours else None


def _context(identifier: str | None, includes: Includes, reader: Reader) -> Post | None:
    """The post referred to, as far as the answer brought it along."""
    post = includes.posts.get(identifier or "")
    if post is None or not identifier:
        return None
    try:
        text, entities = full_text(post)
    except TypeError:
        text, entities = "", None
    author = includes.author(word(post.get("author_id")))
    return Post(
        external_id=identifier,
        text=text,
        author=author,
        ours=author is not None and author.external_id == reader.account_id,
        sent_at=moment(post.get("created_at")) or born(identifier),
        permalink=permalink(identifier, author.handle if author else ""),
        attachments=media(post, includes) + links(entities),
    )


def _language(code: Any) -> str:
    code = word(code)
    return "" if code in _NO_LANGUAGE else _RENAMED_LANGUAGE.get(code, code)


def _may_reply(post: Mapping[str, Any], includes: Includes, reader: Reader, *, ours: bool) -> ReplyOption:
    """Since 2026-02-23 only people who named us or quoted us may be answered through the API.

    https://docs.x.com/x-api/posts/manage-tweets/integrate (2026-08)
    """
    quoted = mapping(includes.posts.get(references(post).get("quoted", "")))
    summoned = _names_us(post, reader)
    if reader.account_id and word(quoted.get("author_id")) == reader.account_id:
        summoned = True
    if ours or summoned or reader.free_to_reply or reader.stream == "mentions":
        return ReplyOption(True)
    return ReplyOption(False, "not_summoned")


def _may_message(author: Author | None, includes: Includes, reader: Reader) -> ReplyOption:
    if author is None or author.external_id == reader.account_id:
        return ReplyOption(False, "unknown_author" if author is None else "own_message")
    user = includes.users.get(author.external_id, {})
    return ReplyOption(False, "dm_closed") if user.get("receives_your_dm") is False else ReplyOption(True)


def _under_ours(
    thread: str, parent_id: str | None, post: Mapping[str, Any], includes: Includes, reader: Reader
) -> bool:
    """Only replies in a conversation that we began can be hidden."""
    if not reader.account_id or not parent_id:
        return False
    root = includes.posts.get(thread)
    if root is not None:
        return word(root.get("author_id")) == reader.account_id
    return parent_id == thread and word(post.get("in_reply_to_user_id")) == reader.account_id


# Direct messages


def _direct(event: Mapping[str, Any], includes: Includes, reader: Reader) -> list[InboundMessage]:
    kind = word(event.get("event_type"))
    if kind in {"ParticipantsJoin", "ParticipantsLeave"}:
        return []  # nobody said anything
    if kind not in {"", "MessageCreate"}:
        raise ValueError(f"unknown kind of event {kind!r}")
    return [read_event(event, includes, reader)]


def read_event(event: Mapping[str, Any], includes: Includes, reader: Reader) -> InboundMessage:
    """One direct message. The other party comes from the conversation's id: it is `smaller-larger`."""
    identifier, sender = word(event.get("id")), word(event.get("sender_id"))
    if not identifier:
        raise ValueError("no id")
    sent_at = _told(event, identifier)
    text, entities = full_text(event)
    thread = word(event.get("dm_conversation_id"))
    if reader.account_id and _between_others(thread, reader.account_id):
        raise ValueError("a conversation between others")
    ours = bool(sender) and sender == reader.account_id
    other = other_party(thread, sender if not reader.account_id else reader.account_id)
    if not thread:
        thread = identifier if ours or not sender else sender
    return InboundMessage(
        external_id=identifier,
        version_id=identifier,
        author=includes.author(sender),
        sent_at=sent_at,
        text=text,
        visibility=Visibility.PRIVATE,
        thread_id=thread,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        partner=includes.author(other) if ours else None,
        attachments=media(event, includes) + links(entities),
        public_reply=ReplyOption(False, "private"),
        private_reply=ReplyOption(False, "encrypted") if _encrypted(event) else ReplyOption(True),
        raw=dict(event),
    )


def _encrypted(event: Mapping[str, Any]) -> bool:
    return any(event.get(name) for name in _CIPHER)


def _between_others(conversation: str, us: str) -> bool:
    parties = conversation.split("-")
    return len(parties) == 2 and all(map(str.isdigit, parties)) and us not in parties


def other_party(conversation: str, one: str) -> str:
    """Whom we talk with in a conversation of two; "" in a group."""
    parties = conversation.split("-")
    return next((p for p in parties if p != one), "") if len(parties) == 2 and one in parties else ""
