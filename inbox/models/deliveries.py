"""The outbox: one row per reply that is to leave, and each attempt it took."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.channels import ChannelAccount
from inbox.models.conversations import Conversation, Message
from inbox.models.loading import Loaded
from inbox.models.teams import Agent, Brand


class BulkReply(models.Model):
    """One text to many conversations in a disruption."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    stopped_at = models.DateTimeField(null=True)
    token = models.UUIDField(null=True, unique=True)  # of the form that made it: the same form twice is one
    refused = models.JSONField(default=dict)  # conversation id -> why it got none

    class Meta:
        verbose_name_plural = "bulk replies"

    def __str__(self) -> str:
        return self.text[:60]


class Delivery(Loaded):
    """How an outbound message leaves. `pending` rows with `due_at` passed may be claimed by one worker."""

    class State(models.TextChoices):
        APPROVAL = "approval", _("Waiting for approval")
        PENDING = "pending", _("Queued")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        UNCERTAIN = "uncertain", _("Uncertain")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Taken back")

    message = models.OneToOneField(Message, models.CASCADE, related_name="delivery")
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="deliveries")
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="deliveries", db_index=False)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    mode = models.CharField(max_length=16)
    in_reply_to = models.CharField(max_length=120, blank=True, default="")
    recipient_id = models.CharField(max_length=120, blank=True, default="")
    human_agent = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    undo_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)  # only its holder may record an outcome
    looks = models.PositiveIntegerField(default=0)  # how often we looked for an uncertain one
    look_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error_reason = models.CharField(max_length=40, blank=True, default="")  # a code the screen translates
    error_detail = models.TextField(blank=True, default="")  # the platform's own words
    owner = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")  # who minds a failed one
    handled_at = models.DateTimeField(null=True)  # given up on, knowingly
    approved_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    part = models.PositiveSmallIntegerField(default=1)
    parts = models.PositiveSmallIntegerField(default=1)
    bulk = models.ForeignKey(BulkReply, models.SET_NULL, null=True, related_name="deliveries")
    token = models.UUIDField(unique=True)  # of the form that made it: the same form twice is one delivery
    waits_for = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="dependents"
    )  # leaves after it is sent
    before = models.JSONField(default=dict)  # what the conversation was, to go back to when this does not leave
    then = models.CharField(max_length=8, blank=True, default="")  # once sent: "resolve" or "snooze"
    then_until = models.DateTimeField(null=True)
    first_attempt_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["claimed_at"], name="delivery_sending", condition=Q(state="sending")),
            models.Index(fields=["look_at"], name="delivery_uncertain", condition=Q(state="uncertain")),
            models.Index(
                fields=["account", "id"],
                name="delivery_minded",
                condition=Q(state__in=["failed", "uncertain"], handled_at=None),
            ),
            models.Index(fields=["account", "state"], name="delivery_of_account"),
            models.Index(fields=["account", "due_at", "id"], name="delivery_due_here", condition=Q(state="pending")),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.message_id} {self.state}"


class DeliveryAttempt(models.Model):
    """One call to the platform for a delivery, or one look for it. Append-only."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="history")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True, default="")
    detail = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.delivery_id}/{self.number} {self.outcome}"


class Hiding(models.Model):
    """That a message of somebody else is to be hidden on the platform, or shown again: asked for, and what came of it.

    One row a message: the last wish counts. `pending` rows with `due_at` passed may be claimed by one worker.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Queued")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    class Reason(models.TextChoices):
        PERSONAL = "personal", _("Somebody's personal data")
        ABUSE = "abuse", _("Abuse, hate or threats")
        SPAM = "spam", _("Spam or fraud")
        UNLAWFUL = "unlawful", _("Against the law or a court order")
        OTHER = "other", _("Something else")

    message = models.OneToOneField(Message, models.CASCADE, related_name="hiding")
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+")
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    hide = models.BooleanField(default=True)  # False: show it again
    reason = models.CharField(max_length=10, choices=Reason, blank=True, default="")
    explanation = models.CharField(max_length=300, blank=True, default="")  # goes when the person is erased
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    due_at = models.DateTimeField()  # of a claimed one: when another worker may try
    claim = models.UUIDField(null=True)  # only its holder may record an outcome
    attempts = models.PositiveIntegerField(default=0)
    error_reason = models.CharField(max_length=40, blank=True, default="")  # a code the screen translates
    error_detail = models.TextField(blank=True, default="")  # the platform's own words
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="hiding_due", condition=Q(state="pending"))]

    def __str__(self) -> str:
        return f"{self.message_id} {self.state}"
