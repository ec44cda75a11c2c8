"""What one does with a conversation: access, form, one operation, then the refreshed pane with a way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox.access import AgentRequest, agents_of, conversation_for
from inbox.models import ActivityEntry, Agent, Conversation, Label, Team
from inbox.operations import assignments, changes, notes, triage
from inbox.operations.changes import Outcome, Refused
from inbox.queries.conversation_times import asked_moment
from inbox.templatetags.filters import moment
from inbox.views import conversation as pages
from inbox.views import refusals

Act = Callable[[AgentRequest, Conversation], "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words, and the entries to undo it by."""

    words: str
    entries: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Toast:
    """What the screen says about it."""

    words: str
    kind: str = "good"
    entries: tuple[int, ...] = ()
    seen: int | None = None  # the colleague it can be taken over from
    offer: bool = False


def action(act: Act) -> Callable[..., HttpResponse]:
    """A view that does one thing with a conversation."""

    def view(request: AgentRequest, pk: int) -> HttpResponse:
        conversation = conversation_for(request.user, pk)
        try:
            done = act(request, conversation)
        except Refused as refused:
            return _refused(request, pk, refused)
        return _done(request, pk, done)

    view.__name__, view.__doc__ = act.__name__, act.__doc__
    made: Callable[..., HttpResponse] = login_required(require_POST(_as_django(view)))
    return made


def _as_django(view: Callable[[AgentRequest, int], HttpResponse]) -> Callable[..., HttpResponse]:
    def call(request: HttpRequest, pk: int) -> HttpResponse:
        return view(request, pk)  # type: ignore[arg-type]

    return call


def _done(request: AgentRequest, pk: int, done: Done) -> HttpResponse:
    if not request.htmx:
        messages.success(request, done.words)
        return HttpResponseRedirect(_back(request, conversation_for(request.user, pk)))
    toast = Toast(done.words, entries=done.entries)
    response = pages.live(request, conversation_for(request.user, pk), toast=toast)
    response.headers["HX-Trigger"] = "conversationChanged"
    return response


def _refused(request: AgentRequest, pk: int, refused: Refused) -> HttpResponse:
    words = refusals.words(refused.code, refused.facts)
    conversation = conversation_for(request.user, pk)
    if not request.htmx:
        messages.error(request, words)
        return HttpResponseRedirect(_back(request, conversation))
    offer = refused.code == "taken" and conversation.assignee_id != request.user.pk
    toast = Toast(words, "problem", seen=conversation.assignee_id, offer=offer)
    return pages.live(request, conversation, status=409, toast=toast)


def _back(request: AgentRequest, conversation: Conversation) -> str:
    """Where the form stood, when that is one of our own pages."""
    target = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return target if own else pages.address(conversation, pages.queue_of(request))


def _entry(entry: ActivityEntry | None) -> tuple[int, ...]:
    return (entry.pk,) if entry else ()


def _one(outcome: Outcome) -> tuple[int, ...]:
    for code in outcome.refused.values():
        raise Refused(code)
    return tuple(outcome.entries)


def _ids(values: Iterable[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 19]


@action
def claim(request: AgentRequest, conversation: Conversation) -> Done:
    """Make it mine."""
    entry = assignments.claim(conversation_id=conversation.pk, agent=request.user)
    return Done(_("This is yours now."), _entry(entry))


@action
def take_over(request: AgentRequest, conversation: Conversation) -> Done:
    """Take it from the colleague I saw there."""
    seen = _ids([request.POST.get("seen_assignee", "")])
    entry = assignments.take_over(conversation_id=conversation.pk, agent=request.user,
                                  seen_assignee_id=seen[0] if seen else None)  # fmt: skip
    return Done(_("You took it over."), _entry(entry))


@action
def release(request: AgentRequest, conversation: Conversation) -> Done:
    """Give it back to everybody."""
    entry = assignments.release(conversation_id=conversation.pk, agent=request.user)
    return Done(_("Given back to everybody."), _entry(entry))


@action
def assign(request: AgentRequest, conversation: Conversation) -> Done:
    """Give it to a colleague, a team, or nobody."""
    agents, teams = _ids([request.POST.get("assignee", "")]), _ids([request.POST.get("team", "")])
    agent: Agent | None = agents_of(conversation.brand).filter(pk__in=agents).first() if agents else None
    team: Team | None = conversation.brand.teams.filter(pk__in=teams).first() if teams else None
    if (agents and agent is None) or (teams and team is None):
        raise Refused("not_a_member" if agents else "other_brand")
    outcome = assignments.assign(conversation_ids=[conversation.pk], actor=request.user, assignee=agent, team=team)
    to = agent or team
    return Done(_("Given to %(to)s.") % {"to": to} if to else _("Given back to everybody."), _one(outcome))


@action
def label(request: AgentRequest, conversation: Conversation) -> Done:
    """Put labels on, take labels off."""
    known = Label.objects.filter(brand=conversation.brand)
    add = list(known.filter(pk__in=_ids(request.POST.getlist("add")), archived_at=None))
    remove = list(known.filter(pk__in=_ids(request.POST.getlist("remove"))))
    if not add and not remove:
        raise Refused("gone")
    entries: tuple[int, ...] = ()
    if add:
        entries += _one(triage.add_labels(conversation_ids=[conversation.pk], actor=request.user, labels=add))
    if remove:
        entries += _one(triage.remove_labels(conversation_ids=[conversation.pk], actor=request.user, labels=remove))
    names = ", ".join(one.name for one in [*add, *remove])
    return Done((_("Label on: %(names)s") if add else _("Label off: %(names)s")) % {"names": names}, entries)


@action
def snooze(request: AgentRequest, conversation: Conversation) -> Done:
    """Out of sight until a moment."""
    until = asked_moment(request.POST.get("until", "") or request.POST.get("moment", ""))
    if until is None:
        raise Refused("in_the_past")
    outcome = triage.snooze(conversation_ids=[conversation.pk], actor=request.user, until=until)
    return Done(_("Snoozed until %(until)s.") % {"until": moment(until)}, _one(outcome))


@action
def resolve(request: AgentRequest, conversation: Conversation) -> Done:
    """Finish it: answered, or with a reason."""
    reason = request.POST.get("reason", "")
    outcome = triage.resolve(conversation_ids=[conversation.pk], actor=request.user, reason=reason)
    return Done(_("Resolved."), _one(outcome))


@action
def reopen(request: AgentRequest, conversation: Conversation) -> Done:
    """Back to work."""
    outcome = triage.reopen(conversation_ids=[conversation.pk], actor=request.user)
    return Done(_("Open again."), _one(outcome))


@action
def kind(request: AgentRequest, conversation: Conversation) -> Done:
    """Say what it is."""
    value = request.POST.get("kind", "")
    entry = triage.set_kind(conversation_id=conversation.pk, actor=request.user, kind=value)
    return Done(_("Kind: %(kind)s") % {"kind": Conversation.Kind(value).label}, _entry(entry))


@action
def feeling(request: AgentRequest, conversation: Conversation) -> Done:
    """Say how the person feels about us."""
    value = request.POST.get("feeling", "")
    entry = triage.set_feeling(conversation_id=conversation.pk, actor=request.user, feeling=value)
    return Done(_("Feeling: %(feeling)s") % {"feeling": Conversation.Feeling(value).label}, _entry(entry))


@action
def note(request: AgentRequest, conversation: Conversation) -> Done:
    """A remark for colleagues."""
    notes.add_note(conversation=conversation, author=request.user, text=request.POST.get("text", ""))
    return Done(_("Note kept."))


@action
def undo(request: AgentRequest, conversation: Conversation) -> Done:
    """Take back my own last change."""
    own = ActivityEntry.objects.filter(pk__in=_ids(request.POST.getlist("entries")), conversation=conversation)
    outcome = changes.undo(entries=list(own.values_list("pk", flat=True)), agent=request.user)
    if not outcome.done and not outcome.refused:
        raise Refused("gone")
    _one(outcome)
    return Done(_("Taken back."))


@login_required
@require_POST
def contact_note(request: AgentRequest, pk: int) -> HttpResponse:
    """What colleagues should know about this person."""
    conversation = conversation_for(request.user, pk)
    try:
        notes.add_contact_note(contact=conversation.contact, author=request.user, text=request.POST.get("text", ""))
    except Refused as refused:
        return _refused(request, pk, refused)
    if not request.htmx:
        messages.success(request, _("Note kept."))
        return HttpResponseRedirect(_back(request, conversation))
    kept = conversation.contact.notes.select_related("author").order_by("-created_at", "-pk")[:20]
    return render(request, "inbox/contact_notes.html", {"conversation": conversation, "notes": list(kept)})
