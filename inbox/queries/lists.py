"""The list of conversations: a queue, filters, a sort, and pages by key, both ways. Never an offset or a count."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.db.models import BigIntegerField, F, Func, Q, QuerySet, Value
from django.utils import timezone

from inbox.models import Agent, Brand, Conversation, Delivery, Notification, Visibility
from inbox.prepared import rows_of
from inbox.queries import rows
from inbox.queries.queues import EVERY, SEARCH, Queue
from inbox.queries.rows import Row

PAGE, REFRESHED = 50, 200
# Each is a walk over an index of its own, whoever asks and however much stands there: one plan is right for all
WALKED = {"mine", "unassigned", "all", "compliments", "pending", "resolved"}
# name -> (column, descending)
SORTS: dict[str, tuple[str, bool]] = {
    "waiting": ("waiting_since", False),
    "newest": ("last_message_at", True),
    "growth": ("growth", True),
    "wake": ("snoozed_until", False),
}
NULLABLE = {"waiting_since", "snoozed_until"}
CHOICES = {
    "kind": set(Conversation.Kind.values) - {""},
    "feeling": set(Conversation.Feeling.values) - {""},
    "visibility": set(Visibility.values),
    "proactive": {"1", "0"},
}
NUMBERS = ("account", "label", "assignee", "team", "thread", "contact")
BIGGEST, SMALLER = 2**63 - 1, 2**31 - 1  # of an id, and of what is sorted by
# A place in a list begins with one of them, a moment in microseconds
NUMBER, MOMENT = re.compile("i-?[0-9]{1,18}"), re.compile("t[0-9]{1,16}")


@dataclass(frozen=True)
class ListQuery:
    """What the address of a list asks for. What is not understood is left out."""

    brand: Brand
    agent: Agent
    queue: Queue
    filters: Mapping[str, str] = field(default_factory=dict)
    q: str = ""
    sort: str = "waiting"
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, brand: Brand, agent: Agent, queue: str, asked: Mapping[str, Any]) -> ListQuery:
        """Read the query string of the screen."""
        filters = {name: asked[name] for name in CHOICES if asked.get(name) in CHOICES[name]}
        filters |= {name: asked[name] for name in NUMBERS if _is_id(str(asked.get(name, "")))}
        if asked.get("assignee") in {"none", "me"}:
            filters["assignee"] = asked["assignee"]
        known = EVERY[queue]
        sort = asked.get("sort", "")
        return cls(
            brand=brand, agent=agent, queue=known, filters=filters, q=_clean(str(asked.get("q", "")))[:200],
            sort=sort if sort in known.sorts else known.sort, after=str(asked.get("after", ""))[:80],
            before=str(asked.get("before", ""))[:80],
        )  # fmt: skip

    @property
    def number(self) -> int:
        """Which page of what a search found."""
        place = self.after or self.before
        return int(place) if len(place) < 3 and _is_id(place) else 1

    def query(self, **changes: str | None) -> str:
        """The query string with some of it changed; None takes a part away. Without a place in the list."""
        parts = {**({"q": self.q} if self.q else {}), **self.filters}
        if self.sort != self.queue.sort:
            parts["sort"] = self.sort
        parts.update({name: value for name, value in changes.items() if value is not None})
        for name, value in changes.items():
            if value is None:
                parts.pop(name, None)
        return urlencode(parts)


@dataclass(frozen=True)
class Page:
    """A stretch of the list, and where the next and previous begin ("" when there is none)."""

    rows: list[Row]
    after: str = ""
    before: str = ""


def page_of(asked: ListQuery, *, team_ids: list[int], size: int = PAGE) -> Page:
    """The rows asked for, with their labels and who is looking: one statement."""
    backwards = bool(asked.before)
    made = _slice(asked, team_ids, backwards=backwards, size=size + 1)
    more, made = len(made) > size, made[:size]
    if backwards:
        made.reverse()
    following = bool(made) and (more or backwards)
    preceding = bool(made) and (more if backwards else bool(asked.after))
    return Page(
        rows=rows.dress(made, brand=asked.brand, besides=asked.agent),
        after=key_of(made[-1], asked.sort) if following else "",
        before=key_of(made[0], asked.sort) if preceding else "",
    )


def rows_by_id(asked: ListQuery, ids: Iterable[int], *, team_ids: list[int]) -> list[Row]:
    """Those of these rows that still stand in this list, to refresh what a browser shows."""
    return rows.dress(_these(asked, team_ids, ids), brand=asked.brand, besides=asked.agent)


def narrowed(asked: ListQuery, *, team_ids: list[int], among: list[int] | None = None) -> QuerySet[Conversation] | None:
    """What a search with these filters is about (of these few), newest first; None when it is all of the brand."""
    if asked.queue is SEARCH and not asked.filters and among is None:
        return None
    newest = replace(asked, sort="newest")
    found = filtered(newest, team_ids=team_ids)
    return _ordered(found if among is None else found.filter(pk__in=among), newest, "whole", {}, backwards=False)


def found_page(asked: ListQuery, ids: list[int], *, team_ids: list[int], more: bool) -> Page:
    """What a search found, in its order. Its pages have numbers: what is found has no other place."""
    those = {row.pk: row for row in _these(asked, team_ids, ids)}
    page = asked.number
    return Page(
        rows=rows.dress([those[pk] for pk in ids if pk in those], brand=asked.brand, besides=asked.agent),
        after=str(page + 1) if more else "",
        before=str(page - 1) if page > 1 else "",
    )


def filtered(asked: ListQuery, *, team_ids: list[int]) -> QuerySet[Conversation]:
    """The conversations of a queue, filtered, in no order yet."""
    found: QuerySet[Conversation] = Conversation.objects.filter(asked.queue.where, brand=asked.brand)
    found = _personal(found, asked, team_ids)
    for name in ("kind", "feeling", "visibility"):
        if name in asked.filters:
            found = found.filter(**{name: asked.filters[name]})
    if "proactive" in asked.filters:
        found = found.filter(proactive=asked.filters["proactive"] == "1")
    for name in ("account", "team", "thread", "contact"):
        if name in asked.filters:
            found = found.filter(**{f"{name}_id": int(asked.filters[name])})
    if "label" in asked.filters:
        found = found.filter(Q(labelled__label_id=int(asked.filters["label"])) & _label_side(asked.queue))
    assignee = asked.filters.get("assignee")
    if assignee == "none":
        found = found.filter(assignee=None)
    elif assignee:
        found = found.filter(assignee_id=asked.agent.pk if assignee == "me" else int(assignee))
    return found


def _label_side(queue: Queue) -> Q:
    """What the label's own rows know of the queue, so that its index is enough."""
    return Q(labelled__open=True) if ("status", "open") in queue.where.children else Q()


def _personal(found: QuerySet[Conversation], asked: ListQuery, team_ids: list[int]) -> QuerySet[Conversation]:
    name = asked.queue.name
    if name == "mine":
        return found.filter(assignee=asked.agent)
    if name == "team":
        return found.filter(team_id=team_ids[0]) if len(team_ids) == 1 else found.filter(team_id__in=team_ids)
    if name == "mentioned":
        told = Notification.objects.filter(agent=asked.agent, kind=Notification.Kind.MENTIONED)
        return found.filter(pk__in=told.order_by("-pk").values("conversation_id")[:500])
    if name == "minded":
        waiting = Delivery.objects.filter(state__in=["failed", "uncertain"], handled_at=None)
        return found.filter(pk__in=waiting.values("conversation_id"))
    return found


def _slice(asked: ListQuery, team_ids: list[int], *, backwards: bool, size: int) -> list[Row]:
    """Rows beyond the key. What has no value in the sort column stands last."""
    column, read = SORTS[asked.sort][0], partial(_part, asked, team_ids, backwards=backwards)
    place = _place(asked.before or asked.after)
    if place is None or isinstance(place[0], int) != (column == "growth"):  # none, or of another sort
        return read("whole", {}, most=size)
    value, pk = place
    if value is None:  # the key stands among those without a value
        made = read("empty beyond", {"pk": pk}, most=size)
        return made + read("valued", {}, most=size - len(made)) if backwards and len(made) < size else made
    made = read("beyond", {"value": value, "pk": pk}, most=size)
    if column in NULLABLE and not backwards and len(made) < size:
        made += read("empty", {}, most=size - len(made))
    return made


def _these(asked: ListQuery, team_ids: list[int], ids: Iterable[int]) -> list[Row]:
    """The first of these that stand in the list, in no order."""
    those = ",".join(map(str, itertools.islice(ids, REFRESHED)))
    return _part(asked, team_ids, "these", {"ids": those}, backwards=False, most=REFRESHED) if those else []


def _part(
    asked: ListQuery, team_ids: list[int], part: str, place: dict[str, Any], *, backwards: bool, most: int
) -> list[Row]:
    """One part of a list, in its order: the statement of each kind of list is written once (see inbox.prepared)."""
    numbers = {name: int(value) for name, value in asked.filters.items() if _is_id(value) and name in NUMBERS}
    teams = {f"team{n}": pk for n, pk in enumerate(team_ids)}
    fixed = tuple(sorted((name, "" if name in numbers else value) for name, value in asked.filters.items()))
    shape = ("list", asked.queue.name, asked.sort, part, backwards, most, fixed, len(teams))

    def build(*, brand: int, agent: int, **marks: Any) -> QuerySet[Conversation, Any]:
        filters = {**asked.filters, **{name: str(marks[name]) for name in numbers}}
        marked = replace(asked, brand=Brand(pk=brand), agent=Agent(pk=agent), filters=filters)
        found = filtered(marked, team_ids=[marks[name] for name in teams])
        if part == "these":
            return rows.shown(found.filter(pk__in=_Each(Value(marks["ids"]))))[:most]
        return rows.shown(_ordered(found, marked, part, {name: marks[name] for name in place}, backwards))[:most]

    values = {"brand": asked.brand.pk, "agent": asked.agent.pk, **numbers, **teams, **place}
    planned = part in {"whole", "these"} and not asked.filters and asked.queue.name in WALKED
    return [Row(*one) for one in rows_of(shape, build, values, planned=planned)]


class _Each(Func):
    """The numbers in a text. However many there are, the statement is the same."""

    template = "SELECT unnest(string_to_array(%(expressions)s, ',')::bigint[])"
    output_field = BigIntegerField()


def _ordered(
    found: QuerySet[Conversation], asked: ListQuery, part: str, place: dict[str, Any], backwards: bool
) -> QuerySet[Conversation]:
    column, descending = SORTS[asked.sort]
    if column == "last_message_at" and "label" in asked.filters:
        column = "label_at"  # the same moment, in the label's own index
        found = found.annotate(label_at=F("labelled__last_message_at"))
    if part.startswith("empty"):
        found = found.filter(**{f"{column}__isnull": True})
        found = found.filter(_beyond(None, None, place["pk"], down=backwards)) if place else found
        return found.order_by("-pk" if backwards else "pk")
    down = descending != backwards
    if part in {"valued", "beyond"}:
        found = found.filter(**{f"{column}__isnull": False})
    if place:
        found = found.filter(_beyond(column, place["value"], place["pk"], down=down))
    return found.order_by(*_order(column, down=down))


def _order(column: str, *, down: bool) -> list[Any]:
    if column in NULLABLE:  # first when walking backwards: there they are met first
        return [F(column).desc(nulls_first=True) if down else F(column).asc(nulls_last=True), "-pk" if down else "pk"]
    return [F(column).desc() if down else F(column).asc(), "-pk" if down else "pk"]


def _beyond(column: str | None, value: Any, pk: int, *, down: bool) -> Q:
    side = "lt" if down else "gt"
    past = Q(**{f"pk__{side}": pk})
    if column is None:
        return past
    return Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | past)


def key_of(row: Row | Conversation, sort: str) -> str:
    """Where a row stands in a sort: its value and its id."""
    value = getattr(row, SORTS[sort][0])
    if isinstance(value, datetime):
        return f"t{round(value.timestamp() * 1_000_000)}.{row.pk}"
    return f"n.{row.pk}" if value is None else f"i{value}.{row.pk}"


def _place(key: str) -> tuple[Any, int] | None:
    head, _, tail = key.partition(".")
    if not _is_id(tail):
        return None
    if head == "n":
        return None, int(tail)
    if NUMBER.fullmatch(head):
        return max(-SMALLER, min(SMALLER, int(head[1:]))), int(tail)
    if MOMENT.fullmatch(head):
        seconds, micro = divmod(int(head[1:]), 1_000_000)
        return datetime.fromtimestamp(seconds, tz=timezone.get_default_timezone()).replace(microsecond=micro), int(tail)
    return None


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:25]) <= BIGGEST


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()
