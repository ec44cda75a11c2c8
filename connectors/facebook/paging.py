"""From one page of an edge to the next."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from connectors.facebook.values import entry, identifier, words

PAGING = {"after", "until", "since", "offset", "__paging_token"}


def following(answer: dict[str, Any]) -> str:
    """The cursor of the next page; "" at the end. An empty page need not be the last."""
    paging = entry(answer.get("paging"))
    if not paging.get("next"):
        return ""
    return identifier(entry(paging.get("cursors")).get("after")) or _timed(words(paging["next"]))


def _timed(link: str) -> str:
    """Some edges page by time: their `next` has `until` and a token, and there are no cursors."""
    kept = [pair for pair in parse_qsl(urlsplit(link).query) if pair[0] in PAGING]
    return f"?{urlencode(kept)}" if kept else ""


def turned(after: str) -> dict[str, str]:
    """The parameters that turn to the page which `following` named."""
    if after.startswith("?"):
        return dict(parse_qsl(after[1:]))
    return {"after": after} if after else {}
