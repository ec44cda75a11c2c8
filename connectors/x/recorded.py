"""Recorded answers of X, of whatever kind: what they are is told by the address, else by their shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from requests.structures import CaseInsensitiveDict

from connectors.http import Answer, PlatformSession
from connectors.payloads import parse_json
from connectors.types import Deletion, Page, Unreadable
from connectors.x.errors import failure
from connectors.x.mapping import Read, Reader, read, read_direct
from connectors.x.wire import items, mapping, objects, word

_TIMELINE = re.compile(r"/2/users/(\d+)/(mentions|tweets)\b")
_POST_NEWS = re.compile(r"^(?:post|tweet)\.(?:mention|reply|quote)?\.?create$|^post\.")


def read_exchange(exchange: dict[str, Any]) -> Page:
    """Everything said in one recorded answer; what says nothing is told with why. Never raises."""
    body, status = exchange.get("body"), exchange.get("status")
    if isinstance(body, str | bytes):
        try:
            body = parse_json(body)
        except ValueError as error:
            return _unread(body, f"not JSON: {error}")
    if isinstance(status, int) and status >= 400:
        return _unread(body, _error(exchange, body, status))
    reader = Reader(word(exchange.get("account_id")), word(exchange.get("stream")))
    found = _read(body, word(exchange.get("uri")), word(exchange.get("method")).upper() or "GET", reader)
    return Page(
        messages=tuple(found.messages),
        exposures=tuple(found.exposures),
        deletions=tuple(found.deletions),
        unreadable=tuple(found.unreadable),
        fetched=found.fetched,
    )


def _unread(payload: Any, why: str) -> Page:
    return Page(unreadable=(Unreadable(payload, why),))


def _error(exchange: dict[str, Any], body: Any, status: int) -> str:
    headers = CaseInsensitiveDict({str(k): str(v) for k, v in mapping(exchange.get("headers")).items()})
    method = word(exchange.get("method")).upper() or "GET"
    with PlatformSession(base_url="http://127.0.0.1") as session:
        error = failure(Answer(status, headers, body, method), session, ())
    return f"an error answer: {type(error).__name__}: {error.detail}"


def _read(body: Any, uri: str, method: str, reader: Reader) -> Read:
    if isinstance(body, list):
        return _each(body, uri, method, reader)
    if not isinstance(body, Mapping):
        return Read(unreadable=[Unreadable(body, "not an object")])
    if news := _news(body):
        return news
    if "id_str" in body or "tweet_create_events" in body or "direct_message_events" in body:
        return Read(unreadable=[Unreadable(body, "an answer of API version 1.1, not 2")])
    if "data" not in body and "id" in body and ("text" in body or "event_type" in body):
        body = {"data": body}  # a bare post
    return _answer(body, uri, method, reader)


def _each(things: list[Any], uri: str, method: str, reader: Reader) -> Read:
    """A list without its wrapper: of posts, of whole answers, or of statuses of version 1.1."""
    if not any(isinstance(thing, Mapping) and "data" in thing for thing in things):
        if any("id_str" in thing for thing in objects(things)):
            return Read(unreadable=[Unreadable(t, "a post of API version 1.1, not 2") for t in things])
        return _answer({"data": things}, uri, method, reader)
    total = Read()
    for thing in things:
        part = _read(thing, uri, method, reader)
        for name in ("messages", "exposures", "deletions", "unreadable"):
            getattr(total, name).extend(getattr(part, name))
        total.fetched += part.fetched
    return total


def _answer(body: Mapping[str, Any], uri: str, method: str, reader: Reader) -> Read:
    data = body.get("data")
    # What stands in any of them decides: a first one that is broken must not take its neighbours along
    sample = {name for thing in objects(data if isinstance(data, list) else [data]) for name in thing}
    if data is None or data == []:
        return _nothing(body)
    if method != "GET" and not {"author_id", "sender_id"} & sample:  # what we wrote, without who to and in which thread
        return Read(unreadable=[Unreadable(body, f"an answer to {method}: it carries no message")])
    if "username" in sample and "text" not in sample:
        return Read(unreadable=[Unreadable(body, "people, no messages")])
    if "event_type" in sample or "/dm_" in uri or reader.stream == "direct":
        return read_direct(body, Reader(reader.account_id or _our_id(body, uri), "direct"))
    place = _TIMELINE.search(uri)
    stream = "search" if "/search/" in uri else reader.stream
    if place:
        stream = "mentions" if place[2] == "mentions" else "own_posts"
    if _nothing_said(sample):
        return Read(unreadable=[Unreadable(body, "neither posts nor messages")])
    return read(body, Reader(place[1] if place else reader.account_id, stream))


def _nothing_said(sample: set[str]) -> bool:
    return bool(sample) and not {"text", "id_str", "full_text", "created_at", "author_id"} & sample


def _nothing(body: Mapping[str, Any]) -> Read:
    """No data: an empty page, or only errors, of which each tells about a thing that is gone."""
    found = read({"errors": body.get("errors"), "data": []}, Reader())
    said = "; ".join(filter(None, (word(e.get("detail")) or word(e.get("message")) for e in _errors(body))))
    if _errors(body):
        found.unreadable.append(Unreadable(body, f"only errors: {said}"))
    elif "meta" not in body and "data" not in body:
        found.unreadable.append(Unreadable(body, "neither posts nor messages"))
    return found


def _errors(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(objects(items(body.get("errors"))))


def _news(body: Mapping[str, Any]) -> Read | None:
    """A delivery of X's activity webhook: https://docs.x.com/x-api/activity (2026-08)."""
    event = mapping(body.get("data")) or body
    kind, payload = word(event.get("event_type")), event.get("payload")
    if not isinstance(payload, Mapping) or "." not in kind:
        return None
    whole = {"data": payload, "includes": event.get("includes") or body.get("includes")}
    user = word(mapping(event.get("filter")).get("user_id"))
    if kind.endswith(".delete") and word(payload.get("id")):
        return Read(deletions=[Deletion(word(payload.get("id")))], fetched=1)
    if _POST_NEWS.match(kind) and not kind.endswith(".delete"):
        return read(whole, Reader(user, "mentions" if ".mention." in kind else ""))
    if kind.startswith("dm."):
        return read_direct(whole, Reader(user, "direct"))
    return Read(unreadable=[Unreadable(body, f"an event of kind {kind}")], fetched=1)


def _our_id(body: Mapping[str, Any], uri: str) -> str:
    """Whose conversations these are: the other end of the address, or the one who is in all of them."""
    pairs = [word(e.get("dm_conversation_id")).split("-") for e in objects(body.get("data"))]
    pairs = [pair for pair in pairs if len(pair) == 2]
    if other := re.search(r"/dm_conversations/with/(\d+)", uri):
        return next((p for pair in pairs for p in pair if p != other[1]), "")
    common = set.intersection(*map(set, pairs)) if pairs else set()
    return common.pop() if len(common) == 1 else ""
