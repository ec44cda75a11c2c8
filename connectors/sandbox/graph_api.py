"""The Graph API: who calls, which object, which edge; reads here, writes in `graph_writing`."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import defaultdict
from typing import Any

from connectors.sandbox import graph_auth, graph_batch, graph_known, graph_writing
from connectors.sandbox.clock import HOUR
from connectors.sandbox.entities import FbActor, Token
from connectors.sandbox.graph_edges import EDGES, TARGETS
from connectors.sandbox.graph_errors import GraphRefusal, graph_response, missing
from connectors.sandbox.graph_fields import Field, parse_fields
from connectors.sandbox.graph_objects import FIELDS, NODE_TYPES, Viewer
from connectors.sandbox.graph_wire import check_fields, edge, render
from connectors.sandbox.http import Request, Response, redirect
from connectors.sandbox.publish import NotThere, fb_find
from connectors.sandbox.world import World

VERSION = re.compile(r"^/(v\d+\.\d+)(?=/|$)")
LIVING = {"v21.0", "v22.0", "v23.0", "v24.0", "v25.0", "v26.0"}
DEAD_TOKENS = {
    458: "Error validating access token: The user has not authorized application.",
    459: "Error validating access token: You cannot access the app till you log in to "
    "www.facebook.com and follow the instructions given.",
    460: "Error validating access token: The session has been invalidated because the user changed "
    "their password or Facebook has changed the session for security reasons.",
    463: "Error validating access token: Session has expired.",
    464: "Error validating access token: Sessions for the user are not allowed because "
    "the user is not a confirmed user.",
    467: "The access token is invalid since the user hasn't engaged the app in longer than 90 days.",
}  # fmt: skip


class GraphApi:
    """Answers everything that is Graph's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.usage: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # calls in the rolling hour, its end

    def handle(self, request: Request) -> Response:
        """One call."""
        found = VERSION.match(request.path)
        version = found[1] if found else "v24.0"
        path = request.path[len(found[0]) :] if found else request.path
        args = {**request.query, **(request.form() if request.is_write else {})}
        headers: dict[str, str] = {}
        try:
            response = self._answer(request, path.strip("/"), args, version, headers)
        except GraphRefusal as refusal:
            response = refusal.response()
        except NotThere as error:
            response = missing(str(error).rpartition(" ")[2], method=request.method.lower()).response()
        response.headers.update(headers)
        if response.status >= 400 and b'"OAuthException"' in response.body:
            response.headers["www-authenticate"] = 'OAuth "Facebook Platform" "invalid_request" "An error has occurred"'
        response.headers["facebook-api-version"] = version if version in LIVING else "v21.0"
        return response

    def _answer(
        self, request: Request, path: str, args: dict[str, Any], version: str, headers: dict[str, str]
    ) -> Response:
        if float(version[1:]) > float(max(LIVING)[1:]):
            raise GraphRefusal(2500, f"Unknown path components: /{path}")
        if carried := _carried(request):
            args.setdefault("access_token", carried)
        special = graph_auth.ENDPOINTS.get(path)
        if special is not None:
            return graph_response(special(self.world, args))
        if not path and request.is_write and "batch" in args:
            return graph_response(graph_batch.run(self.handle, request, args, version))
        token = self._token(path, args)
        viewer = Viewer(self.world, token, version=version)
        headers.update(self._count(token, calls=str(args.get("ids", "")).count(",") + 1))
        method = str(args.get("method", request.method)).upper()
        if method == "GET":
            found = self._read(viewer, path, args, request)
            if path.endswith("/picture") and str(args.get("redirect", "1")).lower() not in {"0", "false"}:
                return redirect(found["data"]["url"])
            return graph_response(found)
        done = graph_writing.write(viewer, method, path, args, call=f"{method} {request.path}")
        if args.get("fields") and isinstance(done, dict) and "id" in done:  # read after write
            done = render(viewer, self._object(viewer, done["id"]), parse_fields(str(args["fields"])))
        return graph_response(done)

    def _token(self, path: str, args: dict[str, Any]) -> Token:
        raw = str(args.get("access_token") or "")
        if not raw and path.split("/", maxsplit=1)[0] == "me":
            raise GraphRefusal(2500, "An active access token must be used to query information about the current user.")
        if not raw:
            raise GraphRefusal(104, "An access token is required to request this resource.")
        token = self.world.tokens.get(raw) or graph_auth.app_token(self.world, raw)
        if token is None or token.platform != "facebook" or token.kind not in {"page", "user", "app"}:
            raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token")
        if token.expires and token.expires <= self.world.clock.now():
            raise GraphRefusal(190, DEAD_TOKENS[463], subcode=463)
        if token.dead:
            subcode = int(token.dead) if token.dead.isdecimal() else 460
            raise GraphRefusal(190, DEAD_TOKENS.get(subcode, DEAD_TOKENS[460]), subcode=subcode)
        self._check_proof(token, raw, args)
        return token

    def _check_proof(self, token: Token, raw: str, args: dict[str, Any]) -> None:
        proof = args.get("appsecret_proof")
        if not proof:
            return
        app = self.world.tokens.get(token.app)
        secret = app.secret if app else ""
        expected = hmac.new(secret.encode(), raw.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), str(proof).encode()):
            raise GraphRefusal(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")

    def _count(self, token: Token, *, calls: int) -> dict[str, str]:
        """Usage in percent of the hour's calls; limits 0 counts nothing."""
        factor = float(self.world.settings["limits"])
        if not factor or not self.world.settings["usage_headers"]:
            return {}
        window, now = self.usage[token.id], self.world.clock.now()
        if now >= window[1] or now < window[1] - HOUR:
            window[:] = [0, now + HOUR]
        window[0] += calls
        percent = window[0] * 100 // int(4_800 * factor)
        if percent > 100:
            if token.kind == "page":
                raise GraphRefusal(
                    80001, "(#80001) There have been too many calls to this Page account. Wait a bit and try again."
                )
            raise GraphRefusal(4, "(#4) Application request limit reached", is_transient=True)
        return usage_headers(token, percent)

    def _read(self, viewer: Viewer, path: str, args: dict[str, Any], request: Request) -> Any:
        if not path and "id" in args:
            path = str(args["id"])
        parts = path.split("/") if path else []
        fields = parse_fields(args["fields"]) if args.get("fields") else None
        if not parts:
            return self._several(viewer, args, fields)
        if "ids" in args:  # an edge of each
            rest = {name: value for name, value in args.items() if name != "ids"}
            return {one: self._read(viewer, f"{one}/{path}", rest, request) for one in _ids_of(args)}
        if parts[0] == "me" and len(parts) > 1 and parts[1] == "accounts":
            return graph_auth.my_pages(self.world, viewer, args, fields)
        item = self._object(viewer, parts[0])
        if len(parts) == 1:
            check_fields(type(item), fields)
            self._note(viewer, [item.id], f"GET {request.path}")
            return render(viewer, item, fields)
        if parts[1] == "picture" and isinstance(item, FbActor):
            return FIELDS[FbActor]["picture"](viewer, item)
        if parts[1] == "subscribed_apps":
            return {"data": self.world.tokens[viewer.token.app].extra.get("subscribed", {}).get(item.id, [])}
        if parts[1] == "permissions":
            return {"data": [{"permission": s, "status": "granted"} for s in viewer.token.scopes]}
        if parts[1] in graph_known.EDGES[type(item)]:
            return {"data": []}
        if parts[1] not in EDGES.get(type(item), {}):
            raise GraphRefusal(
                100, f"(#100) Tried accessing nonexisting field ({parts[1]}) on node type ({NODE_TYPES[type(item)]})"
            )
        check_fields(TARGETS[parts[1]], fields)
        out = edge(viewer, item, parts[1], args=args, fields=fields)
        self._note(viewer, list(_ids_in(out)), f"GET {request.path}")
        return out

    def _several(self, viewer: Viewer, args: dict[str, Any], fields: list[Field] | None) -> dict[str, Any]:
        out, ids = {}, _ids_of(args)
        for item_id in ids:
            try:
                item = self._object(viewer, item_id)
                check_fields(type(item), fields)
                out[item_id] = render(viewer, item, fields)
            except (NotThere, GraphRefusal) as error:
                if isinstance(error, GraphRefusal) and error.subcode != 33:
                    raise
                raise missing(item_id) from None  # one missing id fails them all
        self._note(viewer, ids, "GET /?ids=")
        return out

    def _object(self, viewer: Viewer, item_id: str) -> Any:
        if item_id == "me":
            item_id = viewer.token.owner
        if item_id in self.world.actors:
            return self.world.actors[item_id]
        named = [a for a in self.world.pages.values() if a.username and a.username.lower() == item_id.lower()]
        if named:
            return named[0]
        table, item = fb_find(self.world, item_id)
        private = {"fb_messages", "fb_conversations"}
        if table in private and viewer.page_id != _page_of(self.world, table, item):
            raise missing(item_id)
        return item

    def _note(self, viewer: Viewer, ids: list[str], call: str) -> None:
        if ids:
            self.world.record(
                "read", platform="facebook", what="graph", ids=ids, account_id=viewer.token.owner, call=call
            )


def _carried(request: Request) -> str:
    """The token in the header: Graph takes both schemes, however they are written."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() in {"bearer", "oauth"} else ""


def _ids_of(args: dict[str, Any]) -> list[str]:
    ids = [item for item in str(args.get("ids", "")).split(",") if item]
    if not ids:
        raise GraphRefusal(2500, "An unknown error has occurred.")
    if len(ids) > 50:
        raise GraphRefusal(100, f"(#100) Too many IDs. Maximum: 50. Provided: {len(ids)}.")
    return ids


def usage_headers(token: Token, percent: int, *, minutes: int = 0) -> dict[str, str]:
    """How much of its share a token has used."""
    use = {"call_count": percent, "total_cputime": percent // 3, "total_time": percent // 2}
    if token.kind != "page":
        return {"x-app-usage": json.dumps(use, separators=(",", ":"))}
    business = {token.owner: [{"type": "pages", **use, "estimated_time_to_regain_access": minutes}]}
    return {
        "x-app-usage": json.dumps({**use, "call_count": percent // 2}, separators=(",", ":")),
        "x-business-use-case-usage": json.dumps(business, separators=(",", ":")),
    }


def _page_of(world: World, table: str, item: Any) -> str:
    conversation = item if table == "fb_conversations" else world.fb_conversations[item.conversation_id]
    return str(conversation.page_id)


def _ids_in(answer: Any) -> list[str]:
    """Every object id in an answer, the nested ones too."""
    out: list[str] = []
    if isinstance(answer, list):
        for item in answer:
            out.extend(_ids_in(item))
    elif isinstance(answer, dict):
        if "created_time" in answer or "message" in answer or "updated_time" in answer:
            story = answer.get("open_graph_story")
            out.append(str(answer.get("id") or (story or {}).get("id", "")))
        for name in ("data", "comments", "messages"):
            out.extend(_ids_in(answer.get(name)))
    return [item for item in out if item]


__all__ = ["FbActor", "GraphApi", "usage_headers"]
