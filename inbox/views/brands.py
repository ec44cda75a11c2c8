"""Brands: their settings, and for owners all of them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inbox.access import AgentRequest, Role, brand_for
from inbox.forms_admin import BrandForm, NewBrandForm
from inbox.models import Agent, Brand
from inbox.operations import people


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def brands(request: AgentRequest) -> HttpResponse:
    """All brands and all agents, for owners."""
    if not request.user.is_owner:
        raise PermissionDenied
    form = NewBrandForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        brand = people.create_brand(name=form.cleaned_data["name"], agent=request.user)
        messages.success(request, _("%(name)s is there. Connect its first account.") % {"name": brand.name})
        return redirect("accounts", brand.slug)
    rows = Brand.objects.annotate(
        people=Count("memberships", distinct=True), channels=Count("accounts", distinct=True)
    ).order_by("name")
    agents = Agent.objects.prefetch_related("memberships__brand").order_by("-is_active", "name")
    facts = {"form": form, "rows": rows, "agents": agents}
    return render(request, "administration/brands.html", facts, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def brand_settings(request: AgentRequest, slug: str) -> HttpResponse:
    """One brand's settings."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    form = BrandForm(
        request.POST if request.method == "POST" else None, instance=brand_for(request.user, slug, Role.ADMIN)
    )
    if request.method == "POST" and form.is_valid():
        people.change_brand(brand=brand, agent=request.user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("brand_settings", slug)
    facts = {"brand": brand, "form": form}
    return render(request, "administration/brand.html", facts, status=422 if form.is_bound else 200)
