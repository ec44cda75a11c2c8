"""Text and payloads as they may be stored: NFC, no NUL, mis-decoded UTF-8 repaired only where that is certain."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any

import ftfy
import orjson
from ftfy.badness import is_bad

MISREAD = re.compile(
    "[ÃÂâðÅÄ][\u0080-\u00bf\u0152-\u2122]"
)  # what UTF-8 looks like when read as Latin-1 or Windows-1252
DEEPEST = 60
# Made once: `dumps` makes one for every payload. What contains itself ends in a RecursionError without a check
PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)


def clean_text(text: str) -> str:
    """The text as a person meant it."""
    if text.isascii():
        return text.replace("\0", "")
    text = _paired(text.replace("\0", ""))
    if MISREAD.search(text):
        text = _repaired(text)
    return unicodedata.normalize("NFC", text)


def _repaired(text: str) -> str:
    fixed = ftfy.fix_encoding(text)
    return fixed if is_bad(text) and not is_bad(fixed) else text


def _paired(text: str) -> str:
    """Half a surrogate pair cannot be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clip(text: str | None, length: int) -> str:
    """For what is only shown: cleaned, and cut to its column."""
    return clean_text(text)[:length] if text else ""


def address(url: str | None, length: int = 1000) -> str:
    """An address is whole or absent."""
    cleaned = clean_text(url) if url else ""
    return cleaned if len(cleaned) <= length else ""


def json_text(value: Any) -> str:
    """The payload as JSON that PostgreSQL takes, whatever the platform put into it."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # numbers of more than 64 bits, keys that are no text, ...: Python's own takes more
        return _careful(value)
    # A number that is none becomes null, and so does nothing: which of them it was, only the careful one tells
    return _careful(value) if b"null" in text or b"\\u0000" in text else text.decode()


def _careful(value: Any) -> str:
    try:
        text = PLAIN.encode(value)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return json.dumps(_storable(value, DEEPEST))
    return json.dumps(_storable(value, DEEPEST)) if "\\u0000" in text else text


def _storable(value: Any, depth: int) -> Any:
    if depth == 0:
        return clean_text(ascii(value)[:1000]) if not isinstance(value, dict | list) else "…"
    if isinstance(value, str):
        return _paired(value.replace("\0", ""))
    if isinstance(value, dict):
        return {_storable(str(key), depth): _storable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, int | float | bool) or value is None else str(value)
