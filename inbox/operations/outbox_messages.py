"""A delivery as the connector wants it: first its words, and its files when it is called."""

from __future__ import annotations

from dataclasses import replace

from connectors.types import OutboundMessage, Upload
from inbox.models import Attachment, Delivery
from inbox.operations.outbox_claims import has_files


def outbound(delivery: Delivery) -> OutboundMessage:
    """What is to leave, without its files."""
    conversation = delivery.conversation
    return OutboundMessage(
        mode=delivery.mode,  # type: ignore[arg-type]
        text=delivery.message.text,
        in_reply_to=delivery.in_reply_to,
        thread_id=conversation.thread.external_id if _knows_thread(delivery) else "",
        recipient_id=delivery.recipient_id,
        human_agent=delivery.human_agent,
        marker=str(delivery.token),
    )


def _knows_thread(delivery: Delivery) -> bool:
    """A direct message written in a public conversation has no private thread yet."""
    return delivery.mode != "direct_message" or delivery.conversation.visibility == "private"


def files_of(delivery: Delivery) -> list[Attachment]:
    """Its pictures in their order."""
    if not has_files(delivery):
        return []
    return sorted(delivery.message.attachments.all(), key=lambda file: (file.position, file.pk))


def with_files(message: OutboundMessage, delivery: Delivery) -> OutboundMessage:
    """The files too, which may stand on a slow store; OSError when one cannot be read."""
    uploads = []
    for file in files_of(delivery):
        with file.file.open("rb") as content:
            uploads.append(Upload(content.read(), file.content_type, file.title or "file", file.alt_text))
    return replace(message, attachments=tuple(uploads))
