"""Somebody's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.access import AgentRequest, brands_of
from inbox.forms import PreferencesForm
from inbox.models import Agent
from inbox.operations import assignments


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: AgentRequest) -> HttpResponse:
    """Name, language, theme, time zone, shortcuts, initials, notifications."""
    form = PreferencesForm(request.POST or None, instance=Agent.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.keep()
        with translation.override(form.cleaned_data["language"]):
            messages.success(request, _("Your settings are kept."))
        return HttpResponseRedirect(reverse("preferences"))
    return render(request, "inbox/preferences.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def again(request: AgentRequest) -> HttpResponse:
    """Where a login in another window ends: what was being written stands in the first one."""
    return render(request, "inbox/again.html")


@login_required
@require_POST
def theme(request: AgentRequest) -> HttpResponse:
    """Light, dark, or as the system."""
    chosen = request.POST.get("theme", "")
    if chosen in Agent.Theme.values:
        Agent.objects.filter(pk=request.user.pk).update(theme=chosen)
    return _back(request)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language before somebody is logged in."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in {"nl", "en"}:
        response.set_cookie("language", chosen, max_age=365 * 86400, samesite="Lax", httponly=True)
    return response


@login_required
@require_POST
def shift(request: AgentRequest) -> HttpResponse:
    """At work or not; who goes may offer the open work back."""
    on = request.POST.get("on") == "1"
    assignments.set_shift(agent=request.user, on=on)
    if not on and request.POST.get("offer_back"):
        for brand in brands_of(request.user):
            assignments.offer_back(agent=request.user, brand=brand, actor=request.user)
    messages.success(request, _("You are at work.") if on else _("You are off. Have a good evening."))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    before = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(
        before, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(before if safe else "/")
