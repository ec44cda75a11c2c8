"""How the accounts of a brand are doing, in words for the page and as a light for the sidebar."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.registry import PLATFORMS
from inbox.models import Brand, ChannelAccount, Delivery, Gap, RateWindow, Stream, Usage
from inbox.queries.account_charts import Chart, chart, holes, messages_a_day
from inbox.queries.account_lights import STILL, light, reasons, short, since

State = ChannelAccount.State
RENEW_DAYS = 14


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
    success: str = ""
    gaps: str = "0"
    gaps_about: str = ""
    budget: int | None = None
    budget_about: str = ""
    access: str = ""
    access_about: str = ""
    access_light: str = ""
    lacks: str = ""
    week: Chart | None = None
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
    days: dict[date, float] = field(default_factory=dict)
    holes: set[date] = field(default_factory=set)
    used: Usage | None = None
    windows: list[RateWindow] = field(default_factory=list)
    waiting: int = 0


def register(brand: Brand) -> list[Health]:
    """The page's rows, trouble first."""
    accounts = list(brand.accounts.exclude(state=State.REMOVED).order_by("kind", "name").defer("credentials"))
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
    for pk, found in _by_account(gaps).items():
        facts[pk].gaps, facts[pk].last_gap = len(found), max(gap.starts_at for gap in found)
        facts[pk].open_gaps = sum(gap.closed_at is None and gap.closable for gap in found)
        facts[pk].holes = holes(found)
    for pk, days in messages_a_day(accounts).items():
        facts[pk].days = days
    for used in Usage.objects.filter(account__in=accounts, day=today):
        facts[used.account_id].used = used
    for window in RateWindow.objects.filter(account__in=accounts, limit__gt=0, remaining__isnull=False):
        facts[window.account_id].windows.append(window)
    waiting = Delivery.objects.filter(account__in=accounts, state=Delivery.State.PENDING)
    for pk, number in waiting.order_by().values_list("account").annotate(Count("pk")):
        facts[pk].waiting = number
    return facts


def _by_account(gaps: QuerySet[Gap]) -> dict[int, list[Gap]]:
    rows: dict[int, list[Gap]] = defaultdict(list)
    for gap in gaps.select_related("stream").only("starts_at", "ends_at", "closed_at", "closable", "stream__account"):
        rows[gap.stream.account_id].append(gap)
    return rows


def _row(account: ChannelAccount, facts: _Facts) -> Health:
    health = Health(account)
    _judge(health, facts)
    _say_lag(health, facts)
    _say_gaps(health, facts)
    _say_budget(health, facts)
    _say_access(health)
    health.week = chart(_("Messages a day"), facts.days, holes=facts.holes)
    if account.state == State.LOST:
        _say_problem(health, facts)
    return health


def _judge(health: Health, facts: _Facts) -> None:
    still = [stream for stream in facts.streams if stream.state in STILL]
    behind = sum(stream.state == Stream.State.BEHIND for stream in facts.streams)
    found = light(health.account, still=len(still), behind=behind, proved=_proved(facts))
    health.light, health.icon, health.word, health.about = found.level, found.icon, found.word, found.about
    if still and not found.about:
        health.about = "; ".join(why(stream) for stream in still)


def why(stream: Stream) -> str:
    """Which stream stands still, and the reason in plain words."""
    reason = reasons().get(stream.reason, "")
    return f"{stream_name(stream)}: {reason[:1].lower()}{reason[1:]}" if reason else stream_name(stream)


def stream_name(stream: Stream) -> str:
    """What people call a stream."""
    names = {
        "mentions": _("mentions"), "direct": _("private messages"), "search": _("search"), "own_posts": _("own posts"),
        "comments": _("comments"), "visitor_posts": _("visitor posts"), "tagged": _("tagged posts"),
        "reviews": _("reviews"),
    }  # fmt: skip
    name = names.get(stream.kind, stream.kind)
    return f"{name} “{stream.name or stream.query}”" if stream.query else name


def _proved(facts: _Facts) -> datetime | None:
    """Up to when the slowest stream is proved complete."""
    return min((stream.complete_until for stream in facts.streams if stream.complete_until), default=None)


def _say_lag(health: Health, facts: _Facts) -> None:
    proved, minutes = _proved(facts), health.account.at_most_minutes_old
    health.lag = span(timezone.now() - proved) if proved is not None else _("not known yet")
    health.lag_about = _("at most %(n)d min") % {"n": minutes}
    if health.account.state != State.CONNECTED:
        health.lag_about = _("growing")
    last = max((stream.last_success_at for stream in facts.streams if stream.last_success_at), default=None)
    health.success = _("last success %(time)s") % {"time": short(last)} if last else ""


def _say_gaps(health: Health, facts: _Facts) -> None:
    if facts.open_gaps:
        health.gaps = _("%(n)d open") % {"n": facts.open_gaps}
    elif facts.gaps:
        health.gaps = str(facts.gaps)
    if facts.last_gap:
        health.gaps_about = since(facts.last_gap) if facts.open_gaps else _("recovered, or told in the ledger")


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
    if account.missing_scopes:
        costs = dict.fromkeys(cost for _scope, costs in losses(account.kind, account.missing_scopes) for cost in costs)
        health.lacks = _("Permission missing: no %(features)s") % {"features": ", ".join(costs)}


def _say_problem(health: Health, facts: _Facts) -> None:
    account = health.account
    health.problem = _("The platform no longer accepts our access, since %(time)s.") % {
        "time": short(account.state_since)
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
        safe = _("Nothing is lost yet: connect before %(day)s.") % {"day": short(ends)}
    health.safe = f"{waiting} {safe}"


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
