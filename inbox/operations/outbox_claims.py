"""Who may call the platform: workers race on rows, and only the one whose update hits may call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from inbox import events
from inbox.models import Attachment, ChannelAccount, Delivery
from inbox.operations.outbox_records import now_uncertain
from inbox.prepared import prepared

PER_ACCOUNT = 8  # calls in flight: a slow account takes no more of the worker than this
STUCK_AFTER = timedelta(seconds=90)  # a call has long timed out by then
STUCK_WITH_FILES = timedelta(minutes=10)  # and the uploads before it

# Each account with something due gives its oldest, as many as it has room for: a long queue never hides another's.
# Order: nothing leaves while something earlier in its conversation is unsettled, or while anything is in flight there.
# Replies to many leave the last fifth of a window to replies that somebody typed.
CLAIM = """
with waiting as materialized (
    select distinct d.account_id from inbox_delivery d where d.state = 'pending' and d.due_at <= %(now)s
), room as materialized (
    select a.id as account_id, %(per_account)s - (
        select count(*) from inbox_delivery s where s.account_id = a.id and s.state = 'sending') as free
    from inbox_channelaccount a join waiting on waiting.account_id = a.id
    where a.state = 'connected' and (a.retry_at is null or a.retry_at <= %(now)s)
), chosen as materialized (
    select ready.id from room cross join lateral (
        select d.id, d.due_at from inbox_delivery d
        where d.account_id = room.account_id and d.state = 'pending' and d.due_at <= %(now)s
          and not exists (
            select 1 from inbox_ratewindow w
            where w.account_id = d.account_id and w.bucket = 'send:' || d.mode
              and w.remaining <= case when d.bulk_id is null then 0 else coalesce(w.limit, 0) / 5 end
              and (w.resets_at > %(now)s or (w.resets_at is null and w.updated_at > %(now)s - interval '5 minutes')))
          and not exists (
            select 1 from inbox_delivery e
            where e.conversation_id = d.conversation_id and e.id <> d.id
              and (e.state = 'sending'
                   or (e.id < d.id and e.state in ('pending', 'uncertain') and e.handled_at is null)))
          and (d.bulk_id is null
               or (select b.stopped_at from inbox_bulkreply b where b.id = d.bulk_id) is null)
          and (d.waits_for_id is null
               or (select f.state from inbox_delivery f where f.id = d.waits_for_id) = 'sent')
        order by d.due_at, d.id limit greatest(room.free, 0)
        for update of d skip locked
    ) ready
    order by ready.due_at, ready.id limit %(limit)s
), claimed as (
    update inbox_delivery d
    set state = 'sending', claim = gen_random_uuid(), claimed_at = %(now)s, attempts = d.attempts + 1,
        first_attempt_at = coalesce(d.first_attempt_at, %(now)s), error_reason = '', error_detail = ''
    from chosen where d.id = chosen.id and d.state = 'pending'
    returning d.id, d.attempts
), begun as (
    insert into inbox_deliveryattempt (delivery_id, number, started_at, outcome, detail)
    select id, attempts, %(now)s, '', '' from claimed
)
select id from claimed
"""
NEXT = "select min(due_at) from inbox_delivery where state = 'pending' and due_at > %s"


def claim(*, limit: int) -> list[Delivery]:
    """Take due replies, oldest first, and commit the attempt before anybody calls anything."""
    if limit <= 0:
        return []
    now = timezone.now()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, {"now": now, "limit": limit, "per_account": PER_ACCOUNT})
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return []
        claimed = to_send(ids)
        events.publish_conversations((d.conversation.brand_id, d.conversation_id) for d in claimed)
    return claimed


def to_send(ids: list[int]) -> list[Delivery]:
    """With all that a call needs; an account once, however many leave through it: its tokens are deciphered."""
    claimed = _rows(ids=_array(ids))
    accounts = {a.pk: a for a in _accounts(ids=_array({d.account_id for d in claimed}))}
    for delivery in claimed:
        account = accounts[delivery.account_id]
        delivery.account = delivery.conversation.account = delivery.message.account = account
    prefetch_related_objects([d.message for d in claimed if has_files(d)], "attachments")
    return claimed


def has_files(delivery: Delivery) -> bool:
    """Whether pictures go with it: most have none, and need not be asked for them."""
    return bool(getattr(delivery, "with_files", True))


@prepared
def _rows(*, ids: str) -> QuerySet[Delivery]:
    rows = Delivery.objects.select_related("message", "conversation__thread", "conversation__identity")
    rows = rows.annotate(with_files=Exists(Attachment.objects.filter(message=OuterRef("message"))))
    rows = rows.extra(where=["inbox_delivery.id = ANY(%s::bigint[])"], params=[ids])
    return rows.defer("message__search").order_by("due_at", "pk")


@prepared
def _accounts(*, ids: str) -> QuerySet[ChannelAccount]:
    return ChannelAccount.objects.extra(where=["inbox_channelaccount.id = ANY(%s::bigint[])"], params=[ids])


def _array(ids: Iterable[int]) -> str:
    """As PostgreSQL writes an array: one text, whatever their number."""
    return "{" + ",".join(map(str, ids)) + "}"


def next_due() -> datetime | None:
    """When the next one that is not due yet will be."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [timezone.now()])
        row = cursor.fetchone()
    return row[0] if row else None


def patience(delivery: Delivery) -> timedelta:
    """After how long in `sending` its worker is thought dead. A call begins in the first half of it, or not at all."""
    return STUCK_WITH_FILES if has_files(delivery) else STUCK_AFTER


def recover_stuck() -> int:
    """A worker that died in its call leaves `sending`: nobody knows, so it is uncertain. How many."""
    now = timezone.now()
    long_ago = Q(claimed_at__lt=now - STUCK_WITH_FILES) | Q(claimed_at__lt=now - STUCK_AFTER, message__attachments=None)
    stuck = Delivery.objects.filter(long_ago, state=Delivery.State.SENDING)
    found = 0
    for delivery in stuck.select_related("conversation").distinct():
        found += now_uncertain(delivery=delivery, detail="", reason="worker_died")
    return found


def claim_looks(*, limit: int) -> list[Delivery]:
    """Take uncertain replies whose next look is due; each look is made by one worker."""
    now, lease = timezone.now(), timezone.now() + timedelta(seconds=60)
    with transaction.atomic():
        due = Delivery.objects.filter(
            state=Delivery.State.UNCERTAIN, handled_at=None, look_at__lte=now, account__state="connected"
        )
        ids = list(
            due.select_for_update(skip_locked=True, of=("self",))
            .order_by("look_at")
            .values_list("pk", flat=True)[:limit]
        )
        mine = uuid4()
        Delivery.objects.filter(pk__in=ids).update(look_at=lease, claim=mine)
    related = ("message", "account", "conversation__account", "conversation__thread", "conversation__identity")
    return list(Delivery.objects.select_related(*related).filter(pk__in=ids, claim=mine))
