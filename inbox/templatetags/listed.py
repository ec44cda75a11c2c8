"""The rows of a list. A row that was written before is not written again while all that it says is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from markupsafe import Markup, escape

from inbox.models import Agent
from inbox.queries.rows import Row
from inbox.templatetags import filters
from webcare.jinja import piece


def listed(
    rows: Sequence[Row], here: str, tail: str, agent: Agent, open_pk: int | None, *, caller: Callable[..., Markup]
) -> Markup:
    """Rows as `caller` writes one: it is given the row, its address, its norm, the time, and for whom it is.

    A row's address is its number between `here` and `tail`.
    """
    now, language = timezone.now(), get_language()
    day, here, tail = filters.calendar(now), escape(here), escape(tail)

    def one(row: Row) -> Markup:
        norm = filters.norm(row, now)
        waits = 0 if norm["state"] == "none" else filters.minutes(row.waiting_since, now)
        mine, selected = row.assignee_id == agent.pk, row.pk == open_pk
        looking = row.looking[0] if row.looking else None

        def write(at: Markup) -> Markup:
            return caller(row, at, norm, now, mine=mine, selected=selected)

        key = "row", language, row.facts, day, norm["state"], norm["share"], waits, looking, mine, selected
        return piece(key, write, f"{here}{row.pk}{tail}")

    return Markup("").join(map(one, rows))


GLOBALS: dict[str, Any] = {"listed": listed}
