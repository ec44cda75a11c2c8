"""The Celery app and the beat schedule. Tasks only wake; what must happen is a row in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")

app = Celery("webcare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"visibility_timeout": 3600, "socket_timeout": 10, "socket_connect_timeout": 5},
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue="default",
    task_routes={"inbox.tasks.deliver*": {"queue": "replies"}, "inbox.tasks.poll*": {"queue": "polls"}},
    worker_hijack_root_logger=False,
    task_time_limit=300,
    timezone="UTC",
)
app.autodiscover_tasks(["inbox"])
