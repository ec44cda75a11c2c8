"""Rows straight into tables: COPY under ids taken beforehand. A row that exists already is a `IntegrityError`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model
from psycopg.types.json import Jsonb


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY these rows; nothing happens for none. Values are of their column's own kind, JSON is `as_json`.

    Binary: nothing is written out as text, with its quotes escaped, and read back on the other side.
    """
    rows = list(rows)
    if not rows:
        return
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN (FORMAT binary)"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(_types(model, tuple(columns)))
        try:
            for row in rows:
                copy.write_row(row)
        except (TypeError, OverflowError) as error:  # not what the column holds
            raise psycopg.DataError(str(error)) from error


@cache
def _types(model: type[Model], columns: tuple[str, ...]) -> list[str]:
    types = {one.column: one.db_type(connection) or "" for one in model._meta.fields}
    return [types[name].partition("(")[0] for name in columns]


def as_json(text: str) -> Jsonb:
    """JSON that is text already, for a `jsonb` column."""
    return Jsonb(text, dumps=str.encode)


class Keys:
    """New primary keys, taken in one go when the first is asked for; those that are left over are lost."""

    def __init__(self, **most: int) -> None:
        self.most = most  # per table
        self.left: dict[str, list[int]] = {}

    def next(self, table: str) -> int:
        """The lowest that is left."""
        if not self.left:
            each = (f"ARRAY(SELECT nextval('{name}_id_seq') FROM generate_series(1, %s))" for name in self.most)
            row = fetch(f"SELECT {', '.join(each)}", list(self.most.values()))[0]
            self.left = {name: ids[::-1] for name, ids in zip(self.most, row, strict=True)}
        return self.left[table].pop()


def _cursor() -> psycopg.Cursor[Any]:
    """Parameters travel beside the statement: hundreds of keys are not written into it and read out of it again.

    Plans are made anew each time: one that was made when the tables were small reads them whole for long afterwards.
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    return psycopg.Cursor(connection.connection)


def fetch(statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """All rows of a query."""
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def execute(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """How many rows it touched."""
    with connection.wrap_database_errors, _cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def records(rows: list[dict[str, Any]]) -> str:
    """For `jsonb_to_recordset`: many rows as one parameter."""
    return json.dumps(rows, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
