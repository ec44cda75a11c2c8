"""Rows within a row, read at once: a list of objects as one JSON value, or how many there are."""

from __future__ import annotations

from typing import Any

from django.db.models import IntegerField, JSONField, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject


class _Parsed(JSONField):
    """JSON as the driver gives it. Most rows have none in them, and then there is nothing to parse."""

    def from_db_value(self, value: Any, *_: Any) -> Any:
        return [] if value is None else value


class Rows(Subquery):
    """These columns of a query's rows, as a list of dictionaries in its order; moments are ISO texts there.

    An array of JSON objects says the same, but is then taken apart and parsed piece by piece.
    """

    template = """(SELECT json_agg(nested."object") FROM (%(subquery)s) nested)"""

    def __init__(self, found: QuerySet[Any], most: int | None, **columns: Any) -> None:
        super().__init__(found.values(object=JSONObject(**columns))[:most], output_field=_Parsed())


class Capped(Subquery):
    """How many rows a query has, counted no further than this."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"

    def __init__(self, found: QuerySet[Any], most: int) -> None:
        rows = found.order_by().values(one=Value(1))  # no column, so that an index is enough
        super().__init__(rows[:most], output_field=IntegerField())
