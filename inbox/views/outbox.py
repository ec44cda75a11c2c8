"""Writing: the composer, its draft, and sending."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from inbox.access import AgentRequest, conversation_for
from inbox.models import Conversation, Delivery, Draft
from inbox.operations import attachments, drafts, handoff, outbox_rules
from inbox.operations.changes import Refused
from inbox.operations.notes import add_note
from inbox.operations.replies import send_reply
from inbox.queries.outbox import AUDIENCES, composer_for, mode_of
from inbox.views.values import came_from, number

SNOOZES = {"snooze_tomorrow": timedelta(days=1), "snooze_week": timedelta(days=7)}


@login_required
@require_GET
def composer(request: AgentRequest, pk: int) -> HttpResponse:
    """The composer by itself."""
    conversation = conversation_for(request.user, pk)
    return show(request, conversation, audience=_audience(request.GET.get("audience", "")))


def show(
    request: AgentRequest, conversation: Conversation, *, audience: str = "", text: str | None = None,
    refused: Refused | None = None, token: UUID | None = None, sent: Delivery | None = None, noted: bool = False,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The fragment for htmx, a page around it without."""
    made = composer_for(conversation=conversation, agent=request.user, audience=audience, text=text, refused=refused,
                        token=token)  # fmt: skip
    template = "inbox/composer.html" if request.htmx else "outbox/write.html"
    context = {"composer": made, "conversation": conversation, "brand": conversation.brand, "queued": sent,
               "noted": noted}  # fmt: skip
    return render(request, template, context, status=status)


@login_required
@require_POST
def reply(request: AgentRequest, pk: int) -> HttpResponse:
    """Send it, or keep it as a note."""
    conversation = conversation_for(request.user, pk)
    audience, text = _audience(request.POST.get("mode", "")), request.POST.get("text", "")
    token = _token(request.POST.get("token", ""))
    try:
        if audience == "note":
            add_note(conversation=conversation, author=request.user, text=text)
            Draft.objects.filter(agent=request.user, conversation=conversation, mode="note").delete()
            return _done(request, conversation, noted=True)
        delivery = _send(request, conversation, mode=mode_of(conversation, audience), text=text, token=token)
    except Refused as refused:
        drafts.save_draft(
            conversation=conversation, agent=request.user, mode=mode_of(conversation, audience), text=text
        )
        return show(request, conversation, audience=audience, text=text, refused=refused, token=token, status=422)
    return _done(request, conversation, delivery)


def _send(request: AgentRequest, conversation: Conversation, *, mode: str, text: str, token: UUID) -> Delivery:
    then = request.POST.get("then", "")
    describe(request, conversation, mode)
    snooze = SNOOZES.get(then)
    draft = Draft.objects.filter(agent=request.user, conversation=conversation, mode=mode).first()
    return send_reply(
        conversation=conversation, agent=request.user, mode=mode, token=token,
        text=outbox_rules.signed(text, conversation=conversation, agent=request.user),
        in_reply_to=request.POST.get("in_reply_to", ""), attachments=list(draft.attachments.all()) if draft else [],
        seen_message=number(request.POST.get("seen_message")), confirmed=bool(request.POST.get("confirmed")),
        split=bool(request.POST.get("split")), then="snooze" if snooze else "resolve" if then == "resolve" else "",
        then_until=timezone.now() + snooze if snooze else None,
    )  # fmt: skip


def describe(request: AgentRequest, conversation: Conversation, mode: str) -> None:
    """Keep what was typed about the pictures of this draft."""
    draft = Draft.objects.filter(agent=request.user, conversation=conversation, mode=mode).first()
    for file in draft.attachments.all() if draft else []:
        words = request.POST.get(f"alt_{file.pk}")
        if words is not None and words != file.alt_text:
            attachments.describe(attachment=file, alt_text=words)


def _tally(request: AgentRequest, conversation: Conversation, text: str) -> str:
    """Its length as it will leave, by the platform's own counting."""
    signed = outbox_rules.signed(text, conversation=conversation, agent=request.user)
    return str(outbox_rules.length(conversation.account, signed))


def _done(
    request: AgentRequest, conversation: Conversation, sent: Delivery | None = None, *, noted: bool = False
) -> HttpResponse:
    if request.htmx:
        conversation.refresh_from_db()
        response = show(request, conversation, sent=sent, noted=noted)
        response.headers["HX-Trigger"] = "conversation-changed"
        return response
    return HttpResponseRedirect(address(conversation, request))


def address(conversation: Conversation, request: HttpRequest) -> str:
    """Where the conversation is read: in the queue it was opened from."""
    if came := came_from(request, conversation.pk):
        return came
    try:
        return reverse("conversation", args=[conversation.pk])
    except NoReverseMatch:
        return reverse("composer", args=[conversation.pk])


@login_required
@require_POST
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    """Keep what is being written."""
    conversation = conversation_for(request.user, pk)
    audience = _audience(request.POST.get("mode", "")) or "note"
    mode, text = mode_of(conversation, audience), request.POST.get("text", "")
    kept = drafts.save_draft(conversation=conversation, agent=request.user, text=text, mode=mode)
    describe(request, conversation, mode)
    if "application/json" in request.headers.get("Accept", "") or request.htmx:
        said = _("Draft kept %(at)s") % {"at": timezone.localtime().strftime("%H:%M")} if kept else ""
        tally = {} if audience == "note" else {"Tally": _tally(request, conversation, text)}
        return HttpResponse(said, headers=tally)
    return HttpResponseRedirect(address(conversation, request))


@login_required
@require_POST
def hand_off(request: AgentRequest, pk: int) -> HttpResponse:
    """The private message, and the public line that says so."""
    conversation = conversation_for(request.user, pk)
    text, token = request.POST.get("text", ""), _token(request.POST.get("token", ""))
    try:
        signed = outbox_rules.signed(text, conversation=conversation, agent=request.user)
        private, _public = handoff.to_private(conversation=conversation, agent=request.user, private_text=signed,
                                              token=token, public_text=request.POST.get("public_text", ""))  # fmt: skip
    except Refused as refused:
        return show(request, conversation, audience="private", text=text, refused=refused, token=token, status=422)
    return _done(request, conversation, private)


@login_required
@require_POST
def invite(request: AgentRequest, pk: int) -> HttpResponse:
    """Ask in public to write to us in private: the words stand in the public draft, and the agent sends them."""
    conversation = conversation_for(request.user, pk)
    if "text" in request.POST:  # from the composer: what was typed there stays
        mode = mode_of(conversation, _audience(request.POST.get("mode", "")) or "note")
        drafts.save_draft(conversation=conversation, agent=request.user, mode=mode, text=request.POST["text"])
        describe(request, conversation, mode)
    handoff.draft_invitation(conversation=conversation, agent=request.user)
    return (
        show(request, conversation, audience="public")
        if request.htmx
        else HttpResponseRedirect(address(conversation, request))
    )


@login_required
@require_POST
def close_loop(request: AgentRequest, pk: int) -> HttpResponse:
    """The public leg needs no more words."""
    conversation = conversation_for(request.user, pk)
    handoff.close_loop(conversation=conversation, agent=request.user)
    if request.htmx:
        return _done(request, conversation)
    messages.success(request, _("Closed in public."))
    return HttpResponseRedirect(address(conversation, request))


def _audience(value: str) -> str:
    return value if value in AUDIENCES else ""


def _token(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        return uuid4()
