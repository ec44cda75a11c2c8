"""The Celery app and the beat schedule. Tasks only wake; what must happen is a row in PostgreSQL."""

from __future__ import annotations

import os
from threading import Event, Thread
from typing import Any

import structlog
from celery import Celery, Task
from celery.concurrency import get_implementation, solo
from celery.concurrency import thread as threads
from celery.signals import (
    before_task_publish,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutdown,
    worker_shutting_down,
)

from webcare.schedule import Every

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
    task_routes={
        "inbox.tasks.deliveries.*": {"queue": "replies"},
        "inbox.tasks.polling.*": {"queue": "polls"},
    },
    beat_scheduler="webcare.schedule:Steady",
    beat_schedule={  # each only finds rows that are due; a beat that is missed costs its interval
        "poll due streams": {"task": "inbox.tasks.polling.poll_due", "schedule": Every(2)},
        "look at reach again": {"task": "inbox.tasks.polling.refresh_reach", "schedule": Every(30)},
        "deliver due replies": {"task": "inbox.tasks.deliveries.deliver_due", "schedule": Every(5)},
        "sweep deliveries": {"task": "inbox.tasks.deliveries.sweep", "schedule": Every(10)},
        "wake snoozed": {"task": "inbox.tasks.conversations.wake_snoozed", "schedule": Every(15)},
        "warn of norms": {"task": "inbox.tasks.conversations.warn_due_soon", "schedule": Every(30)},
        "collect words": {"task": "inbox.tasks.conversations.collect_words", "schedule": Every(3600)},
        "watch credentials": {"task": "inbox.tasks.accounts.watch_credentials", "schedule": Every(3600)},
        "keep no longer than agreed": {"task": "inbox.tasks.accounts.run_retention", "schedule": Every(6 * 3600)},
    },
    worker_hijack_root_logger=False,
    task_time_limit=300,
    timezone="UTC",
)
app.autodiscover_tasks(["inbox"])

ending = Event()


@before_task_publish.connect
def hand_on_request(headers: dict[str, Any], **_: Any) -> None:
    """The lines of a task name the request that caused it."""
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        headers["request_id"] = request_id


@task_prerun.connect
def name_task(task_id: str, task: Task, **_: Any) -> None:
    """Every line that the task logs carries these."""
    structlog.contextvars.bind_contextvars(task_id=task_id, task=task.name)
    if request_id := task.request.get("request_id"):
        structlog.contextvars.bind_contextvars(request_id=request_id)


@task_postrun.connect
def forget_task(**_: Any) -> None:
    """The thread goes on with another."""
    structlog.contextvars.clear_contextvars()


@worker_init.connect
def refuse_forks(sender: Any, **_: Any) -> None:
    """The outbox sends in threads of its own: a process forked while they run waits for ever."""
    if "replies" in sender.app.amqp.queues.consume_from:
        pool = get_implementation(sender.pool_cls)
        if not issubclass(pool, (threads.TaskPool, solo.TaskPool)):
            raise SystemExit(
                "webcare: a worker of the queue `replies` needs `--pool threads`, as `webcare worker` has."
            )


@worker_ready.connect
def start_outbox(sender: Any, **_: Any) -> None:
    """Replies leave on time whatever the broker does: a worker for them looks into the database itself."""
    from inbox.operations.deliveries import keep_delivering, keep_looking

    if "replies" in sender.app.amqp.queues.consume_from:
        outbox = Thread(target=keep_delivering, args=[ending], name="outbox", daemon=True)
        outbox.start()
        Thread(target=keep_looking, args=[ending], name="outbox looks", daemon=True).start()
        worker_shutdown.connect(lambda **_: outbox.join(20), weak=False)  # what is under way is written down


@worker_shutting_down.connect
def end_outbox(**_: Any) -> None:
    """Nothing new leaves this worker."""
    ending.set()
