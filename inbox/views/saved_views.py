"""Saved views: opened, counted, kept, renamed, shared and removed."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox import access
from inbox.access import AgentRequest, brand_for
from inbox.models import Brand, View
from inbox.operations import views as saved
from inbox.operations.changes import Refused
from inbox.queries.frame import frame_of
from inbox.queries.saved_views import address_of, asked_by, counts_of
from inbox.templatetags.filters import refusal
from inbox.views.actions import Toast, back


@login_required
@require_safe
def saved_view(request: AgentRequest, pk: int) -> HttpResponse:
    """The list somebody saved under a name."""
    return HttpResponseRedirect(address_of(asked_by(_view_for(request, pk), request.user)))


@login_required
@require_safe
def view_counts(request: AgentRequest, brand: str) -> HttpResponse:
    """The views of the sidebar with how many stand in each: asked for once the page is there."""
    frame = frame_of(request, brand_for(request.user, brand))
    return render(request, "components/views.html", {"frame": frame, "view_counts": counts_of(frame)})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def views(request: AgentRequest, brand: str) -> HttpResponse:
    """All of them, to rename, share and remove; or one more."""
    found = brand_for(request.user, brand)
    if request.method == "POST":
        return _keep(request, found)
    frame = frame_of(request, found)
    lists = [(view, asked_by(view, request.user)) for view in frame.views]
    context = {"brand": found, "lists": lists, "view_counts": counts_of(frame)}
    return render(request, "inbox/views.html", context)


def _keep(request: AgentRequest, found: Brand) -> HttpResponse:
    wish = {name: request.POST.get(name, "") for name in ("name", "query")}
    try:
        view = saved.save_view(brand=found, agent=request.user, shared=bool(request.POST.get("shared")), **wish)
    except Refused as refused:
        return back(request, Toast(refusal(refused.code), problem=True), reverse("list", args=[found.slug, "all"]))
    return back(request, Toast(_("Kept as a view.")), address_of(asked_by(view, request.user)))


@login_required
@require_POST
def change_view(request: AgentRequest, pk: int) -> HttpResponse:
    """Rename a view, share it or keep it to oneself."""
    view = _view_for(request, pk)
    toast = Toast(_("View changed."))
    try:
        saved.change_view(view=view, agent=request.user, name=request.POST.get("name", ""),
                          shared=bool(request.POST.get("shared")))  # fmt: skip
    except Refused as refused:
        toast = Toast(refusal(refused.code), problem=True)
    return back(request, toast, reverse("views", args=[view.brand.slug]))


@login_required
@require_POST
def delete_view(request: AgentRequest, pk: int) -> HttpResponse:
    """Remove a view."""
    view = _view_for(request, pk)
    toast = Toast(_("View removed."))
    try:
        saved.delete_view(view=view, agent=request.user)
    except Refused as refused:
        toast = Toast(refusal(refused.code), problem=True)
    return back(request, toast, reverse("views", args=[view.brand.slug]))


def _view_for(request: AgentRequest, pk: int) -> View:
    view = get_object_or_404(View.objects.select_related("brand"), pk=pk)
    access.require(request.user, view.brand)
    if view.owner_id not in {None, request.user.pk}:
        raise Http404
    return view
