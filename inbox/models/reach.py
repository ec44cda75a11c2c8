"""How far what people said has travelled."""

from __future__ import annotations

from django.db import models

from inbox.models.channels import ChannelAccount
from inbox.models.conversations import BY_STATEMENT, Message


class Exposure(models.Model):
    """A repost, quote or reaction: the original travels further. Never work of its own."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=120)
    kind = models.CharField(max_length=10)
    original_external_id = models.CharField(max_length=120)
    author_external_id = models.CharField(max_length=120, blank=True, default="")
    followers = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="exposure_unique")]
        indexes = [models.Index(fields=["account", "original_external_id"], name="exposure_of_message")]

    def __str__(self) -> str:
        return f"{self.kind} {self.original_external_id}"


class MetricWatch(models.Model):
    """An open public message whose reach is looked at again: often at first, then ever less."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="watch", db_constraint=False)
    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="+", **BY_STATEMENT)
    next_at = models.DateTimeField()
    looks = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["account", "next_at"], name="metric_watch_due")]

    def __str__(self) -> str:
        return str(self.message_id)


class MetricSample(models.Model):
    """How far a message had travelled at one moment."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField()
    reposts = models.PositiveIntegerField(default=0)
    replies = models.PositiveIntegerField(default=0)
    likes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "at"], name="metric_sample_unique")]

    def __str__(self) -> str:
        return f"{self.message_id} {self.at}"
