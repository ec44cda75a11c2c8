"""Conversations: snoozes that end, norms that are near."""

from __future__ import annotations

from celery import shared_task

from inbox.operations import notifications, triage, words


@shared_task
def wake_snoozed() -> None:
    """Bring back what was snoozed until now."""
    triage.wake_snoozed()


@shared_task
def warn_due_soon() -> None:
    """Tell assignees what will soon be late."""
    notifications.warn_due_soon()


@shared_task
def collect_words() -> None:
    """Count the words people use, for searches that are misspelt."""
    words.collect_words()
