"""Written together; where that cannot be, apart, so that what no row can hold costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import DataError, IntegrityError, transaction

PYTHON = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
LOST_RACE = {"23505", "40P01", "40001"}  # unique violation, deadlock, serialization failure
TOO_MUCH = {"21", "54"}  # one row twice in a statement; more than an index, a text vector or a statement takes

T = TypeVar("T")


def lost_a_race(error: BaseException) -> bool:
    """Whether another writer was there first: begun again, it finds what that one wrote."""
    return _state(error) in LOST_RACE


def of_the_data(error: BaseException) -> bool:
    """Whether what was to be written may be to blame, rather than the database or our own statement."""
    return isinstance(error, (DataError, IntegrityError, *PYTHON)) or _state(error)[:2] in TOO_MUCH


def apart(
    items: Sequence[T], write: Callable[[Sequence[T]], None], *, again: bool = False
) -> list[tuple[T, Exception]]:  # fmt: skip
    """Write all at once, or in ever smaller parts; those that cannot be written, each with why. Other errors pass."""
    if not items:
        return []
    try:
        with transaction.atomic():
            write(items)
    except Exception as error:
        if not of_the_data(error):
            raise
        if len(items) == 1 and lost_a_race(error) and not again:
            return apart(items, write, again=True)
        if len(items) == 1:
            return [(items[0], error)]
    else:
        return []
    middle = len(items) // 2
    return apart(items[:middle], write) + apart(items[middle:], write)


def _state(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""
