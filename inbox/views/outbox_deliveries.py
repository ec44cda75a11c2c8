"""Replies on their way: their state, what a person decides, and the ones somebody minds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox.access import AgentRequest, brand_for, conversation_for
from inbox.models import Brand, Delivery
from inbox.operations import approvals, outbox_choices
from inbox.operations.changes import Refused
from inbox.queries.outbox import proposals
from inbox.queries.outbox_todo import minded
from inbox.queries.outbox_words import sentence
from inbox.views.outbox import address

ACTIONS = {
    "undo": outbox_choices.undo, "again": outbox_choices.send_again, "there": outbox_choices.it_is_there,
    "look": outbox_choices.look_now, "edit": outbox_choices.edit_again, "give-up": outbox_choices.give_up,
    "approve": approvals.approve, "return": approvals.give_back,
}  # fmt: skip


def delivery_for(request: AgentRequest, pk: int) -> Delivery:
    """A delivery in one of the agent's brands."""
    delivery = Delivery.objects.select_related("message").filter(pk=pk).first()
    if delivery is None:
        raise Http404
    delivery.conversation = conversation_for(request.user, delivery.conversation_id)
    return delivery


@login_required
@require_GET
def state(request: AgentRequest, pk: int) -> HttpResponse:
    """How it stands."""
    return render(request, "outbox/state.html", {"delivery": delivery_for(request, pk)})


@login_required
@require_POST
def decide(request: AgentRequest, pk: int, action: str) -> HttpResponse:
    """One decision of a person."""
    delivery = delivery_for(request, pk)
    act = ACTIONS.get(action)
    if act is None:
        raise Http404
    try:
        act(delivery_id=pk, agent=request.user, **_more(request, action))  # type: ignore[operator]
    except Refused as refused:
        if action in {"approve", "return"} and not request.htmx:  # what was typed stays
            return _approvals(request, delivery.conversation.brand, refused=(delivery.pk, refused), status=409)
        return _refused(request, delivery, refused)
    if not request.htmx:
        if told := {"approve": _("Approved. It leaves in a few seconds."), "return": _("Returned to its writer.")}.get(
            action
        ):
            messages.success(request, told)
        return HttpResponseRedirect(
            (request.POST.get("next") and _own(request)) or address(delivery.conversation, request)
        )
    response = render(request, "outbox/state.html", {"delivery": delivery_for(request, pk)})
    response.headers["HX-Trigger"] = "conversation-changed, composer-changed"
    return response


def _own(request: AgentRequest) -> str:
    """Back to one of our own pages only."""
    target = request.POST.get("next", "")
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else ""


def _more(request: AgentRequest, action: str) -> dict[str, Any]:
    if action == "approve":
        data = request.POST
        return {"text": data.get("text"), "public_text": data.get("public_text", ""),
                "split": bool(data.get("split")), "confirmed": bool(data.get("confirmed"))}  # fmt: skip
    if action == "return":
        return {"note": request.POST.get("note", "")}
    if action == "there":
        link = request.POST.get("link", "")
        return {"link": link if link.startswith("https://") and len(link) < 1000 else ""}
    return {}


def _refused(request: AgentRequest, delivery: Delivery, refused: Refused) -> HttpResponse:
    words = sentence(refused.code, **refused.facts)
    if request.htmx:
        return render(request, "outbox/state.html", {"delivery": delivery_for(request, delivery.pk), "error": words},
                      status=409)  # fmt: skip
    messages.error(request, words)
    return HttpResponseRedirect(_own(request) or address(delivery.conversation, request))


@login_required
@require_GET
def minded_page(request: AgentRequest, brand: str) -> HttpResponse:
    """Failed and uncertain replies: none is forgotten."""
    own = brand_for(request.user, brand)
    related = ("message__agent", "conversation__identity", "conversation__contact", "account__brand")
    rows = list(minded(agent=request.user, brands=[own]).select_related(*related)[:100])
    return render(request, "outbox/minded.html", {"brand": own, "deliveries": rows})


@login_required
@require_GET
def approvals_page(request: AgentRequest, brand: str) -> HttpResponse:
    """Replies of trainees that wait."""
    return _approvals(request, brand_for(request.user, brand))


def _approvals(
    request: AgentRequest, brand: Brand, *, refused: tuple[int, Refused] | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    pk, why = refused or (0, None)
    context = {"brand": brand, "rows": proposals(agent=request.user, brand=brand), "refused": pk, "typed": request.POST,
               "error": sentence(why.code, **why.facts) if why else ""}  # fmt: skip
    return render(request, "outbox/approvals.html", context, status=status)
