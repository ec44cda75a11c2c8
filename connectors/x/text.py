"""X's way with text: how long it finds one, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import regex  # type: ignore[import-untyped]
from twitter_text import parse_tweet

from connectors.payloads import clean_text

LONGEST = 25_000  # no post or message is longer
_DOTS = 12  # the library's URL pattern takes minutes on ten thousand dotted characters
_JOINED = regex.compile(
    r"\p{Extended_Pictographic}[\p{EMod}\ufe0f]*(?:\u200d\p{Extended_Pictographic}[\p{EMod}\ufe0f]*)+"
)


def weighted_length(text: str) -> int:
    """The weighted length: most Latin 1, CJK and emoji 2, any URL 23.

    Rules: https://docs.x.com/fundamentals/counting-characters (2026-08).
    """
    if len(text) > LONGEST:
        return len(text)
    known = _JOINED.sub("😀", text)  # joined emoji newer than the library's list are one emoji too
    tame = re.sub(r"\S{40,}", lambda m: _tame(m[0]), known)
    return int(parse_tweet(tame).weightedLength)


def _tame(chunk: str) -> str:
    head, *tail = chunk.split(".", _DOTS)
    return ".".join([head, *tail[:-1], tail[-1].replace(".", ",")]) if len(tail) == _DOTS else chunk


def plain(text: str) -> str:
    """Text as a person typed it: X escapes exactly these three."""
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return clean_text(text)


def has_url(text: str) -> bool:
    """Whether X will find a link in it (a post with one costs thirteen times as much)."""
    return "." in text and bool(re.search(r"(?i)https?://\S|\b[\w-]+\.[a-z]{2,}(?:/|\b)", text))


def same_text(sent: str, found: str, entities: Any = None) -> bool:
    """Whether a post we found carries the text we sent: X shortens links and puts @names before replies."""
    return comparable(sent) == comparable(_expanded(plain(found), entities))


def comparable(text: str) -> str:
    """A text without what X changes on the way: leading @names, schemes of links, spacing."""
    text = clean_text(text)
    text = re.sub(r"^(?:\s*@\w{1,20}\s+)+", "", text + " ")
    text = re.sub(r"(?i)\bhttps?://(?:www\.)?(\S+?)/?(?=[\s)\]]|$)", r"\1", text)
    return " ".join(text.split())


def _expanded(text: str, entities: Any) -> str:
    urls = entities.get("urls") if isinstance(entities, Mapping) else None
    for url in urls if isinstance(urls, list) else ():
        if not isinstance(url, Mapping) or not isinstance(url.get("url"), str):
            continue
        media = url.get("media_key") or str(url.get("display_url", "")).startswith("pic.")
        text = text.replace(url["url"], "" if media else str(url.get("expanded_url") or url["url"]))
    return text
