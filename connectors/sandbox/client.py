"""Drives a running sandbox from tests and the demo."""

from __future__ import annotations

from typing import Any

import requests


class SandboxClient:
    """The control API in Python. `url` is the sandbox's address."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False  # loopback never goes through a proxy

    def get(self, name: str, /, **query: Any) -> Any:
        """GET a command; raises with the sandbox's words."""
        return self._checked(self.session.get(f"{self.url}/_sandbox/{name}", params=query, timeout=30))

    def post(self, name: str, /, **data: Any) -> Any:
        """POST a command; raises with the sandbox's words."""
        return self._checked(self.session.post(f"{self.url}/_sandbox/{name}", json=data, timeout=60))

    def _checked(self, response: requests.Response) -> Any:
        if response.status_code >= 400:
            raise ValueError(f"the sandbox refused: {response.text}")
        return response.json()

    def accounts(self, kind: str = "") -> list[dict[str, Any]]:
        """The seeded accounts, with credentials."""
        found = self.get("accounts")["accounts"]
        return [account for account in found if kind in {"", account["kind"]}]

    def account(self, handle: str, kind: str = "x") -> dict[str, Any]:
        """One of them, by handle and platform."""
        return next(a for a in self.accounts(kind) if a["handle"].lower() == handle.lower())

    def apps(self) -> dict[str, dict[str, str]]:
        """The platform apps: client_id and client_secret by kind."""
        return self.get("accounts")["apps"]  # type: ignore[no-any-return]

    def publish(self, verb: str, **what: Any) -> dict[str, Any]:
        """Let something happen: "x/post", "facebook/comment"... Answers the object with its id."""
        return self.post("publish", verb=verb, **what)  # type: ignore[no-any-return]

    def publish_many(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Many at once; each has its `verb`."""
        return self.post("publish", items=items)["items"]  # type: ignore[no-any-return]

    def x_post(self, author: str | dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """A post on X; `reply_to`, `quote`, `repost`, `at`, `lang`, `media`, `visible_after`."""
        return self.publish("x/post", author=author, text=text, **more)

    def x_direct(self, sender: str | dict[str, Any], to: str, text: str, **more: Any) -> dict[str, Any]:
        """A private message on X."""
        return self.publish("x/direct", sender=sender, to=to, text=text, **more)

    def fb_post(self, page: str, message: str, **more: Any) -> dict[str, Any]:
        """A post by a Page; with `author` by a visitor, with `tagged` by somebody who tags it."""
        return self.publish("facebook/post", page=page, message=message, **more)

    def fb_comment(self, on: str, author: str | dict[str, Any], message: str, **more: Any) -> dict[str, Any]:
        """A comment on a post or a comment."""
        return self.publish("facebook/comment", on=on, author=author, message=message, **more)

    def fb_message(self, page: str, person: str | dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """A Messenger message to a Page (from it with `from_page`)."""
        return self.publish("facebook/message", page=page, person=person, text=text, **more)

    def fb_review(self, page: str, author: str | dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
        """A recommendation of a Page."""
        return self.publish("facebook/review", page=page, author=author, text=text, **more)

    def ledger(self, kind: str = "", *, after: int = 0, **wanted: str) -> list[dict[str, Any]]:
        """What was published, read or sent, in order."""
        return self.get("ledger", kind=kind, after=after, **wanted)["entries"]  # type: ignore[no-any-return]

    def fault(self, kind: str, **rule: Any) -> dict[str, Any]:
        """Break something: `path` (a pattern), `method`, `times`, `rate`, `seed`, `seconds`..."""
        return self.post("faults", kind=kind, **rule)  # type: ignore[no-any-return]

    def clear_faults(self) -> None:
        """Mend everything."""
        self.post("faults/clear")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change switches (see world.DEFAULT_SETTINGS) and get them all."""
        return self.post("settings", **changes)  # type: ignore[no-any-return]

    def now(self) -> str:
        """The sandbox's time."""
        return self.get("clock")["now"]  # type: ignore[no-any-return]

    def set_clock(self, moment: str) -> None:
        """Jump to a moment (ISO time)."""
        self.post("clock", set=moment)

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self.post("clock", advance=seconds)

    def freeze(self) -> None:
        """Let time stand still."""
        self.post("clock", speed=0)

    def revoke(self, account_id: str, *, subcode: int = 460) -> None:
        """Take an account's tokens away."""
        self.post("tokens", account=account_id, do="revoke", subcode=subcode)

    def expire(self, account_id: str) -> None:
        """Let an account's access tokens end now; refresh tokens stay good."""
        self.post("tokens", account=account_id, do="expire")

    def restore(self, account_id: str) -> None:
        """Make an account's first tokens good again."""
        self.post("tokens", account=account_id, do="restore")

    def scenario(self, name: str, **more: Any) -> dict[str, Any]:
        """Start a scenario: `speed`, `backfill`."""
        return self.post("scenario", name=name, **more)  # type: ignore[no-any-return]

    def reset(self, **more: Any) -> None:
        """Begin again."""
        self.post("reset", **more)
