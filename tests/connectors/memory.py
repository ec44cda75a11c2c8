"""A platform that lives in memory: the smallest thing that keeps the contract."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from connectors.base import Connector
from connectors.exceptions import (
    AuthorizationLost,
    BudgetExhausted,
    ConnectorError,
    Gone,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
    Unsupported,
)
from connectors.types import (
    AccountInfo,
    Author,
    Capabilities,
    Cost,
    Credentials,
    Cursor,
    Direction,
    InboundMessage,
    Metrics,
    ModeRules,
    OutboundMessage,
    Page,
    Refreshed,
    ReplyOption,
    Sent,
    StreamRef,
    StreamSpec,
    Unreadable,
    Visibility,
)

US = "ours"


@dataclass
class Platform:
    """Everything said on it, in order, and what goes wrong with the next call."""

    said: list[InboundMessage | Unreadable] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    fault: str = ""
    reachable: bool = True

    def say(self, text: str, *, author: str, private: bool = False, **more: Any) -> InboundMessage:
        identifier = str(len(self.said) + 1)
        message = InboundMessage(
            external_id=identifier,
            author=Author(author, author, author),
            sent_at=datetime.now(UTC),
            text=unicodedata.normalize("NFC", text),
            visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
            thread_id=more.pop("thread_id", "") or (f"with-{author}" if private else identifier),
            direction=Direction.OUTBOUND if author == US else Direction.INBOUND,
            permalink="" if private else f"https://memory.example/{identifier}",
            public_reply=ReplyOption(not private, "private" if private else ""),
            private_reply=ReplyOption(private),
            raw={"text": text},
            **more,
        )
        self.said.append(message)
        return message

    def find(self, external_id: str) -> InboundMessage | None:
        found = (m for m in self.said if isinstance(m, InboundMessage) and m.external_id == external_id)
        return next(found, None)


PLATFORMS: dict[str, Platform] = {}

_KINDS: dict[str, tuple[type[ConnectorError], type[ConnectorError]]] = {
    "authorization_lost": (AuthorizationLost, AuthorizationLost),
    "rate_limited": (RateLimited, RateLimited),
    "exhausted": (BudgetExhausted, BudgetExhausted),
    "permission_missing": (PermissionMissing, PermissionMissing),
    "not_found": (Gone, Gone),
}


class MemoryConnector(Connector):
    """Speaks for the account "ours" on the platform that `credentials.data["platform"]` names."""

    kind: ClassVar[str] = "memory"
    capabilities: ClassVar[Capabilities] = Capabilities(
        label="Memory",
        icon="memory",
        length_rule="plain",
        modes=(ModeRules("public_reply", 500), ModeRules("direct_message", 500)),
        streams=(
            StreamSpec("mentions", Visibility.PUBLIC),
            StreamSpec("direct", Visibility.PRIVATE),
            StreamSpec("search", Visibility.PUBLIC, needs_query=True, proactive=True),
            StreamSpec("own_posts", Visibility.PUBLIC, own=True),
        ),
        can_hide=True,
        has_budget=True,
    )

    def __init__(self, credentials: Credentials, *, timeout: tuple[float, float] = (3.05, 10.0)) -> None:
        super().__init__(credentials, timeout=timeout)
        self.platform = PLATFORMS[credentials.data["platform"]]

    def _call(self, *, write: bool = False) -> None:
        if not self.platform.reachable:
            raise TemporaryFailure("Not connected")
        fault, self.platform.fault = self.platform.fault, ""
        if fault in _KINDS:
            raise _KINDS[fault][write](f"Failing as told: {fault}")
        if fault and fault != "written_then_cut":
            raise (OutcomeUnknown if write else TemporaryFailure)(f"Failing as told: {fault}")
        self.platform.fault = fault

    def check(self) -> AccountInfo:
        self._call()
        return AccountInfo(US, "Ours", cost=Cost(calls=1))

    def poll(self, stream: StreamRef, cursor: Cursor, *, since: datetime | None = None, limit: int = 100) -> Page:
        spec = self.capabilities.stream(stream.kind)
        if spec is None:
            raise Unsupported(f"No stream {stream.kind}")
        self._call()
        place = cursor.get("place", 0)
        items = self.platform.said[place : place + limit]
        messages = [m for m in items if isinstance(m, InboundMessage) and self._fits(m, spec)]
        return Page(
            messages=tuple(m for m in messages if since is None or m.sent_at >= since),
            unreadable=tuple(u for u in items if isinstance(u, Unreadable)) if not spec.own else (),
            cursor={"place": place + len(items)},
            has_more=place + len(items) < len(self.platform.said),
            fetched=len(messages),
            cost=Cost(calls=1),
        )

    def _fits(self, message: InboundMessage, spec: StreamSpec) -> bool:
        ours = message.direction is Direction.OUTBOUND
        return message.visibility is spec.visibility and (spec.visibility is Visibility.PRIVATE or ours is spec.own)

    def send(self, message: OutboundMessage) -> Sent:
        if not message.text.strip():
            raise Rejected("Nothing to send", reason="empty")
        self._call(write=True)
        said = self.platform.say(
            message.text,
            author=US,
            private=message.mode != "public_reply",
            thread_id=message.thread_id,
            parent_id=message.in_reply_to,
        )
        if self.platform.fault == "written_then_cut":
            self.platform.fault = ""
            raise OutcomeUnknown("The line went dead")
        return Sent(said.external_id, said.permalink, said.sent_at, said.thread_id, Cost(calls=1, writes=1))

    def find_sent(self, message: OutboundMessage, since: datetime) -> Sent | None:
        self._call()
        for said in self.platform.said:
            if not isinstance(said, InboundMessage) or said.direction is not Direction.OUTBOUND:
                continue
            same = (said.thread_id, said.text) == (message.thread_id, message.text)
            if same and said.sent_at >= since:
                return Sent(said.external_id, said.permalink, said.sent_at, said.thread_id)
        return None

    def refresh_metrics(self, ids: list[str]) -> Refreshed:
        self._call()
        found = {identifier: self.platform.find(identifier) for identifier in ids}
        there = {identifier: message for identifier, message in found.items() if message}
        return Refreshed(
            metrics=dict.fromkeys(there, Metrics(likes=0)),
            messages=tuple(message for message in there.values() if message.edited_at),
            deleted=tuple(identifier for identifier in ids if identifier not in there),
        )

    def hide(self, external_id: str) -> None:
        self._call(write=True)
        self.platform.hidden.add(external_id)

    def unhide(self, external_id: str) -> None:
        self._call(write=True)
        self.platform.hidden.discard(external_id)

    def delete_own(self, external_id: str) -> None:
        self._call(write=True)
        self.platform.said = [s for s in self.platform.said if s.external_id != external_id]

    def permalink(self, external_id: str, *, thread_id: str = "", handle: str = "") -> str:
        return f"https://memory.example/{external_id}"

    @classmethod
    def length(cls, text: str) -> int:
        return len(text)

    @classmethod
    def read_recorded(cls, exchange: dict[str, Any]) -> Page:
        body = exchange.get("body")
        if not isinstance(body, dict) or not isinstance(body.get("text"), str):
            return Page(unreadable=(Unreadable(body, "no text"),))
        return Page(messages=(Platform().say(body["text"], author="jan"),))


def edited(message: InboundMessage, text: str) -> InboundMessage:
    """The same message, said otherwise."""
    return replace(message, text=text, edited_at=datetime.now(UTC) + timedelta(seconds=1))
