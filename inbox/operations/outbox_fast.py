"""The usual case in one statement: our claim stands, nobody came between. Everything else takes the long way."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from connectors.types import Sent
from inbox import events
from inbox.models import Delivery
from inbox.operations import outbox_rules

# First the conversation, then the delivery, as everybody locks them: otherwise who decides about a reply at this
# moment may be the one whom the database sends away.
RECORD = """
with held as (
    select c.id from inbox_conversation c where c.id = %(conversation)s for update
), won as (
    update inbox_delivery d
    set state = 'sent', sent_at = %(when)s, claim = null, look_at = null, handled_at = null,
        error_reason = '', error_detail = ''
    from held where d.id = %(id)s and d.conversation_id = held.id and d.claim = %(claim)s and d.state = 'sending'
    returning d.id, d.message_id, d.conversation_id, d.attempts, d.created_at
), said as (
    update inbox_message m
    set external_id = %(external_id)s, sent_at = %(when)s,
        permalink = case when %(permalink)s = '' then m.permalink else %(permalink)s end
    from won where m.id = won.message_id
    returning m.text
), attempted as (
    update inbox_deliveryattempt a set finished_at = %(now)s, outcome = 'sent'
    from won where a.delivery_id = won.id and a.number = won.attempts and a.finished_at is null
), answered as (
    update inbox_conversation c
    set first_reply_at = coalesce(c.first_reply_at, %(when)s), last_reply_at = %(when)s,
        last_message_at = greatest(c.last_message_at, %(when)s), message_count = c.message_count + 1,
        preview = left(said.text, 200), version = c.version + 1,
        status = case when c.waiting_since <= won.created_at and c.status = 'open' then 'pending' else c.status end,
        due_at = case when c.waiting_since <= won.created_at then null else c.due_at end,
        waiting_since = case when c.waiting_since <= won.created_at then null else c.waiting_since end
    from won, said where c.id = won.conversation_id
    returning c.id, c.brand_id, c.status, c.last_message_at
), labelled as (
    update inbox_conversationlabel l set open = (answered.status = 'open'), last_message_at = answered.last_message_at
    from answered where l.conversation_id = answered.id
), told as (
    insert into inbox_activityentry (conversation_id, actor_id, verb, data, at)
    select won.conversation_id, null, 'sent', jsonb_build_object('delivery', won.id), %(now)s from won
)
select brand_id from answered
"""


def record_plainly(*, delivery: Delivery, sent: Sent) -> bool:
    """True when it was written down; False when the long way must be taken."""
    opens_private_leg = sent.thread_id and delivery.mode != "public_reply"
    if delivery.then or opens_private_leg or outbox_rules.moves_to_private(delivery) or delivery.claim is None:
        return False
    now = timezone.now()
    values: dict[str, Any] = {
        "id": delivery.pk, "claim": delivery.claim, "when": sent.sent_at or now, "now": now,
        "external_id": sent.external_id, "permalink": sent.permalink, "conversation": delivery.conversation_id,
    }  # fmt: skip
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(RECORD, values)
            row = cursor.fetchone()
    except (IntegrityError, OperationalError):  # the echo was stored meanwhile, or is at this moment
        return False
    if row is None:
        return False
    events.publish("conversation", brand_id=row[0], id=delivery.conversation_id)
    return True
