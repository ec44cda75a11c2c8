"""A delivery as the connector wants it."""

from __future__ import annotations

from connectors.types import OutboundMessage, Upload
from inbox.models import Delivery


def outbound(delivery: Delivery, *, with_files: bool = True) -> OutboundMessage:
    """What is to leave; OSError when a file cannot be read."""
    conversation = delivery.conversation
    return OutboundMessage(
        mode=delivery.mode,  # type: ignore[arg-type]
        text=delivery.message.text,
        in_reply_to=delivery.in_reply_to,
        thread_id=conversation.thread.external_id if _knows_thread(delivery) else "",
        recipient_id=delivery.recipient_id,
        attachments=_files(delivery) if with_files else (),
        human_agent=delivery.human_agent,
        marker=str(delivery.token),
    )


def _knows_thread(delivery: Delivery) -> bool:
    """A direct message written in a public conversation has no private thread yet."""
    return delivery.mode != "direct_message" or delivery.conversation.visibility == "private"


def _files(delivery: Delivery) -> tuple[Upload, ...]:
    uploads = []
    for file in sorted(delivery.message.attachments.all(), key=lambda file: (file.position, file.pk)):
        with file.file.open("rb") as content:
            uploads.append(Upload(content.read(), file.content_type, file.title or "file", file.alt_text))
    return tuple(uploads)
