"""What a broken platform says: every refusal and failure in the words and shapes seen in the wild."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from connectors.sandbox.clock import DAY, iso
from connectors.sandbox.graph_errors import error_body, graph_response, status_of
from connectors.sandbox.http import Response, html_response, json_response
from connectors.sandbox.world import World
from connectors.sandbox.x_errors import PROBLEMS, app_only, forbidden, too_many, unauthorized
from connectors.sandbox.x_writing import DUPLICATE, NOT_SUMMONED

if TYPE_CHECKING:
    from connectors.sandbox.faults import Fault

Maker = Callable[["Fault", str, World], Response]
UNAVAILABLE = (
    "<html>\r\n<head><title>{0} {1}</title></head>\r\n<body>\r\n<center><h1>{0} {1}</h1></center>\r\n"
    "</body>\r\n</html>\r\n"
)
CREDITS = PROBLEMS + "credits"
DUTCH = {
    190: "Fout bij valideren van toegangstoken: de sessie is ongeldig geworden.",
    10: "(#10) Dit bericht is buiten het toegestane tijdsbestek verzonden.",
    551: "(#551) Deze persoon is op dit moment niet beschikbaar.",
}
MESSAGES = {
    1: "An unknown error occurred", 2: "Service temporarily unavailable", 4: "(#4) Application request limit reached",
    10: "(#10) This message is sent outside of allowed window.", 17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached", 100: "(#100) Invalid parameter", 190: "Error validating access token",
    200: "(#200) Permissions error", 368: "The action attempted has been deemed abusive or is otherwise disallowed",
    506: "(#506) Duplicate status message", 551: "(#551) This person isn't available right now.",
    613: "(#613) Calls to this api have exceeded the rate limit.",
    80001: "(#80001) There have been too many calls to this Page account.",
    80006: "(#80006) There have been too many calls to this messenger account.",
}  # fmt: skip
TRANSIENT = {1, 2, 4}
THROTTLED = {4, 17, 32, 613, 80001, 80006}


def _x(status: int, title: str, detail: str, *, kind: str = "about:blank", **more: Any) -> Response:
    return json_response({"title": title, "detail": detail, "type": kind, "status": status, **more}, status=status)


def _unauthorized(fault: Fault, platform: str, world: World) -> Response:
    return unauthorized().response if platform == "x" else _graph(fault, platform, world, code=190, subcode=460)


def _credits(fault: Fault, platform: str, world: World) -> Response:
    detail = "Your enrolled account [1398212205531070466] does not have any credits to fulfill this request."
    return _x(402, "CreditsDepleted", detail, kind=CREDITS, account_id=1398212205531070466)


def _spend_cap(fault: Fault, platform: str, world: World) -> Response:
    detail = (
        "Your enrolled account has reached its billing cycle spend cap. "
        "API requests will be blocked until the next cycle."
    )
    reset = iso(world.clock.now() + 5 * DAY)[:10]
    return _x(403, "SpendCapReached", detail, kind=CREDITS, account_id=1398212205531070466, reset_date=reset)


def _usage_capped(fault: Fault, platform: str, world: World) -> Response:
    detail = "Usage cap exceeded: Monthly product cap"
    return _x(
        429,
        "UsageCapExceeded",
        detail,
        kind=PROBLEMS + "usage-capped",
        period="Monthly",
        scope="Product",
        account_id=1398212205531070466,
    )


def _rate_limited(fault: Fault, platform: str, world: World) -> Response:
    if platform == "facebook":
        return _graph(fault, platform, world, code=32)
    reset = str(world.clock.now() // 1000 + fault.reset_in)
    return too_many({"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset})


def _rate_limited_88(fault: Fault, platform: str, world: World) -> Response:
    reset = str(world.clock.now() // 1000 + fault.reset_in)
    headers = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": reset}
    return json_response({"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, status=429, headers=headers)


def _html(fault: Fault, platform: str, world: World) -> Response:
    status = fault.status or (503 if platform == "x" else 502)
    words = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}.get(status, "Error")
    return html_response(UNAVAILABLE.format(status, words), status=status)


def _html_ok(fault: Fault, platform: str, world: World) -> Response:
    return html_response(UNAVAILABLE.format(200, "Something went wrong"))


def _unavailable(fault: Fault, platform: str, world: World) -> Response:
    return _x(503, "Service Unavailable", "Service Unavailable")


def _server_error(fault: Fault, platform: str, world: World) -> Response:
    if platform == "facebook":
        return _graph(fault, platform, world, code=2)
    return _x(500, "Internal Server Error", "Something is broken.")


def _list(fault: Fault, platform: str, world: World) -> Response:
    return json_response([{"message": "Sorry, that page does not exist", "code": 34}], status=fault.status or 404)


def _no_type(fault: Fault, platform: str, world: World) -> Response:
    return Response(fault.status or 200, b"{}", {}, "")


def _empty(fault: Fault, platform: str, world: World) -> Response:
    return Response(fault.status or 429, b"")


def _graph(fault: Fault, platform: str, world: World, *, code: int = 0, subcode: int = 0) -> Response:
    code, subcode = fault.code or code or 2, fault.subcode or subcode
    message = (
        fault.message or (DUTCH.get(code) if fault.language == "nl" else None) or MESSAGES.get(code, f"(#{code}) Error")
    )
    more: dict[str, Any] = {"is_transient": True} if code in TRANSIENT else {}
    response = graph_response(
        error_body(code, message, subcode=subcode, **more), status=fault.status or status_of(code)
    )
    if code in THROTTLED:
        usage = [{"type": "pages", "call_count": fault.percent, "total_cputime": 40, "total_time": 60,
                  "estimated_time_to_regain_access": max(1, fault.reset_in // 60)}]  # fmt: skip
        response.headers["x-business-use-case-usage"] = json.dumps({"104612845290117": usage}, separators=(",", ":"))
        response.headers["x-app-usage"] = json.dumps(
            {"call_count": fault.percent, "total_time": 60, "total_cputime": 40}
        )
    return response


ANSWERS: dict[str, Maker] = {
    "unauthorized": _unauthorized,
    "credits": _credits,
    "duplicate": lambda f, p, w: forbidden(DUPLICATE).response if p == "x" else _graph(f, p, w, code=506),
    "not_summoned": lambda f, p, w: forbidden(NOT_SUMMONED).response,
    "spend_cap": _spend_cap,
    "app_only": lambda f, p, w: app_only().response,
    "forbidden": lambda f, p, w: forbidden(f.message or "You are not permitted to perform this action.").response,
    "rate_limited": _rate_limited,
    "rate_limited_88": _rate_limited_88,
    "usage_capped": _usage_capped,
    "html": _html,
    "html_ok": _html_ok,
    "unavailable": _unavailable,
    "server_error": _server_error,
    "list": _list,
    "no_content_type": _no_type,
    "empty": _empty,
    "graph": _graph,
}


def spoil(fault: Fault, response: Response) -> Response:
    """The call was done; what the client gets to see of it is something else."""
    if fault.kind == "cut_after":
        return Response(cut=True)
    if fault.kind == "error_after":
        body = {
            "title": "Internal Server Error",
            "detail": "Internal Server Error",
            "type": "about:blank",
            "status": 500,
        }
        graph = "facebook-api-version" in response.headers
        return (
            graph_response(error_body(2, MESSAGES[2], is_transient=True), status=500)
            if graph
            else json_response(body, status=500)
        )
    if fault.kind == "slow":
        response.delay = fault.seconds or 3.0
        return response
    if fault.kind == "truncate":
        response.truncate = max(1, len(response.body) * 2 // 3)
        return response
    if fault.kind == "usage":
        use = {"call_count": fault.percent, "total_time": 71, "total_cputime": 33}
        response.headers["x-app-usage"] = json.dumps(use)
        return response
    return _rearranged(fault, response)


def _rearranged(fault: Fault, response: Response) -> Response:
    document = json.loads(response.body)
    items = document.get("data") if isinstance(document, dict) else None
    if not isinstance(items, list) or not items:
        return response
    if fault.kind == "shuffle":
        document["data"] = items[1::2] + items[::2]
    else:  # poison: one item that nobody can read
        items[len(items) // 2] = {
            "id": items[len(items) // 2].get("id", "0"),
            "created_at": "gisteren",
            "created_time": 0,
            "author_id": [],
        }
    remade = json_response(document, status=response.status)
    return Response(response.status, remade.body, response.headers, response.content_type)
