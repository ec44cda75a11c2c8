"""Hiding somebody's public message, and showing it again: with a reason, by a lead, and safely repeated.

Hiding what is hidden is done, so an answer that did not come is simply asked for again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.db import transaction
from django.utils import timezone

from connectors.exceptions import (
    AlreadyDone,
    AuthorizationLost,
    ConnectorError,
    Gone,
    PermissionMissing,
    RateLimited,
    Rejected,
    Unsupported,
)
from connectors.types import Cost
from inbox.gateway import connect
from inbox.models import Agent, ChannelAccount, Hiding, Message
from inbox.operations import accounts, audit
from inbox.operations.budget import record_cost
from inbox.operations.changes import Refused, lock, record
from inbox.operations.outbox_rules import check_account
from inbox.wakeup import start

State = Hiding.State
AT_ONCE = 20
LEASE = timedelta(seconds=60)  # a call has long timed out by then
MOST_TRIES = 10
log = structlog.get_logger()


def can_hide(message: Message) -> bool:
    """Whether the platform offers it for this message."""
    theirs = message.direction == Message.Direction.INBOUND and message.visibility == "public"
    there = message.deleted_at is None and message.erased_at is None and not message.placeholder
    return theirs and there and bool(message.external_id and message.options.get("can_hide"))


@transaction.atomic
def ask(*, message: Message, agent: Agent, hide: bool, reason: str = "", explanation: str = "") -> Hiding | None:
    """Ask the platform for it, soon; None when it is so already. `Refused` says what stands in the way."""
    conversation = lock(message.conversation_id)
    message = Message.objects.select_related("account", "hiding").defer("search").get(pk=message.pk)
    known = getattr(message, "hiding", None)
    if not can_hide(message) or not message.account.capabilities.can_hide:
        raise Refused("cannot_hide")
    check_account(message.account)
    _check_reason(hide, reason, explanation)
    if known is not None and known.state == State.PENDING:
        if known.hide == hide:
            return None
        if known.claim is not None and known.due_at > timezone.now():
            raise Refused("hiding_now")  # its call is on its way: the two could arrive in the wrong order
    elif hide == (message.hidden_at is not None):
        return None
    wish = _wish(message, agent=agent, hide=hide, reason=reason, explanation=explanation)
    audit.record("hidden" if hide else "shown", actor=agent, brand=conversation.brand, target=str(message.account),
                 data={"conversation": conversation.pk, "message": message.pk, "reason": reason})  # fmt: skip
    record(conversation, actor=agent, verb="hide_asked" if hide else "show_asked", data={"message": message.pk})
    start("deliveries.sweep")
    return wish


def _check_reason(hide: bool, reason: str, explanation: str) -> None:
    if hide and reason not in Hiding.Reason.values:
        raise Refused("reason_needed")
    if hide and reason == Hiding.Reason.OTHER and not explanation.strip():
        raise Refused("explanation_needed")


def _wish(message: Message, *, agent: Agent, hide: bool, reason: str, explanation: str) -> Hiding:
    now = timezone.now()
    values = {
        "account": message.account, "agent": agent, "hide": hide, "state": State.PENDING, "due_at": now, "claim": None,
        "attempts": 0, "error_reason": "", "error_detail": "", "asked_at": now,
    }  # fmt: skip
    if hide:  # why it was hidden stays known when it is shown again
        values |= {"reason": reason, "explanation": explanation.strip()[:300]}
    return Hiding.objects.update_or_create(message=message, defaults=values)[0]


def hide_due() -> int:
    """Carry out what was asked; how many calls were made."""
    claimed = _claim()
    for wish in claimed:
        error = _call(wish)
        record_cost(account_id=wish.account_id, cost=error.cost if error else Cost(calls=1, writes=1))
        _record(wish, error)
    return len(claimed)


@transaction.atomic
def _claim() -> list[Hiding]:
    """Take what is due; the attempt is committed before anybody calls anything."""
    now, mine = timezone.now(), uuid4()
    due = Hiding.objects.filter(state=State.PENDING, due_at__lte=now, account__state=ChannelAccount.State.CONNECTED)
    due = due.exclude(account__retry_at__gt=now).select_related("account", "message").defer("message__search")
    wishes = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("due_at")[:AT_ONCE])
    for wish in wishes:
        wish.claim, wish.due_at, wish.attempts = mine, now + LEASE, wish.attempts + 1
        wish.save(update_fields=["claim", "due_at", "attempts"])
    return wishes


def _call(wish: Hiding) -> ConnectorError | None:
    """The one call; never inside a transaction."""
    try:
        with connect(wish.account) as connector:
            act = connector.hide if wish.hide else connector.unhide
            act(wish.message.external_id or "")
    except ConnectorError as error:
        return error
    except Exception as error:  # a bug: it waits and is tried again
        log.exception("hiding_broke", hiding=wish.pk)
        return ConnectorError(type(error).__name__)
    return None


def _record(wish: Hiding, error: ConnectorError | None) -> None:
    match error:
        case None | AlreadyDone():
            _done(wish)
        case AuthorizationLost():
            _failed(wish, "authorization_lost", error.detail)
            accounts.authorization_lost(wish.account, error)
        case PermissionMissing():
            _failed(wish, "permission_missing", error.detail)
        case Gone():
            _failed(wish, "message_gone", error.detail)
        case Rejected():
            _failed(wish, error.reason[:40], error.detail)
        case Unsupported():
            _failed(wish, "unsupported", error.detail)
        case _ if wish.attempts >= MOST_TRIES:
            _failed(wish, "temporary", error.detail)
        case _:
            _again(wish, error)


def _again(wish: Hiding, error: ConnectorError) -> None:
    soon: datetime = timezone.now() + timedelta(seconds=min(300, 2**wish.attempts))
    until = (error.retry_at if isinstance(error, RateLimited) else None) or soon
    _held(wish, due_at=until, claim=None, error_reason="temporary", error_detail=error.detail)


@transaction.atomic
def _done(wish: Hiding) -> None:
    conversation = lock(wish.message.conversation_id)
    if _held(wish, state=State.DONE, claim=None, error_reason="", error_detail=""):
        Message.objects.filter(pk=wish.message_id).update(hidden_at=timezone.now() if wish.hide else None)
        facts = {"message": wish.message_id, "reason": wish.reason}
        record(conversation, actor=wish.agent, verb="hidden" if wish.hide else "shown", data=facts)


@transaction.atomic
def _failed(wish: Hiding, reason: str, detail: str) -> None:
    conversation = lock(wish.message.conversation_id)
    if _held(wish, state=State.FAILED, claim=None, error_reason=reason, error_detail=detail):
        verb = "hide_failed" if wish.hide else "show_failed"
        facts = {"message": wish.message_id, "error": reason}
        record(conversation, actor=wish.agent, verb=verb, data=facts)
        audit.record(verb, actor=wish.agent, brand=conversation.brand, target=str(wish.account),
                     data={"conversation": conversation.pk, **facts})  # fmt: skip


def _held(wish: Hiding, **outcome: object) -> bool:
    """Write it down if we still hold the claim: somebody may have wished otherwise meanwhile."""
    mine = Hiding.objects.filter(pk=wish.pk, claim=wish.claim, state=State.PENDING)
    return mine.update(**outcome) == 1
