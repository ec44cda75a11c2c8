"""Sending what is due: claim, call the platform once, write down what came of it."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime, timedelta
from random import uniform
from threading import Event, Lock

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.utils import timezone

from connectors.exceptions import (
    AlreadyDone,
    AuthorizationLost,
    BudgetExhausted,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.http import leaving_within
from connectors.registry import PLATFORMS, connector_class
from connectors.types import Credentials, OutboundMessage, Sent
from inbox.gateway import connect
from inbox.models import ChannelAccount, Delivery, Message
from inbox.operations import accounts, outbox_limits, outbox_rules
from inbox.operations.breaker import untold
from inbox.operations.changes import Refused
from inbox.operations.outbox_claims import claim, next_due, patience, recover_stuck, to_send
from inbox.operations.outbox_fast import record_plainly
from inbox.operations.outbox_looks import look_for_uncertain
from inbox.operations.outbox_messages import files_of, outbound, with_files
from inbox.operations.outbox_records import IdTaken, back_to_queue, now_failed, now_uncertain, record_sent

IN_FLIGHT = 16  # calls at the same time in one worker process
LONGEST = 60.0  # seconds one run keeps claiming; the next wake-up goes on
IDLE = 0.25  # seconds between two looks for what is due when nothing is known to be
LOOK_EVERY = 2.0  # seconds
PAUSE = 0.03  # seconds between two looks for what became due, while calls are in flight
AWAY = (0.2, 0.5, 1, 2, 4, 8)  # seconds between tries to reach a database that is away
MOST_TRIES = 10  # temporary failures, after which a person decides
log = structlog.get_logger()
_sending = Lock()
Calls = dict[Future[Sent | ConnectorError], Delivery]


def keep_delivering(stop: Event) -> None:
    """Until told to stop: sleep until the next one is due, send it. Needs nothing but the database."""
    warm = False
    while not stop.is_set():
        pause = IDLE
        try:
            warm = warm or warm_up()
            deliver_due()
            pause = _until_next()
        except Exception:  # the database may be away: it comes back
            log.exception("outbox_interrupted")
            connections.close_all()
        stop.wait(pause)
    connections.close_all()


def warm_up() -> bool:
    """What the first replies would wait for: the platforms' libraries, and statements written and planned."""
    for kind in PLATFORMS:
        platform = connector_class(kind)
        platform.length("?")
        with suppress(ConnectorError):  # nobody's credentials
            platform(Credentials("", "", {})).close()
    to_send([])
    record_plainly([])
    return True


def keep_looking(stop: Event) -> None:
    """Until told to stop: settle what is uncertain. Apart from sending, which must not wait for a slow look."""
    while not stop.wait(LOOK_EVERY):
        try:
            sweep()
        except Exception:
            log.exception("sweep_interrupted")
            connections.close_all()
    connections.close_all()


def _until_next() -> float:
    due = next_due()
    return IDLE if due is None else min(IDLE, max(0.0, (due - timezone.now()).total_seconds()))


def deliver_due() -> int:
    """Send everything that is due, many calls in flight, until nothing is due; how many calls were made.

    0 while another thread of this process does so: two would only cut the same work into smaller pieces.
    """
    if not _sending.acquire(blocking=False):
        return 0
    try:
        return _deliver_due()
    finally:
        _sending.release()


def _deliver_due() -> int:
    ends, made = time.monotonic() + LONGEST, 0
    calls: Calls = {}
    used = outbox_limits.Used()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        while True:
            try:
                _start(pool, calls, free=IN_FLIGHT - len(calls) if time.monotonic() < ends else 0)
            except (DatabaseError, InterfaceError):
                if not calls:
                    raise
                log.exception("claim_interrupted")  # the answers that are on their way are written down first
                connections.close_all()
            if not calls:
                _write(used)
                return made
            made += _record_done(calls, used)


def _start(pool: ThreadPoolExecutor, calls: Calls, *, free: int) -> None:
    """Claim what is due, and call."""
    claimed = claim(limit=free)
    parents = _parents(claimed)
    for delivery in claimed:
        message = _prepare(delivery, parents)
        if message is not None:
            calls[pool.submit(_call, delivery, message)] = delivery


def _record_done(calls: Calls, used: outbox_limits.Used) -> int:
    """Write down the calls that ended; wait a moment for more to end, so that one statement serves all."""
    wait(calls, timeout=PAUSE)
    outcomes = [(calls.pop(call), call.result()) for call in list(calls) if call.done()]
    _record_all(outcomes)
    for delivery, outcome in outcomes:
        used.add(delivery, outcome)
    if used.is_due:
        _write(used)
    return len(outcomes)


def _write(used: outbox_limits.Used) -> None:
    """Losing a figure must not lose an outcome."""
    try:
        used.write()
    except Exception:
        log.exception("cost_not_recorded")


def _parents(claimed: list[Delivery]) -> dict[tuple[int, str], Message]:
    """The messages that are answered, for the whole batch at once."""
    ids = {d.in_reply_to for d in claimed if d.in_reply_to}
    if not ids:
        return {}
    theirs = Message.objects.filter(account__in={d.account_id for d in claimed}, external_id__in=ids, direction="in")
    return {(m.conversation_id, m.external_id or ""): m for m in theirs.defer("search")}


def sweep() -> int:
    """What died is uncertain, what is uncertain is looked for."""
    return recover_stuck() + look_for_uncertain()


def _prepare(delivery: Delivery, parents: dict[tuple[int, str], Message]) -> OutboundMessage | None:
    """Check once more: a window may have closed, a message may be gone. Nothing has left yet."""
    try:
        files = files_of(delivery)
        parent = parents.get((delivery.conversation_id, delivery.in_reply_to))
        allowed = outbox_rules.check(
            conversation=delivery.conversation, mode=delivery.mode, text=delivery.message.text, parent=parent,
            attachments=files, own=delivery,
        )  # fmt: skip
        delivery.human_agent = allowed.human_agent
        return outbound(delivery)
    except Refused as refused:
        now_failed(delivery=delivery, reason=str(refused.facts.get("reason") or refused.code)[:40])
    except Exception as error:  # a bug, before anything left: it waits and is tried again
        log.exception("delivery_not_prepared", delivery=delivery.pk)
        _try_later(delivery, TemporaryFailure(type(error).__name__))
    return None


def _with_files(message: OutboundMessage, delivery: Delivery) -> OutboundMessage:
    try:
        return with_files(message, delivery)
    except OSError as error:
        raise Rejected(type(error).__name__, reason="file_missing") from error


def _call(delivery: Delivery, message: OutboundMessage) -> Sent | ConnectorError:
    """The one call, in a thread of its own. Whatever goes wrong once it started may have been accepted."""
    account = delivery.account
    try:
        try:
            message = _with_files(message, delivery)
            connector = connect(account)
        except OutcomeUnknown as error:  # of a token, not of the reply
            return TemporaryFailure(error.detail)
        except ConnectorError as error:
            return error
        except Exception as error:  # the store of our files may be away, like anything of ours: nothing has left
            log.exception("connect_failed", account=account.pk)
            return TemporaryFailure(type(error).__name__)
        try:
            with leaving_within(_time_left(delivery)):
                return connector.send(message)
        except ConnectorError as error:
            return error
        except Exception as error:
            log.exception("send_broke", account=account.pk)
            return OutcomeUnknown(type(error).__name__)
        finally:
            with suppress(Exception):
                connector.close()
    finally:
        connections.close_all()  # of this thread


def _time_left(delivery: Delivery) -> float:
    """Until the sweep may think this worker dead, and another would send it: slow pictures never make it two."""
    began = delivery.claimed_at or timezone.now()
    return (began + patience(delivery) / 2 - timezone.now()).total_seconds()


def _record_all(outcomes: list[tuple[Delivery, Sent | ConnectorError]]) -> None:
    """What was sent in one statement, the rest and what that could not do one by one."""
    sent = [(delivery, outcome) for delivery, outcome in outcomes if isinstance(outcome, Sent)]
    try:
        recorded = record_plainly(sent) if sent else set()
    except Exception:  # the database may be away, and back for the next
        log.exception("outcomes_not_recorded")
        recorded = set()
    for delivery, outcome in outcomes:
        if delivery.pk not in recorded:
            _record(delivery, outcome)


def _record(delivery: Delivery, outcome: Sent | ConnectorError) -> None:
    """A database that restarts is waited for: nobody else knows what the platform said."""
    for pause in (*AWAY, None):
        try:
            if isinstance(outcome, Sent):
                record_sent(delivery=delivery, sent=outcome)
            else:
                _record_error(delivery, outcome)
        except IdTaken:
            now_uncertain(delivery=delivery, reason="look_alike", look_in=None)
        except (OperationalError, InterfaceError):
            if pause is not None:
                connections.close_all()
                time.sleep(pause)
                continue
            log.exception("outcome_not_recorded", delivery=delivery.pk)
        except Exception:  # it stays `sending`, and the sweep calls that uncertain
            log.exception("outcome_not_recorded", delivery=delivery.pk)
        return


def _record_error(delivery: Delivery, error: ConnectorError) -> None:
    """The exception class says what to do next (see connectors/exceptions.py)."""
    match error:
        case RateLimited():
            _limited(delivery, error)
        case TemporaryFailure():
            _try_later(delivery, error)
        case OutcomeUnknown():
            now_uncertain(delivery=delivery, reason="no_answer", detail=error.detail)
        case AuthorizationLost():
            now_failed(delivery=delivery, reason="authorization_lost", detail=error.detail)
            accounts.authorization_lost(delivery.account, error)
        case AlreadyDone():
            now_uncertain(delivery=delivery, reason="already_done", detail=error.detail, look_in=0.0)
        case PermissionMissing():
            now_failed(delivery=delivery, reason="permission_missing", detail=error.detail)
        case Gone():
            now_failed(delivery=delivery, reason="message_gone", detail=error.detail)
        case Rejected():
            now_failed(delivery=delivery, reason=error.reason[:40], detail=error.detail)
        case _:
            now_failed(delivery=delivery, reason="unsupported", detail=error.detail)


def _limited(delivery: Delivery, error: RateLimited) -> None:
    """The limit is the account's: replies of this kind wait together, and keep their order."""
    until = error.retry_at or timezone.now() + untold(delivery.attempts - 1)
    if isinstance(error, BudgetExhausted):
        ChannelAccount.objects.filter(pk=delivery.account_id).update(retry_at=until)
    outbox_limits.hold(account_id=delivery.account_id, mode=delivery.mode, until=until)
    back_to_queue(delivery=delivery, due_at=until, reason="rate_limited", detail=error.detail)


def _try_later(delivery: Delivery, error: ConnectorError) -> None:
    if delivery.attempts >= MOST_TRIES:
        now_failed(delivery=delivery, reason="temporary", detail=error.detail)
        return
    back_to_queue(delivery=delivery, due_at=backoff(delivery.attempts), reason="temporary", detail=error.detail)


def backoff(attempts: int) -> datetime:
    """2, 4, 8 ... 300 seconds, a little apart from each other."""
    return timezone.now() + timedelta(seconds=min(300, 2**attempts) * uniform(0.75, 1.0))
