"""Beat goes on when the system's clock is set back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery

from webcare import schedule
from webcare.celery import app
from webcare.schedule import Every, Steady


class Clock:
    """What beat takes for the time."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def __reduce__(self) -> str:
        return "CLOCK"  # beat keeps its plan in a file, and reads it back

    def time(self) -> float:
        return self.at.timestamp()


CLOCK = Clock()


class Written(Steady):
    """Beat as it is, but for a broker: what it would have started is written down."""

    def apply_async(self, entry, *args, **kwargs):
        self.started.append(entry.name)


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(schedule, "time", CLOCK)
    return CLOCK


@pytest.fixture
def beat(clock, tmp_path, monkeypatch):
    own = Celery("clock", broker="memory://", set_as_current=False)
    monkeypatch.setattr(own, "now", clock.now)
    own.conf.beat_schedule = {
        name: {"task": name, "schedule": Every(seconds, app=own, nowfun=clock.now)}
        for name, seconds in {"often": 2, "seldom": 30}.items()
    }
    made = Written(own, schedule_filename=str(tmp_path / "beat"), max_interval=300)
    made.started = []
    yield made
    made.close()


def minute(beat, clock):
    """What beat starts in a minute."""
    beat.started.clear()
    end = clock.at + timedelta(minutes=1)
    while clock.at < end:
        clock.at += timedelta(seconds=max(0.02, beat.tick()))
    return beat.started.count("often"), beat.started.count("seldom")


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(hours=1), timedelta(days=-400)])
def test_everything_keeps_its_rhythm_when_the_clock_is_set(beat, clock, jump):
    usual = minute(beat, clock)
    clock.at += jump
    after = minute(beat, clock)
    assert usual[0] >= 25
    assert abs(after[0] - usual[0]) <= 2
    assert 1 <= after[1] <= 4


def test_beat_is_started_with_it():
    assert app.conf.beat_scheduler == "webcare.schedule:Steady"
    assert all(isinstance(entry["schedule"], Every) for entry in app.conf.beat_schedule.values())
