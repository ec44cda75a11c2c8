"""What the ledger says about times and figures. No HTML is made here."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox.queries.accounts import span
from inbox.queries.ledger_words import why_unread


def dated(at: date, pattern: str) -> str:
    """A date by a pattern of Django's for days; Dutch writes the names of days and months small, English does not."""
    return _dated(at.date() if isinstance(at, datetime) else at, pattern, get_language())


@lru_cache(maxsize=4096)
def _dated(at: date, pattern: str, language: str | None) -> str:
    words = date_format(at, pattern)
    return words.lower() if language == "nl" else words


def clock_time(at: datetime) -> str:
    """To the second: 14:50:02, with the day when that is not today."""
    local = timezone.localtime(at)
    time = f"{local.hour}:{local.minute:02d}:{local.second:02d}"
    return time if local.date() == timezone.localdate() else f"{dated(local, 'j M')} {time}"


def short_time(at: datetime) -> str:
    """3:10."""
    local = timezone.localtime(at)
    return f"{local.hour}:{local.minute:02d}"


def day_word(at: datetime) -> str:
    """Today, or "za 14 nov"."""
    local = timezone.localtime(at)
    return _("today") if local.date() == timezone.localdate() else dated(local, "D j M")


def span_until(at: datetime, now: datetime) -> str:
    """How long ago."""
    return span(now - at)


def seconds_span(seconds: float) -> str:
    """An interval: 15 s, 2 min."""
    return _("%(n)d s") % {"n": round(seconds)} if seconds < 120 else span(timedelta(seconds=round(seconds)))


def lower_first(text: str) -> str:
    """Within a sentence; an abbreviation stays as it is."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """At the start of a line."""
    return text[:1].upper() + text[1:]


def pretty_json(value: Any) -> str:
    """A payload as one reads it; the page escapes it."""
    return json.dumps(value, indent=2, ensure_ascii=False)[:20_000]


FILTERS: dict[str, Callable[..., Any]] = {
    "clock_time": clock_time, "short_time": short_time, "day_word": day_word, "span_until": span_until,
    "seconds_span": seconds_span, "lower_first": lower_first, "upper_first": upper_first, "pretty_json": pretty_json,
    "why_unread": why_unread,
}  # fmt: skip
