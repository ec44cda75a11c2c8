"""What every page knows about the person looking at it."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.crypto import get_random_string

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


def _zone(name: str | None) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return None
