"""Graph's batch: several calls in one request, each with an answer of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from connectors.sandbox.graph_errors import GraphRefusal
from connectors.sandbox.http import Request, Response

MOST = 50


def run(
    handle: Callable[[Request], Response], request: Request, args: dict[str, Any], version: str
) -> list[dict[str, Any] | None]:
    """Answer each call in turn; one that fails costs the others nothing."""
    try:
        calls = json.loads(args["batch"]) if isinstance(args["batch"], str) else args["batch"]
    except ValueError:
        calls = None
    if not isinstance(calls, list) or not all(isinstance(call, dict) and "relative_url" in call for call in calls):
        raise GraphRefusal(100, "(#100) Param batch must be an array.")
    if len(calls) > MOST:
        raise GraphRefusal(100, f"(#100) Too many requests in batch message. Maximum batch size is {MOST}")
    shown = str(args.get("include_headers", "true")).lower() not in {"false", "0"}
    shared = {name: str(args[name]) for name in ("access_token", "appsecret_proof") if args.get(name)}
    return [_answer(handle(_request(call, request, shared, version)), headers=shown) for call in calls]


def _request(call: dict[str, Any], outer: Request, shared: dict[str, str], version: str) -> Request:
    path, _, raw = str(call["relative_url"]).strip("/").partition("?")
    query = {**shared, **dict(parse_qsl(raw, keep_blank_values=True))}
    head, tail = path.partition("/")[::2]
    path = path if head.startswith("v") and "." in head and tail else f"{version}/{path}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if "authorization" in outer.headers:
        headers["authorization"] = outer.headers["authorization"]
    method = str(call.get("method", "GET")).upper()
    return Request(method, f"/{path}", raw, headers, str(call.get("body") or "").encode(), query)


def _answer(response: Response, *, headers: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"code": response.status, "body": response.body.decode()}
    if headers:
        told = {"content-type": response.content_type, **response.headers}
        out["headers"] = [{"name": name, "value": value} for name, value in told.items()]
    return out
