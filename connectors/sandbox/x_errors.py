"""X's ways of saying no, in its own words."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.http import Response, json_response

PROBLEMS = "https://api.twitter.com/2/problems/"
NEW_PROBLEMS = "https://api.x.com/2/problems/"  # as specification 2.167 writes them


class Refusal(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def problem(status: int, title: str, detail: str, *, kind: str = "about:blank", **more: Any) -> Refusal:
    """A problem document."""
    body = {**more, "title": title, "detail": detail, "type": kind, "status": status}
    return Refusal(json_response(body, status=status))


def unauthorized() -> Refusal:
    return problem(401, "Unauthorized", "Unauthorized")


def forbidden(detail: str) -> Refusal:
    return problem(403, "Forbidden", detail)


def invalid(parameter: str, value: str, message: str) -> Refusal:
    """400 with a message for the parameter."""
    return problem(
        400, "Invalid Request", "One or more parameters to your request was invalid.",
        kind=PROBLEMS + "invalid-request", errors=[{"parameters": {parameter: [value]}, "message": message}],
    )  # fmt: skip


def app_only() -> Refusal:
    """An app-only token where a person's is needed."""
    return problem(
        403, "Unsupported Authentication",
        "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported "
        "authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
        kind=PROBLEMS + "unsupported-authentication",
    )  # fmt: skip


def too_many(headers: dict[str, str]) -> Response:
    body = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
    return json_response(body, status=429, headers=headers)


def missing(value: str, *, parameter: str = "id", resource: str = "tweet") -> dict[str, Any]:
    """The partial error for something deleted or unknown."""
    return {
        "value": value, "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "title": "Not Found Error", "resource_type": resource, "parameter": parameter,
        "resource_id": value, "type": PROBLEMS + "resource-not-found",
    }  # fmt: skip


def not_authorized(value: str, *, parameter: str, resource: str, why: str = "") -> dict[str, Any]:
    """The partial error for something protected or suspended."""
    detail = why or f"Sorry, you are not authorized to see the {resource.title()} with {parameter}: [{value}]."
    return {
        "value": value, "detail": detail, "title": "Authorization Error", "resource_type": resource,
        "parameter": parameter, "resource_id": value, "type": PROBLEMS + "not-authorized-for-resource",
    }  # fmt: skip
