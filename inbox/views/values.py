"""What browsers send, read with distrust."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest


def number(text: str | None) -> int | None:
    """A whole number that fits a key; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def came_from(request: HttpRequest, pk: int) -> str:
    """The conversation in the queue that the form stood in; empty when it stood elsewhere."""
    try:
        there = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    own = there.netloc == request.get_host() and there.path.startswith("/inbox/") and there.path.endswith(f"/{pk}/")
    return there._replace(scheme="", netloc="", fragment="").geturl() if own else ""
