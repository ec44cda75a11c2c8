"""Start a task by name, after commit. A wake-up that is lost costs seconds: a sweep finds the row."""

from __future__ import annotations

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger()


def start(task: str, *args: object, countdown: float | None = None) -> None:
    """Send `inbox.tasks.<task>` once the transaction is committed; a broker that is away is no error."""
    transaction.on_commit(lambda: _send(task, args, countdown))


def _send(task: str, args: tuple[object, ...], countdown: float | None) -> None:
    try:
        current_app.send_task(f"inbox.tasks.{task}", args=args, countdown=countdown, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("wakeup_lost", task=task, error=type(error).__name__)
