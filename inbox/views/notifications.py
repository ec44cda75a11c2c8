"""The bell."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox.access import AgentRequest, brands_of
from inbox.models import Notification
from inbox.operations.notifications import mark_read
from inbox.queries.outbox_todo import by_brand, minded, to_approve
from inbox.views.values import number

SHOWN = 50


@login_required
@require_safe
def bell(request: AgentRequest) -> HttpResponse:
    """What the agent should know, newest first; a list by itself for htmx."""
    mine = Notification.objects.filter(agent=request.user, brand__in=brands_of(request.user))
    told = list(mine.select_related("brand", "conversation__identity", "conversation__contact", "account", "actor")
                .order_by("-pk")[:SHOWN])  # fmt: skip
    template = "inbox/bell.html" if request.htmx else "inbox/notifications.html"
    brands = brands_of(request.user)
    undelivered = by_brand(minded(agent=request.user, brands=brands))
    waiting = by_brand(to_approve(agent=request.user, brands=brands))
    return render(request, template, {"told": told, "undelivered": undelivered, "waiting": waiting})


@login_required
@require_POST
def read(request: AgentRequest) -> HttpResponse:
    """Read all, or one and go to it."""
    pk = number(request.POST.get("pk"))
    mark_read(agent=request.user, ids=[pk] if pk is not None else None)
    told = Notification.objects.filter(agent=request.user, pk=pk).first() if pk is not None else None
    if told is not None and told.conversation_id:
        return HttpResponseRedirect(reverse("conversation", args=[told.conversation_id]))
    if told is not None and told.account_id:
        return HttpResponseRedirect(reverse("account", args=[told.account_id]))
    return HttpResponseRedirect(reverse("notifications"))
