"""What every page knows about the person looking at it."""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from inbox.access import SecondFactorMissing
from inbox.limits import LimitReached
from inbox.operations import audit

Handler = Callable[[HttpRequest], HttpResponse]


class PreferencesMiddleware:
    """Activates the agent's language and time zone, and gives every request an id for the logs."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = get_random_string(12)
        agent = getattr(request, "user", None)
        language = agent.language if agent is not None and agent.is_authenticated else self._asked(request)
        zone = agent.time_zone if agent is not None and agent.is_authenticated else None
        with structlog.contextvars.bound_contextvars(request_id=request_id, path=request.path), \
                translation.override(language), timezone.override(_zone(zone)):  # fmt: skip
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        response.headers["X-Request-Id"] = request_id
        return response

    @staticmethod
    def _asked(request: HttpRequest) -> str:
        asked = request.COOKIES.get("language") or translation.get_language_from_request(request)
        return asked if asked in {"nl", "en"} else "nl"


class SafetyMiddleware:
    """Knows where a request came from for the audit trail, and answers what access and limits refuse."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.address.set(_address(request))
        try:
            return self.get_response(request)
        finally:
            audit.address.reset(token)

    def process_view(self, request: HttpRequest, view: Handler, args: Any, kwargs: Any) -> None:
        """No text column takes the sign NUL and nobody types it: it is left out, and all else is kept."""
        request.GET = _without_nul(request.GET)  # type: ignore[assignment]
        if request.method == "POST":
            request.POST = _without_nul(request.POST)  # type: ignore[assignment]

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, SecondFactorMissing):
            messages.warning(request, _("This brand asks for a second factor. Set it up and go on."))
            return redirect("mfa_activate_totp")
        if isinstance(exception, LimitReached):
            return render(request, "errors/429.html", status=429)
        return None


def _without_nul(sent: QueryDict) -> QueryDict:
    if not any("\0" in value for _name, values in sent.lists() for value in values):
        return sent
    clean = QueryDict(mutable=True, encoding=sent.encoding)
    for name, values in sent.lists():
        clean.setlist(name, [value.replace("\0", "") for value in values])
    clean._mutable = False
    return clean


def _address(request: HttpRequest) -> str | None:
    """The address of the browser; behind a proxy, as far as TRUSTED_PROXIES says it may be believed."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    found = hops[-trusted] if trusted and len(hops) >= trusted else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return None


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
