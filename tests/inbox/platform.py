"""A platform for tests: a real connector class in the registry that keeps a ledger and fails as it is told."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone

from connectors.base import Connector, OAuth
from connectors.exceptions import AlreadyDone, AuthorizationLost, OutcomeUnknown
from connectors.types import (
    AccountInfo,
    AttachmentRules,
    Capabilities,
    Credentials,
    Limit,
    ModeRules,
    OutboundMessage,
    Page,
    Refreshed,
    Sent,
)

FILES = AttachmentRules(("image/png", "image/jpeg"), 1_000_000, 2, alt_text=True)


@dataclass
class Post:
    external_id: str
    message: OutboundMessage
    at: datetime


@dataclass
class World:
    """What the platform has, and how it will behave: one behaviour a call, per account."""

    posts: list[Post] = field(default_factory=list)
    calls: list[OutboundMessage] = field(default_factory=list)
    script: dict[str, list[Callable[[Callable[[], Sent]], Sent]]] = field(default_factory=lambda: defaultdict(list))
    revoked: set[str] = field(default_factory=set)
    blind: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)
    number: int = 0
    behind: timedelta = timedelta(0)  # its clock, as compared with ours

    def accept(self, message: OutboundMessage) -> Sent:
        with self.lock:
            self.number += 1
            post = Post(f"post-{self.number}", message, timezone.now() - self.behind)
            self.posts.append(post)
        thread = f"dm-{message.recipient_id}" if message.mode != "public_reply" else ""
        return Sent(post.external_id, f"https://platform.example/{post.external_id}", post.at, thread)

    def texts(self) -> list[str]:
        return [post.message.text for post in self.posts]


WORLD = World()


def accepted_then_cut(accept: Callable[[], Sent]) -> Sent:
    accept()
    raise OutcomeUnknown("connection cut")


def cut_before(accept: Callable[[], Sent]) -> Sent:
    raise OutcomeUnknown("timed out")


def refused_as_duplicate(accept: Callable[[], Sent]) -> Sent:
    raise AlreadyDone("duplicate content", reason="duplicate")


def failing(error: Exception) -> Callable[[Callable[[], Sent]], Sent]:
    def behave(accept: Callable[[], Sent]) -> Sent:
        raise error

    return behave


class FakeConnector(Connector):
    kind: ClassVar[str] = "fake"
    capabilities: ClassVar[Capabilities] = Capabilities(
        label="Fake", icon="x", length_rule="plain", find_sent_after=0,
        message_url="https://platform.example/write/{id}", modes=(
            ModeRules("public_reply", 280, FILES),
            ModeRules("direct_message", 1000, FILES, window_hours=24, human_agent_hours=168),
            ModeRules("private_reply", 1000, window_hours=168, once_per_message=True),
        ),
    )  # fmt: skip

    def check(self) -> AccountInfo:
        return AccountInfo(self.credentials.account_id, "Fake")

    def poll(self, stream: Any, cursor: Any, *, since: datetime | None = None, limit: int = 100) -> Page:
        return Page()

    def send(self, message: OutboundMessage) -> Sent:
        with WORLD.lock:
            WORLD.calls.append(message)
            script = WORLD.script[self.credentials.account_id]
            behave = script.pop(0) if script else None
        if self.credentials.account_id in WORLD.revoked:
            raise AuthorizationLost("token revoked")
        return behave(lambda: WORLD.accept(message)) if behave else WORLD.accept(message)

    def told_at(self) -> datetime:
        return timezone.now() - WORLD.behind

    def find_sent(self, message: OutboundMessage, since: datetime) -> Sent | None:
        if self.credentials.account_id in WORLD.blind:
            raise OutcomeUnknown("timed out")
        for post in WORLD.posts:
            same = (post.message.text, post.message.in_reply_to) == (message.text, message.in_reply_to)
            if same and post.at >= since:
                return Sent(post.external_id, "", post.at)
        return None

    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        return Refreshed()

    def hide(self, external_id: str) -> None: ...

    def unhide(self, external_id: str) -> None: ...

    def delete_own(self, external_id: str) -> None: ...

    def permalink(self, external_id: str, *, thread_id: str = "", handle: str = "") -> str:
        return f"https://platform.example/{external_id}"

    @classmethod
    def length(cls, text: str) -> int:
        return len(text)

    @classmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        return Page()


class FakeOAuth(OAuth):
    scopes: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def check_app(cls, app: dict[str, str]) -> None: ...

    @classmethod
    def authorize_url(cls, app: dict[str, str], *, state: str, verifier: str) -> str:
        return ""

    @classmethod
    def exchange(cls, app: dict[str, str], *, code: str, verifier: str) -> dict[str, str]:
        return {}

    @classmethod
    def accounts(cls, app: dict[str, str], grant: dict[str, str]) -> list[tuple[Credentials, AccountInfo]]:
        return []

    @classmethod
    def refresh(cls, app: dict[str, str], data: dict[str, str]) -> dict[str, str]:
        return data

    @classmethod
    def needs_refresh(cls, data: dict[str, str], *, now: datetime) -> bool:
        return False

    @classmethod
    def revoke(cls, app: dict[str, str], data: dict[str, str]) -> None: ...


__all__ = ["WORLD", "FakeConnector", "FakeOAuth", "Limit", "World"]
