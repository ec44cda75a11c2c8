"""What agents do to conversations: one or many at once, each with what was done, what was not, and an undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import TextChoices
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from inbox import access
from inbox.access import AgentRequest, brand_for, conversation_for, conversation_to_change
from inbox.models import ActivityEntry, Agent, Brand, Conversation, Label, Team
from inbox.operations import assignments, notes, triage
from inbox.operations.changes import Outcome, Refused
from inbox.operations.changes import undo as take_back
from inbox.queries import conversation as queries
from inbox.queries.conversation_times import asked_moment
from inbox.templatetags.filters import refusal
from inbox.views.conversation import render_head
from inbox.views.values import came_from, number

MOST = 200  # conversations in one action
Act = Callable[[AgentRequest, Brand, list[int]], Outcome]


@dataclass
class Toast:
    """What happened, in a sentence, and how to take it back."""

    text: str
    problem: bool = False
    entries: list[int] = field(default_factory=list)
    take_over: int | None = None  # the conversation that can be taken over, from whom the agent now sees there
    seen: int | None = None
    mistyped: bool = False  # what was typed cannot be: that is said where it was typed


def claim(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return _each(ids, lambda pk: assignments.claim(conversation_id=pk, agent=request.user))


def release(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return _each(ids, lambda pk: assignments.release(conversation_id=pk, agent=request.user))


def take_over(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    seen = number(request.POST.get("seen_assignee"))
    return _each(ids, lambda pk: assignments.take_over(conversation_id=pk, agent=request.user, seen_assignee_id=seen))


def assign(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    """To a person ("agent:3"), a team ("team:2") or nobody ("")."""
    kind, _colon, text = request.POST.get("to", "").partition(":")
    pk = number(text) or 0
    agent: Agent | None = None
    team: Team | None = None
    if kind == "agent":
        agent = request.user if pk == request.user.pk else access.agents_of(brand).filter(pk=pk).first()
    elif kind == "team":
        team = Team.objects.filter(brand=brand, pk=pk).first()
    if kind and agent is None and team is None:
        raise Refused("not_a_member")
    return assignments.assign(conversation_ids=ids, actor=request.user, assignee=agent, team=team)


def kind(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    value = request.POST.get("kind", "")
    return _each(ids, lambda pk: triage.set_kind(conversation_id=pk, actor=request.user, kind=value))


def feeling(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    value = request.POST.get("feeling", "")
    return _each(ids, lambda pk: triage.set_feeling(conversation_id=pk, actor=request.user, feeling=value))


def label(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return triage.add_labels(conversation_ids=ids, actor=request.user, labels=_labels(request, brand))


def unlabel(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return triage.remove_labels(conversation_ids=ids, actor=request.user, labels=_labels(request, brand))


def snooze(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return triage.snooze(conversation_ids=ids, actor=request.user, until=_until(request))


def resolve(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return triage.resolve(conversation_ids=ids, actor=request.user, reason=request.POST.get("reason", ""))


def reopen(request: AgentRequest, brand: Brand, ids: list[int]) -> Outcome:
    return triage.reopen(conversation_ids=ids, actor=request.user)


ACTS: dict[str, Act] = {
    "claim": claim, "release": release, "take-over": take_over, "assign": assign, "kind": kind, "feeling": feeling,
    "label": label, "unlabel": unlabel, "snooze": snooze, "resolve": resolve, "reopen": reopen,
}  # fmt: skip


@login_required
@require_POST
def one(request: AgentRequest, pk: int, action: str) -> HttpResponse:
    """Do it to one conversation; the answer is its head."""
    found = conversation_to_change(request.user, pk)
    toast = _do(request, found.brand, action, [pk])
    if not request.htmx:
        return back(request, toast, came_from(request, pk) or reverse("conversation", args=[pk]))
    if toast.mistyped:
        return _beside_the_field(request, toast, menu="snooze")
    response = render_head(request, queries.headed(request.user, pk), toast=toast, status=409 if toast.problem else 200)
    response.headers["HX-Trigger"] = "conversation-changed"
    return response


@login_required
@require_POST
def many(request: AgentRequest, brand: str, action: str) -> HttpResponse:
    """Do it to those picked in the list."""
    found = brand_for(request.user, brand)
    asked = [n for n in map(number, request.POST.getlist("ids")) if n is not None][:MOST]
    ids = list(Conversation.objects.filter(brand=found, pk__in=asked).values_list("pk", flat=True))
    toast = _do(request, found, action, ids) if ids else Toast(_("Pick one or more conversations first."), problem=True)
    if toast.mistyped and request.htmx:
        return _beside_the_field(request, toast, menu="bulk-snooze")
    return _tell(request, toast, reverse("list", args=[found.slug, "mine"]))


@login_required
@require_POST
def undo(request: AgentRequest) -> HttpResponse:
    """Take back what was just done."""
    entries = [n for n in map(number, request.POST.get("entries", "").split(",")) if n is not None][:MOST]
    mine = ActivityEntry.objects.filter(pk__in=entries, conversation__brand__in=access.brands_of(request.user))
    outcome = take_back(entries=list(mine.values_list("pk", flat=True)), agent=request.user)
    text = ngettext("%(n)d taken back.", "%(n)d taken back.", len(outcome.done)) % {"n": len(outcome.done)}
    if outcome.refused:
        text = f"{text} {refusal('changed_since')}" if outcome.done else refusal("changed_since")
    return _tell(request, Toast(text, problem=not outcome.done), "/")


@login_required
@require_POST
def offer_back(request: AgentRequest, brand: str, pk: int) -> HttpResponse:
    """The unfinished work of somebody who leaves becomes everybody's."""
    role = access.Role.AGENT if pk == request.user.pk else access.Role.LEAD
    found = brand_for(request.user, brand, role)
    colleague = get_object_or_404(Agent, pk=pk)
    outcome = assignments.offer_back(agent=colleague, brand=found, actor=request.user)
    n = len(outcome.done)
    text = ngettext("%(n)d conversation offered back.", "%(n)d conversations offered back.", n) % {"n": n}
    entries = outcome.entries if len(outcome.entries) <= MOST else []
    return _tell(request, Toast(text, entries=entries), reverse("colleagues", args=[found.slug]))


@login_required
@require_POST
def note_person(request: AgentRequest, pk: int) -> HttpResponse:
    """What colleagues should know about this person."""
    found = conversation_for(request.user, pk)
    toast = Toast(_("Kept with this person."))
    try:
        notes.add_contact_note(contact=found.contact, author=request.user, text=request.POST.get("text", ""))
    except Refused as refused:
        toast = Toast(refusal(refused.code), problem=True)
    return back(request, toast, reverse("conversation", args=[pk]))


def _do(request: AgentRequest, brand: Brand, action: str, ids: list[int]) -> Toast:
    act = ACTS.get(action)
    if act is None:
        raise Http404
    try:
        return _said(action, act(request, brand, ids), request.POST.get(action, ""))
    except Refused as refused:
        toast = Toast(refusal(refused.code, str(refused.facts.get("by", ""))), problem=True)
        toast.mistyped = refused.code == "in_the_past" and request.POST.get("for") == "moment"
        if refused.code == "taken" and len(ids) == 1:
            toast.take_over = ids[0]
            toast.seen = Conversation.objects.values_list("assignee_id", flat=True).get(pk=ids[0])
        return toast


def _said(action: str, outcome: Outcome, chosen: str) -> Toast:
    done = {
        "claim": ngettext("Claimed.", "%(n)d claimed.", len(outcome.done)),
        "release": ngettext("Given back.", "%(n)d given back.", len(outcome.done)),
        "take-over": ngettext("Taken over.", "%(n)d taken over.", len(outcome.done)),
        "assign": ngettext("Assigned.", "%(n)d assigned.", len(outcome.done)),
        "snooze": ngettext("Snoozed.", "%(n)d snoozed.", len(outcome.done)),
        "resolve": ngettext("Resolved.", "%(n)d resolved.", len(outcome.done)),
        "reopen": ngettext("Open again.", "%(n)d open again.", len(outcome.done)),
        "label": ngettext("Label put on.", "%(n)d labelled.", len(outcome.done)),
        "unlabel": ngettext("Label taken off.", "%(n)d unlabelled.", len(outcome.done)),
        "kind": _("Kind: %(what)s.") % {"what": _word(Conversation.Kind, chosen)},
        "feeling": _("Feeling: %(what)s.") % {"what": _word(Conversation.Feeling, chosen)},
    }[action]
    words = [done % {"n": len(outcome.done)}] if outcome.done else []
    for code in dict.fromkeys(outcome.refused.values()):
        n = list(outcome.refused.values()).count(code)
        left = ngettext("%(n)d not:", "%(n)d not:", n) % {"n": n}
        words.append(f"{left} {refusal(code)}" if outcome.done or n > 1 else refusal(code))
    return Toast(" ".join(words), problem=bool(outcome.refused) and not outcome.done, entries=outcome.entries)


def _word(choices: type[TextChoices], value: str) -> str:
    return str(dict(choices.choices).get(value, "")).lower()


def _each(ids: list[int], act: Callable[[int], object]) -> Outcome:
    if len(ids) == 1:  # the one refusal is told with its facts
        entry = act(ids[0])
        outcome = Outcome()
        outcome.add(ids[0], entry)  # type: ignore[arg-type]
        return outcome
    outcome = Outcome()
    for pk in ids:
        try:
            outcome.add(pk, act(pk))  # type: ignore[arg-type]
        except Refused as refused:
            outcome.refused[pk] = refused.code
    return outcome


def _labels(request: AgentRequest, brand: Brand) -> list[Label]:
    asked = [n for n in map(number, request.POST.getlist("label")) if n is not None]
    return list(Label.objects.filter(brand=brand, pk__in=asked))


def _until(request: AgentRequest) -> datetime:
    """A moment from the menu, or one of the agent's own, on the agent's clock."""
    until = asked_moment(request.POST.get("for", "")) or asked_moment(request.POST.get("until", ""))
    if until is None:
        raise Refused("in_the_past")
    return until


def _beside_the_field(request: AgentRequest, toast: Toast, *, menu: str) -> HttpResponse:
    """The field alone, with what was typed and why it cannot be: the menu it stands in stays open."""
    facts = {"menu": menu, "typed": request.POST.get("until", ""), "trouble": toast.text}
    response = render(request, "inbox/moment.html", facts, status=422)
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = f"#{menu} .field", "outerHTML"
    return response


def _tell(request: AgentRequest, toast: Toast, otherwise: str) -> HttpResponse:
    if not request.htmx:
        return back(request, toast, otherwise)
    response = render(request, "components/toast.html", {"toast": toast}, status=409 if toast.problem else 200)
    response.headers["HX-Trigger"] = "conversation-changed, list-changed"
    return response


def back(request: AgentRequest, toast: Toast, otherwise: str) -> HttpResponse:
    """To where the form stood, which says what happened."""
    level = messages.ERROR if toast.problem else messages.SUCCESS
    messages.add_message(request, level, toast.text, extra_tags=",".join(map(str, toast.entries)))
    after = request.POST.get("next") or otherwise
    safe = url_has_allowed_host_and_scheme(after, allowed_hosts=None)
    return HttpResponseRedirect(after if safe else otherwise)
