"""What leaves for X: replies, direct messages, pictures; and finding again what may have left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.exceptions import Rejected, TemporaryFailure
from connectors.types import Cost, OutboundMessage, Sent, Upload
from connectors.x.calls import MESSAGE, POST, POST_WITH_URL, REPLY, Calls, Reply, new_id, read_cost
from connectors.x.mapping import full_text, references
from connectors.x.parts import permalink
from connectors.x.text import has_url, same_text
from connectors.x.wire import DM_FIELDS, born, either, items, mapping, moment, objects, word

_PAGES = 32  # of our own posts to look through: as far as the platform reads back


def send_reply(calls: Calls, message: OutboundMessage) -> Sent:
    """A public reply; without `in_reply_to` a post of its own."""
    media, before = _uploaded(calls, message, "tweet")
    reply = calls.ask(
        "create_post",
        calls.client.create_tweet,
        text=message.text or None,
        media_ids=media or None,
        in_reply_to_tweet_id=message.in_reply_to or None,
    )
    identifier = new_id(reply, "id")
    money = POST_WITH_URL if has_url(message.text) else REPLY if message.in_reply_to else POST
    return Sent(
        external_id=identifier,
        permalink=permalink(identifier),
        sent_at=_sent_at(reply, identifier),
        thread_id=message.thread_id or identifier,
        cost=before + Cost(calls=1, writes=1, money=money),
        limits=reply.limits,
    )


def send_direct(calls: Calls, message: OutboundMessage) -> Sent:
    """A direct message to a person, or into a conversation."""
    if len(message.attachments) > 1:
        raise Rejected("X takes one attachment with a direct message", reason="too_many_attachments")
    if not message.recipient_id and not message.thread_id:
        raise Rejected("A direct message needs a recipient", reason="no_recipient")
    media, before = _uploaded(calls, message, "dm")
    to = (
        {"participant_id": message.recipient_id}
        if message.recipient_id and not message.thread_id.isdecimal()
        else {"dm_conversation_id": message.thread_id or None, "participant_id": None}
    )
    if message.mode == "private_reply":
        to = {"participant_id": message.recipient_id}
    reply = calls.ask(
        "send_dm",
        calls.client.create_direct_message,
        text=message.text or None,
        media_id=media[0] if media else None,
        **to,
    )
    identifier = new_id(reply, "dm_event_id", "id")
    return Sent(
        external_id=identifier,
        sent_at=_sent_at(reply, identifier),
        thread_id=word(reply.data.get("dm_conversation_id")) or message.thread_id,
        cost=before + Cost(calls=1, writes=1, money=MESSAGE),
        limits=reply.limits,
    )


def _sent_at(reply: Reply, identifier: str) -> datetime:
    made = born(identifier)
    return made if made and abs((made - reply.at).total_seconds()) < 3600 else reply.at


def _uploaded(calls: Calls, message: OutboundMessage, purpose: str) -> tuple[list[str], Cost]:
    """Pictures go ahead of the message; nobody sees them until it leaves, so losing one is harmless."""
    with calls.session.harmless():
        ids = [_upload(calls, upload, purpose) for upload in message.attachments]
    described = sum(1 for upload in message.attachments if upload.alt_text)
    return ids, Cost(calls=len(ids) + described)


def _upload(calls: Calls, upload: Upload, purpose: str) -> str:
    """Version 1.1's upload, the only one in tweepy 4.17, was switched off in 2025.

    https://docs.x.com/x-api/media/upload-media (2026-08)
    """
    kind = "gif" if upload.content_type == "image/gif" else "image"
    reply = calls.post(
        "upload",
        "/2/media/upload",
        files={"media": (upload.filename, upload.content, upload.content_type)},
        data={"media_category": f"{purpose}_{kind}", "media_type": upload.content_type},
        timeout=(20.0, 60.0),  # sending five megabytes counts as connecting
    )
    identifier = word(either(reply.data, "id", "media_id_string"))
    if not identifier:
        raise TemporaryFailure("The upload got no id", code="no_id")
    if upload.alt_text:
        words = {"id": identifier, "metadata": {"alt_text": {"text": upload.alt_text[:1000]}}}
        calls.post("media_metadata", "/2/media/metadata", json=words)
    return identifier


# Finding again


def find_reply(calls: Calls, account_id: str, message: OutboundMessage, since: datetime) -> Sent | None:
    """Our own post with this text under this parent."""
    wanted = {message.in_reply_to, message.thread_id} - {""}
    cost, paid, token = Cost(), dict[str, Any](), ""
    for _ in range(_PAGES):
        reply = calls.ask_page(
            "own_posts",
            calls.client.get_users_tweets,
            account_id,
            start_time=since.replace(microsecond=0),
            max_results=100,
            pagination_token=token or None,
            tweet_fields=["created_at", "conversation_id", "referenced_tweets", "entities", "note_tweet"],
        )
        cost += read_cost(reply, paid)
        for post in _of(reply):
            if _is_ours(post, message, since, wanted):
                return _found(post, message, cost, reply)
        token = word(mapping(reply.json.get("meta")).get("next_token"))
        if not token:
            return None
    raise TemporaryFailure("More was posted since than can be read: it may be there", code="not_all_read")


def _of(reply: Reply) -> Iterator[Mapping[str, Any]]:
    return objects(items(reply.json.get("data")))


def _is_ours(post: Mapping[str, Any], message: OutboundMessage, since: datetime, wanted: set[str]) -> bool:
    told = moment(post.get("created_at")) or born(word(post.get("id")))
    place = {references(post).get("replied_to"), word(post.get("conversation_id"))}
    if told is None or told < since.replace(microsecond=0) or (wanted and not wanted & place):
        return False
    return _same(post, message)


def _same(post: Mapping[str, Any], message: OutboundMessage) -> bool:
    try:
        text, entities = full_text(post)
    except TypeError:
        return False
    return same_text(message.text, text, entities)


def _found(post: Mapping[str, Any], message: OutboundMessage, cost: Cost, reply: Reply) -> Sent:
    identifier = word(post.get("id"))
    history = items(either(post, "edit_history_tweet_ids", "edit_history_post_ids"))
    identifier = next(filter(None, map(word, history)), identifier)
    return Sent(
        external_id=identifier,
        permalink=permalink(identifier),
        sent_at=moment(post.get("created_at")) or born(identifier),
        thread_id=word(post.get("conversation_id")) or message.thread_id,
        cost=cost,
        limits=reply.limits,
    )


def find_direct(calls: Calls, account_id: str, message: OutboundMessage, since: datetime) -> Sent | None:
    """Our own direct message with this text in this conversation."""
    where: dict[str, Any] = {"participant_id": message.recipient_id}
    if message.mode == "direct_message" and (message.thread_id.isdecimal() or not message.recipient_id):
        where = {"dm_conversation_id": message.thread_id}
    cost, paid, token = Cost(), dict[str, Any](), ""
    for _ in range(_PAGES):
        reply = calls.ask_page(
            "dm_events",
            calls.client.get_direct_message_events,
            dm_event_fields=list(DM_FIELDS),
            max_results=100,
            pagination_token=token or None,
            **where,
        )
        cost += read_cost(reply, paid, messages=True)
        for event in _of(reply):
            told = moment(event.get("created_at")) or born(word(event.get("id")))
            if told and told < since.replace(microsecond=0):
                return None  # newest first: nothing later can come
            if told and word(event.get("sender_id")) == account_id and _same(event, message):
                thread = word(event.get("dm_conversation_id")) or message.thread_id
                return Sent(word(event.get("id")), "", told, thread, cost, reply.limits)
        token = word(mapping(reply.json.get("meta")).get("next_token"))
        if not token:
            return None
    raise TemporaryFailure("More was posted since than can be read: it may be there", code="not_all_read")
