"""Replies that are due, and the sweep behind them."""

from __future__ import annotations

from celery import shared_task

from connectors.registry import PLATFORMS, connector_class
from inbox.operations import deliveries, hiding

for kind in PLATFORMS:  # before the worker forks: otherwise each child's first reply waits a second for its imports
    connector_class(kind)


@shared_task(name="inbox.tasks.deliveries.deliver", ignore_result=True, expires=60)  # type: ignore[no-untyped-call]
def deliver(pk: int | None = None) -> None:
    """A reply is due: send it and whatever else is."""
    deliveries.deliver_due()


@shared_task(name="inbox.tasks.deliveries.deliver_due", ignore_result=True, expires=5)  # type: ignore[no-untyped-call]
def deliver_due() -> None:
    """Once a second: finds the rows whose wake-up was lost."""
    deliveries.deliver_due()


@shared_task(name="inbox.tasks.deliveries.sweep", ignore_result=True, expires=60)  # type: ignore[no-untyped-call]
def sweep() -> None:
    """What died is uncertain, what is uncertain is looked for; and what is to be hidden is hidden."""
    deliveries.sweep()
    hiding.hide_due()
