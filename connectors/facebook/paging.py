"""From one page of an edge to the next."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.exceptions import TemporaryFailure
from connectors.facebook.values import entry, identifier, words
from connectors.payloads import glimpse

LONGEST = 2_000  # characters of a cursor
EMPTY = 10  # pages in a row without anything: there is no end to them
PAGING = {"after", "until", "since", "offset", "__paging_token"}


def following(answer: dict[str, Any]) -> str:
    """The cursor of the next page; "" at the end. An empty page need not be the last.

    TemporaryFailure when there is more and no way to it: taken for the end, it would lose what follows.
    """
    paging = answer.get("paging") or {}
    if isinstance(paging, dict) and not paging.get("next"):
        return ""
    after = _cursor(paging) if isinstance(paging, dict) else ""
    if not 0 < len(after) <= LONGEST:
        raise TemporaryFailure(f"No way to what follows: {glimpse(paging)}", code="shape")
    return after


def _cursor(paging: dict[str, Any]) -> str:
    after = entry(paging.get("cursors")).get("after")
    told = str(after) if isinstance(after, str | int) and not isinstance(after, bool) else ""
    return told or _timed(words(paging["next"]))


def _timed(link: str) -> str:
    """Some edges page by time: their `next` has `until` and a token, and there are no cursors."""
    kept = [pair for pair in parse_qsl(urlsplit(link).query) if pair[0] in PAGING]
    return f"?{urlencode(kept)}" if kept else ""


def turned(after: str) -> dict[str, str]:
    """The parameters that turn to the page which `following` named."""
    if after.startswith("?"):
        return dict(parse_qsl(after[1:]))
    return {"after": after} if after else {}


def goes_round(trail: dict[str, Any], items: list[Any]) -> bool:
    """Whether a walk has come where it was before, or nowhere for long. `trail` is what it remembers of its way.

    A page is kept to compare with at the first, second, fourth, eighth … step: any circle comes by it again.
    """
    ids = [identifier(entry(item).get("id")) for item in items]
    page = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16] if items else ""
    again = bool(page) and page == trail.get("page")
    step, empty = trail.get("step", 0) + 1, 0 if items else trail.get("empty", 0) + 1
    trail |= {"step": step, "empty": empty}
    if step & (step - 1) == 0:
        trail["page"] = page
    return again or empty >= EMPTY
