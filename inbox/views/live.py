"""Small pieces that an open screen asks for again: rows, counts, who is here."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox import access
from inbox.access import AgentRequest, conversation_to_change
from inbox.operations import presence
from inbox.queries import search
from inbox.queries.frame import frame_of
from inbox.queries.lists import REFRESHED, ListQuery, narrowed, rows_by_id
from inbox.queries.queues import EVERY
from inbox.queries.rows import Row
from inbox.views.values import number


@login_required
@require_safe
def rows(request: AgentRequest, brand: str, queue: str) -> HttpResponse:
    """Those of the rows asked for that stand in this list now."""
    if queue not in EVERY:
        raise Http404
    found = access.brand_for(request.user, brand)
    frame = frame_of(request, found)
    asked = ListQuery.read(found, request.user, queue, request.GET)
    ids = [pk for pk in map(number, request.GET.get("ids", "").split(",")) if pk is not None]
    fresh = _fresh(asked, ids[:REFRESHED], frame.team_ids if queue == "team" else [])
    here = reverse("list", args=[brand, queue])
    return render(
        request, "inbox/fresh.html", {"brand": found, "frame": frame, "asked": asked, "here": here, "fresh": fresh}
    )


def _fresh(asked: ListQuery, ids: list[int], team_ids: list[int]) -> list[Row]:
    """Of a search, those in which the words stand."""
    if not asked.q:
        return rows_by_id(asked, ids, team_ids=team_ids)
    narrow = narrowed(asked, team_ids=team_ids, among=ids)
    hits = search.find(asked.brand, asked.q, narrow=narrow, size=REFRESHED)
    found = rows_by_id(asked, hits.found, team_ids=team_ids)
    search.pieces(found, hits, asked.q)
    return found


@login_required
@require_safe
def figures(request: AgentRequest, brand: str) -> HttpResponse:
    """The counts of the sidebar and the top bar."""
    found = access.brand_for(request.user, brand)
    return render(request, "inbox/figures.html", {"brand": found, "frame": frame_of(request, found)})


@login_required
@require_POST
def present(request: AgentRequest, pk: int) -> HttpResponse:
    """A sign of life at a conversation: looking, typing, or gone."""
    found = conversation_to_change(request.user, pk)
    if request.POST.get("gone"):
        presence.leave(found, agent=request.user)
    else:
        presence.arrive(found, agent=request.user, typing=bool(request.POST.get("typing")))
    return HttpResponse(status=204)
