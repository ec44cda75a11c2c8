"""Labels, canned replies and reasons for closing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.forms import ModelForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.access import AgentRequest, Role, brand_for, may, require
from inbox.forms_admin import LANGUAGES, CannedReplyForm, ClosingReasonForm, LabelForm
from inbox.models import Brand, CannedReply, ClosingReason, Label
from inbox.operations import library as operations
from inbox.operations.changes import Refused
from inbox.views.refusals import sentence


@login_required
@require_safe
def library(request: AgentRequest, slug: str) -> HttpResponse:
    """Labels and reasons, for leads."""
    brand = brand_for(request.user, slug, Role.LEAD)
    return _page(request, brand, LabelForm(), ClosingReasonForm())


def _page(request: AgentRequest, brand: Brand, label_form: Any, reason_form: Any, *, status: int = 200) -> HttpResponse:
    labels = brand.labels.annotate(used=Count("labelled")).order_by("archived_at", "name")
    facts = {
        "brand": brand, "labels": labels, "reasons": brand.closing_reasons.order_by("archived_at", "pk"),
        "label_form": label_form, "reason_form": reason_form,
    }  # fmt: skip
    return render(request, "administration/library.html", facts, status=status)


@login_required
@require_POST
def new_label(request: AgentRequest, slug: str) -> HttpResponse:
    """A new label."""
    brand = brand_for(request.user, slug, Role.LEAD)
    form = LabelForm(request.POST)
    if _saved(request, form, Label(brand=brand)):
        return redirect("library", slug)
    return _page(request, brand, form, ClosingReasonForm(), status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def label(request: AgentRequest, pk: int) -> HttpResponse:
    """Another name, colour or meaning; or out of use."""
    found = _of_brand(request, Label, pk)
    return _edit(request, found, LabelForm, _("Label"))


@login_required
@require_POST
def new_reason(request: AgentRequest, slug: str) -> HttpResponse:
    """A new reason."""
    brand = brand_for(request.user, slug, Role.LEAD)
    form = ClosingReasonForm(request.POST)
    code = form.new_code() if form.is_valid() else ""
    if _saved(request, form, ClosingReason(brand=brand), code=code):
        return redirect("library", slug)
    return _page(request, brand, LabelForm(), form, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reason(request: AgentRequest, pk: int) -> HttpResponse:
    """Other words for a reason; or out of use."""
    found = _of_brand(request, ClosingReason, pk)
    return _edit(request, found, ClosingReasonForm, _("Reason for closing"))


def _edit(request: AgentRequest, found: Any, form_class: type[ModelForm[Any]], title: str) -> HttpResponse:
    slug = found.brand.slug
    if request.method == "POST" and "archived" in request.POST:
        operations.archive(found, agent=request.user, archived=request.POST["archived"] == "1")
        return redirect("library", slug)
    form = form_class(request.POST if request.method == "POST" else None, instance=_fresh(found))
    if request.method == "POST" and _saved(request, form, found):
        return redirect("library", slug)
    facts = {"brand": found.brand, "form": form, "thing": found, "title": title, "back": "library"}
    return render(request, "administration/edit.html", facts, status=422 if form.is_bound else 200)


@login_required
@require_safe
def canned_replies(request: AgentRequest, slug: str) -> HttpResponse:
    """The texts everybody may start from; leads keep them."""
    brand = brand_for(request.user, slug)
    rows = brand.canned_replies.select_related("owner").order_by("title", "pk")
    facts = {
        "brand": brand, "rows": rows, "today": timezone.localdate(), "may_edit": may(request.user, brand, Role.LEAD),
        "languages": dict(LANGUAGES),
    }  # fmt: skip
    return render(request, "administration/canned_replies.html", facts)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_canned_reply(request: AgentRequest, slug: str) -> HttpResponse:
    """A new text."""
    brand = brand_for(request.user, slug, Role.LEAD)
    return _reply(request, CannedReply(brand=brand), brand)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def canned_reply(request: AgentRequest, pk: int) -> HttpResponse:
    """Another text, or gone."""
    found = _of_brand(request, CannedReply, pk)
    if request.method == "POST" and "delete" in request.POST:
        operations.delete_reply(found, agent=request.user)
        messages.success(request, _("Removed."))
        return redirect("canned_replies", found.brand.slug)
    return _reply(request, found, found.brand)


def _reply(request: AgentRequest, found: CannedReply, brand: Brand) -> HttpResponse:
    form = CannedReplyForm(request.POST if request.method == "POST" else None, brand=brand, instance=_fresh(found))
    if request.method == "POST" and _saved(request, form, found):
        return redirect("canned_replies", brand.slug)
    facts = {"brand": brand, "form": form, "thing": found, "title": _("Canned reply"), "back": "canned_replies"}
    return render(request, "administration/edit.html", facts, status=422 if form.is_bound else 200)


def _saved(request: AgentRequest, form: Any, thing: Any, **more: str) -> bool:
    if not form.is_valid():
        return False
    try:
        operations.save(thing, agent=request.user, **form.cleaned_data, **more)
    except Refused as refused:
        form.add_error(None, sentence(refused))
        return False
    messages.success(request, _("Saved."))
    return True


def _fresh(thing: Any) -> Any:
    """A copy for the form to fill in: the operation compares with what was."""
    return type(thing).objects.get(pk=thing.pk) if thing.pk else type(thing)(brand=thing.brand)


def _of_brand(request: AgentRequest, model: Any, pk: int) -> Any:
    found = model.objects.select_related("brand").filter(pk=pk).first()
    if found is None:
        raise Http404
    require(request.user, found.brand, Role.LEAD)
    return found
