"""Is it alive, is it ready, and what do the gauges say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis import RedisError

LATE = 300  # seconds that due work may wait before we are not ready
OLDEST = {
    "poll": "select min(s.next_poll_at) from inbox_stream s join inbox_channelaccount a on a.id = s.account_id"
    " where s.enabled and a.state = 'connected' and (a.retry_at is null or a.retry_at < now())"
    " and (s.leased_until is null or s.leased_until < now())",
    "delivery": "select min(d.due_at) from inbox_delivery d join inbox_channelaccount a on a.id = d.account_id"
    " where d.state = 'pending' and a.state = 'connected' and (a.retry_at is null or a.retry_at < now())",
}
# Each counts in a partial index of what is not done (delivery_due, delivery_sending, delivery_uncertain,
# delivery_minded): what was sent long ago, however much, is never read. A state with none is said to have 0.
DELIVERIES = """
    select 'pending', count(*) from inbox_delivery where state = 'pending'
    union all select 'sending', count(*) from inbox_delivery where state = 'sending'
    union all select 'uncertain', count(*) from inbox_delivery where state = 'uncertain'
    union all select 'failed', count(*) from inbox_delivery
        where state in ('failed', 'uncertain') and handled_at is null and state = 'failed'"""
ACCOUNTS = "select state, count(*) from inbox_channelaccount group by state"


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """The database, Valkey, and nothing due has waited long; 503 with the reasons otherwise."""
    facts: dict[str, Any] = {"database": "ok", "valkey": "ok"}
    try:
        for name in OLDEST:
            facts[f"oldest_due_{name}_seconds"] = waited(name)
    except DatabaseError as error:
        facts["database"] = type(error).__name__
    try:
        from inbox.events import valkey

        valkey().ping()
    except RedisError as error:
        facts["valkey"] = type(error).__name__
    late = any(isinstance(value, float) and value > LATE for value in facts.values())
    ready = facts["database"] == facts["valkey"] == "ok" and not late
    return JsonResponse(facts, status=200 if ready else 503)


def waited(name: str) -> float:
    """How many seconds the oldest due poll or delivery has waited."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST[name])
        (oldest,) = cursor.fetchone() or (None,)
    now = timezone.now()
    return max(0.0, (now - oldest).total_seconds()) if isinstance(oldest, datetime) else 0.0


def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges for Prometheus, from the database at this moment; 404 without the token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not constant_time_compare(given, settings.METRICS_TOKEN):
        raise Http404
    registry = CollectorRegistry()
    for name in OLDEST:
        text = f"Seconds that the oldest due {name} has waited"
        Gauge(f"webcare_oldest_due_{name}_seconds", text, registry=registry).set(waited(name))
    _by_state("webcare_deliveries", DELIVERIES, "Replies that are not done yet, by state", registry)
    _by_state("webcare_accounts", ACCOUNTS, "Channel accounts by state", registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _by_state(name: str, statement: str, text: str, registry: CollectorRegistry) -> None:
    gauge = Gauge(name, text, ["state"], registry=registry)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for state, number in cursor.fetchall():
            gauge.labels(state).set(number)
