"""No secret reaches the logs, in whatever shape it comes along; lines say which request and task they belong to."""

from __future__ import annotations

import time

import pytest
import structlog
from celery.contrib.testing.worker import start_worker

from webcare.celery import app
from webcare.logs import redact

SECRET = "EAAPq8s7d6f5g4h3j2k1l0"


@pytest.mark.parametrize(
    "entry",
    [
        {"event": f"access_token={SECRET} refused"},
        {"event": f"GET https://graph.example/me?fields=id&access_token={SECRET}&x=1"},
        {"exception": f"Traceback ...\nValueError: {{'refresh_token': '{SECRET}'}}"},
        {"headers": {"Authorization": f"Bearer {SECRET}", "Accept": "*/*"}},
        {"headers": [("Authorization", f"Bearer {SECRET}")]},
        {"token": SECRET},
        {"data": {"page": {"client_secret": SECRET}}},
        {"error": ValueError(f"password: {SECRET}")},
    ],
)
def test_a_secret_is_replaced_wherever_it_stands(entry):
    assert SECRET not in str(redact(None, "info", dict(entry)))


def test_what_is_no_secret_stays():
    entry = {"event": "poll stored", "new": 3, "late": False, "lag": None, "token_kind": "page", "path": "/inbox/"}
    assert redact(None, "info", dict(entry)) == entry


def test_the_lines_of_a_task_name_it_and_the_request_that_caused_it():
    seen: list[dict[str, str]] = []

    @app.task(name="tests.probe")
    def probe() -> None:
        seen.append(dict(structlog.contextvars.get_contextvars()))

    with structlog.contextvars.bound_contextvars(request_id="abc123", path="/inbox/"):
        sent = probe.apply_async(queue="probe")
    other = probe.apply_async(queue="probe")
    with start_worker(app, queues=["probe"], pool="solo", perform_ping_check=False, shutdown_timeout=10):
        ends = time.monotonic() + 10
        while len(seen) < 2 and time.monotonic() < ends:
            time.sleep(0.02)
    assert seen == [
        {"task_id": sent.id, "task": "tests.probe", "request_id": "abc123"},
        {"task_id": other.id, "task": "tests.probe"},
    ]
