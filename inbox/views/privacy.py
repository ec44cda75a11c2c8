"""Privacy: find a person, hand over what we know, or forget them."""

from __future__ import annotations

import json
import tempfile
import zipfile
from typing import IO

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.serializers.json import DjangoJSONEncoder
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox import limits
from inbox.access import AgentRequest, Role, brand_for, require
from inbox.forms_admin import EraseForm, PersonForm
from inbox.models import Contact
from inbox.operations import audit
from inbox.operations import privacy as operations
from inbox.operations.changes import Refused
from inbox.queries.audit import entries
from inbox.queries.privacy import dossier, files_of, people
from inbox.views.refusals import sentence


@never_cache
@login_required
@require_safe
def privacy(request: AgentRequest, slug: str) -> HttpResponse:
    """Look somebody up over all channels; and how long we keep what."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    form = PersonForm(request.GET if "words" in request.GET else None)
    found = people(brand, form.cleaned_data["words"]) if form.is_bound and form.is_valid() else None
    last = entries(brand, verb="retention_run").first()
    facts = {"brand": brand, "form": form, "found": found, "last": last}
    return render(
        request, "administration/privacy.html", facts, status=422 if form.is_bound and not form.is_valid() else 200
    )


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: AgentRequest, pk: int) -> HttpResponse:
    """One person: what there is, and erasing it for good."""
    contact = contact_for(request, pk)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.erase(contact=contact, actor=request.user)
        except Refused as refused:
            form.add_error(None, sentence(refused))
        else:
            messages.success(request, _("Erased. Figures stay right, and nothing of this person comes in again."))
            return redirect("privacy", contact.brand.slug)
    facts = {
        "brand": contact.brand, "contact": contact, "form": form, "identities": contact.identities.order_by("pk"),
        "conversations": contact.conversations.select_related("account").order_by("-last_message_at")[:100],
        "notes": contact.notes.count(),
    }  # fmt: skip
    return render(request, "administration/person.html", facts, status=422 if form.is_bound else 200)


@never_cache
@login_required
@require_POST
def export_person(request: AgentRequest, pk: int) -> HttpResponseBase:
    """Everything in one archive: the words as JSON, and the files beside it."""
    contact = contact_for(request, pk)
    limits.count("export", agent_id=request.user.pk)
    audit.record("person_exported", actor=request.user, brand=contact.brand, target=f"#{contact.pk}")
    return FileResponse(_archive(contact), as_attachment=True, filename=f"person-{contact.pk}.zip")


def _archive(contact: Contact) -> IO[bytes]:
    spool = tempfile.SpooledTemporaryFile(max_size=5_000_000)  # noqa: SIM115 (the answer closes it)
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
        words = json.dumps(dossier(contact), cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        archive.writestr("person.json", words)
        for attachment in files_of(contact):
            name = attachment.file.name or ""
            if attachment.file.storage.exists(name):
                with attachment.file.open("rb") as file:
                    archive.writestr(name, file.read())
    spool.seek(0)
    return spool


def contact_for(request: AgentRequest, pk: int) -> Contact:
    """A person of a brand the agent arranges."""
    contact = Contact.objects.select_related("brand").filter(pk=pk).first()
    if contact is None:
        raise Http404
    require(request.user, contact.brand, Role.ADMIN)
    return contact
