"""JSON and texts as a platform sends them, into what a database can keep and what was meant."""

from __future__ import annotations

import codecs
import json
import math
import re
import reprlib
import unicodedata
from typing import Any

import ftfy
from ftfy.badness import is_bad

_UNSTORABLE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89abAB-fcdefCDEF])")

# What UTF-8 looks like when it was read as Latin-1 or Windows-1252: its first byte as a letter, then other bytes
_MISREAD = re.compile(f"[\u00c2-\u00f4][\u0080-\u00bf{bytes(range(0x80, 0xA0)).decode('cp1252', 'ignore')}]+")

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
    """The value with what no database stores taken out, in all its texts."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def storable_text(text: str) -> str:
    """The text without NUL, and with half a surrogate pair replaced: no database stores them."""
    text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_text(text: str) -> str:
    """The text as a person meant it: storable, NFC, and mis-decoded UTF-8 repaired where that is certain.

    Where some accented letters are right, only a text that was misread as a whole is repaired: the others were typed
    like that, by somebody who tells of it. Emoji prove nothing: they are added to what was copied.
    """
    if text.isascii():
        return text.replace("\0", "")
    text = unicodedata.normalize("NFC", storable_text(text))
    if _MISREAD.search(text) and is_bad(text):
        right = any(sign.isalpha() and not sign.isascii() for sign in _MISREAD.sub("", text))
        fixed = ftfy.fix_encoding(text, decode_inconsistent_utf8=not right, replace_lossy_sequences=False)
        text = text if is_bad(fixed) else fixed
    return unicodedata.normalize("NFC", text)


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
