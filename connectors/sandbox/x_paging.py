"""X's way of walking through a list: newest first, with a token for the page behind and one for the page before."""

from __future__ import annotations

import base64
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.sandbox.clock import parse
from connectors.sandbox.world import X_EPOCH
from connectors.sandbox.x_errors import invalid

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call


class Place(NamedTuple):
    """Where a page begins: below `key`, or above it when going back; `page` counts from 0."""

    key: int = 0
    page: int = 0
    back: bool = False

    def token(self) -> str:
        """As the client hands it back."""
        raw = f"{self.key}.{self.page}{'.b' if self.back else ''}"
        return base64.b32encode(raw.encode()).decode().rstrip("=").lower()


def place(call: Call) -> Place:
    """The page that is asked for."""
    name = "next_token" if "next_token" in call.query else "pagination_token"
    raw = call.query.get(name, "")
    if not raw:
        return Place()
    try:
        key, page, *back = base64.b32decode(raw.upper() + "=" * (-len(raw) % 8)).decode().split(".")
        return Place(int(key), int(page), bool(back))
    except ValueError:
        raise invalid(name, raw, f"The `{name}` query parameter value [{raw}] is not valid") from None


def size(call: Call, *, lowest: int, default: int) -> int:
    """How many are wanted."""
    raw = call.query.get("max_results", str(default))
    if not raw.isdecimal() or not lowest <= int(raw) <= 100:
        message = f"The `max_results` query parameter value [{raw}] is not between {lowest} and 100"
        raise invalid("max_results", raw, message)
    return int(raw)


def walk(ids: list[int], at: Place, *, low: int, high: int) -> Iterator[int]:
    """The ids between two others from a place on, in the direction of reading."""
    if at.back:
        yield from ids[bisect_right(ids, max(low, at.key)) : bisect_left(ids, high)]
        return
    first, last = bisect_right(ids, low), bisect_left(ids, min(at.key or high, high))
    for index in range(last - 1, first - 1, -1):
        yield ids[index]


def turned(found: list[Any], at: Place, *, count: int) -> tuple[list[Any], dict[str, Any]]:
    """One page, newest first, of what was found (one more than asked when there is more), and its meta."""
    more, shown = len(found) > count, found[:count]
    if at.back:
        shown.reverse()
    meta: dict[str, Any] = {"result_count": len(shown)}
    if shown and (more or at.back):
        meta["next_token"] = Place(int(shown[-1].id), at.page + 1).token()
    if shown and (more if at.back else at.page):
        meta["previous_token"] = Place(int(shown[0].id), max(at.page - 1, 0), back=True).token()
    return shown, meta


def moment(name: str, value: str) -> int:
    """A time parameter in milliseconds."""
    try:
        if "T" not in value:
            raise ValueError
        return parse(value)
    except ValueError:
        raise invalid(
            name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date"
        ) from None


def bounds(call: Call, oldest: int) -> tuple[int, int]:
    """The ids between which a request looks, both excluded."""
    query = call.query
    low, high = (oldest - X_EPOCH) << 22 if oldest else 0, 1 << 63
    for name in ("since_id", "until_id"):
        if name in query and not (query[name].isdecimal() and len(query[name]) < 20):
            raise invalid(name, query[name], f"The `{name}` query parameter value [{query[name]}] is not valid")
    if "since_id" in query:
        low = max(low, int(query["since_id"]))
    if "until_id" in query:
        high = int(query["until_id"])
    if "start_time" in query:
        low = max(low, ((moment("start_time", query["start_time"]) - X_EPOCH) << 22) - 1)
    if "end_time" in query:
        high = min(high, (moment("end_time", query["end_time"]) - X_EPOCH) << 22)
    return low, high
