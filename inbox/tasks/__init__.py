"""Celery entry points, five lines each at most, one module an area. They wake operations; they decide nothing."""

from inbox.tasks import accounts, conversations, deliveries, polling

__all__ = ["accounts", "conversations", "deliveries", "polling"]
