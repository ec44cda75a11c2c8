"""What a conversation's row says, worked out from all that was said in it: the same whatever order it came in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LONG_AGO = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


@dataclass(slots=True)
class Said:
    """One message, as far as its conversation's row depends on it."""

    external_id: str
    inbound: bool
    sent_at: datetime
    stored_at: datetime
    start: str  # its first words
    by_agent: bool = False  # written here, by one of us
    on_its_way: bool = False  # ours, not on the platform yet
    deleted: bool = False
    target_minutes: int | None = None
    proactive: bool = False


@dataclass(slots=True)
class Summary:
    """The columns of a conversation that follow from its messages."""

    first_message_at: datetime
    last_message_at: datetime
    waiting_since: datetime | None
    due_at: datetime | None
    last_inbound_at: datetime | None
    first_reply_at: datetime | None
    last_reply_at: datetime | None
    preview: str
    message_count: int
    proactive: bool


def summarise(messages: Iterable[Said], *, resolved_at: datetime | None) -> Summary:
    """The row that fits these messages; `resolved_at` is when somebody closed the conversation."""
    ordered = sorted(messages, key=lambda said: (said.sent_at, said.external_id))
    inbound = [said for said in ordered if said.inbound]
    outbound = [said for said in ordered if not said.inbound]
    waiting = _first_waiting(inbound, outbound, resolved_at)
    there = [said for said in ordered if not said.on_its_way] or ordered
    replies = [said.sent_at for said in outbound if inbound and said.sent_at >= inbound[0].sent_at]
    return Summary(
        first_message_at=there[0].sent_at,
        last_message_at=there[-1].sent_at,
        waiting_since=waiting.sent_at if waiting else None,
        due_at=_due(waiting),
        last_inbound_at=inbound[-1].sent_at if inbound else None,
        first_reply_at=replies[0] if replies else None,
        last_reply_at=outbound[-1].sent_at if outbound else None,
        preview=" ".join(there[-1].start.split())[:200],
        message_count=len(there),
        proactive=bool(inbound) and all(said.proactive for said in inbound),
    )


def _due(waiting: Said | None) -> datetime | None:
    if waiting is None or waiting.target_minutes is None:
        return None
    return waiting.sent_at + timedelta(minutes=waiting.target_minutes)


def _first_waiting(inbound: list[Said], outbound: list[Said], resolved_at: datetime | None) -> Said | None:
    """Their first message that nobody answered, or closed after seeing it.

    A reply made on the platform answers all that stood there. One written here answers what we had by then: a message
    that the platform showed us late was not answered by it.
    """
    if not outbound and resolved_at is None:
        return next((said for said in inbound if not said.deleted), None)
    elsewhere = max((said.sent_at for said in outbound if not said.by_agent), default=LONG_AGO)
    ours = [said for said in outbound if said.by_agent]
    here = max((said.sent_at for said in ours), default=LONG_AGO)
    here_stored = max((said.stored_at for said in ours), default=LONG_AGO)
    closed = resolved_at or LONG_AGO
    return next(
        (
            said
            for said in inbound
            if not said.deleted
            and said.sent_at > elsewhere
            and not (said.sent_at <= here and said.stored_at <= here_stored)
            and said.stored_at > closed
        ),
        None,
    )
