"""Streams are polled once at a time, new before old, inside every limit; trouble stays where it is."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from django.utils import timezone

from connectors.exceptions import (
    AuthorizationLost,
    BudgetExhausted,
    PermissionMissing,
    RateLimited,
    TemporaryFailure,
)
from connectors.types import Cost, Limit, Metrics, Refreshed
from inbox.models import (
    ChannelAccount,
    Conversation,
    Gap,
    Message,
    MetricSample,
    MetricWatch,
    Notification,
    Poll,
    RateWindow,
    Stream,
    Usage,
)
from inbox.operations import accounts, breaker, polling, polling_leases, reach
from inbox.operations.polling_pace import Pace
from tests import builders
from tests.inbox import feed
from tests.inbox.pages import said

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("memory")]


def connected(**fields) -> tuple[Stream, feed.Timeline]:
    stream = builders.stream(builders.account(kind=feed.KIND, **fields), interval=20)
    timeline = feed.Timeline.accounts[stream.account.external_id] = feed.Timeline()
    return stream, timeline


def spoken(number: int, *, seconds_ago: float = 5, who: str = "anna"):
    when = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return replace(said(f"m{number}", f"{who}{number}"), sent_at=when, thread_id=f"t{number}")


def turn() -> int:
    """One beat of the dispatcher and the worker it wakes; everything is due again."""
    lease, pks = polling_leases.lease_due(now=timezone.now())
    for batch in polling_leases.batches(pks):
        polling.poll_streams(batch, lease=lease)
    return len(pks)


def due_again() -> None:
    Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    ChannelAccount.objects.update(retry_at=None)


def test_what_was_said_is_here_and_the_proof_moves():
    stream, timeline = connected()
    timeline.messages = [spoken(1), spoken(2)]
    assert turn() == 1
    stream.refresh_from_db()
    assert Message.objects.count() == 2
    assert stream.complete_until
    assert stream.lease is None
    assert stream.next_poll_at > timezone.now()
    poll = Poll.objects.get()
    assert (poll.new, poll.seen, poll.outcome, poll.calls) == (2, 0, "complete", 1)
    assert Usage.objects.get().calls == 1


def test_a_stream_that_was_leased_is_not_leased_again_and_a_late_task_finds_nothing():
    stream, timeline = connected()
    now = timezone.now()
    first, pks = polling_leases.lease_due(now=now)
    assert pks == [stream.pk]
    assert polling_leases.lease_due(now=now)[1] == []
    second, again = polling_leases.lease_due(now=now + polling_leases.LEASE + timedelta(seconds=1))
    assert again == [stream.pk]
    assert polling.poll_streams(pks, lease=first) == 0
    assert polling.poll_streams(pks, lease=second) == 1
    assert polling.poll_streams(pks, lease=uuid4()) == 0
    assert len(timeline.asked) == 1


def test_catching_up_never_starves_what_is_new():
    stream, timeline = connected()
    timeline.page_size = 2
    timeline.messages = [spoken(n, seconds_ago=3600 - n) for n in range(60)]
    stream.since = timezone.now() - timedelta(hours=2)
    stream.save(update_fields=["since"])
    turn()
    stream.refresh_from_db()
    assert stream.state == Stream.State.BEHIND
    assert stream.complete_until is None
    timeline.messages.append(spoken(999, seconds_ago=1))
    state = stream.backlog | {"head_at": (timezone.now() - timedelta(minutes=1)).isoformat()}
    Stream.objects.update(backlog=state)
    before = Message.objects.count()
    assert before < 60
    due_again()
    turn()
    assert Message.objects.filter(external_id="m999").exists()
    for _ in range(12):
        due_again()
        turn()
    stream.refresh_from_db()
    assert Message.objects.count() == 61
    assert (stream.backlog, stream.state) == (None, Stream.State.OK)
    assert stream.complete_until is not None


def test_a_dead_account_costs_its_neighbours_nothing():
    dead, broken = connected()
    for n in range(5):
        builders.stream(dead.account, "search", query=f"q{n}")
    _alive, timeline = connected()
    broken.always = TemporaryFailure("down")
    timeline.messages = [spoken(1)]
    for _ in range(4):
        turn()
        Stream.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    assert Message.objects.count() == 1
    asked = len(broken.asked)
    dead.account.refresh_from_db()
    assert dead.account.retry_at
    assert dead.account.trouble_code == "outage"
    turn()
    assert len(broken.asked) == asked, "the breaker is open: nothing is asked"
    ChannelAccount.objects.filter(pk=dead.account_id).update(retry_at=timezone.now() - timedelta(seconds=1))
    turn()
    assert len(broken.asked) == asked + 1, "one try, however many streams"
    assert dead.account.retry_at < timezone.now() + timedelta(seconds=20)


def test_after_an_outage_the_gap_is_closed_by_proof_and_says_what_was_recovered():
    stream, timeline = connected()
    turn()
    Stream.objects.update(complete_until=timezone.now() - timedelta(minutes=10))
    timeline.errors = [TemporaryFailure("502"), TemporaryFailure("502"), TemporaryFailure("502")]
    for _ in range(3):
        due_again()
        turn()
    gap = Gap.objects.get()
    assert (gap.reason, gap.ends_at) == ("outage", None)
    timeline.messages = [spoken(1, seconds_ago=120), spoken(2, seconds_ago=60)]
    Stream.objects.update(cursor={}, complete_until=timezone.now() - timedelta(minutes=10))
    due_again()
    turn()
    gap.refresh_from_db()
    assert gap.closed_at
    assert gap.ends_at
    assert gap.recovered == 2
    account = stream.account
    account.refresh_from_db()
    assert (account.failures, account.trouble_since, account.retry_at) == (0, None, None)


def test_lost_authorization_stops_the_account_at_once_tells_the_admins_and_resumes_from_the_cursor():
    stream, timeline = connected()
    other = builders.stream(stream.account, "search", query="trein")
    admin = builders.agent(stream.account.brand, "admin")
    timeline.messages = [spoken(1, seconds_ago=30)]
    turn()
    cursor = Stream.objects.get(pk=stream.pk).cursor
    timeline.errors = [AuthorizationLost("revoked", code="89")]
    due_again()
    Stream.objects.filter(pk=other.pk).update(next_poll_at=timezone.now() + timedelta(hours=1))
    turn()
    stream.account.refresh_from_db()
    assert stream.account.state == ChannelAccount.State.LOST
    assert Notification.objects.filter(agent=admin, kind="account").count() == 1
    assert Gap.objects.filter(reason="authorization_lost", detail="revoked", ends_at=None).count() == 2
    asked = len(timeline.asked)
    due_again()
    assert turn() == 0
    assert len(timeline.asked) == asked
    timeline.messages.append(spoken(2, seconds_ago=0))
    ChannelAccount.objects.update(state="connected")
    Stream.objects.update(lease=None, leased_until=None)
    due_again()
    turn()
    assert timeline.asked[asked] == cursor or timeline.asked[asked + 1] == cursor
    assert Message.objects.count() == 2
    assert not Gap.objects.filter(closed_at=None).exists()


def test_a_removed_account_has_no_gap_that_goes_on_for_ever():
    """Giving the grant back makes a poll fail that was on its way."""
    stream, _timeline = connected()
    accounts.remove(account=stream.account, agent=builders.agent(stream.account.brand, "admin"))
    now = timezone.now()
    breaker.poll_failed(stream, error=AuthorizationLost("revoked"), started_at=now, now=now)
    assert not Gap.objects.filter(ends_at=None).exists()


def test_a_missing_permission_stops_the_stream_and_not_the_account():
    stream, timeline = connected()
    timeline.errors = [PermissionMissing("no dm.read")]
    turn()
    stream.refresh_from_db()
    assert (stream.state, stream.reason) == (Stream.State.STOPPED, "permission_missing")
    assert stream.account.state == ChannelAccount.State.CONNECTED


def test_a_bug_in_a_connector_hurts_its_stream_alone():
    stream, timeline = connected()
    fine, other = connected()
    timeline.errors = [ZeroDivisionError("bug")]
    other.messages = [spoken(1)]
    turn()
    stream.refresh_from_db()
    assert (stream.state, Message.objects.count()) == (Stream.State.FAILING, 1)
    assert fine.account.failures == 0


def test_busy_streams_are_polled_faster_and_quiet_ones_slower_but_never_beyond_the_promise():
    stream, timeline = connected(at_most_minutes_old=1)
    timeline.messages = [spoken(1)]
    turn()
    stream.refresh_from_db()
    assert stream.interval < 20
    Stream.objects.update(last_message_at=timezone.now() - timedelta(days=3))
    for _ in range(12):
        due_again()
        turn()
    stream.refresh_from_db()
    assert 20 < stream.interval <= 60


def test_one_account_never_takes_all_the_places():
    stream, timeline = connected()
    for n in range(20):
        builders.stream(stream.account, "search", query=f"q{n}")
    timeline.delay = 0.01
    turn()
    assert len(timeline.asked) == 21
    assert timeline.most_in_flight <= polling.IN_FLIGHT_PER_ACCOUNT


def test_reach_is_looked_at_again_and_ever_less_often():
    _stream, timeline = connected()
    timeline.messages = [spoken(1)]
    turn()
    MetricWatch.objects.update(next_at=timezone.now())
    timeline.refreshed = Refreshed(metrics={"m1": Metrics(reposts=3, replies=2, likes=10)}, cost=Cost(calls=1))
    assert reach.refresh_due() == 1
    assert Conversation.objects.get().growth == 15
    assert MetricSample.objects.count() == 2
    watch = MetricWatch.objects.get()
    assert watch.next_at > timezone.now() + timedelta(minutes=10)
    timeline.refreshed = Refreshed(deleted=("m1",))
    MetricWatch.objects.update(next_at=timezone.now())
    reach.refresh_due()
    assert Message.objects.get().deleted_at is not None
    MetricWatch.objects.update(next_at=timezone.now())
    assert reach.refresh_due() == 0
    assert not MetricWatch.objects.exists()


def test_counts_beyond_belief_cost_no_other_account_its_looks():
    streams = [connected() for _ in range(3)]
    for number, (_, timeline) in enumerate(streams):
        timeline.messages = [spoken(number)]
        timeline.refreshed = Refreshed(metrics={f"m{number}": Metrics(reposts=1, likes=5)}, cost=Cost(calls=1))
    turn()
    streams[0][1].refreshed = Refreshed(metrics={"m0": Metrics(2**62, 2**62, 2**62)})
    streams[1][1].refreshed = Refreshed(metrics={"m1": Metrics(likes=cast("Any", "veel"))})
    MetricWatch.objects.update(next_at=timezone.now())
    reach.refresh_due()
    assert Message.objects.get(external_id="m0").likes == 2**31 - 1
    assert Message.objects.get(external_id="m2").likes == 5


def test_a_row_that_cannot_be_written_costs_no_other_stream_its_place():
    (hostile, bad), (honest, good) = connected(), connected()
    bad.limits = (Limit("\ud83d" * 100, 9, 8, None), Limit("\ud83d" * 99, 9, 8, None))
    bad.cost = Cost(calls=2**40)
    good.limits = (Limit("app", 100, 90, None),)
    turn()
    for stream in (hostile, honest):
        stream.refresh_from_db()
        assert stream.lease is None
        assert stream.next_poll_at > timezone.now()
    assert hostile.state == "failing"
    assert Poll.objects.filter(stream=hostile).latest("pk").outcome == "failed"
    assert (honest.state, Poll.objects.get(stream=honest).outcome) == ("ok", "complete")
    assert list(RateWindow.objects.values_list("account", "bucket")) == [(honest.account_id, "app")]
    assert [usage.account_id for usage in Usage.objects.all()] == [honest.account_id]


def test_what_an_answer_took_is_part_of_the_pause():
    stream, _ = connected()
    Stream.objects.filter(pk=stream.pk).update(failures=9)
    stream.refresh_from_db()
    now, hung = timezone.now(), timedelta(seconds=10)
    for asked_at, most in ((now - hung, 6), (now - 3 * hung, 1), (now, 16), (now + hung, 16)):  # the last: set back
        breaker.poll_failed(stream, error=TemporaryFailure("silence"), started_at=asked_at, now=now)
        stream.refresh_from_db()
        stream.account.refresh_from_db()
        for again in (stream.next_poll_at, stream.account.retry_at or now + breaker.SOONEST):
            assert timedelta(seconds=1) <= again - now <= timedelta(seconds=most)


def test_an_account_that_is_removed_during_a_round_takes_nobody_along():
    (gone, slow), (honest, timeline) = connected(), connected()
    timeline.messages = [spoken(1)]
    lease, pks = polling_leases.lease_due(now=timezone.now())
    round_ = polling.Round(lease, Pace.of([gone, honest], now=timezone.now()), deque([gone, honest]))
    ChannelAccount.objects.filter(pk=gone.account_id).delete()
    round_.run()
    honest.refresh_from_db()
    assert len(pks) == 2
    assert (honest.lease, Message.objects.count()) == (None, 1)
    assert Usage.objects.get().account_id == honest.account_id
    assert slow.asked


def test_what_is_left_of_a_window_that_all_calls_share_is_not_spent_on_looks():
    stream, timeline = connected()
    timeline.messages = [spoken(1)]
    turn()
    MetricWatch.objects.update(next_at=timezone.now())
    timeline.refreshed = Refreshed(metrics={"m1": Metrics(likes=10)})
    window = RateWindow.objects.create(
        account=stream.account, bucket="app", limit=100, remaining=12, updated_at=timezone.now()
    )
    assert reach.refresh_due() == 0
    RateWindow.objects.filter(pk=window.pk).update(remaining=60)
    assert reach.refresh_due() == 1
