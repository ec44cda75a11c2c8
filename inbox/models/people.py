"""People outside: a contact and their identities on the platforms."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower

from inbox.models.loading import Loaded
from inbox.models.teams import Agent, Brand


class Contact(Loaded):
    """A person outside, as one brand knows them."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="contacts", db_index=False, db_constraint=False)
    name = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True)  # a tombstone: figures stay right, nothing is imported again

    class Meta:
        indexes = [models.Index(fields=["brand", "name"], name="contact_by_name")]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"


class Identity(Loaded):
    """A contact's handle on one platform. The handle may change, the external id does not."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="identities", db_constraint=False)
    platform = models.CharField(max_length=20)
    external_id = models.CharField(max_length=120)
    handle = models.CharField(max_length=120, blank=True, default="")
    name = models.CharField(max_length=300, blank=True, default="")
    bio = models.TextField(blank=True, default="")
    place = models.CharField(max_length=300, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    followers = models.BigIntegerField(null=True)
    verified = models.BooleanField(default=False)
    avatar_url = models.URLField(max_length=1000, blank=True, default="")
    profile_url = models.URLField(max_length=1000, blank=True, default="")
    seen_at = models.DateTimeField()  # when this profile was last read: an older page never overwrites a newer

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "platform", "external_id"], name="identity_unique")]
        indexes = [
            models.Index(fields=["brand", "handle"], name="identity_by_handle"),
            # How a name begins, whatever its capitals: what is typed is mostly that, and two letters have no trigram
            models.Index("brand", OpClass(Lower("handle"), "text_pattern_ops"), name="identity_handle_start"),
            models.Index("brand", OpClass(Lower("name"), "text_pattern_ops"), name="identity_name_start"),
            GinIndex(fields=["handle", "name"], opclasses=["gin_trgm_ops", "gin_trgm_ops"], name="identity_near"),
        ]
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return self.handle or self.name or self.external_id


class ContactNote(models.Model):
    """What colleagues should know about a person."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="notes")
    author = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text[:60]


class Tombstone(models.Model):
    """A person who was erased: a keyed hash that keeps their messages from being imported again."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+")
    platform = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=64)
    erased_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "platform", "fingerprint"], name="tombstone_unique")]

    def __str__(self) -> str:
        return self.fingerprint[:12]
