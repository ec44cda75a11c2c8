"""Menus that are long and seldom opened: each comes by itself when it is."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from inbox import access
from inbox.access import AgentRequest, conversation_for
from inbox.queries.choices import Choices
from inbox.queries.frame import frame_of
from inbox.queries.lists import ListQuery
from inbox.queries.queues import EVERY


@login_required
@require_safe
def of_conversation(request: AgentRequest, pk: int, name: str) -> HttpResponse:
    """Whom it can be given to, the labels it does not have yet, or the colleagues a note can name."""
    if name not in {"assign", "label", "mentions"}:
        raise Http404
    found = conversation_for(request.user, pk)
    choices = Choices(frame_of(request, found.brand), found.brand)
    context: dict[str, object] = {"name": name, "choices": choices, "brand": found.brand}
    if name == "mentions":
        context["colleagues"] = [one for one in choices.people() if one.pk != request.user.pk]
    else:
        context["address"] = reverse("do", args=[pk, name])
        context["has"] = list(found.labelled.values_list("label", flat=True)) if name == "label" else []
    return render(request, "inbox/menu.html", context)


@login_required
@require_safe
def of_list(request: AgentRequest, brand: str, queue: str, name: str) -> HttpResponse:
    """Whom those picked can be given to, the labels for them, or what the list can be narrowed to."""
    if name not in {"assign", "label", "filters"} or queue not in EVERY:
        raise Http404
    found = access.brand_for(request.user, brand)
    frame = frame_of(request, found)
    context: dict[str, object] = {"name": name, "choices": Choices(frame, found), "brand": found, "frame": frame}
    if name == "filters":
        asked = ListQuery.read(found, request.user, queue, request.GET)
        context |= {"asked": asked, "here": reverse("list", args=[brand, queue])}
    else:
        context |= {"address": reverse("do_many", args=[brand, name]), "has": []}
    return render(request, "inbox/menu.html", context)
