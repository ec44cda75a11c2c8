"""Graph's ways of saying no: code and subcode decide, the words are for people."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from connectors.sandbox.http import Response


class GraphRefusal(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, code: int, message: str, *, subcode: int = 0, kind: str = "OAuthException", **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.kind, self.more = code, message, subcode, kind, more

    def response(self) -> Response:
        """The error document; the status that goes with a code is not documented."""
        return graph_response(
            error_body(self.code, self.message, subcode=self.subcode, kind=self.kind, **self.more),
            status=status_of(self.code),
        )


def error_body(
    code: int, message: str, *, subcode: int = 0, kind: str = "OAuthException", **more: Any
) -> dict[str, Any]:
    """`{"error": ...}` as Graph writes it."""
    error: dict[str, Any] = {"message": message, "type": kind, "code": code}
    if subcode:
        error["error_subcode"] = subcode
    trace = hashlib.sha1(f"{code}/{subcode}/{message}".encode()).hexdigest()[:22]
    return {"error": {**error, **more, "fbtrace_id": "A" + trace}}


def status_of(code: int) -> int:
    """401 never comes; 500 for the platform's own faults, 403 for limits and permissions, 400 for the rest."""
    if code in {1, 2}:
        return 500
    return 403 if code in {4, 10, 32, 200, 368, 80001, 80006} else 400


def graph_response(data: Any, *, status: int = 200) -> Response:
    r"""JSON with `\u00e9` and `\/`, as PHP writes it."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")
    return Response(status, text.encode(), {"facebook-api-version": "v24.0"}, "application/json; charset=UTF-8")


def missing(item_id: str, *, method: str = "get") -> GraphRefusal:
    """Deleted, invisible or never there: Graph does not tell them apart."""
    return GraphRefusal(
        100,
        f"Unsupported {method} request. Object with ID '{item_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33, kind="GraphMethodException",
    )  # fmt: skip
