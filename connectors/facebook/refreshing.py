"""Re-reading messages by id: what they count now, what they say now, and which are gone."""

from __future__ import annotations

from typing import Any

from connectors.exceptions import Gone, Rejected
from connectors.facebook import fields, mapping
from connectors.facebook.errors import limits
from connectors.facebook.harvest import Harvest
from connectors.facebook.values import entry
from connectors.types import InboundMessage, Metrics, Refreshed


def refresh(harvest: Harvest, ids: list[str], *, page_id: str) -> Refreshed:
    """Metrics, present texts, and deletions a second reading confirmed; private messages have no numbers."""
    posts = [one for one in ids if _is_post(one, page_id)]
    comments = [one for one in ids if "_" in one and one not in posts and not one.startswith(("m_", "review_"))]
    found: dict[str, dict[str, Any]] = {}
    deleted: list[str] = []
    for group, wanted in ((comments, fields.COMMENT), (posts, fields.POST_METRICS)):
        answers, gone = _read(harvest, group, wanted=wanted)
        found |= answers
        deleted += gone
    read = {one: _message(harvest, payload, one in posts, page_id=page_id) for one, payload in found.items()}
    return Refreshed(
        metrics={one: _metrics(payload, one in posts) for one, payload in found.items()},
        messages=tuple(message for message in read.values() if message),
        deleted=tuple(deleted),
        unreadable=tuple(harvest.unreadable),
        cost=harvest.cost(),
        limits=limits(harvest.headers),
    )


def _read(harvest: Harvest, ids: list[str], *, wanted: str) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """All at once, those not in the answer one by one: a single bad id can refuse the whole batch."""
    if not ids:
        return {}, []
    harvest.calls += len(ids) - 1  # each id counts
    try:
        batch = harvest.read("", ids=",".join(ids), fields=wanted)
    except Rejected:
        batch = {}
    found = {one: batch[one] for one in ids if isinstance(batch.get(one), dict) and "error" not in batch[one]}
    deleted = []
    for one in ids:
        if one in found:
            continue
        answer = _read_single(harvest, one, wanted=wanted)
        if answer is None:
            deleted.append(one)
        elif answer:
            found[one] = answer
    return found, deleted


def _read_single(harvest: Harvest, external_id: str, *, wanted: str) -> dict[str, Any] | None:
    """The object; None when it is gone (or hidden from us: the same answer); {} when it would not be read."""
    try:
        return harvest.read(external_id, fields=wanted)
    except Gone:
        return None
    except Rejected as error:
        harvest.set_aside({"id": external_id}, f"{error.code}: {error.detail}")
        return {}


def _is_post(external_id: str, page_id: str) -> bool:
    return bool(page_id) and external_id.startswith(f"{page_id}_")


def _metrics(payload: dict[str, Any], is_post: bool) -> Metrics:
    return mapping.post_metrics(payload) if is_post else mapping.comment_metrics(payload)


def _message(
    harvest: Harvest,
    payload: dict[str, Any],
    is_post: bool,
    *,
    page_id: str,
) -> InboundMessage | None:
    def read(item: dict[str, Any]) -> InboundMessage:
        return (mapping.post if is_post else mapping.comment)(item, page_id=page_id)

    return harvest.take(entry(payload), read)
