"""Statements whose text the ORM writes once a process: writing one takes several times as long as running it.

A query is built once with marks in place of its values; after that its text is kept, and only values are put in.
What may be a value: whole numbers, texts and moments, never None, and never anything that changes the text itself
(that belongs in the shape).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet

MOST = 2000  # shapes of lists that a process remembers; there are some thousands, and nobody needs them all
FIRST = 2_000_000_000  # numbers up from here fit every column and are no constant of ours
LONG_AGO = datetime(1000, 1, 1, tzinfo=UTC)
_kept: dict[Hashable, _Statement] = {}


def prepared(build: Callable[..., QuerySet[Any]]) -> Callable[..., list[Any]]:
    """The rows of a query that always has the same text; `build` is called once, with a mark for every value."""

    @wraps(build)
    def read(**values: Any) -> list[Any]:
        return rows_of(build, build, values)

    return read


def rows_of(shape: Hashable, build: Callable[..., QuerySet[Any]], values: dict[str, Any]) -> list[Any]:
    """The rows of the query of this shape with these values; all queries of one shape have one text."""
    statement = _kept.get(shape)
    if statement is None:
        if len(_kept) >= MOST:
            _kept.clear()
        statement = _kept[shape] = _Statement(build, values)
    return statement.rows(values)


class _Statement:
    """The text, where each value goes, and what the ORM needs to make rows of the answer."""

    def __init__(self, build: Callable[..., QuerySet[Any]], values: dict[str, Any]) -> None:
        marks = {name: _mark(n, value) for n, (name, value) in enumerate(values.items())}
        self.found = build(**marks)
        self.compiler: Any = self.found.query.get_compiler(self.found.db)
        try:
            self.text, params = self.compiler.as_sql()
        except EmptyResultSet:  # "in none of these": the ORM knows without asking
            self.text, params = "", ()
        names = {mark: name for name, mark in marks.items()}
        # Numbers come as a type that says their width
        self.params = [(names[p], type(p)) if _may_be_mark(p) and p in names else (None, p) for p in params]
        if not self.text:
            return
        expressions = [column[0] for column in self.compiler.select[: self.compiler.col_count]]
        self.converters = self.compiler.get_converters(expressions)

    def rows(self, values: dict[str, Any]) -> list[Any]:
        if not self.text:
            return []
        params = tuple(
            what if name is None else what(values[name]) if issubclass(what, int) else values[name]
            for name, what in self.params
        )
        compiler = copy.copy(self.compiler)
        compiler.connection = connections[self.found.db]  # each thread has its own
        compiler.as_sql = lambda *_args, **_options: (self.text, params)
        compiler.get_converters = lambda _expressions: self.converters
        query = copy.copy(self.found.query)
        query.get_compiler = partial(_given, compiler)  # type: ignore[method-assign]
        found = object.__new__(type(self.found))
        found.__dict__ = {**self.found.__dict__, "_query": query, "_result_cache": None}
        return list(found)


def _given(compiler: Any, *_args: Any, **_options: Any) -> Any:
    return compiler


def _may_be_mark(value: Any) -> bool:
    return isinstance(value, int | str | datetime)


def _mark(n: int, value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return FIRST + n
    if isinstance(value, str):
        return f"\ue000{n}\ue000"
    if isinstance(value, datetime):
        return LONG_AGO + timedelta(seconds=n)
    raise TypeError(f"{value!r} cannot be put into a prepared statement.")
