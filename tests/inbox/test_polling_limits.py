"""Limits and budgets: what the platform tells, or does not tell, and what the admin allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.exceptions import BudgetExhausted, RateLimited
from connectors.types import Cost, Limit
from inbox.models import ChannelAccount, Gap, RateWindow, Usage
from inbox.operations import polling
from inbox.operations.polling_pace import Pace
from tests import builders
from tests.inbox import feed
from tests.inbox.test_polling import connected, due_again, turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("memory")]


def test_a_limit_waits_until_its_time_and_is_logged_once_at_each_end(caplog):
    stream, timeline = connected()
    until = timezone.now() + timedelta(minutes=7)
    timeline.errors = [RateLimited("429", retry_at=until, limits=(Limit("mentions", 10, 0, until),))]
    turn()
    stream.refresh_from_db()
    assert (stream.next_poll_at, stream.reason) == (until, "limited")
    assert RateWindow.objects.get().remaining == 0
    assert turn() == 0
    assert stream.account.streams.count() == 1
    assert ChannelAccount.objects.get(pk=stream.account_id).trouble_code == "limited"
    due_again()
    turn()
    assert ChannelAccount.objects.get(pk=stream.account_id).trouble_since is None


def test_a_limit_whose_end_nobody_tells_waits_a_little_and_each_time_twice_as_long():
    stream, timeline = connected()
    waits = []
    for _ in range(9):
        timeline.errors = [RateLimited("429")]
        turn()
        stream.refresh_from_db()
        waits.append((stream.next_poll_at - timezone.now()).total_seconds())
        assert ChannelAccount.objects.get(pk=stream.account_id).retry_at == stream.next_poll_at
        due_again()
    assert 11 < waits[0] <= 15, "recovery comes within half a minute of the last fault"
    assert all(12 * 2**n - 1 < wait <= 15 * 2**n for n, wait in enumerate(waits[:6]))
    assert 719 < waits[-1] <= 900
    turn()
    timeline.errors = [RateLimited("429")]
    due_again()
    turn()
    stream.refresh_from_db()
    assert (stream.next_poll_at - timezone.now()).total_seconds() <= 15, "it went well in between"


def test_a_window_that_runs_out_spreads_the_polls_and_keeps_a_share_for_replies():
    stream, timeline = connected()
    timeline.limits = (Limit("mentions", 100, 30, timezone.now() + timedelta(minutes=15)),)
    turn()
    due_again()
    turn()
    stream.refresh_from_db()
    wait = (stream.next_poll_at - timezone.now()).total_seconds()
    assert 80 < wait <= 91, "30 left, 20 of them for replies: ten polls in 15 minutes"
    assert stream.reason == "slowed_by_limit"


def test_near_the_budget_quiet_streams_slow_first_and_at_its_end_only_replies_go():
    stream, timeline = connected(daily_calls=100)
    busy = builders.stream(stream.account, "search", query="trein", last_message_at=timezone.now())
    Usage.objects.create(account=stream.account, day=datetime.now(UTC).date(), calls=75)
    pace = Pace.of([stream, busy], now=timezone.now())
    assert pace.stretch(stream, now=timezone.now()) > 1 == pace.stretch(busy, now=timezone.now())
    Usage.objects.update(calls=96)
    turn()
    stream.refresh_from_db()
    assert (len(timeline.asked), stream.reason) == (0, "budget")


def test_money_counts_as_calls_do():
    _, timeline = connected(daily_money=Decimal("1.000"))
    timeline.cost = Cost(calls=1, post_reads=100, money=Decimal("0.99"))
    turn()
    due_again()
    turn()
    assert len(timeline.asked) == 1
    assert Usage.objects.get().money == Decimal("0.99")


def test_an_unpaid_account_is_left_alone_until_its_time():
    stream, timeline = connected()
    until = timezone.now() + timedelta(hours=3)
    timeline.errors = [BudgetExhausted("402", retry_at=until)]
    turn()
    assert ChannelAccount.objects.get(pk=stream.account_id).retry_at == until
    assert Gap.objects.get().reason == "budget"
