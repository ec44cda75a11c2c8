"""What we say. Every call here leaves once: nothing is retried, and an unclear answer is `OutcomeUnknown`."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from connectors.exceptions import ConnectorError, OutcomeUnknown, Rejected
from connectors.facebook.errors import limits
from connectors.facebook.graph import Graph
from connectors.facebook.mapping import SITE, comment_id, message_id
from connectors.facebook.values import entry, identifier
from connectors.types import Cost, OutboundMessage, Sent, Upload


class Sender:
    """Sends in one Page's name."""

    def __init__(self, graph: Graph, *, page_id: str) -> None:
        self.graph, self.page_id = graph, page_id

    def send(self, message: OutboundMessage) -> Sent:
        """Post it, once. Nothing is not sent: a platform may take blanks for a message."""
        if not message.text.strip() and not message.attachments:
            raise Rejected("There is no text", reason="empty")
        if message.mode == "public_reply":
            return self._comment(message)
        return self._message(message)

    def _comment(self, message: OutboundMessage) -> Sent:
        target = message.in_reply_to or message.thread_id
        if not target:
            raise Rejected("There is nothing to reply to", reason="no_address")
        params = {"message": message.text}
        for upload in message.attachments[:1]:
            params["attachment_id"] = self._photo(upload)
        answer = self.graph.write(f"{target}/comments", **params)
        external_id = comment_id(entry(answer).get("id"))
        if not external_id:
            raise self._unclear(answer)
        return self._sent(external_id, thread_id=message.thread_id, permalink=f"{SITE}/{external_id}")

    def _message(self, message: OutboundMessage) -> Sent:
        """Messenger takes a file or a text, not both in one: the file goes first, the text ends it."""
        recipient = self._recipient(message)
        parts: list[dict[str, Any]] = [{"attachment": self._attachment(upload)} for upload in message.attachments]
        if message.text or not parts:
            parts.append({"text": message.text})
        sent: Sent | None = None
        for part in parts:
            sent = self._part(message, recipient, part, after=sent)
        assert sent is not None
        return sent

    def _part(
        self, message: OutboundMessage, recipient: dict[str, str], part: dict[str, Any], *, after: Sent | None
    ) -> Sent:
        try:
            answer = self.graph.write(f"{self.page_id}/messages", recipient=recipient, message=part, **_kind(message))
        except OutcomeUnknown:
            raise
        except ConnectorError as error:
            if after is None:
                raise
            partly = f"The attachment was sent, the text was not: {error.detail}"
        else:
            return self._message_sent(message, answer)
        raise Rejected(partly, reason="partly_sent", code="partly_sent")  # sending it all again would double the file

    def _message_sent(self, message: OutboundMessage, answer: Any) -> Sent:
        external_id = message_id(entry(answer).get("message_id"))
        if not external_id:
            raise self._unclear(answer)
        person = identifier(entry(answer).get("recipient_id")) or message.recipient_id or message.thread_id
        return self._sent(external_id, thread_id=person)

    def _recipient(self, message: OutboundMessage) -> dict[str, str]:
        if message.mode == "private_reply":
            if not message.in_reply_to:
                raise Rejected("There is no comment to answer privately", reason="no_address")
            return {"comment_id": message.in_reply_to}
        person = message.recipient_id or ("" if message.thread_id.startswith("t_") else message.thread_id)
        if not person:
            raise Rejected("It is not known who this is for", reason="no_recipient")
        return {"id": person}

    # Files ------------------------------------------------------------------------------------------------

    def _photo(self, upload: Upload) -> str:
        """A picture for a comment: uploaded unpublished, then named."""
        with self.graph.session.harmless():
            answer = self.graph.write(
                f"{self.page_id}/photos", files={"source": _file(upload)}, published="false", temporary="true"
            )
        return self._uploaded(entry(answer).get("id"))

    def _attachment(self, upload: Upload) -> dict[str, Any]:
        kind = _attachment_kind(upload.content_type)
        with self.graph.session.harmless():
            answer = self.graph.write(
                f"{self.page_id}/message_attachments",
                files={"filedata": _file(upload)},
                message={"attachment": {"type": kind, "payload": {"is_reusable": True}}},
            )
        uploaded = self._uploaded(entry(answer).get("attachment_id"))
        return {"type": kind, "payload": {"attachment_id": uploaded}}

    def _uploaded(self, value: Any) -> str:
        external_id = identifier(value)
        if not external_id:
            raise Rejected("The platform did not take the file", reason="attachment_failed")
        return external_id

    # Answers ----------------------------------------------------------------------------------------------

    def _sent(self, external_id: str, *, thread_id: str, permalink: str = "") -> Sent:
        last = self.graph.session.last
        return Sent(
            external_id=external_id,
            permalink=permalink,
            thread_id=thread_id,
            cost=Cost(calls=self.graph.session.calls, writes=1),
            limits=limits(last.headers) if last else (),
        )

    def _unclear(self, answer: Any) -> OutcomeUnknown:
        said = self.graph.session.redact(str(answer))
        return OutcomeUnknown(f"The platform named no id: {said}", code="no_id")


def _kind(message: OutboundMessage) -> dict[str, str]:
    """Within 24 hours it is a response; under the human-agent tag a person has seven days."""
    if message.mode == "private_reply":
        return {}
    if message.human_agent:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "RESPONSE"}


def _attachment_kind(content_type: str) -> str:
    family = content_type.partition("/")[0]
    return family if family in {"image", "video", "audio"} else "file"


def _file(upload: Upload) -> Any:
    return (upload.filename, BytesIO(upload.content), upload.content_type)
