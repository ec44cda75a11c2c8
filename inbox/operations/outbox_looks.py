"""Looking on the platform for a reply whose fate is unknown. Never sending again in hope."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import structlog
from django.db import connections
from django.db.models import Q
from django.utils import timezone

from connectors.base import Connector
from connectors.exceptions import AuthorizationLost, ConnectorError, PermissionMissing, RateLimited, Unsupported
from connectors.types import Sent
from inbox.gateway import connect
from inbox.models import Delivery, DeliveryAttempt, Message
from inbox.operations import accounts
from inbox.operations.outbox_claims import claim_looks
from inbox.operations.outbox_messages import outbound
from inbox.operations.outbox_records import IdTaken, back_to_queue, now_failed, now_uncertain, record_sent

log = structlog.get_logger()
CLOCK_SLACK = timedelta(minutes=5)  # clocks drift; what is older than this is not ours, unless ours is further ahead
NOTICED = timedelta(minutes=1)  # more than an answer takes
WAITS = (2, 5, 10, 20, 40, 60, 120, 300, 600)  # seconds between looks
STEP = 20.0  # seconds, the longest while we wait for a reply to be surely absent
LOOKERS = 4  # looks at the same time in one worker process
LONGEST = 20.0  # seconds one sweep looks; the next goes on
MOST_LOOKS = 20  # looks that told nothing, after which a person decides


def look_for_uncertain(*, limit: int = 16) -> int:
    """Look for those that are due; how many were looked for."""
    ends, looked = time.monotonic() + LONGEST, 0
    while time.monotonic() < ends and (due := claim_looks(limit=limit)):
        with ThreadPoolExecutor(LOOKERS) as pool:
            list(pool.map(_look_apart, due))
        looked += len(due)
    return looked


def _look_apart(delivery: Delivery) -> None:
    """In a thread of its own, so that one slow account does not keep the others waiting."""
    try:
        look(delivery)
    except Exception:  # the next sweep looks again
        log.exception("look_not_recorded", delivery=delivery.pk)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()


def look(delivery: Delivery) -> None:
    """One look, and what follows from it. The delivery's claim must be ours (see `claim_looks`)."""
    started = timezone.now()
    try:
        found, shadowed = find(delivery)
    except ConnectorError as error:
        _told_nothing(delivery, error)
        return
    except Exception as error:  # a bug of ours must not stop the looking for others
        log.exception("look_failed", delivery=delivery.pk)
        _told_nothing(delivery, ConnectorError(type(error).__name__))
        return
    _note(delivery, started, "found" if found else "not_found")
    if found is not None:
        _found(delivery, found)
    elif shadowed:
        now_uncertain(delivery=delivery, reason="look_alike", look_in=None)
    elif (left := delivery.account.capabilities.find_sent_after - _waited(delivery)) <= 0:
        _absent(delivery)
    else:
        _again(delivery, max(1.0, min(_wait(delivery), left, STEP)))


def find(delivery: Delivery) -> tuple[Sent | None, bool]:
    """Our post, and whether a look-alike of another reply stood in front of it."""
    since = (delivery.first_attempt_at or delivery.created_at) - CLOCK_SLACK
    with connect(delivery.account) as connector:
        found, shadowed = _find(connector, delivery, since)
        if found is None and not shadowed and (ahead := _ahead(connector)) > NOTICED:
            found, shadowed = _find(connector, delivery, since - ahead)  # as the platform's clock stood then
    return found, shadowed


def _ahead(connector: Connector) -> timedelta:
    """How far our clock is ahead of the platform's, as far as its answers tell."""
    told = connector.told_at()
    return timezone.now() - told if told else timedelta(0)


def _find(connector: Connector, delivery: Delivery, since: datetime) -> tuple[Sent | None, bool]:
    message, shadowed = outbound(delivery), False
    for _ in range(4):
        found = connector.find_sent(message, since)
        if found is None or not _anothers(delivery, found):
            return found, shadowed
        shadowed = True
        if found.sent_at is None:
            return None, shadowed
        since = found.sent_at + timedelta(seconds=1)
    return None, True


def _anothers(delivery: Delivery, found: Sent) -> bool:
    """Of another reply of ours, or known here before this one was tried."""
    same = Message.objects.filter(account_id=delivery.account_id, external_id=found.external_id)
    before = Q(delivery__isnull=False) | Q(created_at__lt=delivery.first_attempt_at or delivery.created_at)
    return same.filter(before).exclude(pk=delivery.message_id).exists()


def _found(delivery: Delivery, found: Sent) -> None:
    try:
        record_sent(delivery=delivery, sent=found, outcome="found")
    except IdTaken:
        now_uncertain(delivery=delivery, reason="look_alike", look_in=None)


def _absent(delivery: Delivery) -> None:
    """It surely did not get there. A platform that called it a duplicate will do so again."""
    if delivery.error_reason == "already_done" and delivery.attempts > 1:  # whom to believe? A person looks
        now_uncertain(delivery=delivery, reason="already_done", detail=delivery.error_detail, look_in=None)
    elif delivery.error_reason == "already_done":
        now_failed(delivery=delivery, reason="duplicate", detail=delivery.error_detail)
    else:
        back_to_queue(delivery=delivery, due_at=timezone.now(), reason="absent")


def _waited(delivery: Delivery) -> float:
    """Seconds gone by between the end of the last attempt and the look just noted, as far as our looks bear witness.

    A clock that was put forward makes no reply surely absent: between two looks no more counts than is waited there.
    """
    history = list(DeliveryAttempt.objects.filter(delivery=delivery).order_by("pk"))
    last = max((n for n, row in enumerate(history) if row.number), default=0)
    times = [row.finished_at or row.started_at for row in history[last:]]
    gaps = ((later - earlier).total_seconds() for earlier, later in pairwise(times))
    return sum(min(max(gap, 0.0), STEP) for gap in gaps)


def _note(delivery: Delivery, started: datetime, outcome: str, detail: str = "") -> None:
    DeliveryAttempt.objects.create(
        delivery=delivery, number=0, started_at=started, finished_at=timezone.now(), outcome=outcome, detail=detail
    )


def _told_nothing(delivery: Delivery, error: ConnectorError) -> None:
    _note(delivery, timezone.now(), "no_answer", error.detail)
    if isinstance(error, PermissionMissing | Unsupported):
        now_uncertain(delivery=delivery, reason="cannot_look", detail=error.detail, look_in=None)
        return
    if isinstance(error, AuthorizationLost):
        accounts.authorization_lost(delivery.account, error)
    if delivery.looks >= MOST_LOOKS:
        now_uncertain(delivery=delivery, reason="no_answer", detail=error.detail, look_in=None)
        return
    wait = _wait(delivery)
    if isinstance(error, RateLimited) and error.retry_at:
        wait = max(wait, (error.retry_at - timezone.now()).total_seconds())
    _again(delivery, wait)


def _wait(delivery: Delivery) -> float:
    return float(WAITS[min(delivery.looks, len(WAITS) - 1)])


def _again(delivery: Delivery, seconds: float) -> None:
    mine = Delivery.objects.filter(pk=delivery.pk, claim=delivery.claim, state=Delivery.State.UNCERTAIN)
    mine.update(look_at=timezone.now() + timedelta(seconds=seconds), looks=delivery.looks + 1, claim=None)
