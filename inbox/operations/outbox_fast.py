"""The usual case in one statement for all calls that ended: our claims stand, nobody came between.

Everything else takes the long way, one by one.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from connectors.types import Sent
from inbox import events
from inbox.models import Delivery
from inbox.operations import outbox_rules

# First the conversation, then the delivery, as everybody locks them: otherwise who decides about a reply at this
# moment may be the one whom the database sends away. A conversation that somebody else holds takes the long way:
# who holds several never waits for one.
RECORD = """
with said as (
    select * from unnest(%(ids)s::bigint[], %(claims)s::uuid[], %(whens)s::timestamptz[], %(external_ids)s::text[],
                         %(permalinks)s::text[]) as r(id, claim, sent_at, external_id, permalink)
), held as (
    select c.id from inbox_conversation c where c.id = any(%(conversations)s::bigint[]) for update skip locked
), won as (
    update inbox_delivery d
    set state = 'sent', sent_at = said.sent_at, claim = null, look_at = null, handled_at = null,
        error_reason = '', error_detail = ''
    from said, held
    where d.id = said.id and d.conversation_id = held.id and d.claim = said.claim and d.state = 'sending'
    returning d.id, d.message_id, d.conversation_id, d.attempts, d.created_at,
        said.sent_at, said.external_id, said.permalink
), named as (
    update inbox_message m
    set external_id = won.external_id, sent_at = won.sent_at,
        permalink = case when won.permalink = '' then m.permalink else won.permalink end
    from won where m.id = won.message_id
    returning m.id, m.text
), attempted as (
    update inbox_deliveryattempt a set finished_at = %(now)s, outcome = 'sent'
    from won where a.delivery_id = won.id and a.number = won.attempts and a.finished_at is null
), answered as (
    update inbox_conversation c
    set first_reply_at = coalesce(c.first_reply_at, won.sent_at), last_reply_at = won.sent_at,
        last_message_at = greatest(c.last_message_at, won.sent_at), message_count = c.message_count + 1,
        preview = left(named.text, 200), version = c.version + 1,
        status = case when c.waiting_since <= won.created_at and c.status = 'open' then 'pending' else c.status end,
        due_at = case when c.waiting_since <= won.created_at then null else c.due_at end,
        waiting_since = case when c.waiting_since <= won.created_at then null else c.waiting_since end
    from won, named where c.id = won.conversation_id and named.id = won.message_id
    returning won.id as delivery_id, c.id, c.status, c.last_message_at
), labelled as (
    update inbox_conversationlabel l set open = (answered.status = 'open'), last_message_at = answered.last_message_at
    from answered where l.conversation_id = answered.id
), told as (
    insert into inbox_activityentry (conversation_id, actor_id, verb, data, at)
    select won.conversation_id, null, 'sent', jsonb_build_object('delivery', won.id), %(now)s from won
)
select delivery_id from answered
"""


def record_plainly(done: list[tuple[Delivery, Sent]]) -> set[int]:
    """The deliveries that are written down now; for the others the long way must be taken."""
    plain = [(delivery, sent) for delivery, sent in done if _is_plain(delivery, sent)]
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(RECORD, _values(plain))
            recorded = {row[0] for row in cursor.fetchall()}
            talks = [(d.conversation.brand_id, d.conversation_id) for d, _ in plain if d.pk in recorded]
            events.publish_conversations(talks)
    except (IntegrityError, OperationalError):  # an echo was stored meanwhile, or is at this moment
        return set()
    return recorded


def _is_plain(delivery: Delivery, sent: Sent) -> bool:
    opens_private_leg = sent.thread_id and delivery.mode != outbox_rules.PUBLIC
    follows = delivery.then or opens_private_leg or outbox_rules.moves_to_private(delivery)
    return delivery.claim is not None and not follows


def _values(plain: list[tuple[Delivery, Sent]]) -> dict[str, Any]:
    now = timezone.now()
    return {
        "now": now,
        "ids": [delivery.pk for delivery, _ in plain],
        "claims": [delivery.claim for delivery, _ in plain],
        "conversations": [delivery.conversation_id for delivery, _ in plain],
        "whens": [sent.sent_at or now for _, sent in plain],
        "external_ids": [sent.external_id for _, sent in plain],
        "permalinks": [sent.permalink for _, sent in plain],
    }
