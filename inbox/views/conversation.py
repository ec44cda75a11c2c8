"""Reading one conversation: the pane, its refreshes, earlier messages, and who else is there."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inbox.access import AgentRequest, conversation_for
from inbox.models import Conversation
from inbox.operations import presence as presences
from inbox.queries.conversation import colleagues_for, context_for, live_for, present_at
from inbox.queries.conversation_words import conversation_address
from inbox.queries.queues import EVERY


@login_required
@require_GET
def show(request: AgentRequest, pk: int) -> HttpResponse:
    """The pane for htmx (`part=live`: only what a refresh brings); the whole screen otherwise."""
    conversation = conversation_for(request.user, pk)
    if request.htmx and not request.htmx.history_restore_request:
        if request.GET.get("part") == "live":
            return live(request, conversation)
        context = context_for(agent=request.user, conversation=conversation, queue=queue_of(request))
        return render(request, "inbox/conversation.html", context)
    screen = address(conversation, queue_of(request))
    if screen != request.path and not request.GET.get("part"):
        return HttpResponseRedirect(screen)
    return page(request, conversation)


def page(request: AgentRequest, conversation: Conversation, before: str = "") -> HttpResponse:
    """By itself, on a page: works without script and without the list."""
    context = context_for(agent=request.user, conversation=conversation, before=before, queue=queue_of(request))
    return render(request, "inbox/conversation_page.html", context)


def live(request: AgentRequest, conversation: Conversation, status: int = 200, **more: object) -> HttpResponse:
    """Head and timeline, never the composer: what is being written stays."""
    data = request.POST if request.method == "POST" else request.GET
    context = live_for(agent=request.user, conversation=conversation, since=data.get("since", ""),
                       queue=queue_of(request))  # fmt: skip
    return render(request, "inbox/live.html", {**context, "toast": None, **more}, status=status)


@login_required
@require_GET
def earlier(request: AgentRequest, pk: int) -> HttpResponse:
    """The stretch before `before`."""
    conversation = conversation_for(request.user, pk)
    before = request.GET.get("before", "")
    if not request.htmx:
        return page(request, conversation, before)
    context = live_for(agent=request.user, conversation=conversation, before=before, queue=queue_of(request))
    return render(request, "inbox/earlier.html", context)


@login_required
@require_GET
def assign_menu(request: AgentRequest, pk: int) -> HttpResponse:
    """Who can take it, and how busy they are."""
    conversation = conversation_for(request.user, pk)
    people, teams = colleagues_for(conversation.brand)
    template = "inbox/assign_menu.html" if request.htmx else "inbox/assign_page.html"
    context = {"conversation": conversation, "brand": conversation.brand, "people": people, "teams": teams,
               "queue": queue_of(request)}  # fmt: skip
    return render(request, template, context)


@login_required
@require_POST
def presence(request: AgentRequest, pk: int) -> HttpResponse:
    """A sign of life; the answer says who else is there."""
    conversation = conversation_for(request.user, pk)
    presences.arrive(conversation, agent=request.user, typing=request.POST.get("typing") == "1")
    people = present_at(conversation, agent=request.user)
    if not request.htmx:
        return HttpResponse(status=204)
    return render(request, "inbox/presence.html", {"conversation": conversation, "present": people})


@login_required
@require_POST
def leave(request: AgentRequest, pk: int) -> HttpResponse:
    """Gone elsewhere."""
    presences.leave(conversation_for(request.user, pk), agent=request.user)
    return HttpResponse(status=204)


def queue_of(request: AgentRequest) -> str:
    """The queue the agent came from."""
    name = request.POST.get("queue") or request.GET.get("queue") or "all"
    return name if name in EVERY else "all"


def address(conversation: Conversation, queue: str = "all") -> str:
    """Where it is read; its own page while there is no screen."""
    return conversation_address(conversation.pk, conversation.brand.slug, queue) or reverse(
        "conversation", args=[conversation.pk]
    )
