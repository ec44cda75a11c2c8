from datetime import UTC, datetime
from typing import Any

import psycopg
from django.apps import AppConfig
from django.db.backends.signals import connection_created
from psycopg.types.datetime import TimestamptzLoader

MOMENT = psycopg.adapters.types["timestamptz"].oid


class InboxConfig(AppConfig):
    """The inbox."""

    name = "inbox"

    def ready(self) -> None:
        from inbox import checks

        connection_created.connect(read_moments_quickly)
        connection_created.connect(work_alone)


class QuickMoments(TimestamptzLoader):
    """A moment in UTC, read in one go: a page reads some hundred, and the driver's own way takes ten times as long."""

    timezone = UTC  # Django looks here whether the connection's moments are read as they should be

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # beyond the years that Python knows: the driver says so
            return super().load(data)


def read_moments_quickly(connection: Any, **_: Any) -> None:
    """On every new connection that speaks UTC, as Django's do."""
    if connection.timezone == UTC:
        connection.connection.adapters.register_loader(MOMENT, QuickMoments)


def work_alone(connection: Any, **_: Any) -> None:
    """No statement of ours is spread over several processes of PostgreSQL, and each has room for a search.

    It cannot know how rare a word is, and expects much of every search: starting two more processes took a busy
    server twenty to a hundred and fifty milliseconds, for an answer that took one of them less than one. With less
    room it forgets where on a page the hits of a word stand, and reads all that is there again.
    """
    with connection.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0")
        cursor.execute("set work_mem = '32MB'")
