"""The bell: what one agent should know. The same occasion is told once, by the constraint."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.utils import timezone

from inbox import events
from inbox.access import brands_of
from inbox.models import Agent, ChannelAccount, Conversation, Notification

Kind = Notification.Kind
# The last fifth of the norm: what is due within it is soon late
LAST_PART = ExpressionWrapper((F("due_at") - F("waiting_since")) * 0.2, output_field=DurationField())


def tell(
    agent_ids: Iterable[int], *, kind: str, key: str, conversation: Conversation | None = None,
    account: ChannelAccount | None = None, brand_id: int | None = None, actor: Agent | None = None, detail: str = "",
) -> int:  # fmt: skip
    """Put it in the bell of these agents, once per key; how many are new."""
    where = conversation or account
    brand_id = brand_id or (where.brand_id if where else None)
    if brand_id is None:
        raise ValueError("A notification belongs to a brand.")
    rows = [
        Notification(agent_id=pk, brand_id=brand_id, kind=kind, conversation=conversation, account=account, actor=actor,
                     detail=detail[:200], key=key[:120])
        for pk in dict.fromkeys(agent_ids)
    ]  # fmt: skip
    known = set(Notification.objects.filter(agent__in=[r.agent_id for r in rows], key=key[:120]).values_list("agent"))
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    fresh = [row.agent_id for row in rows if (row.agent_id,) not in known]
    for agent_id in fresh:
        events.publish("notification", brand_id=brand_id, agent=agent_id)
    return len(fresh)


def person_wrote(conversation_ids: Iterable[int]) -> int:
    """Tell the assignees that the person wrote again."""
    told = 0
    for conversation in Conversation.objects.filter(pk__in=list(conversation_ids), assignee__isnull=False):
        key = f"answered:{conversation.pk}:{conversation.last_inbound_at}"
        told += tell([conversation.assignee_id or 0], kind=Kind.ANSWERED, key=key, conversation=conversation)
    return told


def warn_due_soon() -> int:
    """Tell assignees whose conversations enter the last fifth of the norm; told once per waiting."""
    now, told = timezone.now(), 0
    near = Conversation.objects.alias(last_part=LAST_PART).filter(
        status=Conversation.Status.OPEN, assignee__isnull=False, waiting_since__isnull=False,
        due_at__gt=now, due_at__lte=now + F("last_part"),
    )  # fmt: skip
    for conversation in near.order_by("due_at").iterator():
        key = f"due:{conversation.pk}:{conversation.due_at}"
        told += tell([conversation.assignee_id or 0], kind=Kind.DUE_SOON, key=key, conversation=conversation)
    return told


@transaction.atomic
def mark_read(*, agent: Agent, ids: Iterable[int] | None = None) -> int:
    """Read some, or all that the agent may see now."""
    unread = Notification.objects.filter(agent=agent, brand__in=brands_of(agent), read_at=None)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=timezone.now())
