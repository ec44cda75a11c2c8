"""The last week of an account as small charts of seven bars."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from inbox.models import ChannelAccount, Gap, HourlyCount, Usage

DAYS = 7
TALLEST = 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, ready for an SVG of 112 by 44."""

    x: int
    y: int
    height: int
    letter: str
    look: str  # "dim", "bar" (today) or "hole" (not everything is proved to be in)


@dataclass(frozen=True, slots=True)
class Chart:
    """Seven days up to today. `words` says the same as the bars."""

    name: str
    bars: list[Bar]
    words: str
    today: str


def chart(
    name: str, numbers: Mapping[date, float], *, holes: Collection[date] = (), say: Callable[[float], str] = str,
    zone: tzinfo | None = None,
) -> Chart:  # fmt: skip
    """A chart of a number a day, of days in the reader's zone or another; a day that is missing is nought."""
    days = last_days(zone)
    values = [numbers.get(day, 0) for day in days]
    most = max(*values, 1e-9)
    bars, told = [], []
    for at, (day, value) in enumerate(zip(days, values, strict=True)):
        height = TALLEST - 1 if day in holes else max(1, round(TALLEST * value / most))
        look = "hole" if day in holes else "bar" if day == days[-1] else "dim"
        bars.append(Bar(at * 16, 32 - height, height, date_format(day, "D")[:1].lower(), look))
        told.append(f"{date_format(day, 'l')} {say(value)}" + (" " + _("(incomplete)") if day in holes else ""))
    return Chart(name, bars, f"{name}: {', '.join(told)}", say(values[-1]))


def last_days(zone: tzinfo | None = None) -> list[date]:
    """Today last."""
    today = timezone.localdate(timezone=zone)
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def messages_a_day(accounts: Iterable[ChannelAccount]) -> dict[int, dict[date, float]]:
    """By account and by day of the reader."""
    start = timezone.now() - timedelta(days=DAYS)
    hours = HourlyCount.objects.filter(stream__account__in=list(accounts), hour__gte=start)
    found: dict[int, dict[date, float]] = {}
    for pk, hour, number in hours.values_list("stream__account", "hour").annotate(Sum("messages")):
        days = found.setdefault(pk, {})
        day = timezone.localtime(hour).date()
        days[day] = days.get(day, 0) + number
    return found


def holes(gaps: Iterable[Gap]) -> set[date]:
    """The days on which a gap lies that was not mended."""
    found: set[date] = set()
    for gap in gaps:
        if gap.closed_at is None:
            first, last = (timezone.localtime(at).date() for at in (gap.starts_at, gap.ends_at or timezone.now()))
            found |= {day for day in last_days() if first <= day <= last}
    return found


def charts_of(account: ChannelAccount) -> list[Chart]:
    """What came in, what could not be proved, and what it took."""
    start = timezone.now() - timedelta(days=DAYS)
    gaps = [gap for gap in Gap.objects.filter(stream__account=account) if (gap.ends_at or timezone.now()) > start]
    used = {row.day: row for row in Usage.objects.filter(account=account, day__gte=start.date())}
    messages = messages_a_day([account]).get(account.pk, {})
    made = [
        chart(_("Messages a day"), messages, holes=holes(gaps), say=_whole),
        chart(_("Minutes without proof"), _minutes(gaps), say=_whole),
        # As the platforms charge, and as it is written down: by the day of UTC
        chart(_("Calls a day"), {day: row.calls for day, row in used.items()}, say=_whole, zone=UTC),
    ]
    if account.capabilities.has_budget:
        made.append(chart(_("Dollars a day"), {d: float(row.money) for d, row in used.items()}, say=_money, zone=UTC))
    return made


def _minutes(gaps: Iterable[Gap]) -> dict[date, float]:
    """The gaps of all streams together: two at once count once."""
    found: dict[date, float] = {}
    for day in last_days():
        begins = timezone.make_aware(datetime.combine(day, datetime.min.time()))
        until, total = begins, timedelta()
        for start, end in sorted((gap.starts_at, gap.ends_at or timezone.now()) for gap in gaps):
            first, last = max(start, until), min(end, begins + timedelta(days=1))
            if last > first:
                total, until = total + (last - first), last
        found[day] = total.total_seconds() / 60
    return found


def _whole(value: float) -> str:
    return str(round(value))


def _money(value: float) -> str:
    return number_format(value, 2)
