"""Streams of an account: on, off, and searches with a look at what they would bring."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from connectors.exceptions import ConnectorError
from inbox import limits
from inbox.access import AgentRequest, account_for
from inbox.forms_admin import SearchForm
from inbox.models import ChannelAccount, Stream
from inbox.operations import audit, streams
from inbox.operations.changes import Refused
from inbox.views.refusals import platform_sentence, sentence


@login_required
@require_POST
def switch(request: AgentRequest, pk: int) -> HttpResponse:
    """On or off."""
    stream = stream_for(request, pk)
    on = request.POST.get("on") == "1"
    try:
        streams.switch(stream=stream, agent=request.user, on=on)
        messages.success(
            request, _("Switched on.") if on else _("Switched off. The time it is off is a gap in the ledger.")
        )
    except Refused as refused:
        messages.error(request, sentence(refused))
    return redirect("account", stream.account_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_search(request: AgentRequest, pk: int) -> HttpResponse:
    """A new search for an account."""
    return _search(request, account_for(request.user, pk), None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: AgentRequest, pk: int) -> HttpResponse:
    """Other words or etiquette for a search."""
    stream = stream_for(request, pk)
    if not stream.query:
        raise Http404
    return _search(request, stream.account, stream)


def _search(request: AgentRequest, account: ChannelAccount, stream: Stream | None) -> HttpResponse:
    spec = next((one for one in account.capabilities.streams if one.needs_query), None)
    if spec is None:
        raise Http404
    form = SearchForm(
        request.POST if request.method == "POST" else None, capabilities=account.capabilities, initial=_initial(stream)
    )
    preview, trouble = None, ""
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview, trouble = _preview(request, account, spec.kind, form.cleaned_data)
        else:
            try:
                streams.save_search(
                    account=account, agent=request.user, kind=spec.kind, stream=stream, **form.cleaned_data
                )
            except Refused as refused:
                form.add_error("query", sentence(refused))
            else:
                messages.success(request, _("Saved."))
                return redirect("account", account.pk)
    facts = {
        "brand": account.brand, "account": account, "form": form, "stream": stream, "preview": preview,
        "trouble_words": trouble,
        "capabilities": account.capabilities,
    }  # fmt: skip
    bad = form.is_bound and not form.is_valid()
    return render(request, "administration/search.html", facts, status=422 if bad else 200)


def _preview(
    request: AgentRequest, account: ChannelAccount, kind: str, words: dict[str, Any]
) -> tuple[streams.Preview | None, str]:
    """One look, counted and audited, since it costs money."""
    limits.count("preview", agent_id=request.user.pk)
    try:
        found = streams.preview(
            account=account,
            kind=kind,
            query=words["query"],
            language=words["language"],
            exclude=tuple(words["exclude"]),
        )
    except ConnectorError as error:
        return None, platform_sentence(error)
    audit.record(
        "search_previewed",
        actor=request.user,
        brand=account.brand,
        target=words["query"],
        data={"cost": str(found.cost)},
    )
    return found, ""


def _initial(stream: Stream | None) -> dict[str, Any]:
    if stream is None:
        return {}
    values = {name: getattr(stream, name) for name in streams.FIELDS}
    return values | {"exclude": ", ".join(stream.exclude)}


def stream_for(request: AgentRequest, pk: int) -> Stream:
    """A stream of an account the agent arranges."""
    stream = Stream.objects.select_related("account__brand").filter(pk=pk).first()
    if stream is None:
        raise Http404
    account_for(request.user, stream.account_id)
    return stream
