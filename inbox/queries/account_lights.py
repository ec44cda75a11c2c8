"""Whether an account works, as a light: for everybody's sidebar in one statement, and for the page of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from inbox.models import Brand, ChannelAccount, Stream
from inbox.prepared import prepared

State = ChannelAccount.State
STILL = (Stream.State.FAILING, Stream.State.STOPPED)
SHOWN = (
    "pk", "brand", "kind", "name", "handle", "state", "state_since", "retry_at", "trouble_code", "at_most_minutes_old",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Light:
    """`level` is "ok", "warn" or "late"; what it means is said in words, and the icon shows it without colour."""

    account: ChannelAccount
    level: str
    icon: str
    word: str
    about: str = ""


def lights_of(brand: Brand) -> list[Light]:
    """One light for each of a brand's accounts that was not removed, in one statement whatever their number."""
    shown = _accounts(brand=brand.pk)
    for one in shown:
        one.brand = brand
    return [light(one, still=one.still, behind=one.behind, proved=one.proved) for one in shown]


@prepared
def _accounts(*, brand: int) -> QuerySet[ChannelAccount]:
    on = Q(streams__enabled=True)
    shown = ChannelAccount.objects.filter(brand=brand).exclude(state=State.REMOVED).only(*SHOWN)
    return shown.order_by("kind", "name", "pk").annotate(
        still=Count("streams", filter=on & Q(streams__state__in=STILL)),
        behind=Count("streams", filter=on & Q(streams__state=Stream.State.BEHIND)),
        proved=Min("streams__complete_until", filter=on),
    )


def light(account: ChannelAccount, *, still: int, behind: int, proved: datetime | None) -> Light:
    """What is most amiss. `still` streams fail or stand still, `behind` catch up; all is in up to `proved`."""
    now, promised = timezone.now(), timedelta(minutes=account.at_most_minutes_old)
    if account.state != State.CONNECTED:
        lost = account.state == State.LOST
        look = ("late", "unplug") if lost else ("warn", "clock")
        return Light(account, *look, account.get_state_display(), since(account.state_since))
    if account.retry_at and account.retry_at > now:
        if account.trouble_code == "outage":
            return Light(account, "warn", "triangle-alert", _("No answer"), _("the platform is tried again by itself"))
        until = _("by the platform until %(time)s") % {"time": short(account.retry_at)}
        return Light(account, "warn", "gauge", _("Held back"), until)
    if still:
        return Light(account, "warn", "triangle-alert", _("Partly"))
    if proved and now - proved > promised:
        return Light(account, "warn", "gauge", _("Running behind"), since(proved))
    word = account.get_state_display()
    if behind:
        return Light(account, "ok", "refresh-cw", word, _("catching up"))
    return Light(account, "ok", "circle-check", word, _("everything is in") if proved else _("first look under way"))


def reasons() -> dict[str, str]:
    """Why a stream stands still or a gap is there, as sentences."""
    return {
        "outage": _("The platform did not answer"),
        "limited": _("The platform limited how often we may ask"),
        "authorization_lost": _("The platform withdrew our access"),
        "budget": _("The daily budget was used up"),
        "slowed_by_budget": _("slower, to stay within the budget"),
        "slowed_by_limit": _("slower, to stay within the limit"),
        "window": _("Older than the platform lets us read"),
        "ceiling": _("More than the platform lets us read back"),
        "no_end": _("The platform kept giving the same pages"),
        "part_unread": _("A part of the answer could not be read"),
        "paused": _("We paused it ourselves"),
        "permission_missing": _("A permission is missing"),
        "rejected": _("The platform refuses this request"),
        "lost": _("wait for reconnection"),
        "behind": _("still catching up"),
        "removed": _("The account was removed"),
    }


def short(at: datetime) -> str:
    """9:05 today, "3 mrt 9:05" on another day."""
    local = timezone.localtime(at)
    hour = f"{local.hour}:{local.minute:02d}"
    return hour if local.date() == timezone.localdate() else f"{date_format(local, 'j M')} {hour}"


def since(at: datetime) -> str:
    """Since when, within a sentence."""
    return _("since %(time)s") % {"time": short(at)}
