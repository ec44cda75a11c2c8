"""What monitoring is told: alive, ready or why not, and the gauges behind their token."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.utils import timezone

from inbox import events
from inbox.models import Delivery
from tests import builders
from webcare.health import DELIVERIES

pytestmark = pytest.mark.django_db
LONG = timedelta(minutes=10)
TOKEN = {"Authorization": "Bearer metrics-token"}


@pytest.fixture
def stream():
    return builders.stream(builders.account(builders.brand()))


def test_the_process_answers_without_asking_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok"


def test_it_is_ready_when_nothing_due_waits_long(client, stream):
    stream.next_poll_at = timezone.now()
    stream.save(update_fields=["next_poll_at"])
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["database"] == answer.json()["valkey"] == "ok"


def test_a_poll_that_waits_long_makes_it_unready(client, stream):
    stream.next_poll_at = timezone.now() - LONG
    stream.save(update_fields=["next_poll_at"])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["oldest_due_poll_seconds"] >= 600


def test_without_valkey_it_says_so(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    events.valkey.cache_clear()
    try:
        answer = client.get("/readyz")
    finally:
        events.valkey.cache_clear()
    assert answer.status_code == 503
    assert answer.json()["valkey"] == redis.ConnectionError.__name__


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_the_gauges_are_nobody_elses_business(client, headers):
    assert client.get("/metrics", headers=headers).status_code == 404


def test_the_gauges_count_what_is_not_done(client):
    talk = builders.conversation(builders.account(builders.brand()))
    for state in ("pending", "failed", "sent"):
        Delivery.objects.filter(pk=builders.delivery(talk).pk).update(state=state)
    text = client.get("/metrics", headers=TOKEN).content.decode()
    for state, number in {"pending": 1, "sending": 0, "uncertain": 0, "failed": 1}.items():
        assert f'webcare_deliveries{{state="{state}"}} {number}.0' in text
    assert "webcare_oldest_due_poll_seconds" in text


def test_counting_reads_only_the_indexes_of_what_is_not_done():
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("explain " + DELIVERIES)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    names = ("delivery_due", "delivery_sending", "delivery_uncertain", "delivery_minded")
    assert [name for name in names if name not in plan] == []
