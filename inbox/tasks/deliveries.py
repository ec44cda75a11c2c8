"""Replies that are due, and the sweep behind them."""

from __future__ import annotations

from celery import shared_task

from inbox.operations import deliveries, hiding


@shared_task(name="inbox.tasks.deliveries.deliver_due", ignore_result=True, expires=5)  # type: ignore[no-untyped-call]
def deliver_due() -> None:
    """Behind the worker's own look at the outbox (see webcare/celery.py)."""
    deliveries.deliver_due()


@shared_task(name="inbox.tasks.deliveries.sweep", ignore_result=True, expires=60)  # type: ignore[no-untyped-call]
def sweep() -> None:
    """What died is uncertain, what is uncertain is looked for; and what is to be hidden is hidden."""
    deliveries.sweep()
    hiding.hide_due()
