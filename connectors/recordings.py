"""The envelopes that recordings come in: HAR, cassettes, mocks, collections, plain notes of who asked what.

Whatever it is called, an exchange holds an answer, mostly with where it came from. What is no envelope is an answer.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.payloads import parse_json

_BODY = ("body", "response_body", "responseBody", "jsonBody", "response_json", "responseJson",
         "content", "json", "text", "payload", "result")  # fmt: skip
_NAMED = _BODY[:6]  # a platform calls nothing of its own so
_STATUS = ("status", "status_code", "statusCode", "code")
_WHERE = ("uri", "url", "endpoint", "path", "urlPath", "urlPattern")
_MARKS = (*_WHERE[:3], *_STATUS[:3], "method", "headers", "request", "response")
_ANSWER = {"data", "errors", "error", "entry", "includes", "paging"}
# One thing by itself: what stands in it is its own
_THING = {"id", "id_str", "event_type", "created_time", "message", "review_text", "recommendation_type", "reviewer",
          "sender", "field"}  # fmt: skip
_ID = re.compile(r"[A-Za-z]{0,3}[_.]?\d[\d_]*")
_DEEPEST = 4
_MAX_GUNZIPPED = 64 * 1024 * 1024


def unwrap(item: Any) -> Iterator[Any]:
    """The exchanges and answers in a recording, or the item itself."""
    found = list(_inside(item, _DEEPEST))
    yield from found or [item]


def _inside(item: Any, depth: int) -> Iterator[Any]:
    if depth == 0 or isinstance(item, str | bytes):
        return
    if _is_exchange(item):
        yield from _each_answer(item)
    elif isinstance(item, list):
        parts = [list(_inside(part, depth - 1)) for part in item]
        if any(_is_exchange(part) or found for part, found in zip(item, parts, strict=True)):
            for part, found in zip(item, parts, strict=True):
                yield from found or [part]  # a broken one goes on to say what it is
    elif isinstance(item, Mapping):
        if _ANSWER & item.keys():
            yield item
        elif not _THING & item.keys() and not _by_id(item):
            for part in item.values():
                yield from list(_inside(part, depth - 1)) or ([part] if _things(part) else [])


def _things(part: Any) -> bool:
    """A list of posts, comments or messages without a wrapper."""
    return isinstance(part, list) and any(isinstance(one, Mapping) and _THING & one.keys() for one in part)


def _by_id(item: Mapping[str, Any]) -> bool:
    """Several objects in one answer, each under its id."""
    return bool(item) and all(isinstance(p, Mapping) and _ID.fullmatch(str(name)) for name, p in item.items())


def _each_answer(item: Mapping[str, Any]) -> Iterator[Any]:
    """A collection keeps several answers to one question."""
    answers = item.get("response")
    if isinstance(answers, list) and answers and all(_is_envelope(answer) for answer in answers):
        yield from ({**item, "response": answer} for answer in answers)
    else:
        yield item


def _is_exchange(item: Any) -> bool:
    """Whether this is an answer in its envelope, rather than the answer itself."""
    if not isinstance(item, Mapping):
        return False
    if _holds_answer(item.get("response")):
        return True
    if "data" in item and "body" not in item:
        return False
    marked = any(name in item for name in _MARKS)
    if any(name in item and (marked or _holds_answer(item[name])) for name in _NAMED):
        return True
    if (_ANSWER | _THING) & item.keys():
        return False
    said = [item[name] for name in _BODY[6:] if name in item]
    return any(_holds_answer(value) or (marked and isinstance(value, str | bytes)) for value in said)


def _holds_answer(value: Any) -> bool:
    if isinstance(value, str):
        return value.lstrip().startswith(("{", "["))
    return isinstance(value, Mapping | list)


def _is_envelope(answer: Any) -> bool:
    """Whether this tells of an answer (status, headers, body), rather than being it."""
    return isinstance(answer, Mapping) and any(name in answer for name in (*_BODY[:8], *_STATUS[:3], "headers"))


def exchange_of(item: Any) -> dict[str, Any]:
    """Any recorded form as `method`, `uri`, `status`, `headers`, `body`."""
    if not _is_exchange(item):
        return {"method": "GET", "uri": "", "status": 200, "headers": {}, "body": item}
    request = item["request"] if isinstance(item.get("request"), Mapping) else item
    nested = item.get("response")
    if _holds_answer(nested) and not _is_envelope(nested):
        response: Mapping[str, Any] = {**item, "body": nested}
    else:
        response = nested if isinstance(nested, Mapping) else item
    return {
        "method": str(request.get("method") or "GET").upper(),
        "uri": _address(request) or _address(item) or _address(item.get("request")),
        "status": _status(response),
        "headers": _headers(response.get("headers")),
        "body": _body(response),
    }


def _address(asked: Any) -> str:
    """Where it was asked, as text or in parts."""
    if isinstance(asked, str):
        return asked
    if not isinstance(asked, Mapping):
        return ""
    found = next((asked[name] for name in _WHERE if asked.get(name)), "")
    return str(found.get("raw") or "") if isinstance(found, Mapping) else str(found)


def _status(response: Mapping[str, Any]) -> int:
    value = next((response[name] for name in _STATUS if name in response), 200)
    value = value.get("code") if isinstance(value, Mapping) else value
    digits = str(value).strip().split(" ")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() else 200


def _headers(value: Any) -> dict[str, str]:
    """Headers by name: from an object, of strings or lists, or from a list of pairs."""
    if isinstance(value, list):
        pairs = [(h.get("name"), h.get("value")) for h in value if isinstance(h, Mapping)]
        pairs += [(h[0], h[1]) for h in value if isinstance(h, list) and len(h) == 2]
    else:
        pairs = list(value.items()) if isinstance(value, Mapping) else []
    return {str(k): str(v[0] if isinstance(v, list) and v else v) for k, v in pairs}


def _body(response: Mapping[str, Any]) -> Any:
    body = next((response[name] for name in _BODY if response.get(name) is not None), None)
    marked = str(response.get("encoding") or response.get("body_encoding") or "").lower() == "base64"
    marked = marked or bool(response.get("base64") or response.get("is_base64"))
    if response.get("body_base64"):
        body, marked = response["body_base64"], True
    if isinstance(body, Mapping):  # VCR: {"string"}, {"base64_string"}; HAR: {"text", "encoding"}
        if isinstance(body.get("base64_string"), str):
            body, marked = body["base64_string"], True
        elif isinstance(body.get("string"), str) and set(body) <= {"string", "encoding", "size"}:
            body = body["string"]
        elif isinstance(body.get("text"), str) and ("mimeType" in body or "encoding" in body):
            marked, body = body.get("encoding") == "base64", body["text"]
    if isinstance(body, Mapping) and isinstance(body.get("string"), bytes):  # VCR's YAML keeps what came as it came
        body = body["string"]
    if isinstance(body, bytes):
        body = _unzipped(body) or body.decode("utf-8", "replace")
    return _decoded(body, marked=marked) if isinstance(body, str) else body


def _decoded(body: str, *, marked: bool) -> Any:
    """A body's JSON; the text as it is when it is none (an HTML page, half an answer)."""
    if marked or not body.lstrip().startswith(("{", "[", "<")):
        body = _unpacked(body) or body
    try:
        return parse_json(body)
    except ValueError:
        pass
    lines = [line for line in body.splitlines() if line.strip()]
    try:
        return [parse_json(line) for line in lines] if len(lines) > 1 else body
    except ValueError:
        return body


def _unpacked(body: str) -> str | None:
    try:
        return _unzipped(base64.b64decode("".join(body.split()), validate=True))
    except binascii.Error:
        return None


def _unzipped(content: bytes) -> str | None:
    """Bytes, packed or not, as text; None when they are none."""
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)[:_MAX_GUNZIPPED]
        return content.decode()
    except (ValueError, OSError, EOFError, zlib.error):
        return None
