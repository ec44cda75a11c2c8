"""Wiring only: settings, addresses, processes. No word of the domain lives here."""

from webcare.celery import app as celery_app

__all__ = ["celery_app"]
