"""Our own post seen in a poll: it settles the reply it is the echo of, in whatever order things happen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from connectors.payloads import clean_text
from connectors.types import Sent
from inbox.models import ChannelAccount, Delivery, Message
from inbox.operations.outbox_records import IdTaken, settle_sent

State = Delivery.State
SLACK = timedelta(seconds=10)  # clocks differ
BY_HAND = timedelta(days=2)
ADDRESSED = re.compile(r"^(?:@\w+\s+)+")
TRAILING_LINK = re.compile(r"(?:\s*https?://\S+)+$")
Echo = tuple[str, str, str, str | None, datetime, str]  # external id, text, thread id, parent id, sent at, permalink


@transaction.atomic
def settle_echoes(*, account: ChannelAccount, outbound: Iterable[Echo]) -> set[str]:
    """The external ids among these that are replies of ours: do not store them again. Call inside the transaction."""
    echoes = list(outbound)
    ids = [echo[0] for echo in echoes]
    known = Message.objects.filter(account=account, external_id__in=ids, delivery__isnull=False)
    ours = set(known.values_list("external_id", flat=True))
    fresh = [echo for echo in echoes if echo[0] not in ours]
    waiting = _unsettled(account) if fresh else []
    for echo in sorted(fresh, key=lambda e: e[4]):
        match = next((d for d in waiting if is_echo(d, echo)), None)
        if match is None:
            continue
        waiting.remove(match)
        if _settle(match, Sent(external_id=echo[0], permalink=echo[5], sent_at=echo[4])):
            ours.add(echo[0])
    return {external_id for external_id in ours if external_id}


def _settle(delivery: Delivery, sent: Sent) -> bool:
    """In a savepoint, so that whatever a worker stores at this moment never breaks the ingest."""
    for _ in range(3):
        try:
            with transaction.atomic():
                settle_sent(delivery.pk, sent, "seen")
        except IdTaken:
            return False
        except IntegrityError:
            continue
        return True
    return False


def _unsettled(account: ChannelAccount) -> list[Delivery]:
    maybe = Q(state__in=[State.SENDING, State.UNCERTAIN]) | Q(state=State.PENDING, attempts__gt=0)
    maybe |= Q(state=State.SENT, message__external_id=None)  # seen by a person, its id unknown
    # given up, refused or taken back, and posted by hand on the platform since: then it is there after all
    maybe |= Q(state__in=[State.FAILED, State.CANCELLED], attempts__gt=0, created_at__gt=timezone.now() - BY_HAND)
    rows = Delivery.objects.filter(maybe, account=account).select_related("message", "conversation__thread")
    return sorted(rows.order_by("pk"), key=lambda d: d.state in {State.FAILED, State.CANCELLED})


def is_echo(delivery: Delivery, echo: Echo) -> bool:
    """The same words in the same place, not before we tried."""
    _, text, thread_id, parent_id, sent_at, _ = echo
    if delivery.first_attempt_at is None or sent_at < delivery.first_attempt_at - SLACK:
        return False
    if plain(text) != plain(delivery.message.text):
        return False
    if delivery.mode == "public_reply":
        return (bool(delivery.in_reply_to) and parent_id == delivery.in_reply_to) or _same_thread(delivery, thread_id)
    return delivery.conversation.visibility == "public" or _same_thread(delivery, thread_id)


def _same_thread(delivery: Delivery, thread_id: str) -> bool:
    return bool(thread_id) and delivery.conversation.thread.external_id == thread_id


def plain(text: str) -> str:
    """The words as both sides agree on them: no leading handles, no link the platform added, one space."""
    text = clean_text(text).strip()
    return " ".join(TRAILING_LINK.sub("", ADDRESSED.sub("", text)).split())
