"""When a poll goes wrong: what the error's class asks for, so that a dead account costs its neighbours nothing."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import structlog

from connectors import exceptions as wrong
from connectors.types import Cost
from inbox import events
from inbox.models import ChannelAccount, Poll, Stream
from inbox.operations import accounts, ledger
from inbox.operations.ingest_text import clip

log = structlog.get_logger()
LONGEST = 16.0  # seconds between tries: recovery comes within half a minute of the last fault
SOONEST = timedelta(seconds=1)
TRIES_BEFORE_TROUBLE = 2
NO_USE_YET = timedelta(hours=1)
UNPAID = timedelta(minutes=10)
UNTOLD = 15.0  # seconds at first, when nobody tells how long a limit lasts; often it is a proxy that says so
WINDOW = 900.0  # seconds, which is as long as the platforms' own windows are


def backoff(failures: int) -> timedelta:
    """Twice as long each time, up to a ceiling, never two in step."""
    return timedelta(seconds=min(LONGEST, 1.0 * 2 ** min(failures, 10)) * random.uniform(0.6, 1.0))


def untold(times: int) -> timedelta:
    """How long to wait for a limit whose end was not told, met this many times before: twice as long each time."""
    return timedelta(seconds=min(WINDOW, UNTOLD * 2 ** min(times, 10)) * random.uniform(0.8, 1.0))


def _again(failures: int, *, started_at: datetime, now: datetime) -> datetime:
    """When to try again. What we waited for an answer is part of the pause: the two together would be over the half minute."""
    return max(min(started_at, now) + backoff(failures), now + SOONEST)


def poll_failed(stream: Stream, *, error: Exception, started_at: datetime, now: datetime) -> None:
    """Write it in the ledger, open a gap where that is due, and decide when to try again."""
    cost = error.cost if isinstance(error, wrong.ConnectorError) else Cost(calls=1)
    outcome = Poll.Outcome.FAILED
    if isinstance(error, wrong.AuthorizationLost):
        outcome = Poll.Outcome.LOST
        _lost(stream, error, now)
    elif isinstance(error, wrong.RateLimited):
        outcome = Poll.Outcome.LIMITED
        _limited(stream, error, now)
    elif isinstance(error, wrong.PermissionMissing | wrong.Rejected | wrong.Unsupported):
        _of_no_use(stream, error, now)
    else:
        _failed(stream, error, started_at, now)
    ledger.record_failure(stream=stream, outcome=outcome, started_at=started_at, now=now, error=error, cost=cost)


def _lost(stream: Stream, error: wrong.AuthorizationLost, now: datetime) -> None:
    """The whole account stops; each stream resumes from its own cursor when somebody reconnects it."""
    if accounts.authorization_lost(stream.account, error):
        log.error("authorization_lost", account=stream.account_id, code=error.code)
    Stream.objects.filter(account=stream.account_id, enabled=True).update(
        state=Stream.State.STOPPED, reason="authorization_lost", next_poll_at=now
    )


def _limited(stream: Stream, error: wrong.RateLimited, now: datetime) -> None:
    paid_for = not isinstance(error, wrong.BudgetExhausted)
    until = error.retry_at or now + (untold(stream.failures) if paid_for else UNPAID)
    until = max(until, now + timedelta(seconds=1))
    buckets = [limit.bucket for limit in error.limits if limit.remaining is not None and limit.remaining <= 0]
    reason = "limited" if paid_for else "budget"
    _postpone(stream, until=until, reason=reason, error=error, buckets=buckets)
    if error.retry_at is None and paid_for:
        Stream.objects.filter(pk=stream.pk).update(failures=stream.failures + 1)
    if not buckets:
        ChannelAccount.objects.filter(pk=stream.account_id).update(retry_at=until)
    ledger.open_gap(
        stream=stream, reason=reason, now=now, detail=str(error), at_once=until - now > ledger.TROUBLE_AFTER
    )
    _trouble(stream.account, reason, error, now)


def _postpone(stream: Stream, *, until: datetime, reason: str, error: Exception, buckets: list[str]) -> None:
    """This stream, and those that the same window holds."""
    for each in Stream.objects.filter(account=stream.account_id, enabled=True):
        if each.pk == stream.pk or set(each.buckets) & set(buckets):
            Stream.objects.filter(pk=each.pk, next_poll_at__lt=until).update(next_poll_at=until, reason=reason)
    Stream.objects.filter(pk=stream.pk).update(
        state=Stream.State.FAILING, reason=reason, detail=clip(str(error), 2000), next_poll_at=until,
        lease=None, leased_until=None,
    )  # fmt: skip


def _of_no_use(stream: Stream, error: wrong.ConnectorError, now: datetime) -> None:
    """Not ours to read: this stream waits for somebody to arrange it, its account goes on."""
    reason = "permission_missing" if isinstance(error, wrong.PermissionMissing) else "rejected"
    ledger.open_gap(stream=stream, reason=reason, now=now, detail=str(error), at_once=True)
    Stream.objects.filter(pk=stream.pk).update(
        state=Stream.State.STOPPED, reason=reason, detail=clip(str(error), 2000), next_poll_at=now + NO_USE_YET,
        lease=None, leased_until=None,
    )  # fmt: skip
    events.publish("account", brand_id=stream.account.brand_id, id=stream.account_id)


def _failed(stream: Stream, error: Exception, started_at: datetime, now: datetime) -> None:
    if not isinstance(error, wrong.ConnectorError):
        log.error("poll_broke", stream=stream.pk, error=repr(error), exc_info=error)
    failures = stream.failures + 1
    again = _again(failures, started_at=started_at, now=now)
    Stream.objects.filter(pk=stream.pk).update(
        state=Stream.State.FAILING, reason="outage", detail=clip(str(error), 2000), failures=failures, next_poll_at=again,
        lease=None, leased_until=None,
    )  # fmt: skip
    ledger.open_gap(stream=stream, reason="outage", now=now, detail=str(error))
    if not isinstance(error, wrong.ConnectorError):
        return
    together = ledger.count_failure(stream.account)
    if together >= TRIES_BEFORE_TROUBLE:
        ChannelAccount.objects.filter(pk=stream.account_id).update(
            retry_at=_again(together, started_at=started_at, now=now)
        )
        _trouble(stream.account, "outage", error, now)


def _trouble(account: ChannelAccount, code: str, error: Exception, now: datetime) -> None:
    if ledger.note_trouble(account, code=code, detail=str(error), now=now):
        log.warning("account_in_trouble", account=account.pk, code=code, error=type(error).__name__)
        events.publish("account", brand_id=account.brand_id, id=account.pk)


def poll_went_well(stream: Stream) -> None:
    """The account answers again: said once."""
    account = stream.account
    if not (account.failures or account.trouble_since):
        return
    if account.trouble_code in {"limited", "budget"} and stream.reason != account.trouble_code:
        return
    if ledger.end_trouble(account):
        log.warning("account_recovered", account=account.pk, code=account.trouble_code)
        events.publish("account", brand_id=account.brand_id, id=account.pk)
    elif account.failures:
        ChannelAccount.objects.filter(pk=account.pk, trouble_since=None).update(failures=0, retry_at=None)
    account.failures, account.trouble_since = 0, None
