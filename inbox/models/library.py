"""What a team keeps at hand: canned replies, saved views, reasons for closing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.teams import Agent, Brand


class CannedReply(models.Model):
    """A text to start from, with placeholders such as {name}."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="canned_replies")
    shortcut = models.SlugField(_("shortcut"), max_length=40)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(_("text"))
    language = models.CharField(_("language"), max_length=8, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=20, blank=True, default="")  # a kind; "" is every one
    owner = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "shortcut", "language", "channel"], name="canned_reply_unique")
        ]
        verbose_name_plural = "canned replies"

    def __str__(self) -> str:
        return self.title


class View(models.Model):
    """A saved list: the query string of the screen, under a name. Without an owner it is everybody's."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="views")
    owner = models.ForeignKey(Agent, models.CASCADE, null=True, related_name="views")
    name = models.CharField(_("name"), max_length=80)
    query = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.name


class ClosingReason(models.Model):
    """Why something was closed without an answer. Nothing leaves the open set without one."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="closing_reasons")
    code = models.SlugField(max_length=40)
    name_nl = models.CharField(_("name (Dutch)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=80)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "code"], name="closing_reason_unique")]

    def __str__(self) -> str:
        return self.name_nl


class Notification(models.Model):
    """Something one agent should know: in the bell, and in the browser when allowed."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", _("assigned to you")
        MENTIONED = "mentioned", _("mentioned you")
        ANSWERED = "answered", _("wrote again")
        DUE_SOON = "due_soon", _("is about to be late")
        DELIVERY = "delivery", _("a reply did not leave")
        ACCOUNT = "account", _("a channel account needs attention")
        APPROVAL = "approval", _("a reply waits for approval")

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="notifications", db_index=False)
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    conversation = models.ForeignKey("inbox.Conversation", models.CASCADE, null=True, related_name="+")
    account = models.ForeignKey("inbox.ChannelAccount", models.CASCADE, null=True, related_name="+")
    actor = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=200, blank=True, default="")
    key = models.CharField(max_length=120)  # the same occasion is told once
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)  # account warnings also go by e-mail, once

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "key"], name="notification_once")]
        indexes = [models.Index(fields=["agent", "-created_at"], name="bell", condition=Q(read_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
