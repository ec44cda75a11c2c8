"""Texts and payloads as their columns take them, whatever a connector gave."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from connectors.payloads import clean_text, storable_text

DEEPEST = 60
# Made once: `dumps` makes one for every payload. What contains itself ends in a RecursionError without a check
PLAIN = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False)


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
        return storable_text(value)
    if isinstance(value, dict):
        return {_storable(str(key), depth): _storable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item, depth - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, int | float | bool) or value is None else str(value)
