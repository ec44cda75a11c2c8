"""Channel accounts: health, settings, pausing and removing."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors.registry import PLATFORMS
from inbox.access import AgentRequest, Role, account_for, brand_for
from inbox.forms_admin import AccountSettingsForm
from inbox.models import ChannelAccount
from inbox.operations import accounts as operations
from inbox.operations import oauth_connect
from inbox.queries import accounts as queries
from inbox.queries.account_charts import charts_of
from inbox.queries.account_lights import reasons


@login_required
@require_safe
def accounts(request: AgentRequest, slug: str) -> HttpResponse:
    """One page for the health of all accounts."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    rows = queries.register(brand)
    facts = {"brand": brand, "rows": rows, "summary": queries.summary(rows), "platforms": PLATFORMS}
    return render(request, "administration/accounts.html", facts)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: AgentRequest, pk: int) -> HttpResponse:
    """One account: its streams, what we ask of it, what it may do."""
    found = account_for(request.user, pk)
    form = AccountSettingsForm(
        request.POST if request.method == "POST" else None, instance=account_for(request.user, pk)
    )
    if request.method == "POST" and form.is_valid():
        operations.change_settings(account=found, agent=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account", pk)
    return _page(request, found, form, status=422 if form.is_bound else 200)


@login_required
@require_POST
def pause(request: AgentRequest, pk: int) -> HttpResponse:
    found = account_for(request.user, pk)
    if operations.pause(account=found, agent=request.user):
        messages.success(
            request, _("Paused. Nothing is fetched until you resume; what is written meanwhile is caught up.")
        )
    return redirect("account", pk)


@login_required
@require_POST
def resume(request: AgentRequest, pk: int) -> HttpResponse:
    found = account_for(request.user, pk)
    if operations.resume(account=found, agent=request.user):
        messages.success(request, _("Resumed from where it stood."))
    return redirect("account", pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: AgentRequest, pk: int) -> HttpResponse:
    """Asked twice: removing disconnects and gives our access back. Conversations stay."""
    found = account_for(request.user, pk)
    if request.method != "POST":
        return render(request, "administration/account_remove.html", {"brand": found.brand, "account": found})
    if operations.remove(account=found, agent=request.user):
        told = oauth_connect.revoke(found)
        messages.success(request, _("Removed. Its conversations stay."))
        if not told:
            messages.info(request, _("The platform is told as soon as it can be reached."))
    return redirect("accounts", found.brand.slug)


def _page(
    request: AgentRequest, found: ChannelAccount, form: AccountSettingsForm, *, status: int = 200
) -> HttpResponse:
    health = next((row for row in queries.register(found.brand) if row.account == found), None)
    streams = [(stream, queries.stream_name(stream)) for stream in found.streams.order_by("kind", "query")]
    why = reasons()
    facts = {
        "brand": found.brand, "account": found, "health": health, "form": form, "streams": streams, "why": why,
        "charts": charts_of(found),
        "losses": queries.losses(found.kind, found.missing_scopes),
        "searches": any(spec.needs_query for spec in found.capabilities.streams),
    }  # fmt: skip
    return render(request, "administration/account.html", facts, status=status)
