"""Files of replies: uploaded with a draft, served to who may see them and to nobody else."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_POST

from inbox.access import AgentRequest, conversation_for, require
from inbox.models import Attachment, Conversation, Draft
from inbox.operations import attachments, drafts, outbox_rules
from inbox.operations.changes import Refused
from inbox.queries.outbox import mode_of
from inbox.views.outbox import address, describe, show
from inbox.views.values import number

SHOWN = {"image/jpeg", "image/png", "image/gif", "image/webp"}


@login_required
@require_POST
def upload(request: AgentRequest, pk: int) -> HttpResponse:
    """Put a picture with the draft; what was typed stays."""
    conversation = conversation_for(request.user, pk)
    audience = request.POST.get("mode", "") if request.POST.get("mode") in {"public", "private"} else "public"
    mode, text = mode_of(conversation, audience), request.POST.get("text", "")
    drafts.save_draft(conversation=conversation, agent=request.user, mode=mode, text=text)
    try:
        describe(request, conversation, mode)
        for file in request.FILES.getlist("file"):
            stored = attachments.store_upload(
                brand=conversation.brand, agent=request.user, upload=file, name=file.name or "", size=file.size or 0
            )
            draft = drafts.add_file(conversation=conversation, agent=request.user, mode=mode, file=stored)
            _fit(conversation, mode, draft, stored)
    except Refused as refused:
        return show(request, conversation, audience=audience, text=text, refused=refused, status=422)
    return (
        show(request, conversation, audience=audience)
        if request.htmx
        else HttpResponseRedirect(address(conversation, request))
    )


def _fit(conversation: Conversation, mode: str, draft: Draft, file: Attachment) -> None:
    """What the platform would not take is refused at once, and not kept."""
    rules = outbox_rules.mode_rules(conversation.account, mode).attachments
    try:
        outbox_rules.check_files(rules, list(draft.attachments.all()))
    except Refused:
        attachments.remove(attachment=file)
        raise


def attachment_for(request: AgentRequest, pk: int) -> Attachment:
    """A file of ours in one of the agent's brands; a file nobody sent yet only for who uploaded it."""
    found = Attachment.objects.select_related("brand").filter(pk=pk, brand__isnull=False).exclude(file="").first()
    if found is None or found.brand is None:
        raise Http404
    require(request.user, found.brand)
    if found.message_id is None and found.uploaded_by_id != request.user.pk:
        raise Http404
    return found


@login_required
@require_GET
def attachment(request: AgentRequest, pk: int) -> HttpResponseBase:
    """The file itself, inert: never a page, never sniffed."""
    found = attachment_for(request, pk)
    try:
        content = found.file.open("rb")
    except OSError:
        raise Http404 from None
    shown = found.content_type in SHOWN
    response = FileResponse(content, as_attachment=not shown, filename=found.title or f"file-{pk}",
                            content_type=found.content_type if shown else "application/octet-stream")  # fmt: skip
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@login_required
@require_POST
def change(request: AgentRequest, pk: int) -> HttpResponse:
    """Its alt text, or away with it."""
    found = attachment_for(request, pk)
    conversation = conversation_for(request.user, number(request.POST.get("conversation")) or 0)
    audience = request.POST.get("mode", "") if request.POST.get("mode") in {"public", "private"} else ""
    if audience:  # the whole form came along: nothing typed is lost
        mode = mode_of(conversation, audience)
        drafts.save_draft(conversation=conversation, agent=request.user, mode=mode, text=request.POST.get("text", ""))
        describe(request, conversation, mode)
    if request.POST.get("take_away"):
        attachments.remove(attachment=found)
    else:
        attachments.describe(attachment=found, alt_text=request.POST.get("alt_text", ""))
    return (
        show(request, conversation, audience=audience)
        if request.htmx
        else HttpResponseRedirect(address(conversation, request))
    )
