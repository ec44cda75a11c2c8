"""Times around a conversation: moments to snooze until, and how somebody felt month by month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox.models import Conversation

SCORES = {"positive": 1, "neutral": 0, "negative": -1}
MONTHS = 8
ROOM = 20  # how high a bar can get


@dataclass(frozen=True, slots=True)
class Preset:
    """A moment to snooze until."""

    name: str
    label: str
    at: datetime


def presets(now: datetime | None = None) -> tuple[Preset, ...]:
    """The usual moments, in the agent's own time zone (the active one). Each moment stands there once."""
    local = timezone.localtime(now)
    made = [Preset("hour", _("In an hour"), (local + timedelta(hours=1)).replace(second=0, microsecond=0))]
    if local.hour < 13:
        made.append(Preset("afternoon", _("This afternoon"), _hour(local, 14)))
    elif local.hour < 18:
        made.append(Preset("evening", _("This evening"), _hour(local, 19)))
    made.append(Preset("tomorrow", _("Tomorrow"), _hour(local + timedelta(days=1), 9)))
    monday = _hour(local + timedelta(days=7 - local.weekday()), 9)
    if monday != made[-1].at:
        made.append(Preset("monday", _("Monday"), monday))
    return tuple(made)


def _hour(day: datetime, hour: int) -> datetime:
    """That hour on the wall clock, also on the day the clocks change."""
    naive = day.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None)
    return timezone.make_aware(naive)


def asked_moment(text: str) -> datetime | None:
    """The moment a form asks for: with an offset as it stands, without one on the agent's wall clock."""
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        return None
    if moment is None:
        return None
    try:
        aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    except (ValueError, OverflowError):
        return None
    return aware if 2000 < aware.year < 2200 else None


@dataclass(frozen=True, slots=True)
class Feeling:
    """One month of somebody with us: a bar up, down or flat."""

    month: str
    css: str
    x: int
    y: float
    height: float
    words: str


def feelings_of(conversations: Iterable[Conversation]) -> list[Feeling]:
    """Somebody's last months in which a feeling was set, oldest first."""
    months: dict[tuple[int, int], list[int]] = {}
    for one in conversations:
        if one.feeling in SCORES:
            local = timezone.localtime(one.last_message_at)
            months.setdefault((local.year, local.month), []).append(SCORES[one.feeling])
    newest = sorted(months)[-MONTHS:]
    return [_bar(n, month, months[month]) for n, month in enumerate(newest)]


def _bar(n: int, month: tuple[int, int], scores: list[int]) -> Feeling:
    mean = sum(scores) / len(scores)
    name = date_format(date(month[0], month[1], 1), "M").lower()
    height = max(3.0, abs(mean) * ROOM)
    if abs(mean) < 0.2:
        return Feeling(name, "flat", 4 + 33 * n, 20.5, 3, _("neutral"))
    if mean > 0:
        return Feeling(name, "up", 4 + 33 * n, 22 - height, height, _("positive"))
    return Feeling(name, "down", 4 + 33 * n, 22, height, _("negative"))
