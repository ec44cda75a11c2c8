"""Webhook deliveries: the same things as polling brings, in other shapes.

Feed changes give Unix seconds, Messenger events milliseconds. Our own comments and sends come too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.facebook import instagram, mapping
from connectors.facebook.gathered import Gathered
from connectors.facebook.media import delivered_attachments
from connectors.facebook.values import (
    UnreadableError,
    entries,
    entry,
    identifier,
    moment,
    moment_or_none,
    prose,
    words,
)
from connectors.types import Author, Deletion, Direction, Exposure, InboundMessage, Visibility

_OBJECTS = {"page", "instagram", "user", "whatsapp_business_account"}
_SILENT = {
    "read", "delivery", "optin", "account_linking", "pass_thread_control", "take_thread_control",
    "request_thread_control", "app_roles", "referral", "typing",
}  # fmt: skip


def is_delivery(body: dict[str, Any]) -> bool:
    """Whether it is a delivery: `object` and `entry`."""
    return isinstance(body.get("entry"), list) and ("object" in body or len(body) == 1)


def in_delivery(body: dict[str, Any], *, owner: str) -> dict[str, Any] | None:
    """A part of a delivery by itself, in the envelope in which it came; None when it is none."""
    if "messaging" in body or "changes" in body:
        part = body
    elif {"sender", "recipient", "timestamp"} <= body.keys():
        ours = entry(body.get("message")).get("is_echo") is True
        page = entry(body["sender" if ours else "recipient"])
        part = {"id": owner or page.get("id"), "messaging": [body]}
    elif {"field", "value"} <= body.keys() or {"item", "verb"} <= body.keys():
        change = body if "value" in body else {"field": "feed", "value": body}
        post = identifier(entry(change["value"]).get("post_id"))
        part = {"id": owner or post.partition("_")[0], "changes": [change]}
    else:
        return None
    return {"object": "page", "entry": [part]}


def read_delivery(gathered: Gathered, body: dict[str, Any]) -> None:
    """One delivery may hold several Pages, and a thousand changes."""
    for found in body["entry"]:
        part = entry(found)
        page_id, at = identifier(part.get("id")), part.get("time")
        if words(body.get("object")) not in _OBJECTS - {"whatsapp_business_account"}:
            gathered.set_aside(found, f"{words(body.get('object')) or 'such deliveries'} is not read here")
            continue
        for change in entries(part.get("changes")):
            gathered.attempt(change, lambda one, p=page_id, t=at: _change(gathered, one, page_id=p, at=t))  # type: ignore[misc]
        for key in ("messaging", "standby"):
            for event in entries(part.get(key)):
                gathered.attempt(event, lambda one, p=page_id: _event(gathered, one, page_id=p))  # type: ignore[misc]


# Changes on the Page ------------------------------------------------------------------------------


def _change(gathered: Gathered, change: dict[str, Any], *, page_id: str, at: Any) -> None:
    value, name = entry(change.get("value")), change.get("field")
    if name == "ratings" and "post_id" not in value:  # what is said below a review
        value = value | {"post_id": value.get("open_graph_story_id")}
    verb, item = value.get("verb"), value.get("item")
    if name in {"comments", "live_comments"} and "text" in value:
        timed = {"timestamp": at} | value
        gathered.messages.append(instagram.comment(timed, account_id=page_id, above=words(value.get("parent_id"))))
    elif name == "ratings" and item in {None, "rating"}:
        _rating(gathered, value, page_id=page_id)
    elif name not in {"feed", "mention", "ratings"}:
        raise UnreadableError(f"changes of {words(name) or 'no field'} are not read")
    elif item in {"reaction", "like"}:
        _reaction(gathered, value)
    elif verb == "remove" or _is_trashed(value):
        removed = value.get("comment_id") if item == "comment" else value.get("post_id")
        gathered.deletions.append(
            Deletion(mapping.needed_id({"id": removed}), moment_or_none(value.get("created_time")))
        )
    elif verb not in {"hide", "unhide", "block", "unblock"} and value.get("published") != 0:
        gathered.messages.append(_said(value, page_id=page_id))


def _is_trashed(value: dict[str, Any]) -> bool:
    """A post put in the bin comes as an edit without a message; `remove` comes when it is emptied."""
    shown = {"message", "photo", "photos", "link", "video", "story"} & {key for key in value if value[key]}
    return (
        words(value.get("verb")) in {"edited", "edit"} and words(value.get("item")) in {"status", "post"} and not shown
    )


def _said(value: dict[str, Any], *, page_id: str) -> InboundMessage:
    person = value.get("from") or {"id": value.get("sender_id"), "name": value.get("sender_name")}
    post = {"id": value.get("post_id"), **entry(value.get("post"))}
    payload = {"from": person, "message": value.get("message"), "created_time": value.get("created_time")}
    if value.get("comment_id"):
        parent = identifier(value.get("parent_id"))
        payload |= {
            "id": value["comment_id"],
            "permalink_url": post.get("permalink_url"),
            "attachment": _shown(value),
        }
        if parent and parent != identifier(value.get("post_id")):
            payload["parent"] = {"id": parent}
        under = mapping.root(post, page_id=page_id) if identifier(post["id"]) else None
        message = mapping.comment(payload, page_id=page_id, under=under)
    else:
        payload |= {"id": value.get("post_id"), "permalink_url": post.get("permalink_url")}
        message = mapping.post(payload | _attached(value), page_id=page_id)
    return _with_raw(message, value)


def _attached(value: dict[str, Any]) -> dict[str, Any]:
    """A post's pictures, its film, or where it leads."""
    link, kind = words(value.get("link")), words(value.get("item"))
    if kind in {"video", "share"}:
        shown = {"type": "share", "url": link} if kind == "share" else {"type": "video", "media": {"source": link}}
        return {"attachments": [shown]} if link else {}
    pictures = [url for url in entries(value.get("photos")) if words(url)] or [words(value.get("photo")) or link]
    return {"attachments": [{"type": "photo", "media": {"image": {"src": url}}} for url in pictures if url]}


def _shown(value: dict[str, Any]) -> dict[str, Any] | None:
    if words(value.get("photo")):
        return {"type": "photo", "media": {"image": {"src": value["photo"]}}}
    if words(value.get("video")):
        return {"type": "video_inline", "media": {"source": value["video"]}}
    return None


def _rating(gathered: Gathered, value: dict[str, Any], *, page_id: str) -> None:
    if value.get("verb") == "remove":
        removed = mapping.needed_id({"id": value.get("open_graph_story_id")})
        gathered.deletions.append(Deletion(removed, moment_or_none(value.get("created_time"))))
        return
    payload = value | {"reviewer": {"id": value.get("reviewer_id"), "name": value.get("reviewer_name")}}
    gathered.messages.append(_with_raw(mapping.rating(payload, page_id=page_id), value))


def _reaction(gathered: Gathered, value: dict[str, Any]) -> None:
    if words(value.get("verb")) not in {"add", "edit"}:
        return
    person = mapping.author(value.get("from")) or mapping.author({"id": value.get("sender_id")})
    original = identifier(value.get("comment_id")) or mapping.needed_id({"id": value.get("post_id")})
    who = person.external_id if person else identifier(value.get("created_time"))
    at = moment(value.get("created_time"))
    gathered.exposures.append(Exposure(f"reaction:{original}:{who}", "reaction", original, person, at, value))


# Private messages ---------------------------------------------------------------------------------


def _event(gathered: Gathered, event: dict[str, Any], *, page_id: str) -> None:
    message = entry(event.get("message"))
    if message.get("is_deleted") is True:
        gathered.deletions.append(Deletion(_mid(message), moment_or_none(event.get("timestamp"))))
    elif message or event.get("postback") or event.get("message_edit"):
        gathered.messages.append(_private(event, page_id=page_id))
    elif event.get("reaction"):
        _private_reaction(gathered, event)
    elif not _SILENT & set(event):
        raise UnreadableError("no message in this event")


def _private(event: dict[str, Any], *, page_id: str) -> InboundMessage:
    edit, postback = entry(event.get("message_edit")), entry(event.get("postback"))
    said = entry(event.get("message")) or edit or postback
    sender, recipient = mapping.author(event.get("sender")), mapping.author(event.get("recipient"))
    ours = said.get("is_echo") is True or (sender is not None and sender.external_id == page_id)
    other: Author | None = recipient if ours else sender
    sent_at = moment(event.get("timestamp"))
    external_id = _mid(said) if said is not postback or "mid" in said or other is None else _pressed(other, sent_at)
    return InboundMessage(
        external_id=external_id,
        author=sender,
        sent_at=sent_at,
        text=prose(said.get("text")) or prose(said.get("title")),
        visibility=Visibility.PRIVATE,
        thread_id=other.external_id if other else external_id,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        partner=other if ours else None,
        parent_id=identifier(entry(said.get("reply_to")).get("mid")) or None,
        attachments=delivered_attachments(said),
        edited_at=sent_at if edit else None,
        public_reply=mapping.IN_PRIVATE,
        private_reply=mapping.OUR_OWN if ours else mapping.window(sent_at, can_reply=None),
        raw=event,
    )


def _pressed(person: Author, at: datetime) -> str:
    """Buttons that were pressed had no id in earlier years: who and when are one."""
    return f"postback:{person.external_id}:{at.timestamp():.3f}"


def _private_reaction(gathered: Gathered, event: dict[str, Any]) -> None:
    reaction = entry(event.get("reaction"))
    if reaction.get("action") == "unreact":
        return
    person, original = mapping.author(event.get("sender")), _mid(reaction)
    who = person.external_id if person else ""
    at = moment(event.get("timestamp"))
    gathered.exposures.append(Exposure(f"reaction:{original}:{who}", "reaction", original, person, at, event))


def _mid(value: dict[str, Any]) -> str:
    external_id = mapping.message_id(value.get("mid"))
    if not external_id:
        raise UnreadableError("no id")
    return external_id


def _with_raw(message: InboundMessage, raw: dict[str, Any]) -> InboundMessage:
    return replace(message, raw=raw)
