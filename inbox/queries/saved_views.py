"""Saved views: the list that each stands for, and how many stand in it."""

from __future__ import annotations

from urllib.parse import parse_qsl

from django.urls import reverse

from inbox.models import Agent, View
from inbox.queries.frame import Frame
from inbox.queries.lists import ListQuery, filtered
from inbox.queries.queues import EVERY

MOST = 100  # a view this long says "99+"


def asked_by(view: View, agent: Agent) -> ListQuery:
    """The list of a view; of a queue that is no more, everything open."""
    queue, _, query = view.query.partition("?")
    known = queue.strip("/")
    return ListQuery.read(view.brand, agent, known if known in EVERY else "all", dict(parse_qsl(query)))


def address_of(asked: ListQuery) -> str:
    """Where it is shown."""
    address, query = reverse("list", args=[asked.brand.slug, asked.queue.name]), asked.query()
    return f"{address}?{query}" if query else address


def counts_of(frame: Frame) -> dict[int, int]:
    """How many stand in each view of the sidebar; those that search have no count."""
    lists = {view.pk: asked_by(view, frame.agent) for view in frame.views}
    return {
        pk: filtered(asked, team_ids=frame.team_ids)[:MOST].count() for pk, asked in lists.items() if not asked.q
    }  # fmt: skip
