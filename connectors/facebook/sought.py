"""Looking on the platform for what we may have sent already."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.exceptions import Gone, TemporaryFailure
from connectors.facebook import fields, mapping
from connectors.facebook.edges import created, reached
from connectors.facebook.errors import limits
from connectors.facebook.harvest import Harvest
from connectors.facebook.paging import following
from connectors.facebook.values import entries, entry, identifier
from connectors.payloads import clean_text
from connectors.types import OutboundMessage, Sent

PAGES_AT_MOST = 10


class Search:
    """Finds our own words beneath what they answer; the same words to somebody else are not them."""

    def __init__(self, harvest: Harvest, *, page_id: str) -> None:
        self.harvest, self.page_id = harvest, page_id

    def find(self, message: OutboundMessage, *, since: datetime) -> Sent | None:
        """Our post, or None when it surely is not there. Times have whole seconds on the platform."""
        since = since.replace(microsecond=0)
        if message.mode == "public_reply":
            return self._comment(message, since=since)
        conversation = self._conversation(message)
        if not conversation:
            return None
        return self._walk(f"{conversation}/messages", message, since=since, fields=fields.MESSAGE)

    def _comment(self, message: OutboundMessage, *, since: datetime) -> Sent | None:
        """A reply to a reply is filed under the top comment, so that is where to look."""
        target = message.in_reply_to or message.thread_id
        try:
            if target != message.thread_id:
                above = entry(self.harvest.read(target, fields="id,parent{id}").get("parent"))
                target = identifier(above.get("id")) or target
            return self._walk(
                f"{target}/comments",
                message,
                since=since,
                fields=fields.COMMENT,
                order="reverse_chronological",
                filter="toplevel",
            )
        except Gone:  # what we answered is deleted, and our answer with it
            return None

    def _conversation(self, message: OutboundMessage) -> str:
        if message.thread_id.startswith("t_"):
            return message.thread_id
        person = message.recipient_id
        if message.mode == "direct_message":
            person = person or message.thread_id
        elif message.in_reply_to:
            answer = self.harvest.read(message.in_reply_to, fields="id,from,private_reply_conversation{id}")
            conversation = identifier(entry(answer.get("private_reply_conversation")).get("id"))
            if conversation:
                return conversation
            person = person or identifier(entry(answer.get("from")).get("id"))
        if not person:
            return ""
        answer = self.harvest.read(f"{self.page_id}/conversations", platform="messenger", user_id=person, fields="id")
        return next((identifier(entry(item).get("id")) for item in entries(answer.get("data"))), "")

    def _walk(self, path: str, message: OutboundMessage, *, since: datetime, **params: Any) -> Sent | None:
        after = ""
        for _ in range(PAGES_AT_MOST):
            answer = self.harvest.read_edge(path, limit=100, after=after, **params)
            items = entries(answer.get("data"))
            for item in items:
                if self._is_it(entry(item), message, since=since):
                    return self._found(entry(item), message)
            after = following(answer)
            if not after or reached([created(item) for item in items], since):
                return None
        raise TemporaryFailure("There is too much in this thread to know already", code="too_deep")

    def _is_it(self, item: dict[str, Any], message: OutboundMessage, *, since: datetime) -> bool:
        at, text = created(item), item.get("message")
        if identifier(entry(item.get("from")).get("id")) != self.page_id or at is None or at < since:
            return False
        return same(text if isinstance(text, str) else "", message.text)

    def _found(self, item: dict[str, Any], message: OutboundMessage) -> Sent:
        public = message.mode == "public_reply"
        external_id = mapping.comment_id(item["id"]) if public else mapping.message_id(item["id"])
        return Sent(
            external_id=external_id,
            permalink=item.get("permalink_url") or (f"{mapping.SITE}/{external_id}" if public else ""),
            sent_at=created(item),
            thread_id=message.thread_id if public else self._person(item) or message.thread_id,
            cost=self.harvest.cost(),
            limits=limits(self.harvest.headers),
        )

    def _person(self, item: dict[str, Any]) -> str:
        people = (identifier(entry(person).get("id")) for person in entries(item.get("to")))
        return next((person for person in people if person and person != self.page_id), "")


def same(one: str, other: str) -> bool:
    """Whether two texts are one: platforms trim, and write accents their own way."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    return " ".join(clean_text(text).split())
