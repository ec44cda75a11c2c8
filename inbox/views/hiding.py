"""Hiding a public message on the platform, and showing it again: for leads, with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from inbox.access import AgentRequest, Role, conversation_for
from inbox.forms import HideForm
from inbox.models import Message
from inbox.operations import hiding as operations
from inbox.operations.changes import Refused
from inbox.queries.outbox_words import sentence
from inbox.views.outbox import address


def message_for(request: AgentRequest, pk: int) -> Message:
    """A message in one of the brands that the agent leads."""
    message = Message.objects.select_related("account").defer("search").filter(pk=pk).first()
    if message is None:
        raise Http404
    message.conversation = conversation_for(request.user, message.conversation_id, Role.LEAD)
    return message


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def hide(request: AgentRequest, pk: int) -> HttpResponse:
    """Asked twice, with a reason: nobody but its author will see it."""
    message = message_for(request, pk)
    form = HideForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = operations.ask(message=message, agent=request.user, hide=True, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, sentence(refused.code, **refused.facts))
        else:
            done = _("It is being hidden.") if asked else _("It is hidden already.")
            messages.success(request, done)
            return HttpResponseRedirect(address(message.conversation, request))
    facts = {"brand": message.conversation.brand, "conversation": message.conversation, "message": message,
             "form": form, "possible": operations.can_hide(message)}  # fmt: skip
    return render(request, "outbox/hide.html", facts, status=422 if form.is_bound else 200)


@login_required
@require_POST
def show(request: AgentRequest, pk: int) -> HttpResponse:
    """Everybody sees it again."""
    message = message_for(request, pk)
    try:
        asked = operations.ask(message=message, agent=request.user, hide=False)
        messages.success(request, _("It is being shown again.") if asked else _("It is not hidden."))
    except Refused as refused:
        messages.error(request, sentence(refused.code, **refused.facts))
    return HttpResponseRedirect(address(message.conversation, request))
