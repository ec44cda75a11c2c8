"""Nothing missed: the proof, for leads and admins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox import limits
from inbox.access import AgentRequest, Role, brand_for, require
from inbox.exports import csv_response
from inbox.models import Brand, SetAside
from inbox.operations import audit
from inbox.operations.ledger import dismiss
from inbox.operations.ledger_set_aside import retry_set_aside
from inbox.queries import ledger as queries
from inbox.queries.account_lights import reasons
from inbox.queries.accounts import stream_name

HEADER = (
    "account", "stream", "started", "finished", "asked from", "asked to", "outcome", "fetched", "new", "seen before",
    "set aside", "exposures", "lag in seconds", "calls", "dollars", "error code", "error",
)  # fmt: skip


@login_required
@require_safe
def ledger(request: AgentRequest, slug: str) -> HttpResponse:
    """The page, for a period."""
    brand = brand_for(request.user, slug, Role.LEAD)
    now = timezone.now()
    name, start, end = queries.period(request.GET.get("period", ""), now=now)
    rows = queries.rows(brand, now=now)
    week = min(start, now - timedelta(days=7))
    facts: dict[str, Any] = {
        "brand": brand, "now": now, "period": name, "periods": queries.PERIODS, "rows": rows,
        "sum": queries.reckon(brand, start=start, end=end), "troubles": queries.troubles(rows),
        "proof": min((row.proof for row in rows if row.health == "ok" and row.proof), default=None),
        "gaps": queries.gaps_of(brand, start=week), "week": week, "set_aside": queries.set_aside_of(brand),
        "stream_name": stream_name, "words": reasons(), "axis": _axis(now),
    }  # fmt: skip
    return render(request, "ledger/ledger.html", facts)


@login_required
@require_safe
def export(request: AgentRequest, slug: str) -> HttpResponseBase:
    """Every poll of the period as CSV, written out while it is read."""
    brand = brand_for(request.user, slug, Role.LEAD)
    name, start, end = queries.period(request.GET.get("period", ""))
    if request.method == "GET":
        limits.count("export", agent_id=request.user.pk)
        audit.record("ledger_exported", actor=request.user, brand=brand, target=brand.name, data={"period": name})
    filename = f"{brand.slug}-{name}-{timezone.localdate().isoformat()}.csv"
    return csv_response(filename, HEADER, _lines(brand, start, end))


def _lines(brand: Brand, start: datetime, end: datetime) -> Iterator[tuple[Any, ...]]:
    for poll in queries.polls_of(brand, start=start, end=end):
        yield (
            str(poll.stream.account), stream_name(poll.stream), *map(_iso, (poll.started_at, poll.finished_at,
            poll.asked_from, poll.asked_to)), poll.outcome, poll.fetched, poll.new, poll.seen, poll.set_aside,
            poll.exposures, poll.lag_seconds, poll.calls, float(poll.money), poll.error_code, poll.error,
        )  # fmt: skip


def _iso(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


@login_required
@require_POST
def retry(request: AgentRequest, pk: int) -> HttpResponse:
    """Read it once more."""
    item = _item(request, pk)
    if retry_set_aside(item, agent=request.user):
        messages.success(request, _("Read and stored."))
    else:
        messages.error(request, _("Still not understood. It stays here, whole."))
    return _at_what_is_left(item)


@login_required
@require_POST
def put_away(request: AgentRequest, pk: int) -> HttpResponse:
    """Looked at, and wanted no more."""
    item = _item(request, pk)
    if dismiss(item, agent=request.user, now=timezone.now()):
        messages.success(request, _("Put away. It is kept, but no longer shown here."))
    return _at_what_is_left(item)


def _at_what_is_left(item: SetAside) -> HttpResponse:
    """The keyboard goes on with the next, at the foot of the page."""
    return redirect(reverse("ledger", args=[item.stream.account.brand.slug]) + "#set-aside")


def _item(request: AgentRequest, pk: int) -> SetAside:
    item = SetAside.objects.select_related("stream__account__brand").filter(pk=pk).first()
    if item is None:
        raise Http404
    require(request.user, item.stream.account.brand, Role.LEAD)
    return item


def _axis(now: datetime) -> list[int]:
    """The hours under the strip: four, six apart."""
    local = timezone.localtime(now)
    return [(local - timedelta(hours=back)).hour for back in (21, 15, 9, 3)]
