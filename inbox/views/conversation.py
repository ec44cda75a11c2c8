"""The open conversation: its page, its head, and stretches of its timeline."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from inbox.access import AgentRequest, conversation_for
from inbox.models import Conversation
from inbox.queries import conversation as queries
from inbox.queries.choices import Choices
from inbox.queries.frame import frame_of
from inbox.queries.lists import ListQuery
from inbox.queries.outbox import composer_for
from inbox.queries.queues import EVERY
from inbox.views.screen import list_context, remember

AUDIENCES = {"public", "private", "note"}


@login_required
@require_safe
def address(request: AgentRequest, pk: int) -> HttpResponse:
    """The conversation's own address leads to it on the screen."""
    found = conversation_for(request.user, pk)
    queue = "mine" if found.assignee_id == request.user.pk else "search"
    return HttpResponseRedirect(reverse("open", args=[found.brand.slug, queue, pk]))


@login_required
@require_safe
def screen(request: AgentRequest, brand: str, queue: str, pk: int) -> HttpResponse:
    """The screen with this conversation open; with htmx only the conversation and the person."""
    found = queries.opened(request.user, pk)
    if found.brand.slug != brand or queue not in EVERY:
        return HttpResponseRedirect(reverse("conversation", args=[pk]))
    frame = frame_of(request, found.brand)
    if request.htmx and request.htmx.target == "talk":
        asked = ListQuery.read(found.brand, request.user, queue, request.GET)
        here = reverse("list", args=[brand, queue])
        choices = Choices(frame, found.brand)
        around = {"brand": found.brand, "frame": frame, "asked": asked, "here": here, "choices": choices}
        return render(request, "inbox/talk.html", {**around, **_talk(request, found, choices)})
    remember(request.user, found.brand)
    context = list_context(request, brand=brand, queue=queue)
    return render(request, "inbox/screen.html", {**context, **_talk(request, found, context["choices"])})


@login_required
@require_safe
def stretch(request: AgentRequest, pk: int) -> HttpResponse:
    """The newest messages, or those before a place."""
    found = conversation_for(request.user, pk)
    said = queries.timeline(found, before=request.GET.get("before", ""))
    return render(request, "inbox/timeline.html", {"conversation": found, "brand": found.brand, "timeline": said})


@login_required
@require_safe
def head(request: AgentRequest, pk: int) -> HttpResponse:
    """What stands above the messages."""
    return render_head(request, queries.headed(request.user, pk))


def render_head(request: AgentRequest, found: Conversation, *, status: int = 200, **more: object) -> HttpResponse:
    """The head by itself, with what happened."""
    frame = frame_of(request, found.brand)
    context = {"conversation": found, "brand": found.brand, "frame": frame, "choices": Choices(frame, found.brand),
               "looking": queries.looking_at(found, request.user), "toast": None, **more}  # fmt: skip
    return render(request, "inbox/head.html", context, status=status)


def _talk(request: AgentRequest, found: Conversation, choices: Choices) -> dict[str, object]:
    audience = request.GET.get("audience", "")
    said = queries.timeline(found, before=request.GET.get("before", ""), reasons=choices.every_reason())
    return {
        "conversation": found, "timeline": said,
        "earlier": queries.earlier_of(found), "looking": queries.looking_at(found, request.user), "toast": None,
        "composer": composer_for(conversation=found, agent=request.user,
                                 audience=audience if audience in AUDIENCES else "", newest=said.newest),
        "queued": None, "noted": False,
    }  # fmt: skip
