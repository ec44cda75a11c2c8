"""Rows straight into tables: COPY under ids taken beforehand. A row that exists already is a `IntegrityError`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """COPY these rows; nothing happens for none."""
    rows = list(rows)
    if not rows:
        return
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def take_ids(**wanted: int) -> dict[str, list[int]]:
    """New primary keys per table: `take_ids(inbox_message=3)`."""
    wanted = {table: number for table, number in wanted.items() if number}
    if not wanted:
        return {}
    each = (f"ARRAY(SELECT nextval('{table}_id_seq') FROM generate_series(1, {n}))" for table, n in wanted.items())
    row = fetch(f"SELECT {', '.join(each)}")[0]
    return dict(zip(wanted, row, strict=True))


def fetch(statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def execute(statement: str, parameters: Sequence[Any] = ()) -> int:
    """How many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def records(rows: list[dict[str, Any]]) -> str:
    """For `jsonb_to_recordset`: many rows as one parameter."""
    return json.dumps(rows, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
