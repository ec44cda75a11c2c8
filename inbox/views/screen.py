"""The list, and the page around it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from inbox import access
from inbox.access import AgentRequest, SecondFactorMissing
from inbox.models import Agent, Brand
from inbox.queries import search
from inbox.queries.choices import Choices
from inbox.queries.frame import Frame, frame_of, home_brand
from inbox.queries.lists import ListQuery, Page, found_page, narrowed, page_of
from inbox.queries.queues import EVERY
from inbox.queries.workload import workload


@login_required
@require_safe
def home(request: AgentRequest) -> HttpResponse:
    """Where the agent was last."""
    brand = home_brand(request.user)
    if brand is None:
        if request.user.memberships.exists():  # their brands ask for a second factor first
            raise SecondFactorMissing
        return render(request, "inbox/no_brand.html")
    return HttpResponseRedirect(reverse("list", args=[brand.slug, "mine"]))


@login_required
@require_safe
def brand_home(request: AgentRequest, brand: str) -> HttpResponse:
    """A brand without a queue."""
    return HttpResponseRedirect(reverse("list", args=[access.brand_for(request.user, brand).slug, "mine"]))


@login_required
@require_safe
def screen(request: AgentRequest, brand: str, queue: str) -> HttpResponse:
    """A queue, or what was searched for; with htmx only its rows."""
    context = list_context(request, brand=brand, queue=queue)
    if request.htmx and request.htmx.target == "list":
        return render(request, "inbox/list.html", context)
    if request.htmx and request.htmx.target == "more":
        return render(request, "inbox/rows.html", context)
    remember(request.user, context["brand"])
    return render(request, "inbox/screen.html", {**context, "conversation": None})


@login_required
@require_safe
def colleagues(request: AgentRequest, brand: str) -> HttpResponse:
    """Who is at work, how much each minds, and what is late or soon will be."""
    found = access.brand_for(request.user, brand)
    context = {"brand": found, "choices": Choices(frame_of(request, found), found), "workload": workload(found)}
    return render(request, "inbox/colleagues.html", context)


def list_context(request: AgentRequest, *, brand: str, queue: str) -> dict[str, Any]:
    """What the list shows."""
    if queue not in EVERY:
        raise Http404
    found = access.brand_for(request.user, brand)
    frame = frame_of(request, found)
    asked = ListQuery.read(found, request.user, queue, request.GET)
    page, meant = _page(asked, frame)
    return {
        "brand": found, "frame": frame, "asked": asked, "page": page, "meant": meant,
        "choices": Choices(frame, found), "here": reverse("list", args=[found.slug, queue]),
    }  # fmt: skip


def _page(asked: ListQuery, frame: Frame) -> tuple[Page, str]:
    team_ids = frame.team_ids if asked.queue.name == "team" else []
    if not asked.q:
        return page_of(asked, team_ids=team_ids), ""
    hits = search.find(asked.brand, asked.q, narrow=narrowed(asked, team_ids=team_ids), page=asked.number)
    page = found_page(asked, list(hits.found), team_ids=team_ids, more=hits.more)
    search.pieces(page.rows, hits, asked.q)
    return page, hits.meant


def remember(agent: Agent, brand: Brand) -> None:
    """So that the next visit begins here."""
    if agent.last_brand_id != brand.pk:
        Agent.objects.filter(pk=agent.pk).update(last_brand=brand)
