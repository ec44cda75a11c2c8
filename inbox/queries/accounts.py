"""How the accounts of a brand are doing, in words for the page and as a light for the sidebar."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.registry import PLATFORMS
from inbox.models import Brand, ChannelAccount, Delivery, Gap, HourlyCount, RateWindow, Stream, Usage

State = ChannelAccount.State
RENEW_DAYS = 14


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the week's chart, ready for an SVG of 112 by 44."""

    x: int
    y: int
    height: int
    letter: str
    number: int
    look: str  # "dim", "bar" (today) or "hole" (nothing can be proved)


@dataclass
class Health:
    """One account: `light` is "ok", "warn" or "late"; every other word is for people."""

    account: ChannelAccount
    light: str = "ok"
    icon: str = "circle-check"
    word: str = ""
    about: str = ""
    lag: str = ""
    lag_about: str = ""
    gaps: str = "0"
    gaps_about: str = ""
    budget: int | None = None
    budget_about: str = ""
    access: str = ""
    access_about: str = ""
    access_light: str = ""
    week: list[Bar] = field(default_factory=list)
    week_words: str = ""
    today: int = 0
    problem: str = ""
    safe: str = ""

    @property
    def platform(self) -> str:
        return PLATFORMS[self.account.kind].label if self.account.kind in PLATFORMS else self.account.kind


@dataclass
class _Facts:
    """What the database knows about one account."""

    streams: list[Stream] = field(default_factory=list)
    gaps: int = 0
    open_gaps: int = 0
    last_gap: datetime | None = None
    days: dict[Any, int] = field(default_factory=dict)
    used: Usage | None = None
    windows: list[RateWindow] = field(default_factory=list)
    waiting: int = 0


def health_of(brand: Brand) -> list[Health]:
    """The light of each of a brand's accounts, for everybody's sidebar: account, light, icon, word and about.

    Two queries, whatever the number of accounts. Removed accounts are not in it.
    """
    accounts = list(brand.accounts.exclude(state=State.REMOVED).order_by("kind", "name").defer("credentials"))
    streams: dict[int, list[Stream]] = defaultdict(list)
    for stream in Stream.objects.filter(account__in=accounts, enabled=True):
        streams[stream.account_id].append(stream)
    found = []
    for account in accounts:
        health = Health(account)
        _judge(health, _Facts(streams[account.pk]))
        found.append(health)
    return found


def register(brand: Brand) -> list[Health]:
    """The page's rows, trouble first."""
    accounts = list(brand.accounts.exclude(state=State.REMOVED).order_by("kind", "name"))
    facts = _facts(accounts)
    rows = [_row(account, facts[account.pk]) for account in accounts]
    return sorted(rows, key=lambda row: ("late", "warn", "ok").index(row.light))


def summary(rows: list[Health]) -> str:
    """What is true, in one or two sentences."""
    if not rows:
        return _("No account is connected yet.")
    well = sum(row.account.state == State.CONNECTED for row in rows)
    text = ngettext(
        "%(well)d of %(all)d account fetches and sends.", "%(well)d of %(all)d accounts fetch and send.", len(rows)
    )
    lost = [str(row.account) for row in rows if row.account.state == State.LOST]
    more = ngettext("%(names)s must be connected again.", "%(names)s must be connected again.", len(lost))
    sentence = text % {"well": well, "all": len(rows)}
    return f"{sentence} {more % {'names': ', '.join(lost)}}" if lost else sentence


def removed_with_credentials() -> list[ChannelAccount]:
    """Removed accounts whose grant was not given back yet."""
    return [account for account in ChannelAccount.objects.filter(state=State.REMOVED) if account.credentials]


def losses(kind: str, missing: list[str]) -> list[tuple[str, list[str]]]:
    """What each missing permission costs, as (permission, features in words)."""
    from connectors.registry import connector_class  # loads a platform's library

    words = {
        "read": _("reading messages"), "reply": _("replying in public"), "direct": _("private messages"),
        "hide": _("hiding replies"), "pictures": _("sending pictures"), "delete": _("deleting own posts"),
        "stay_connected": _("staying connected"),
    }  # fmt: skip
    uses = connector_class(kind).capabilities.scope_uses
    return [(scope, [words[use.feature] for use in uses if use.scope == scope]) for scope in missing]


def _facts(accounts: list[ChannelAccount]) -> dict[int, _Facts]:
    facts: dict[int, _Facts] = defaultdict(_Facts)
    week = timezone.now() - timedelta(days=7)
    today = timezone.now().date()
    for stream in Stream.objects.filter(account__in=accounts, enabled=True):
        facts[stream.account_id].streams.append(stream)
    gaps = Gap.objects.filter(stream__account__in=accounts).filter(
        Q(starts_at__gte=week) | Q(ends_at=None) | Q(ends_at__gte=week)
    )
    for pk, number, still, last in _gap_rows(gaps):
        facts[pk].gaps, facts[pk].open_gaps, facts[pk].last_gap = number, still, last
    hours = HourlyCount.objects.filter(stream__account__in=accounts, hour__gte=week)
    for pk, hour, number in hours.values_list("stream__account", "hour").annotate(Sum("messages")):
        local = timezone.localtime(hour).date()
        facts[pk].days[local] = facts[pk].days.get(local, 0) + number
    for used in Usage.objects.filter(account__in=accounts, day=today):
        facts[used.account_id].used = used
    for window in RateWindow.objects.filter(account__in=accounts, limit__gt=0, remaining__isnull=False):
        facts[window.account_id].windows.append(window)
    waiting = Delivery.objects.filter(account__in=accounts, state=Delivery.State.PENDING)
    for pk, number in waiting.order_by().values_list("account").annotate(Count("pk")):
        facts[pk].waiting = number
    return facts


def _gap_rows(gaps: Any) -> list[tuple[int, int, int, datetime | None]]:
    rows: dict[int, list[Gap]] = defaultdict(list)
    for gap in gaps.select_related("stream"):
        rows[gap.stream.account_id].append(gap)
    return [
        (pk, len(found), sum(gap.closed_at is None and gap.closable for gap in found), max(g.starts_at for g in found))
        for pk, found in rows.items()
    ]


def _row(account: ChannelAccount, facts: _Facts) -> Health:
    health = Health(account)
    _judge(health, facts)
    _say_lag(health, facts)
    _say_gaps(health, facts)
    _say_budget(health, facts)
    _say_access(health)
    _draw_week(health, facts)
    if account.state == State.LOST:
        _say_problem(health, facts)
    return health


def _judge(health: Health, facts: _Facts) -> None:
    account, since = health.account, _since(health.account.state_since)
    health.word = account.get_state_display()
    if account.state == State.LOST:
        health.light, health.icon, health.about = "late", "unplug", since
    elif account.state == State.PAUSED:
        health.light, health.icon, health.about = "warn", "clock", since
    elif account.retry_at and account.retry_at > timezone.now():
        health.light, health.icon, health.word = "warn", "gauge", _("Held back")
        health.about = _("by the platform until %(time)s") % {"time": _time(account.retry_at)}
    elif any(stream.state in {Stream.State.FAILING, Stream.State.STOPPED} for stream in facts.streams):
        health.light, health.icon, health.word = "warn", "triangle-alert", _("Partly")
        failing = [s for s in facts.streams if s.state in {Stream.State.FAILING, Stream.State.STOPPED}]
        health.about = ", ".join(stream_name(s) for s in failing)
    elif _lag(facts) and (_lag(facts) or timedelta()) > timedelta(minutes=account.at_most_minutes_old):
        health.light, health.icon, health.word = "warn", "gauge", _("Running behind")
    elif any(stream.state == Stream.State.BEHIND for stream in facts.streams):
        health.icon, health.about = "refresh-cw", _("catching up")
    elif not any(stream.complete_until for stream in facts.streams):
        health.about = _("first look under way")
    else:
        health.about = _("everything is in")


def stream_name(stream: Stream) -> str:
    """What people call a stream."""
    names = {
        "mentions": _("mentions"), "direct": _("private messages"), "search": _("search"), "own_posts": _("own posts"),
        "comments": _("comments"), "visitor_posts": _("visitor posts"), "tagged": _("tagged posts"),
        "reviews": _("reviews"),
    }  # fmt: skip
    name = names.get(stream.kind, stream.kind)
    return f"{name} “{stream.name or stream.query}”" if stream.query else name


def _lag(facts: _Facts) -> timedelta | None:
    """Up to when the slowest stream is proved complete."""
    until = [stream.complete_until for stream in facts.streams if stream.complete_until]
    return timezone.now() - min(until) if until else None


def _say_lag(health: Health, facts: _Facts) -> None:
    lag = _lag(facts)
    health.lag = span(lag) if lag is not None else _("not known yet")
    minutes = health.account.at_most_minutes_old
    health.lag_about = ngettext("at most %(n)d minute", "at most %(n)d minutes", minutes) % {"n": minutes}
    if health.account.state != State.CONNECTED:
        health.lag_about = _("growing")


def _say_gaps(health: Health, facts: _Facts) -> None:
    if facts.open_gaps:
        health.gaps = _("%(n)d open") % {"n": facts.open_gaps}
    elif facts.gaps:
        health.gaps = str(facts.gaps)
    if facts.last_gap:
        health.gaps_about = _since(facts.last_gap) if facts.open_gaps else _("recovered, or told in the ledger")


def _say_budget(health: Health, facts: _Facts) -> None:
    account, used = health.account, facts.used
    if account.state != State.CONNECTED:
        health.budget_about = _("stands still")
    elif account.daily_money:
        money = used.money if used else 0
        health.budget = min(100, round(100 * float(money) / float(account.daily_money)))
        health.budget_about = _("%(n)d %% of today’s $%(most)s") % {
            "n": health.budget,
            "most": account.daily_money.normalize(),
        }
    elif account.daily_calls:
        health.budget = min(100, round(100 * (used.calls if used else 0) / account.daily_calls))
        health.budget_about = _("%(n)d %% of today’s calls") % {"n": health.budget}
    elif facts.windows:
        tightest = min(facts.windows, key=lambda w: (w.remaining or 0) / (w.limit or 1))
        health.budget = max(0, min(100, round(100 - 100 * (tightest.remaining or 0) / (tightest.limit or 1))))
        health.budget_about = _("%(n)d %% of what the platform allows") % {"n": health.budget}
    else:
        health.budget_about = _("no ceiling")


def _say_access(health: Health) -> None:
    account, ends = health.account, health.account.token_expires_at
    if account.state == State.LOST:
        health.access, health.access_about, health.access_light = _("Withdrawn"), _("or expired"), "late"
    elif ends is None:
        health.access = _("Renews itself")
    else:
        days = (ends - timezone.now()).days
        health.access = _("Until %(day)s") % {"day": date_format(timezone.localtime(ends), "j M")}
        health.access_about = ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}
        health.access_light = "late" if days <= 3 else "warn" if days <= RENEW_DAYS else ""
    if account.missing_scopes and not health.access_about:
        missing = len(account.missing_scopes)
        health.access_about = ngettext("%(n)d permission missing", "%(n)d permissions missing", missing) % {
            "n": missing
        }


def _say_problem(health: Health, facts: _Facts) -> None:
    account = health.account
    health.problem = _("The platform no longer accepts our access, since %(time)s.") % {
        "time": _time(account.state_since)
    }
    waiting = _("Since then we fetch nothing.")
    if facts.waiting:
        waiting = ngettext(
            "Since then we fetch nothing and %(n)d reply waits.",
            "Since then we fetch nothing and %(n)d replies wait.",
            facts.waiting,
        ) % {"n": facts.waiting}
    windows = [spec.window_days for spec in account.capabilities.streams if spec.window_days]
    safe = _("What people write now is fetched once you reconnect.")
    if windows:
        ends = account.state_since + timedelta(days=min(windows))
        safe = _("Nothing is lost yet: connect before %(day)s.") % {"day": _time(ends)}
    health.safe = f"{waiting} {safe}"


def _draw_week(health: Health, facts: _Facts) -> None:
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in range(6, -1, -1)]
    numbers = [facts.days.get(day, 0) for day in days]
    most = max(*numbers, 1)
    for at, (day, number) in enumerate(zip(days, numbers, strict=True)):
        height = max(1, round(30 * number / most))
        look = "bar" if day == today else "dim"
        if day == today and health.account.state == State.LOST:
            look, height = "hole", 29
        health.week.append(Bar(at * 16, 32 - height, height, date_format(day, "D")[:1].lower(), number, look))
    health.today = numbers[-1]
    told = ", ".join(f"{date_format(day, 'l')} {number}" for day, number in zip(days, numbers, strict=True))
    health.week_words = _("Messages a day: %(days)s") % {"days": told}


def span(length: timedelta) -> str:
    """6 seconds, 4:10 min, 3:32 hours, 2 days."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 3600:
        return _("%(time)s min") % {"time": f"{seconds // 60}:{seconds % 60:02d}"}
    if seconds < 172_800:
        return _("%(time)s hours") % {"time": f"{seconds // 3600}:{seconds % 3600 // 60:02d}"}
    return ngettext("%(n)d day", "%(n)d days", seconds // 86_400) % {"n": seconds // 86_400}


def _time(at: datetime) -> str:
    local = timezone.localtime(at)
    hour = f"{local.hour}:{local.minute:02d}"
    return hour if local.date() == timezone.localdate() else f"{date_format(local, 'j M')} {hour}"


def _since(at: datetime) -> str:
    return _("since %(time)s") % {"time": _time(at)}
