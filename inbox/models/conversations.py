"""Threads, conversations and what is said in them.

References `BY_STATEMENT` are those that every page of a platform brings: PostgreSQL checks them a statement at a time
by triggers of ours (migration 0012), as strictly as row by row and at a fraction of the cost.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from inbox.models.channels import ChannelAccount, Stream
from inbox.models.loading import Loaded
from inbox.models.people import Contact, Identity
from inbox.models.teams import Agent, Brand, Team

BY_STATEMENT: dict[str, Any] = {"db_index": False, "db_constraint": False}


class Visibility(models.TextChoices):
    """Who can read along."""

    PUBLIC = "public", _("Public")
    PRIVATE = "private", _("Private")


class Thread(models.Model):
    """A public thread (by its root post) or a private conversation, as the platform groups them."""

    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="threads", **BY_STATEMENT)
    external_id = models.CharField(max_length=200)
    visibility = models.CharField(max_length=8, choices=Visibility)
    # The post people react to, as far as we have seen it
    ours = models.BooleanField(default=False)
    text = models.TextField(blank=True, default="")
    author_name = models.CharField(max_length=300, blank=True, default="")
    author_handle = models.CharField(max_length=120, blank=True, default="")
    permalink = models.URLField(max_length=1000, blank=True, default="")
    attachments = models.JSONField(default=list)
    posted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="thread_unique")]

    def __str__(self) -> str:
        return self.external_id


class Conversation(Loaded):
    """One contact x one thread x one account."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        PENDING = "pending", _("Waiting for them")
        SNOOZED = "snoozed", _("Snoozed")
        RESOLVED = "resolved", _("Resolved")

    class Kind(models.TextChoices):
        NONE = "", _("Not set")
        QUESTION = "question", _("Question")
        COMPLAINT = "complaint", _("Complaint")
        COMPLIMENT = "compliment", _("Compliment")
        OTHER = "other", _("Other")

    class Feeling(models.TextChoices):
        NONE = "", _("Not set")
        NEGATIVE = "negative", _("Negative")
        NEUTRAL = "neutral", _("Neutral")
        POSITIVE = "positive", _("Positive")

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="conversations", **BY_STATEMENT)
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="conversations", **BY_STATEMENT)
    thread = models.ForeignKey(Thread, models.PROTECT, related_name="conversations", db_constraint=False)
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="conversations", **BY_STATEMENT)
    identity = models.ForeignKey(Identity, models.PROTECT, null=True, related_name="conversations", **BY_STATEMENT)
    key = models.CharField(max_length=330)  # inbox.operations.threading says how it is made
    visibility = models.CharField(max_length=8, choices=Visibility)
    proactive = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.OPEN)
    outcome = models.CharField(max_length=40, blank=True, default="")  # "answered", or a ClosingReason.code
    kind = models.CharField(max_length=10, choices=Kind, blank=True, default="")
    feeling = models.CharField(max_length=8, choices=Feeling, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    assignee = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+", db_index=False)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+", db_index=False)
    snoozed_until = models.DateTimeField(null=True)
    # What the list sorts by and shows
    waiting_since = models.DateTimeField(null=True)  # their first message that we have not answered
    due_at = models.DateTimeField(null=True)  # waiting_since plus the norm
    first_message_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True)
    first_reply_at = models.DateTimeField(null=True)
    last_reply_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    preview = models.CharField(max_length=200, blank=True, default="")  # first words of the newest message
    message_count = models.PositiveIntegerField(default=0)
    reach = models.BigIntegerField(default=0)  # followers of the person
    growth = models.IntegerField(default=0)  # reposts, replies and likes gained since it came in
    linked = models.ForeignKey("self", models.SET_NULL, null=True, related_name="legs")  # the other leg of one case
    close_loop = models.BooleanField(default=False)  # a public leg that still deserves its last word
    version = models.PositiveIntegerField(default=0)  # goes up with every change, so that a stale form is noticed

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="conversation_unique")]
        indexes = [
            # Named for their reader; the open few per cent have small ones, what is rare among the settled its own.
            # What a conversation that just came in has not got yet is in no index of it: each costs every page.
            models.Index(fields=["brand", "waiting_since", "id"], name="conv_open_waiting", condition=Q(status="open")),
            models.Index(
                fields=["brand", "last_message_at", "id"], name="conv_open_newest", condition=Q(status="open")
            ),
            models.Index(
                fields=["assignee", "waiting_since", "id"],
                name="conv_open_assignee",
                condition=Q(status="open", assignee__isnull=False),
            ),
            models.Index(
                fields=["team", "waiting_since", "id"],
                name="conv_open_team",
                condition=Q(status="open", team__isnull=False),
            ),
            models.Index(
                fields=["account", "waiting_since", "id"], name="conv_account_open", condition=Q(status="open")
            ),
            models.Index(fields=["brand", "assignee"], name="conv_loads", condition=Q(status="open")),
            models.Index(fields=["brand", "due_at"], name="conv_overdue", condition=Q(status="open")),
            models.Index(fields=["brand", "growth", "id"], name="conv_open_growth", condition=Q(status="open")),
            models.Index(fields=["thread", "waiting_since", "id"], name="conv_thread_open", condition=Q(status="open")),
            models.Index(
                fields=["brand", "waiting_since", "id"],
                name="conv_unassigned",
                condition=Q(status="open", assignee=None),
            ),
            models.Index(
                fields=["brand", "waiting_since", "id"],
                name="conv_compliments",
                condition=Q(status="open", kind="compliment"),
            ),
            models.Index(
                fields=["brand", "waiting_since", "id"],
                name="conv_proactive",
                condition=Q(status="open", proactive=True),
            ),
            models.Index(
                fields=["brand", "snoozed_until", "id"], name="conv_snoozed_list", condition=Q(status="snoozed")
            ),
            models.Index(fields=["account", "last_message_at", "id"], name="conv_account_newest"),
            models.Index(fields=["due_at"], name="conv_due", condition=Q(status="open")),
            models.Index(fields=["snoozed_until"], name="conv_snoozed", condition=Q(status="snoozed")),
            models.Index(fields=["brand", "last_message_at", "id"], name="conv_pending", condition=Q(status="pending")),
            models.Index(fields=["brand", "last_message_at", "id"], name="conv_all_newest"),
            models.Index(fields=["brand", "kind", "last_message_at", "id"], name="conv_by_kind", condition=~Q(kind="")),
            models.Index(
                fields=["brand", "feeling", "last_message_at", "id"], name="conv_by_feeling", condition=~Q(feeling="")
            ),
            models.Index(
                fields=["assignee", "last_message_at", "id"],
                name="conv_by_assignee",
                condition=Q(assignee__isnull=False),
            ),
            models.Index(
                fields=["team", "last_message_at", "id"], name="conv_by_team", condition=Q(team__isnull=False)
            ),
            models.Index(
                fields=["brand", "status", "last_message_at", "id"],
                name="conv_nobody_newest",
                condition=Q(assignee=None),
            ),
            models.Index(fields=["contact", "last_message_at"], name="conv_of_contact"),
        ]

    def __str__(self) -> str:
        return self.preview[:60] or self.key

    @property
    def answered(self) -> bool:
        """We had the last word: it can be resolved without another reason."""
        return self.waiting_since is None and self.last_reply_at is not None


class Message(Loaded):
    """Something said, inbound or outbound, public or private. `external_id` is null until it is sent."""

    class Direction(models.TextChoices):
        INBOUND = "in", _("from them")
        OUTBOUND = "out", _("from us")

    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="messages", **BY_STATEMENT)
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="messages", **BY_STATEMENT)
    external_id = models.CharField(max_length=120, null=True)
    direction = models.CharField(max_length=3, choices=Direction)
    visibility = models.CharField(max_length=8, choices=Visibility)
    identity = models.ForeignKey(Identity, models.PROTECT, null=True, related_name="messages", **BY_STATEMENT)
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+", db_index=False)  # ours, if by us
    stream = models.ForeignKey(Stream, models.SET_NULL, null=True, related_name="+", **BY_STATEMENT)
    parent_external_id = models.CharField(max_length=120, blank=True, default="")
    mode = models.CharField(max_length=16, blank=True, default="")  # ours: public_reply, direct_message, private_reply
    text = models.TextField(blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    permalink = models.URLField(max_length=1000, blank=True, default="")
    rating = models.CharField(max_length=8, blank=True, default="")
    version_id = models.CharField(max_length=120, blank=True, default="")
    sent_at = models.DateTimeField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    hidden_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)  # what was said is gone for good: nothing may fill it in again
    placeholder = models.BooleanField(default=False)  # somebody answered it, but we have not seen it itself
    reposts = models.PositiveIntegerField(default=0)
    replies = models.PositiveIntegerField(default=0)
    likes = models.PositiveIntegerField(default=0)
    options = models.JSONField(
        default=dict
    )  # ReplyOptions: {"public_reply": {...}, "private_reply": {...}, "can_hide"}
    search = models.GeneratedField(
        expression=SearchVector("text", config="webcare"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="message_unique")]
        indexes = [
            models.Index(fields=["conversation", "sent_at", "id"], name="message_timeline"),
            models.Index(fields=["sent_at", "id"], name="message_newest"),
            GinIndex(fields=["search"], name="message_search"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class MessagePayload(models.Model):
    """The platform's own JSON: three quarters of the bytes, so in a table of its own, kept shorter.

    Kept as text, in the row itself: reading it into `jsonb` and compressing it cost more than all else of a message.
    """

    message = models.OneToOneField(
        Message, models.CASCADE, primary_key=True, related_name="payload", db_constraint=False
    )
    body = models.TextField(db_default="")
    raw = models.JSONField(null=True)  # rows from before `body`: they go with their term
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.message_id)

    @property
    def received(self) -> Any:
        """What the platform gave."""
        return json.loads(self.body) if self.body else self.raw


class MessageVersion(models.Model):
    """What a message said before its author edited it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="versions")
    version_id = models.CharField(max_length=120, blank=True, default="")
    text = models.TextField()
    sent_at = models.DateTimeField()
    replaced_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "replaced_at"], name="message_version_unique")]

    def __str__(self) -> str:
        return self.text[:60]


class Attachment(models.Model):
    """A picture, film or file with a message: theirs by address, ours by file."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", null=True)
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10)
    url = models.URLField(max_length=2000, blank=True, default="")
    preview_url = models.URLField(max_length=2000, blank=True, default="")
    title = models.CharField(max_length=300, blank=True, default="")
    alt_text = models.CharField(max_length=1000, blank=True, default="")
    external_id = models.CharField(max_length=200, blank=True, default="")
    # Of ours, uploaded for a reply
    brand = models.ForeignKey(Brand, models.CASCADE, null=True, related_name="+")
    uploaded_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    file = models.FileField(upload_to="attachments/%Y/%m/", null=True)
    content_type = models.CharField(max_length=60, blank=True, default="")
    size = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["message", "position"], name="attachment_of_message")]

    def __str__(self) -> str:
        return self.title or self.alt_text or self.kind


class Vanished(models.Model):
    """The platform said that this message is gone: kept, because the word may come before the message does."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "external_id"], name="vanished_unique")]
        verbose_name_plural = "vanished"

    def __str__(self) -> str:
        return self.external_id


class Note(models.Model):
    """An internal remark, in a table of its own: no code path can send it."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    mentioned = models.ManyToManyField(Agent, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text[:60]


class Label(models.Model):
    """A word for what a conversation is about."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="labels")
    name = models.CharField(_("name"), max_length=60)
    colour = models.CharField(_("colour"), max_length=12, default="grey")
    meaning = models.CharField(_("meaning"), max_length=200, blank=True, default="")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "name"], name="label_unique")]

    def __str__(self) -> str:
        return self.name


class ConversationLabel(models.Model):
    """A label on a conversation, with its time beside it so that a label's list needs one index."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="labelled", db_index=False)
    label = models.ForeignKey(Label, models.CASCADE, related_name="labelled", db_index=False)
    open = models.BooleanField(default=True)
    last_message_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "label"], name="conversation_label_unique")]
        indexes = [
            models.Index(fields=["label", "last_message_at", "conversation"], name="label_newest"),
            models.Index(fields=["label", "conversation"], name="label_open", condition=Q(open=True)),
        ]

    def __str__(self) -> str:
        return f"{self.label_id}"


class Draft(models.Model):
    """What an agent was writing, per conversation and audience: survives everything."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="drafts", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="drafts")
    mode = models.CharField(max_length=16)  # a ModeRules.mode, or "note"
    text = models.TextField(blank=True)
    attachments = models.ManyToManyField(Attachment, blank=True, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "conversation", "mode"], name="draft_unique")]

    def __str__(self) -> str:
        return self.text[:60]
