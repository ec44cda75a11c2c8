"""Bulk replies: choose, preview one by one, send, watch, stop."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.access import AgentRequest, brand_for
from inbox.models import BulkReply, Conversation, Delivery
from inbox.operations import bulk
from inbox.queries.outbox_words import sentence
from inbox.views.values import number

MOVING = {Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.APPROVAL, Delivery.State.UNCERTAIN}


@login_required
@require_http_methods(["GET", "POST"])
def new(request: AgentRequest, brand: str) -> HttpResponse:
    """The text and whom it goes to; a POST with `send` sends what was previewed."""
    own = brand_for(request.user, brand)
    data = request.POST if request.method == "POST" else request.GET
    ids = [pk for value in data.getlist("ids") for pk in map(number, value.split(",")) if pk is not None]
    text = data.get("text", "")
    refused: dict[int, str] = {}
    if request.method == "POST" and data.get("send"):
        chosen = {pk: data.get(f"text_{pk}", "") for pk in ids if data.get(f"take_{pk}")}
        if chosen:
            seen = {pk: last for pk in ids if (last := number(data.get(f"seen_{pk}"))) is not None}
            made, refused = bulk.send_bulk(brand=own, agent=request.user, text=text, chosen=chosen, seen=seen,
                                           token=_token(data.get("token", "")))  # fmt: skip
            if not refused or len(refused) < len(chosen):
                return HttpResponseRedirect(reverse("bulk_result", args=[brand, made.pk]))
    rows = bulk.preview(brand=own, conversation_ids=ids, text=text, agent=request.user) if ids else []
    if refused:  # what was typed stays, with why it did not leave
        rows = [replace(row, text=data.get(f"text_{row.conversation.pk}", row.text),
                        refused=refused.get(row.conversation.pk, row.refused)) for row in rows]  # fmt: skip
    context = {"brand": own, "text": text, "rows": rows, "ids": ids, "token": uuid4(), "sentence": sentence,
               "refused": refused}  # fmt: skip
    return render(request, "outbox/bulk.html", context)


@login_required
@require_GET
def result(request: AgentRequest, brand: str, pk: int) -> HttpResponse:
    """What became of each."""
    own = brand_for(request.user, brand)
    made = get_object_or_404(BulkReply, pk=pk, brand=own)
    related = ("message", "conversation__identity", "conversation__contact")
    rows = list(Delivery.objects.filter(bulk=made).select_related("account", *related).order_by("pk"))
    people = Conversation.objects.filter(brand=own, pk__in=[int(pk) for pk in made.refused])
    refused = [(c, made.refused[str(c.pk)]) for c in people.select_related("identity", "contact").order_by("pk")]
    figures = Counter(row.get_state_display() for row in rows)
    context = {"brand": own, "bulk": made, "deliveries": rows, "refused": refused, "sentence": sentence,
               "figures": figures, "moving": any(row.state in MOVING for row in rows)}  # fmt: skip
    return render(request, "outbox/bulk_result.html", context)


@login_required
@require_POST
def stop_one(request: AgentRequest, brand: str, pk: int) -> HttpResponse:
    """Nothing more leaves."""
    own = brand_for(request.user, brand)
    bulk.stop(bulk=get_object_or_404(BulkReply, pk=pk, brand=own), agent=request.user)
    return HttpResponseRedirect(reverse("bulk_result", args=[brand, pk]))


def _token(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        return uuid4()
