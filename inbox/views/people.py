"""People: members, roles, teams, invitations, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from inbox import limits
from inbox.access import AgentRequest, Role, brand_for, require
from inbox.forms_admin import AcceptForm, InvitationForm, MembershipForm, TeamForm
from inbox.models import Agent, Brand, Invitation, Membership, Team
from inbox.operations import invitations, members
from inbox.operations import people as operations
from inbox.operations.changes import Refused
from inbox.queries.people import staff
from inbox.views.refusals import sentence


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: AgentRequest, slug: str) -> HttpResponse:
    """Everybody of a brand; leads look, admins invite."""
    brand = brand_for(request.user, slug, Role.LEAD if request.method != "POST" else Role.ADMIN)
    form = InvitationForm(request.POST if request.method == "POST" else None, brand=brand)
    if request.method == "POST" and form.is_valid():
        limits.count("invitation", agent_id=request.user.pk)
        try:
            invitations.invite(brand=brand, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("email", sentence(refused))
        except OSError:
            messages.error(request, _not_mailed())
            return redirect("people", slug)
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect("people", slug)
    return _page(request, brand, form)


def _not_mailed() -> str:
    return _("The invitation is there, but the mail server cannot be reached. Send it again later.")


def _page(request: AgentRequest, brand: Brand, form: InvitationForm, team_form: TeamForm | None = None) -> HttpResponse:
    facts = {"brand": brand, "form": form, "staff": staff(brand), "team_form": team_form or TeamForm()}
    bad = form.is_bound or (team_form is not None)
    return render(request, "administration/people.html", facts, status=422 if bad else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: AgentRequest, pk: int) -> HttpResponse:
    """What one person is for the brand."""
    membership = member_for(request, pk)
    form = MembershipForm(request.POST if request.method == "POST" else None, instance=member_for(request, pk))
    if request.method == "POST" and form.is_valid():
        try:
            members.change(membership=membership, actor=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error("role", sentence(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("people", membership.brand.slug)
    facts = {"brand": membership.brand, "member": membership, "form": form}
    return render(request, "administration/member.html", facts, status=422 if form.is_bound else 200)


@login_required
@require_POST
def remove_member(request: AgentRequest, pk: int) -> HttpResponse:
    """Somebody leaves the brand."""
    membership = member_for(request, pk)
    slug, themselves = membership.brand.slug, membership.agent_id == request.user.pk
    try:
        offered = members.remove(membership=membership, actor=request.user)
        told = ngettext(
            "Gone from the brand. %(n)d open conversation was offered back.",
            "Gone from the brand. %(n)d open conversations were offered back.",
            offered,
        )
        messages.success(request, told % {"n": offered})
    except Refused as refused:
        messages.error(request, sentence(refused))
    return redirect("/") if themselves and not request.user.is_owner else redirect("people", slug)


@login_required
@require_POST
def sign_out_member(request: AgentRequest, pk: int) -> HttpResponse:
    """Out of every session, on every device."""
    membership = member_for(request, pk)
    ended = members.sign_out(agent=membership.agent, actor=request.user, brand=membership.brand)
    told = ngettext("Signed out of %(n)d session.", "Signed out of %(n)d sessions.", ended)
    messages.success(request, told % {"n": ended})
    return redirect("people", membership.brand.slug)


@login_required
@require_POST
def switch_agent(request: AgentRequest, pk: int) -> HttpResponse:
    """Owners deactivate somebody altogether, or bring them back."""
    if not request.user.is_owner:
        raise PermissionDenied
    agent = Agent.objects.filter(pk=pk).first()
    if agent is None:
        raise Http404
    try:
        if request.POST.get("active") == "1":
            members.reactivate(agent=agent, actor=request.user)
        else:
            members.deactivate(agent=agent, actor=request.user)
        messages.success(request, _("Saved."))
    except Refused as refused:
        messages.error(request, sentence(refused))
    return redirect("brands")


@login_required
@require_POST
def change_invitation(request: AgentRequest, pk: int) -> HttpResponse:
    """Send it again, or withdraw it."""
    invitation = Invitation.objects.select_related("brand").filter(pk=pk).first()
    if invitation is None:
        raise Http404
    require(request.user, invitation.brand, Role.ADMIN)
    if "withdraw" in request.POST:
        invitations.withdraw(invitation=invitation, actor=request.user)
        messages.success(request, _("Withdrawn: the link is dead."))
    else:
        limits.count("invitation", agent_id=request.user.pk)
        try:
            invitations.resend(invitation=invitation, actor=request.user)
        except OSError:
            messages.error(request, _not_mailed())
        else:
            messages.success(request, _("Sent again. The former link is dead."))
    return redirect("people", invitation.brand.slug)


@login_required
@require_POST
def new_team(request: AgentRequest, slug: str) -> HttpResponse:
    """A new team."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    return _save_team(request, brand, None)


@login_required
@require_POST
def team(request: AgentRequest, pk: int) -> HttpResponse:
    """Another name, or gone."""
    found = Team.objects.select_related("brand").filter(pk=pk).first()
    if found is None:
        raise Http404
    require(request.user, found.brand, Role.ADMIN)
    if "delete" in request.POST:
        operations.delete_team(team=found, agent=request.user)
        messages.success(request, _("Team removed; its conversations stay."))
        return redirect("people", found.brand.slug)
    return _save_team(request, found.brand, found)


def _save_team(request: AgentRequest, brand: Brand, found: Team | None) -> HttpResponse:
    form = TeamForm(request.POST)
    if form.is_valid():
        try:
            operations.save_team(brand=brand, agent=request.user, name=form.cleaned_data["name"], team=found)
        except Refused as refused:
            form.add_error("name", sentence(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("people", brand.slug)
    return _page(request, brand, InvitationForm(brand=brand), form)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join by the link: with a new name and password, or as who is logged in."""
    invitation = invitations.open_invitation(token)
    if invitation is None:
        return render(request, "administration/invitation_gone.html", status=410)
    known = Agent.objects.filter(email__iexact=invitation.email).first()
    form = AcceptForm(request.POST if request.method == "POST" else None, email=invitation.email)
    mine = known is not None and request.user == known
    if request.method == "POST" and (mine or (known is None and form.is_valid())):
        return _join(request, token, form, known)
    facts = {"invitation": invitation, "form": form, "known": known is not None, "mine": mine, "token": token}
    return render(request, "administration/invitation.html", facts, status=422 if request.method == "POST" else 200)


def _join(request: HttpRequest, token: str, form: AcceptForm, known: Agent | None) -> HttpResponse:
    new = {} if known else {"name": form.cleaned_data["name"], "password": form.cleaned_data["password"]}
    try:
        agent = invitations.accept(token=token, agent=known, **new)
    except Refused as refused:
        messages.error(request, sentence(refused))
        return render(request, "administration/invitation_gone.html", status=410)
    if known is None:
        login(request, agent)
    return redirect("/")


def member_for(request: AgentRequest, pk: int) -> Membership:
    """A membership of a brand the agent arranges."""
    membership = Membership.objects.select_related("brand", "agent").filter(pk=pk).first()
    if membership is None:
        raise Http404
    require(request.user, membership.brand, Role.ADMIN)
    return membership
