"""Append-only records: what happened to a conversation, and what was done to the installation."""

from __future__ import annotations

from django.db import models

from inbox.models.conversations import Conversation
from inbox.models.teams import Agent, Brand


class ActivityEntry(models.Model):
    """Who did what to a conversation. Never updated (a trigger sees to it)."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="activity", db_index=False)
    actor = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+", db_index=False)
    verb = models.CharField(max_length=30)  # claimed, assigned, labelled, snoozed, resolved, reopened, replied, ...
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["conversation", "at", "id"], name="activity_timeline")]
        verbose_name_plural = "activity entries"

    def __str__(self) -> str:
        return self.verb


class AuditEntry(models.Model):
    """Logins, settings, rights, connections, exports, hides and erasures. Append-only (a trigger sees to it)."""

    brand = models.ForeignKey(Brand, models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    actor = models.ForeignKey(Agent, models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    verb = models.CharField(max_length=40)
    target = models.CharField(max_length=200, blank=True, default="")
    data = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["brand", "-at"], name="audit_newest")]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
