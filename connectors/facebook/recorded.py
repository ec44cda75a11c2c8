"""Recorded Graph traffic, of whatever call, through the mapping that `poll` uses.

Nothing here may raise: what is no message, or cannot be read, comes out as `Unreadable` with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.facebook import deliveries, instagram, mapping
from connectors.facebook.gathered import Gathered
from connectors.facebook.values import entries, entry, identifier, words
from connectors.payloads import parse_json
from connectors.types import Page, Post

_VERSION = re.compile(r"v\d+\.\d+")
_EDGES = {
    "comments": "comment",
    "feed": "post",
    "posts": "post",
    "published_posts": "post",
    "visitor_posts": "post",
    "tagged": "post",
    "promotable_posts": "post",
    "conversations": "conversation",
    "messages": "message",
    "ratings": "rating",
    "replies": "instagram",
}
_STREAMS = {"comments": "comment", "visitor_posts": "post", "tagged": "post", "own_posts": "post", "direct": "message",
            "reviews": "rating"}  # fmt: skip
_RATING = {"recommendation_type", "review_text", "has_review", "has_rating", "open_graph_story", "reviewer"}
_CONVERSATION = {"participants", "senders", "messages", "snippet", "unread_count", "can_reply"}
_COMMENT = {
    "parent",
    "can_reply_privately",
    "comment_count",
    "like_count",
    "can_remove",
    "can_hide",
    "attachment",
}
_POST = {
    "story", "status_type", "permalink_url", "shares", "updated_time", "comments", "actions", "picture",
    "full_picture", "link", "attachments", "privacy", "is_published",
}  # fmt: skip


def read_exchange(exchange: Any) -> Page:
    """One recorded exchange: `method`, `uri`, `status`, `headers`, `body` (text or JSON)."""
    gathered = Gathered()
    known = entry(exchange)
    reader = Reader(gathered, uri=words(known.get("uri")), owner=identifier(known.get("account_id")))
    reader.hint = _STREAMS.get(words(known.get("stream")), "")
    try:
        reader.read(_body(exchange))
    except RecursionError:
        gathered.set_aside(entry(exchange).get("body"), "nested too deep")
    return gathered.page()


def _body(exchange: Any) -> Any:
    body = exchange["body"] if isinstance(exchange, dict) and "body" in exchange else exchange
    if isinstance(body, dict) and set(body) <= {"string", "encoding", "base64_string"} and "string" in body:
        body = body["string"]  # the way cassettes keep it
    if isinstance(body, bytes | str):
        try:
            return parse_json(body)
        except ValueError:
            return body if isinstance(body, str) else body.decode("utf-8", "replace")
    return body


class Reader:
    """Reads one body; `page_id` is guessed from the address or the ids, for it decides what is our own."""

    def __init__(self, gathered: Gathered, *, uri: str, owner: str = "") -> None:
        self.gathered, self.hint = gathered, ""
        self.known = owner
        self._address(uri)

    def _address(self, uri: str) -> None:
        self.node, owner, self.edge = _addressed(uri)
        self.owner = self.known or owner

    def read(self, body: Any) -> None:
        """Any answer at all."""
        if isinstance(body, list):
            for part in body:
                self._read_part(part)
        elif not isinstance(body, dict):
            self._read_plain(body)
        elif body.get("error") or "error_code" in body:
            self._read_error(body)
            if isinstance(body.get("data"), list):  # what came all the same
                self.read({"data": body["data"]})
        elif deliveries.is_delivery(body):
            deliveries.read_delivery(self.gathered, body)
        elif whole := deliveries.in_delivery(body, owner=self.owner):
            deliveries.read_delivery(self.gathered, whole)
        elif isinstance(body.get("data"), list):
            self._learn(body)
            above = self._comment_above(body["data"])
            for item in body["data"]:
                self._read_item(_below(item, above), hint=_EDGES.get(self.edge, ""))
        elif self._is_by_id(body):
            for item in body.values():
                self._read_by_id(item)
        elif not _is_receipt(body):
            self._read_item(body, hint=self.hint)

    def _learn(self, body: dict[str, Any]) -> None:
        """Without an address, the links to other pages still tell whose edge this is."""
        links = entry(body.get("paging"))
        if not self.edge:
            self._address(words(links.get("next")) or words(links.get("previous")))

    def _read_plain(self, body: Any) -> None:
        if body is not None and not isinstance(body, bool) and body != "":
            self.gathered.set_aside(body, "not JSON")

    def _read_error(self, body: dict[str, Any]) -> None:
        error = entry(body.get("error")) or body
        code = error.get("code", error.get("error_code", ""))
        subcode = f"/{error['error_subcode']}" if error.get("error_subcode") else ""
        self.gathered.set_aside(body, f"the platform answered error {code}{subcode}: {words(error.get('message'))}")

    def _comment_above(self, comments: list[Any]) -> dict[str, Any] | None:
        """`A_B/comments` are those of a post, or the replies to a comment: these begin with the same part as it."""
        first, _, rest = mapping.comment_id(self.node).partition("_")
        begin = {mapping.comment_id(entry(item).get("id")).partition("_")[0] for item in comments}
        if self.edge != "comments" or not rest or first not in begin:
            return None
        self.owner = self.known
        return {"id": self.node}

    def _read_part(self, part: Any) -> None:
        """A batch answer holds answers, each with its own body as text."""
        if isinstance(part, dict) and "body" in part and "code" in part:
            self.read(_body(part))
        elif part is not None:
            self._read_item(part, hint="")

    def _is_by_id(self, body: dict[str, Any]) -> bool:
        return (
            bool(body)
            and "id" not in body
            and all(isinstance(value, dict) for value in body.values())
            and all(key == body[key].get("id") or re.fullmatch(r"[\w.:$-]*\d[\w.:$-]*", key) for key in body)
        )

    def _read_by_id(self, item: dict[str, Any]) -> None:
        if isinstance(item.get("data"), list) or item.get("error"):
            self.read(item)
        else:
            self._read_item(item, hint="")

    # One object -------------------------------------------------------------------------------------------

    def _read_item(self, item: Any, *, hint: str) -> None:
        if not isinstance(item, dict):
            self.gathered.set_aside(item, f"an item is a {type(item).__name__}")
            return
        kind = _kind(item, hint=hint, owner=self.owner)
        readers: dict[str, Callable[[dict[str, Any]], None]] = {
            "post": self._read_post,
            "comment": self._read_comment,
            "conversation": self._read_conversation,
            "message": self._read_message,
            "rating": self._read_rating,
            "instagram": lambda found: instagram.read_object(self.gathered, found, account_id=self.owner),
        }
        if kind in readers:
            readers[kind](item)
        else:
            self.gathered.set_aside(item, "not a message")

    def _read_post(self, item: dict[str, Any]) -> None:
        page_id = self._page_of(item)
        self.gathered.take(item, lambda payload: mapping.post(payload, page_id=page_id))
        try:
            root = mapping.root(item, page_id=page_id)
        except ValueError:
            root = None
        for comment in entries(item.get("comments")):
            self._read_comment(comment, under=root, page_id=page_id)

    def _read_comment(self, item: Any, *, under: Post | None = None, page_id: str = "") -> None:
        page_id = page_id or self.owner
        self.gathered.take(item, lambda payload: mapping.comment(payload, page_id=page_id, under=under))
        for reply in entries(entry(item).get("comments")):
            self._read_comment(_below(reply, item), under=under, page_id=page_id)

    def _read_conversation(self, item: dict[str, Any]) -> None:
        chat = mapping.chat(item, page_id=self.owner)
        messages = item.get("messages")
        if messages is None:
            self.gathered.set_aside(item, "a conversation without its messages")
        for message in entries(messages):
            self.gathered.take(message, lambda payload: mapping.message(payload, page_id=self.owner, within=chat))

    def _read_message(self, item: dict[str, Any]) -> None:
        within = mapping.Chat(self.node) if self.node.startswith("t_") else None
        self.gathered.take(item, lambda payload: mapping.message(payload, page_id=self.owner, within=within))

    def _read_rating(self, item: dict[str, Any]) -> None:
        self.gathered.take(item, lambda payload: mapping.rating(payload, page_id=self.owner))

    def _page_of(self, post: dict[str, Any]) -> str:
        return self.owner or identifier(post.get("id")).partition("_")[0]


def _below(reply: Any, above: Any) -> Any:
    """A nested reply says nothing of its parent: the nesting does."""
    if not isinstance(reply, dict) or reply.get("parent") or not isinstance(above, dict):
        return reply
    kept = {key: above[key] for key in ("id", "from", "message", "created_time") if key in above}
    return reply | {"parent": kept}


def _addressed(uri: str) -> tuple[str, str, str]:
    """What was asked for, whose call it was as far as the address says so, and which edge."""
    address = urlsplit(uri)
    parts = [part for part in address.path.split("/") if part and not _VERSION.fullmatch(part)]
    node = parts[0] if parts else (parse_qs(address.query).get("id") or [""])[0]
    edge = parts[-1] if len(parts) > 1 else (parts[0] if parts and parts[0] in _EDGES else "")
    owner = node.partition("_")[0] if node.count("_") == 1 else node
    is_page = (
        owner.isdecimal()
        and edge not in {"messages", "replies", ""}
        and (node.isdecimal() is False or edge != "comments")
    )
    return node, (owner if is_page else ""), edge


def _kind(item: dict[str, Any], *, hint: str, owner: str) -> str:
    keys, external_id = set(item), identifier(item.get("id"))
    if instagram.is_object(item):
        return "instagram"
    if hint and hint != "instagram" and (item.get("id") or hint == "rating"):
        return hint
    if keys & _RATING and not keys & {"message"}:
        return "rating"
    if external_id.startswith(("m_", "mid.", "aWdf")):
        return "message"
    if external_id.startswith("t_") or len(keys & _CONVERSATION) > 1:
        return "conversation"
    return _public_kind(item, keys, external_id, owner=owner)


def _public_kind(item: dict[str, Any], keys: set[str], external_id: str, *, owner: str) -> str:
    if not keys & {"message", "created_time", "story", "comments"}:
        return ""
    if keys & _COMMENT and not keys & (_POST - {"permalink_url", "comments"}):
        return "comment"
    if keys & _POST or external_id.count("_") == 0:
        return "post" if external_id else ""
    owners = {owner, identifier(entry(item.get("from")).get("id"))} - {""}  # who posts on their own page
    return "post" if external_id.partition("_")[0] in owners else "comment"


def _is_receipt(body: dict[str, Any]) -> bool:
    """The answer to a write: an id, or that it went well."""
    receipt = {
        "id",
        "success",
        "post_id",
        "message_id",
        "recipient_id",
        "attachment_id",
        "result",
        "paging",
        "summary",
    }
    return set(body) <= receipt
