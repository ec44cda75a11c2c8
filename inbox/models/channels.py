"""Connected accounts, the streams we poll for them, and the ledger that proves nothing was missed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from connectors.registry import connector_class
from connectors.types import Capabilities
from inbox.encryption import EncryptedJSONField
from inbox.models.teams import Agent, Brand


class PlatformApp(models.Model):
    """Our own app at a platform, whose id and secret let a brand's accounts be connected."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="platform_apps")
    kind = models.CharField(max_length=20)
    client_id = models.CharField(max_length=200)
    secrets = EncryptedJSONField(default=dict)
    base_url = models.URLField(blank=True, default="")  # the sandbox; "" is the real platform
    checked_at = models.DateTimeField(null=True)  # when the platform accepted this id and secret
    came_back_at = models.DateTimeField(null=True)  # when it sent somebody to our callback address
    missing_scopes = models.JSONField(null=True)  # of the last grant; null until there was one
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "kind"], name="platform_app_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id}"


class ChannelAccount(models.Model):
    """One connected account or page: its credentials and its health."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("Connected")
        LOST = "lost", _("Connection lost")
        PAUSED = "paused", _("Paused")
        REMOVED = "removed", _("Removed")

    brand = models.ForeignKey(Brand, models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=20)  # a key of connectors.registry.PLATFORMS
    external_id = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    handle = models.CharField(max_length=100, blank=True, default="")
    avatar_url = models.URLField(max_length=1000, blank=True, default="")
    profile_url = models.URLField(max_length=1000, blank=True, default="")
    credentials = EncryptedJSONField(default=dict)
    base_url = models.URLField(blank=True, default="")  # the sandbox; "" is the real platform
    scopes = models.JSONField(default=list)
    missing_scopes = models.JSONField(default=list)
    token_expires_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State, default=State.CONNECTED)
    state_reason = models.CharField(max_length=40, blank=True, default="")  # a code the screen translates
    state_detail = models.TextField(blank=True, default="")  # the platform's own words
    state_since = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)  # when the platform was last asked what we may do
    connected_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    # What the brand asks of it
    at_most_minutes_old = models.PositiveIntegerField(_("messages are at most so many minutes old"), default=5)
    daily_calls = models.PositiveIntegerField(_("calls a day (0: no ceiling)"), default=0)
    daily_money = models.DecimalField(_("dollars a day (0: no ceiling)"), max_digits=9, decimal_places=3, default=0)
    public_target_minutes = models.PositiveIntegerField(_("public: answer within (minutes)"), default=30)
    private_target_minutes = models.PositiveIntegerField(_("private: answer within (minutes)"), default=60)
    # The circuit breaker, shared by all workers
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)  # nothing is called before this
    trouble_since = models.DateTimeField(null=True)  # start of an outage or limit, for one log line at each end
    trouble_code = models.CharField(max_length=40, blank=True, default="")
    trouble_detail = models.TextField(blank=True, default="")
    warned_days = models.PositiveSmallIntegerField(null=True)  # last expiry warning: 10 or 3

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "external_id"], name="account_unique")]

    def __str__(self) -> str:
        return self.handle or self.name

    @property
    def capabilities(self) -> Capabilities:
        return connector_class(self.kind).capabilities


class RateWindow(models.Model):
    """A rate limit as a platform last reported it, shared by all workers."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="windows")
    bucket = models.CharField(max_length=80)
    limit = models.IntegerField(null=True)
    remaining = models.IntegerField(null=True)
    resets_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "bucket"], name="rate_window_unique")]

    def __str__(self) -> str:
        return self.bucket


class Usage(models.Model):
    """What an account used on one UTC day."""

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="usage")
    day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    post_reads = models.PositiveIntegerField(default=0)
    user_reads = models.PositiveIntegerField(default=0)
    message_reads = models.PositiveIntegerField(default=0)
    writes = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=12, decimal_places=4, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="usage_unique")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"


class Stream(models.Model):
    """One thing polled for an account: own cursor, interval, lease and ledger."""

    class State(models.TextChoices):
        OK = "ok", _("Up to date")
        BEHIND = "behind", _("Catching up")
        FAILING = "failing", _("Failing")
        STOPPED = "stopped", _("Stopped")

    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="streams")
    kind = models.CharField(max_length=20)  # a StreamSpec.kind of the account's capabilities
    query = models.CharField(max_length=512, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    exclude = models.JSONField(default=list)
    name = models.CharField(max_length=120, blank=True, default="")
    enabled = models.BooleanField(default=True)
    proactive = models.BooleanField(default=False)
    # Etiquette of a search: may we join in, and how often per person
    may_join = models.BooleanField(default=True)
    join_days = models.PositiveIntegerField(default=0)
    target_minutes = models.PositiveIntegerField(null=True)
    # Where we are. `cursor` reads what is new; `backlog` walks what is older, in turns that never starve the new.
    cursor = models.JSONField(default=dict)
    backlog = models.JSONField(null=True)
    since = models.DateTimeField(null=True)  # how far a first poll looks back
    complete_until = models.DateTimeField(null=True)  # everything up to here is proved to be in
    interval = models.FloatField(default=60)  # seconds, adaptive
    buckets = models.JSONField(default=list)  # the rate windows that its last answer named
    next_poll_at = models.DateTimeField(db_index=False)
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)  # only its holder may store a page
    state = models.CharField(max_length=10, choices=State, default=State.OK)
    reason = models.CharField(max_length=40, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    last_polled_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_message_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "kind", "query"], name="stream_unique")]
        indexes = [models.Index(fields=["next_poll_at"], name="stream_due", condition=Q(enabled=True))]

    def __str__(self) -> str:
        return self.name or self.query or self.kind


class Poll(models.Model):
    """The ledger: what one poll asked and what came of it. Append-only."""

    class Outcome(models.TextChoices):
        COMPLETE = "complete", _("complete")
        MORE = "more", _("more to come")
        FAILED = "failed", _("failed")
        LIMITED = "limited", _("limited by the platform")
        LOST = "lost", _("authorization lost")

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="polls", db_index=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    asked_from = models.DateTimeField(null=True)
    asked_to = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    fetched = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    set_aside = models.PositiveIntegerField(default=0)
    exposures = models.PositiveIntegerField(default=0)
    lag_seconds = models.FloatField(null=True)  # of the newest new message: stored minus sent
    calls = models.PositiveIntegerField(default=0)
    money = models.DecimalField(max_digits=9, decimal_places=4, default=0)
    error_code = models.CharField(max_length=40, blank=True, default="")
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["stream", "-started_at"], name="poll_by_stream")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.started_at}"


class Gap(models.Model):
    """A stretch of time for which a stream cannot prove that everything is in."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="gaps")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # None: still going on
    reason = models.CharField(max_length=40)  # outage, limited, authorization_lost, budget, window, ceiling, paused
    detail = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True)  # when catching up proved it complete
    closable = models.BooleanField(default=True)  # False: the platform no longer gives it
    recovered = models.PositiveIntegerField(default=0)  # messages fetched afterwards
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream"], condition=Q(ends_at=None), name="gap_one_open_per_stream")
        ]
        indexes = [models.Index(fields=["stream", "-starts_at"], name="gap_by_stream")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.starts_at} {self.reason}"


class SetAside(models.Model):
    """An item that could not be read: kept whole, shown to admins, tried again after a fix."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="set_aside")
    fingerprint = models.CharField(max_length=64)  # of the payload, so that it is set aside once
    external_id = models.CharField(max_length=120, blank=True, default="")
    payload = models.JSONField()
    error = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    tried_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "fingerprint"], name="set_aside_once")]
        verbose_name_plural = "set aside"

    def __str__(self) -> str:
        return self.external_id or self.fingerprint[:12]


class HourlyCount(models.Model):
    """Messages that arrived per stream and hour: what is usual at this hour of the week."""

    stream = models.ForeignKey(Stream, models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    messages = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "hour"], name="hourly_count_unique")]

    def __str__(self) -> str:
        return f"{self.stream_id} {self.hour}"
