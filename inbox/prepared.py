"""Statements whose text the ORM writes once a process: writing one takes several times as long as running it.

A query is built once with marks in place of its values; after that its text is kept, and only values are put in.
What may be a value: whole numbers, texts and moments, never None, and never anything that changes the text itself
(that belongs in the shape).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import QuerySet

MOST = 2000  # shapes of lists that a process remembers; there are some thousands, and nobody needs them all
FIRST = 2_000_000_000  # numbers up from here fit every column and are no constant of ours
LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)
_kept: dict[Hashable, _Statement] = {}


def prepared(build: Callable[..., QuerySet[Any]]) -> Callable[..., list[Any]]:
    """The rows of a query that always has the same text; `build` is called once, with a mark for every value.

    PostgreSQL keeps its plan too, so it must be one that is right for all values: looking things up by their key.
    """

    @wraps(build)
    def read(**values: Any) -> list[Any]:
        return rows_of(build, build, values, planned=True)

    return read


def rows_of(
    shape: Hashable, build: Callable[..., QuerySet[Any]], values: dict[str, Any], *, planned: bool = False
) -> list[Any]:
    """The rows of the query of this shape with these values; all queries of one shape have one text."""
    statement = _kept.get(shape)
    if statement is None:
        if len(_kept) >= MOST:
            _kept.clear()
        statement = _kept[shape] = _Statement(build, values, planned=planned)
    return statement.rows(values)


class _Statement:
    """The text, where each value goes, and what the ORM needs to make rows of the answer."""

    def __init__(self, build: Callable[..., QuerySet[Any]], values: dict[str, Any], *, planned: bool) -> None:
        marks = {name: _mark(n, value) for n, (name, value) in enumerate(values.items())}
        self.planned, self.found = planned, build(**marks)
        self.compiler: Any = self.found.query.get_compiler(self.found.db)
        try:
            text, params = self.compiler.as_sql()
        except EmptyResultSet:  # "in none of these": the ORM knows without asking
            self.text = ""
            return
        self.text, self.places = _with_constants(text, params, {mark: name for name, mark in marks.items()})
        expressions = [column[0] for column in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(expressions)

    def rows(self, values: dict[str, Any]) -> list[Any]:
        if not self.text:
            return []
        params = tuple(width(values[name]) if width else values[name] for name, width in self.places)
        compiler = copy.copy(self.compiler)
        own = connections[self.found.db]  # each thread has its own
        compiler.connection = _Planning(own) if self.planned else own
        compiler.as_sql = lambda *_args, **_options: (self.text, params)
        compiler.get_converters = lambda _expressions: self.converters
        query = copy.copy(self.found.query)
        query.get_compiler = partial(_given, compiler)  # type: ignore[method-assign]
        found = object.__new__(type(self.found))
        found.__dict__ = {**self.found.__dict__, "_query": query, "_result_cache": None}
        return list(found)


class _Planning:
    """A connection whose cursors have PostgreSQL keep the plan: for a conversation, planning is most of the time."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def cursor(self) -> Any:
        if self.connection.queries_logged:  # only the ordinary way knows what was said, values and all
            return self.connection.cursor()
        self.connection.ensure_connection()
        return self.connection._prepare_cursor(_Keeping(self.connection.connection))  # type: ignore[call-arg]


class _Keeping(ServerBindingCursor):
    """Prepared at its first run. Other cursors of the connection, such as those that write, prepare nothing."""

    connection: Any

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, **options)  # type: ignore[misc]
        finally:
            self.connection.prepare_threshold = None


def _with_constants(
    text: str, params: Sequence[Any], names: dict[Any, str]
) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
    """The text with everything in it but values: only so can PostgreSQL see that a partial index will do."""
    places: list[tuple[str, Callable[[Any], Any] | None]] = []
    remaining = iter(params)
    with connections["default"].cursor() as cursor:

        def fill(found: re.Match[str]) -> str:
            if found.group() == "%%":
                return "%%"
            value = next(remaining)
            if isinstance(value, int | str | datetime) and value in names:
                # Numbers come as a type that says their width
                places.append((names[value], type(value) if isinstance(value, int) else None))
                return "%s"
            return str(cursor.mogrify("%s", [value])).replace("%", "%%")

        return re.sub("%[s%]", fill, text), places


def _given(compiler: Any, *_args: Any, **_options: Any) -> Any:
    return compiler


def _mark(n: int, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return FIRST + n
    if isinstance(value, str):
        return f"\ue000{n}\ue000"
    if isinstance(value, datetime):
        return LONG_AGO + timedelta(seconds=n)
    raise TypeError(f"{value!r} cannot be put into a prepared statement.")
