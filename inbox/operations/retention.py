"""Keeping no longer than agreed: payloads, words and attachments go in small batches; rows and figures stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from inbox.models import (
    Attachment,
    Brand,
    Conversation,
    Draft,
    Hiding,
    Message,
    MessagePayload,
    MessageVersion,
    Note,
    SetAside,
)
from inbox.operations import audit

BATCH = 500


def run() -> dict[int, dict[str, int]]:
    """Every brand by its own terms; what went, per brand."""
    forget_tries()
    return {brand.pk: run_for(brand) for brand in Brand.objects.order_by("pk")}


def run_for(brand: Brand) -> dict[str, int]:
    """One brand; an audit entry says what was done, when anything was."""
    done = {
        "payloads": _repeat(brand, brand.keep_payload_days, _payloads),
        "set_aside": _repeat(brand, brand.keep_payload_days, _set_aside),
        "messages": _repeat(brand, brand.keep_message_days, _messages),
        "attachments": _repeat(brand, brand.keep_attachment_days, _attachments),
    }
    if any(done.values()):
        terms = {f: getattr(brand, f) for f in ("keep_payload_days", "keep_message_days", "keep_attachment_days")}
        audit.record("retention_run", brand=brand, target=brand.name, data={**done, **terms})
    return done


def forget_tries() -> int:
    """Counts of tries to log in that no longer count: they name addresses."""
    with connection.cursor() as cursor:
        cursor.execute("delete from webcare_cache where expires < now()")
        return int(cursor.rowcount)


def _repeat(brand: Brand, days: int, step: Callable[[Brand, datetime], int]) -> int:
    if not days:
        return 0
    before, total = timezone.now() - timedelta(days=days), 0
    while gone := step(brand, before):
        total += gone
    return total


def _payloads(brand: Brand, before: datetime) -> int:
    old = MessagePayload.objects.filter(created_at__lt=before, message__conversation__brand=brand)
    keys = list(old.values_list("pk", flat=True)[:BATCH])
    return MessagePayload.objects.filter(pk__in=keys).delete()[0]


def _set_aside(brand: Brand, before: datetime) -> int:
    """What could not be read and was dealt with; what still waits for that is kept."""
    old = SetAside.objects.filter(stream__account__brand=brand, created_at__lt=before, resolved_at__isnull=False)
    keys = list(old.exclude(payload={}).values_list("pk", flat=True)[:BATCH])
    return SetAside.objects.filter(pk__in=keys).update(payload={})


@transaction.atomic
def _messages(brand: Brand, before: datetime) -> int:
    """Words of conversations that ended; what is still open is never emptied under somebody's hands."""
    old = Message.objects.filter(
        conversation__brand=brand, conversation__status=Conversation.Status.RESOLVED,
        conversation__last_message_at__lt=before, sent_at__lt=before, erased_at=None,
    )  # fmt: skip
    keys = list(old.order_by("sent_at", "id").values_list("pk", flat=True)[:BATCH])
    return empty_messages(keys)


def empty_messages(keys: list[int]) -> int:
    """Take the words, versions, payloads and attachments of these messages; times, states and counts stay."""
    if not keys:
        return 0
    conversations = list(Message.objects.filter(pk__in=keys).values_list("conversation_id", flat=True).distinct())
    MessagePayload.objects.filter(pk__in=keys).delete()
    MessageVersion.objects.filter(message__in=keys).delete()
    remove_attachments(list(Attachment.objects.filter(message__in=keys)))
    Hiding.objects.filter(message__in=keys).update(explanation="", error_detail="")
    Note.objects.filter(conversation__in=conversations).delete()
    remove_drafts(conversations)
    Conversation.objects.filter(pk__in=conversations).update(preview="")
    return Message.objects.filter(pk__in=keys).update(
        text="", permalink="", options={}, erased_at=timezone.now(), version_id=""
    )


def remove_drafts(conversations: list[int]) -> None:
    """What was being written, with the files that were uploaded for it."""
    drafts = Draft.objects.filter(conversation__in=conversations)
    files = Draft.attachments.through.objects.filter(draft__in=drafts).values("attachment")
    remove_attachments(list(Attachment.objects.filter(pk__in=files, message=None)))
    drafts.delete()


@transaction.atomic
def _attachments(brand: Brand, before: datetime) -> int:
    old = Attachment.objects.filter(created_at__lt=before, message__conversation__brand=brand)
    loose = Attachment.objects.filter(created_at__lt=before, message=None, brand=brand)
    return remove_attachments([*old[:BATCH], *loose[:BATCH]])


def remove_attachments(rows: list[Attachment]) -> int:
    """Rows now, their files once the transaction is committed."""
    for row in rows:
        if row.file:
            transaction.on_commit(lambda file=row.file: file.storage.delete(file.name))  # type: ignore[misc]
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)
