"""Streams that are due, and reach looked at again."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from inbox.operations import polling, reach


@shared_task(expires=10)  # type: ignore[no-untyped-call]
def poll_due() -> None:
    """Lease what is due and wake workers for it."""
    polling.poll_due()


@shared_task(expires=30)  # type: ignore[no-untyped-call]
def poll_streams(pks: list[int], lease: str) -> None:
    """Poll a batch, if the lease is still ours."""
    polling.poll_streams(pks, lease=UUID(lease))


@shared_task(expires=60)  # type: ignore[no-untyped-call]
def refresh_reach() -> None:
    """Look again at how far open messages travelled."""
    reach.refresh_due()
