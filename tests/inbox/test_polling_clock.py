"""The workers' clock goes over a change of daylight-saving time, or is set: leases, rhythm and proof go on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inbox.models import ChannelAccount, Gap, HourlyCount, Message, Poll, Stream
from inbox.operations import polling, polling_leases
from tests.inbox import feed
from tests.inbox.pages import said
from tests.inbox.test_polling import connected, turn

pytestmark = pytest.mark.django_db(transaction=True)
AUTUMN, SPRING = (datetime.fromisoformat(f"2026-{day}T01:00:00+00:00") for day in ("10-25", "03-29"))


class Clock:
    """The time as workers and platform see it; it moves when we say so."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture(params=[AUTUMN, SPRING], ids=["back", "forward"])
def change(request) -> datetime:
    return request.param


@pytest.fixture
def clock(change, monkeypatch, memory):
    moved = Clock(change - timedelta(seconds=60))
    monkeypatch.setattr(timezone, "now", moved)
    with timezone.override(ZoneInfo("Europe/Amsterdam")):
        yield moved


def test_polls_go_on_at_their_rhythm_and_every_message_is_in_the_hour_it_was_said(clock, change):
    stream, timeline = connected()
    shown = []
    for number in range(24):  # a minute before until a minute after
        clock.advance(1)
        timeline.messages.append(replace(said(f"m{number}", f"p{number}"), sent_at=clock.at, thread_id=f"t{number}"))
        shown.append(timezone.localtime().isoformat()[11:16])
        clock.advance(4)
        turn()
        stream.refresh_from_db()
        assert stream.lease is None
        assert timedelta(0) < stream.next_poll_at - clock.at <= timedelta(seconds=60)
        assert clock.at - stream.complete_until <= timedelta(seconds=60)
    assert (shown[0], shown[-1]) in {("02:59", "02:00"), ("01:59", "03:00")}  # what people read jumped
    Stream.objects.update(next_poll_at=clock.at)
    turn()
    assert Message.objects.count() == 24
    assert list(HourlyCount.objects.order_by("hour").values_list("hour", "messages")) == [
        (change - timedelta(hours=1), 12), (change, 12),
    ]  # fmt: skip
    assert not Gap.objects.exists()
    times = list(Poll.objects.order_by("pk").values_list("started_at", flat=True))
    assert times == sorted(times)
    assert 5 <= len(times) <= 24


def test_a_lease_lasts_as_long_as_on_any_other_night(clock, change):
    stream, _timeline = connected()
    clock.at = change - timedelta(seconds=5)
    first, pks = polling_leases.lease_due(now=clock.at)
    assert pks == [stream.pk]
    clock.advance(10)  # across the change
    assert polling_leases.lease_due(now=clock.at)[1] == []
    clock.advance(5)  # its worker died
    second, again = polling_leases.lease_due(now=clock.at)
    assert again == [stream.pk]
    assert polling.poll_streams(pks, lease=first) == 0
    assert polling.poll_streams(pks, lease=second) == 1


def test_an_hour_that_the_clock_is_set_back_is_not_waited_for(clock, monkeypatch):
    """The platform's clock goes on as ever; what is said is in within a minute, whatever ours says."""
    platform = Clock(clock.at)
    monkeypatch.setattr(feed, "timezone", SimpleNamespace(now=platform))
    stream, timeline = connected(at_most_minutes_old=1)
    for number, jump in enumerate((0, -1, 1, -1)):
        clock.at += timedelta(hours=jump)
        before = Poll.objects.count()
        timeline.messages.append(replace(said(f"m{number}", "p"), sent_at=platform.at, thread_id="t"))
        for _ in range(13):
            clock.advance(5)
            platform.advance(5)
            turn()
        assert before + 1 <= Poll.objects.count() <= before + 6  # at its own rhythm
        stream.refresh_from_db()
        assert timedelta(0) < stream.next_poll_at - clock.at <= timedelta(seconds=60)
        assert stream.complete_until <= clock.at
        assert Message.objects.count() == number + 1


def test_a_lease_from_before_the_clock_was_set_back_ends_with_its_worker(clock):
    stream, _timeline = connected()
    dead, pks = polling_leases.lease_due(now=clock.at)
    clock.at -= timedelta(hours=1)
    Stream.objects.update(next_poll_at=clock.at)
    fresh, again = polling_leases.lease_due(now=clock.at)
    assert again == pks == [stream.pk]
    assert polling.poll_streams(pks, lease=dead) == 0
    assert polling.poll_streams(pks, lease=fresh) == 1


def test_an_account_in_trouble_is_tried_again_although_the_clock_was_set_back(clock):
    stream, _timeline = connected()
    later = {"retry_at": clock.at + timedelta(minutes=15), "trouble_since": clock.at, "failures": 3}
    ChannelAccount.objects.update(**later)
    assert polling_leases.lease_due(now=clock.at)[1] == []
    clock.at -= timedelta(hours=1)
    Stream.objects.update(next_poll_at=clock.at)
    assert polling_leases.lease_due(now=clock.at)[1] == [stream.pk]


def test_two_machines_whose_clocks_differ_a_little_poll_no_more_often(clock):
    connected()
    turn()
    clock.advance(-60)  # the other machine is behind
    assert polling_leases.lease_due(now=clock.at)[1] == []
