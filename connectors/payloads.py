"""JSON as a platform sends it into JSON that a database can keep."""

from __future__ import annotations

import codecs
import json
import math
import re
import reprlib
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89abAB-fcdefCDEF])")

MOST_ITEMS = 20_000  # of a page; a hundred are asked for


def parse_json(body: bytes | str) -> Any:
    """JSON that a database can keep: no NUL, no lone surrogates, no NaN. ValueError when it is not JSON."""
    text = body if isinstance(body, str) else _decoded(body)
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        return storable(value) if "\\u" in text and _UNSTORABLE_ESCAPE.search(text) else value
    except RecursionError:
        raise ValueError("nested too deep") from None


def storable(value: Any) -> Any:
    """The value with what no database stores replaced, in all its texts."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def storable_text(text: str) -> str:
    """The text with what no database stores replaced."""
    return _UNSTORABLE.sub("\ufffd", text)


_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 120


def glimpse(value: Any) -> str:
    """The beginning of a payload for a person to read, however large or deep it is."""
    return _brief.repr(value)[:400]


def _decoded(body: bytes) -> str:
    """UTF-8, as JSON must be; where it is not, the letters that were meant: UTF-16, or bytes of Windows-1252."""
    encoding = json.detect_encoding(body)
    return body.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding, "windows-1252")


def _meant(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return ("\ufffd" if error.encoding.startswith(("utf-16", "utf-32")) else bad.decode("cp1252", "replace")), error.end


codecs.register_error("windows-1252", _meant)


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None
