"""The audit trail: a page to read and a file to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inbox import limits
from inbox.access import AgentRequest, Role, brand_for
from inbox.exports import csv_response
from inbox.models import AuditEntry
from inbox.operations import audit as operations
from inbox.queries import audit as queries
from inbox.views.values import number

HEADER = ("when", "who", "what", "of what", "address", "details")


@login_required
@require_safe
def audit(request: AgentRequest, slug: str) -> HttpResponse:
    """The newest first, a hundred at a time."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    verb, last = request.GET.get("verb", "")[:40], number(request.GET.get("before"))
    found = list(queries.entries(brand, verb=verb, before=last).select_related("actor")[: queries.PAGE + 1])
    facts = {
        "brand": brand, "verb": verb,
        "rows": [(row, queries.words(row.verb), _details(row)) for row in found[: queries.PAGE]],
        "next": found[queries.PAGE - 1].pk if len(found) > queries.PAGE else None,
        "verbs": [(one, queries.words(one)) for one in queries.verbs(brand)],
    }  # fmt: skip
    return render(request, "administration/audit.html", facts)


@login_required
@require_POST
def export_audit(request: AgentRequest, slug: str) -> StreamingHttpResponse:
    """All of it as CSV, streamed; the export itself is in the trail."""
    brand = brand_for(request.user, slug, Role.ADMIN)
    limits.count("export", agent_id=request.user.pk)
    operations.record("audit_exported", actor=request.user, brand=brand, target=brand.name)
    name = f"audit-{brand.slug}-{timezone.localdate().isoformat()}.csv"
    return csv_response(name, HEADER, _lines(queries.entries(brand).iterator(2000)))


def _lines(entries: Iterator[AuditEntry]) -> Iterator[tuple[str, ...]]:
    for row in entries:
        yield (row.at.isoformat(), row.actor_name, row.verb, row.target, row.address or "", _details(row))


def _details(row: AuditEntry) -> str:
    return json.dumps(row.data, ensure_ascii=False) if row.data else ""
