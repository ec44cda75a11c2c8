"""Connecting an account: the platform app, the way there and back, choosing, and own keys."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from connectors.exceptions import AuthorizationLost, ConnectorError, Rejected
from connectors.registry import PLATFORMS, connector_class, oauth_class
from inbox import gateway, limits
from inbox.access import AgentRequest, Role, account_for, brand_for
from inbox.forms_admin import OwnKeysForm, PlatformAppForm
from inbox.models import Brand, ChannelAccount, PlatformApp
from inbox.operations import oauth_connect
from inbox.operations.changes import Refused
from inbox.queries.accounts import losses
from inbox.views.refusals import platform_sentence, sentence

ATTEMPT, FOUND, REFUSED = "connect_attempt", "connect_found", "connect_refused"


@login_required
@require_safe
def connect(request: AgentRequest, slug: str) -> HttpResponse:
    """Which platform?"""
    brand = brand_for(request.user, slug, Role.ADMIN)
    ready = set(brand.platform_apps.values_list("kind", flat=True))
    return render(request, "administration/connect.html", {"brand": brand, "platforms": PLATFORMS, "ready": ready})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def platform(request: AgentRequest, slug: str, kind: str) -> HttpResponse:
    """The steps to make the platform's app and connect, each with its check."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    _known(kind)
    app = PlatformApp.objects.filter(brand=brand, kind=kind).first()
    initial = {"client_id": app.client_id, "sandbox": bool(app.base_url)} if app else {}
    form = PlatformAppForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid() and _saved(request, brand, kind, form):
        messages.success(request, _("Tried and saved. The secret is kept encrypted and never shown again."))
        return redirect("platform", slug, kind)
    return _platform_page(request, brand, kind, app, form)


def _saved(request: AgentRequest, brand: Brand, kind: str, form: PlatformAppForm) -> bool:
    limits.count("connect", agent_id=request.user.pk)
    typed = form.cleaned_data
    try:
        oauth_connect.save_app(
            brand=brand, agent=request.user, kind=kind, client_id=typed["client_id"],
            client_secret=typed["client_secret"], base_url=form.base_url,
        )  # fmt: skip
    except AuthorizationLost as error:
        text = _("%(platform)s does not know this id with this secret, so nothing was saved. Its words: %(words)s.")
        form.add_error(None, text % {"platform": PLATFORMS[kind].label, "words": error.detail.rstrip(".")})
    except ConnectorError as error:
        form.add_error(None, platform_sentence(error))
    else:
        return True
    if typed["client_secret"]:
        form.add_error("client_secret", _("What you typed is not shown again: paste the secret once more."))
    return False


def _platform_page(
    request: AgentRequest, brand: Brand, kind: str, app: PlatformApp | None, form: PlatformAppForm
) -> HttpResponse:
    facts = {
        "brand": brand, "kind": kind, "app": app, "form": form, "label": PLATFORMS[kind].label,
        "capabilities": connector_class(kind).capabilities, "scopes": oauth_class(kind).scopes,
        "callback": gateway.callback_url(kind), "has_secret": bool(app and app.secrets.get("client_secret")),
        "losses": losses(kind, app.missing_scopes or []) if app else [],
        "accounts": _connected(brand, kind), "refused": request.session.pop(REFUSED, ""),
    }  # fmt: skip
    return render(request, "administration/platform.html", facts, status=422 if form.is_bound else 200)


@never_cache
@login_required
@require_safe
def authorize(request: AgentRequest, slug: str, kind: str) -> HttpResponse:
    """To the platform's consent page. A link, not a form: our policy lets no form lead elsewhere."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    _known(kind)
    return _leave(request, brand, kind)


@never_cache
@login_required
@require_safe
def reauthorize(request: AgentRequest, pk: int) -> HttpResponse:
    """The same for an account that lost its access, or is about to."""
    account = account_for(request.user, pk)
    return _leave(request, account.brand, account.kind, account)


def _leave(request: AgentRequest, brand: Brand, kind: str, account: ChannelAccount | None = None) -> HttpResponse:
    limits.count("connect", agent_id=request.user.pk)
    try:
        attempt, address = oauth_connect.begin(brand=brand, kind=kind, account=account)
    except Refused as refused:
        return _not_connected(request, brand, kind, sentence(refused))
    request.session[ATTEMPT] = attempt.as_json()
    own = settings.SANDBOX_URL
    return redirect(address.removeprefix(own) if own else address)  # the sandbox's pages stand behind our own port


@never_cache
@login_required
@require_safe
def callback(request: AgentRequest, kind: str) -> HttpResponse:
    """Back from the platform: who can we speak for now?"""
    _known(kind)
    try:
        attempt = oauth_connect.answered(
            request.session.pop(ATTEMPT, None), kind=kind, state=request.GET.get("state", "")
        )
    except Refused as refused:
        return render(request, "administration/connect_failed.html", {"why": sentence(refused)}, status=400)
    brand = _brand(request, attempt.brand_id)
    oauth_connect.came_back(attempt)
    if "code" not in request.GET:
        why = _not_allowed(request.GET.get("error", ""), request.GET.get("error_description", ""))
        return _not_connected(request, brand, kind, why)
    try:
        found = oauth_connect.candidates(attempt, code=request.GET["code"])
    except ConnectorError as error:
        look = _("Compare the callback address of step 2 and the secret of step 4 with the platform’s, and try again.")
        hint = look if isinstance(error, AuthorizationLost | Rejected) else ""
        return _not_connected(request, brand, kind, f"{platform_sentence(error)} {hint}".strip())
    if attempt.account_id is not None:
        return _reconnect(request, account_for(request.user, attempt.account_id), found)
    request.session[FOUND] = {"brand": brand.pk, "kind": kind, "sealed": oauth_connect.pack(found)}
    return redirect("choose", brand.slug, kind)


def _not_connected(request: AgentRequest, brand: Brand, kind: str, why: str) -> HttpResponse:
    """To the steps, where it stands beside the one to try again: a toast is gone before that is read."""
    request.session[REFUSED] = why
    return redirect("platform", brand.slug, kind)


def _not_allowed(error: str, words: str) -> str:
    """Why the platform sent somebody back with empty hands."""
    if error in {"", "access_denied"}:
        return _("You did not allow it on the platform, so nothing was connected.")
    text = _("The platform did not let the app ask for this: %(words)s. Switch on every permission of step 3 there.")
    return text % {"words": (words or error)[:200]}


def _reconnect(request: AgentRequest, account: ChannelAccount, found: list[oauth_connect.Candidate]) -> HttpResponse:
    """The very account among those granted; another one changes nothing."""
    same = [one for one in found if one.info.external_id == account.external_id]
    if not found:
        messages.error(request, _("The platform granted no account. Choose %(name)s there.") % {"name": account})
        return redirect("account", account.pk)
    try:
        oauth_connect.reconnect(account=account, agent=request.user, candidate=(same or found)[0])
        messages.success(request, _("Connected again. What was written meanwhile is being fetched."))
    except Refused as refused:
        messages.error(request, sentence(refused))
    except ConnectorError as error:
        messages.error(request, platform_sentence(error))
    return redirect("account", account.pk)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: AgentRequest, slug: str, kind: str) -> HttpResponse:
    """Which of the granted accounts to connect, and what missing permissions cost."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    _known(kind)
    kept = request.session.get(FOUND) or {}
    if kept.get("brand") != brand.pk or kept.get("kind") != kind:
        return redirect("platform", slug, kind)
    found = oauth_connect.unpack(kept["sealed"])
    if request.method == "POST":
        chosen = set(request.POST.getlist("account"))
        picked = [one for one in found if one.info.external_id in chosen]
        if picked:
            del request.session[FOUND]
            done = [_connect(request, brand, kind, one) for one in picked]
            return redirect("account", done[0]) if len(done) == 1 and done[0] else redirect("accounts", slug)
    here = {account.external_id: account for account in _connected(brand, kind)}
    rows = [(one.info, losses(kind, list(one.info.missing)), here.get(one.info.external_id)) for one in found]
    none_chosen = request.method == "POST"
    facts = {"brand": brand, "kind": kind, "label": PLATFORMS[kind].label, "rows": rows, "none_chosen": none_chosen}
    return render(request, "administration/choose.html", facts, status=422 if none_chosen else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own_keys(request: AgentRequest, slug: str, kind: str) -> HttpResponse:
    """Connecting with keys of one's own, where the platform has such."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    _known(kind)
    capabilities = connector_class(kind).capabilities
    if not capabilities.own_keys:
        raise Http404
    form = OwnKeysForm(request.POST if request.method == "POST" else None, capabilities=capabilities)
    if request.method == "POST" and form.is_valid():
        limits.count("connect", agent_id=request.user.pk)
        data, address = form.data_and_address()
        try:
            candidate = oauth_connect.keys_candidate(kind=kind, data=data, base_url=address)
        except ConnectorError as error:
            again = _("What you typed is not shown again: paste every key once more, each in its own field.")
            form.add_error(None, f"{platform_sentence(error)} {again}")
        else:
            pk = _connect(request, brand, kind, candidate)
            return redirect("account", pk) if pk else redirect("accounts", slug)
    facts = {"brand": brand, "kind": kind, "label": PLATFORMS[kind].label, "form": form}
    return render(request, "administration/own_keys.html", facts, status=422 if form.is_bound else 200)


def _connect(request: AgentRequest, brand: Brand, kind: str, candidate: oauth_connect.Candidate) -> int | None:
    """Its id; also of the one that was there first. None when it could not be connected."""
    try:
        account = oauth_connect.connect(brand=brand, agent=request.user, kind=kind, candidate=candidate)
    except Refused as refused:
        messages.error(request, sentence(refused))
        first: Any = refused.facts.get("account")
        return int(first) if first else None
    except ConnectorError as error:
        messages.error(request, f"{candidate.info.name}: {platform_sentence(error)}")
        return None
    messages.success(
        request, _("%(name)s is connected. The first messages come in within a minute.") % {"name": account}
    )
    return account.pk


def _connected(brand: Brand, kind: str) -> QuerySet[ChannelAccount]:
    return brand.accounts.filter(kind=kind).exclude(state=ChannelAccount.State.REMOVED)


def _known(kind: str) -> None:
    if kind not in PLATFORMS:
        raise Http404


def _brand(request: AgentRequest, pk: int) -> Brand:
    brand = Brand.objects.filter(pk=pk).first()
    if brand is None:
        raise Http404
    return brand_for(request.user, brand.slug, Role.ADMIN)
