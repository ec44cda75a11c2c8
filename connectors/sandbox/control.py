"""The control API under /_sandbox/: publish, look, break, turn the clock. For tests, the demo and training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from connectors.sandbox import fault_page, publish, seed
from connectors.sandbox.clock import iso, parse
from connectors.sandbox.http import Request, Response, json_response
from connectors.sandbox.world import World

if TYPE_CHECKING:
    from connectors.sandbox.server import Sandbox

Verb = Callable[..., Any]
VERBS: dict[str, Verb] = {
    "x/post": publish.x_post,
    "x/edit": publish.x_edit,
    "x/delete": publish.x_delete,
    "x/metrics": publish.x_grow,
    "x/direct": publish.x_direct,
    "facebook/post": publish.fb_post,
    "facebook/comment": publish.fb_comment,
    "facebook/message": publish.fb_message,
    "facebook/review": publish.fb_review,
    "facebook/edit": publish.fb_edit,
    "facebook/delete": publish.fb_delete,
}


class Control:
    """Answers /_sandbox/..."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.gets: dict[str, Callable[[Request], Any]] = {
            "": lambda r: {"sandbox": "webcare", "seed": self.world.seed, "posts": len(self.world.x_posts)},
            "accounts": lambda r: {"accounts": seed.accounts(self.world), "apps": seed.apps(self.world)},
            "ledger": self._ledger,
            "clock": lambda r: self._clock(),
            "settings": lambda r: self.world.settings,
            "faults": lambda r: {
                "faults": sandbox.faults.listed(),
                "kinds": {k: fault_page.help_of(k) for k in fault_page.KINDS},
            },
            "scenario": lambda r: sandbox.runner.status(),
            "webhooks": lambda r: sandbox.webhooks.status(),
        }
        self.posts: dict[str, Callable[[dict[str, Any]], Any]] = {
            "publish": self._publish,
            "user": lambda d: asdict(publish.x_user(self.world, d)),
            "actor": lambda d: asdict(publish.actor(self.world, d)),
            "tokens": self._tokens,
            "faults": sandbox.faults.add,
            "faults/clear": lambda d: sandbox.faults.clear(),
            "clock": self._turn,
            "settings": self._set,
            "reset": lambda d: sandbox.reset(**d),
            "scenario": lambda d: sandbox.runner.start(**d),
            "scenario/stop": lambda d: sandbox.runner.stop(),
            "webhooks": lambda d: sandbox.webhooks.subscribe(**d),
            "webhooks/clear": lambda d: sandbox.webhooks.clear(),
            "save": lambda d: {"saved": sandbox.save()},
        }

    @property
    def world(self) -> World:
        return self.sandbox.world

    def handle(self, request: Request) -> Response:
        """One command; what is wrong with it is said in words."""
        name = request.path.removeprefix("/_sandbox/").strip("/")
        try:
            if request.method == "GET" and name in self.gets:
                return json_response(self.gets[name](request))
            if request.method == "POST" and name in self.posts:
                return json_response(self.posts[name](request.json() or {}))
        except publish.NotThere as error:
            return json_response({"error": str(error)}, status=404)
        except (TypeError, ValueError, KeyError) as error:
            return json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        known = {"GET": sorted(self.gets), "POST": sorted(self.posts), "publish": sorted(VERBS)}
        return json_response({"error": f"no command {name!r}", "commands": known}, status=404)

    def _publish(self, data: dict[str, Any]) -> Any:
        """One verb, or many in `items`."""
        if "items" in data:
            return {"items": [self._publish(item) for item in data["items"]]}
        verb = VERBS[str(data.pop("verb"))]
        if data.get("at"):
            data["at"] = parse(str(data["at"]))
        result = verb(self.world, **data)
        return asdict(result)

    def _ledger(self, request: Request) -> dict[str, Any]:
        query, ledger = request.query, self.world.ledger
        after, count = int(query.get("after", 0)), int(query.get("limit", 1_000_000))
        wanted = {name: query[name] for name in ("kind", "platform", "what", "account_id", "id") if query.get(name)}
        found = [
            asdict(entry)
            for entry in ledger[after:]
            if all(getattr(entry, name) == value for name, value in wanted.items())
        ]  # fmt: skip
        return {"entries": found[:count], "last": len(ledger)}

    def _clock(self) -> dict[str, Any]:
        clock = self.world.clock
        return {"now": iso(clock.now()), "ms": clock.now(), "speed": clock.speed}

    def _turn(self, data: dict[str, Any]) -> dict[str, Any]:
        clock = self.world.clock
        if "set" in data:
            clock.set(parse(str(data["set"])))
        if "speed" in data:
            clock.run(float(data["speed"]))
        if "advance" in data:
            clock.advance(float(data["advance"]))
        self.sandbox.runner.run_due()
        return self._clock()

    def _set(self, data: dict[str, Any]) -> dict[str, Any]:
        unknown = data.keys() - self.world.settings.keys() - {"refuse_duplicates"}
        if unknown:
            raise ValueError(f"unknown settings {sorted(unknown)}")
        self.world.settings.update(data)
        return self.world.settings

    def _tokens(self, data: dict[str, Any]) -> dict[str, Any]:
        """Revoke or expire tokens of an account: {"account", "do": "revoke"|"expire"|"restore", "subcode"}."""
        owner, what, changed = str(data["account"]), str(data["do"]), 0
        for token in self.world.tokens.values():
            if token.owner != owner or token.kind not in {"user", "oauth1", "refresh", "page"}:
                continue
            if what == "expire" and token.kind != "refresh":
                token.expires = self.world.clock.now() - 1
            elif what == "revoke":
                token.dead = str(data.get("subcode") or 460)
            elif what == "restore":
                token.dead, token.expires = "", 0
            self.world.touch("tokens", token)
            changed += 1
        return {"changed": changed}
