"""What pages say about times, counts and people. Jinja2 filters and globals; no HTML is made here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.contrib.messages import get_messages
from django.db.models import Q
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connectors.registry import PLATFORMS
from inbox.models import Agent, ChannelAccount, Contact, Conversation, Label, Team
from inbox.models.teams import monogram
from inbox.operations.hiding import can_hide
from inbox.queries import conversation_words
from inbox.queries.conversation_times import feelings_of, presets
from inbox.queries.frame import frame_of
from inbox.queries.outbox_words import delivery_words, sentence
from inbox.templatetags import ledger
from inbox.templatetags.ledger import dated

SOON = 0.8  # the last fifth of the norm
DAYS = 48 * 60  # minutes, from where on days are told
LINK = re.compile(r"https?://[^\s<>\"']+")


def minutes(since: datetime | None, now: datetime | None = None) -> int:
    """How long somebody waits, in minutes; from the second day on, of whole days."""
    if since is None:
        return 0
    found = max(0, int(((now or timezone.now()) - since).total_seconds() // 60))
    return found if found < DAYS else found - found % 1440


def clock(since: datetime | None, now: datetime | None = None) -> str:
    """How long somebody waits: 0:47, 12:05, and days from the second day on."""
    if since is None:
        return ""
    found = minutes(since, now)
    if found >= DAYS:
        return ngettext("%(n)d day", "%(n)d days", found // 1440) % {"n": found // 1440}
    return f"{found // 60}:{found % 60:02d}"


def norm(conversation: Any, now: datetime | None = None) -> dict[str, Any]:
    """Where the waiting stands against the norm: within, in the last fifth, over.

    What is resolved keeps since when somebody waited, for when it is opened again; nobody waits meanwhile.
    """
    since, due, now = conversation.waiting_since, conversation.due_at, now or timezone.now()
    if since is None or conversation.status == Conversation.Status.RESOLVED:
        return {"state": "none", "share": 0}
    if due is None or due <= since:
        return {"state": "", "share": 0}
    share = (now - since) / (due - since)
    return {"state": "over" if share >= 1 else "soon" if share >= SOON else "", "share": min(100, int(share * 100))}


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """A time as one says it: 13:41 today, "ma 16 nov, 9:10" this year, with the year before that."""
    if at is None:
        return ""
    zone = timezone.get_current_timezone()
    local, today = at.astimezone(zone), (now or timezone.now()).astimezone(zone)
    hour = f"{local.hour}:{local.minute:02d}"
    if local.date() == today.date():
        return hour
    if local.year == today.year or abs(today - local) < timedelta(days=180):
        return f"{dated(local, 'D j M')}, {hour}"
    return f"{dated(local, 'j M Y')}, {hour}"


def day(at: datetime | None) -> str:
    """A date for a narrow place: 21 okt, with the year when it is not this one."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return dated(local, "j M" if local.year == timezone.localtime().year else "j M Y")


def lately(at: datetime | None) -> str:
    """When something was last heard of, for a narrow place: 13:41 today, 21 okt before that."""
    if at is not None and (local := timezone.localtime(at)).date() == timezone.localtime().date():
        return f"{local.hour}:{local.minute:02d}"
    return day(at)


def calendar(now: datetime) -> str:
    """The date and the place of the reader: what `moment`, `lately` and `day` say of a time changes with them."""
    return f"{timezone.localtime(now).date()} {timezone.get_current_timezone()}"


def who(conversation: Conversation) -> str:
    """What to call the person of a conversation: some have no handle, some no name."""
    identity = conversation.identity
    return (identity and (identity.name or identity.handle)) or conversation.contact.name or _("Somebody")


def iso(at: datetime | None) -> str:
    """For the datetime attribute."""
    return at.isoformat() if at else ""


def number(value: float | None) -> str:
    """12.418 in Dutch, 12,418 in English."""
    return "" if value is None else number_format(value, use_l10n=True, force_grouping=True)


def capped(value: int, most: int = 999) -> str:
    """A count that never grows wider than its place."""
    return f"{most}+" if value > most else str(value)


@lru_cache(maxsize=4096)
def safe_url(address: str | None) -> str:
    """The address when it is one to a web page; otherwise nothing, so that no other scheme becomes a link."""
    try:
        parts = urlsplit((address or "").strip())
    except ValueError:
        return ""
    return (address or "").strip() if parts.scheme in {"http", "https"} and parts.netloc else ""


def linked(text: str) -> Iterator[tuple[str, str]]:
    """Pieces of a text as (words, address or ""), so that the page can make links of what is one."""
    at = 0
    for found in LINK.finditer(text or ""):
        address = found.group().rstrip(".,;:!?)]}'\"’”")
        yield text[at : found.start()], ""
        yield address, safe_url(address)
        at = found.start() + len(address)
    yield (text or "")[at:], ""


def channel_label(kind: str) -> str:
    """The platform's name as people say it."""
    return PLATFORMS[kind].label.partition(" (")[0] if kind in PLATFORMS else kind


@lru_cache(maxsize=1)
def sprite() -> str:
    """The address of the icons."""
    return static("icons.svg")


def theme_of(request: HttpRequest) -> str:
    """light, dark, or nothing: as the system says."""
    agent = getattr(request, "user", None)
    return agent.theme if isinstance(agent, Agent) else ""


@lru_cache(maxsize=256)
def known_url(name: str, *args: Any) -> str:
    """The address of a view that may not be there."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def refusal(code: str, by: str = "") -> str:
    """Why something was not done, as a sentence."""
    sentences = {
        "taken": _("%(by)s already minds this.") % {"by": by or _("A colleague")},
        "not_yours": _("This is not yours."),
        "not_a_member": _("This person does not work for the brand."),
        "other_brand": _("That belongs to another brand."),
        "resolved": _("This has been resolved already. Reopen it first."),
        "reason_needed": _("Nobody answered this yet. Say why it can be closed."),
        "unknown_reason": _("That reason is not in use (any more)."),
        "in_the_past": _("Choose a moment that is still to come."),
        "changed_since": _("Somebody changed it since, so it was left as it is."),
        "leads_only": _("Only a team lead can do this."),
        "empty": _("There is nothing in it yet."),
        "unknown_kind": _("That kind is not known."),
        "unknown_feeling": _("That feeling is not known."),
        "gone": _("It is no longer there."),
        "name_taken": _("There is one with that name already."),
    }
    return sentences.get(code, _("That could not be done."))


def filter_words(asked: Any, name: str) -> str:
    """A filter that is on, in words."""
    value = asked.filters[name]
    if name == "kind":
        return str(Conversation.Kind(value).label)
    if name == "feeling":
        return str(Conversation.Feeling(value).label)
    if name == "visibility":
        return _("Private") if value == "private" else _("Public")
    if name == "proactive":
        return _("Proactive") if value == "1" else _("Reactive")
    if name == "assignee" and value in {"me", "none"}:
        return _("Mine") if value == "me" else _("Nobody")
    known = {"assignee": Agent, "account": ChannelAccount, "label": Label, "team": Team, "contact": Contact}
    fixed = {"thread": _("This thread")}
    if name in fixed:
        return fixed[name]
    model: Any = known[name]
    within = Q(memberships__brand=asked.brand) | Q(is_owner=True) if name == "assignee" else Q(brand=asked.brand)
    return str(model.objects.filter(within, pk=int(value)).first() or _("(unknown)"))


FILTERS: dict[str, Callable[..., Any]] = {
    "clock": clock, "norm": norm, "moment": moment, "day": day, "lately": lately, "calendar": calendar, "who": who,
    "iso": iso, "number": number, "capped": capped,
    "monogram": monogram, "safe_url": safe_url, "linked": linked, "refusal": refusal, **ledger.FILTERS,
}  # fmt: skip
GLOBALS: dict[str, Any] = {
    "sprite": sprite, "channel_label": channel_label, "channel_icon": str, "theme_of": theme_of, "frame_of": frame_of,
    "known_url": known_url, "filter_words": filter_words, "get_messages": get_messages, "now": timezone.now,
    "delivery_words": delivery_words, "reply_sentence": sentence, "can_hide": can_hide,
    "snooze_presets": presets, "feelings_of": feelings_of, **conversation_words.GLOBALS,
}  # fmt: skip
