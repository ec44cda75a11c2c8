"""People inside: agents, the brands they answer for, their teams and roles."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from inbox.models.loading import Loaded


def monogram(name: str) -> str:
    """One or two letters for an avatar: of the first and the last word that has any; of a name without, its sign."""
    words: list[str] = re.findall(r"[^\s_.@]+", name)
    lettered = [word for word in words if word[0].isalnum()]
    if not lettered:
        return words[0][0] if words else "?"
    first, last = lettered[0], lettered[-1]
    second = last[0] if len(lettered) > 1 else first[1:2]
    return (first[0] + (second if second.isalnum() else "")).upper()


class AgentManager(BaseUserManager["Agent"]):
    """Makes agents; an address is one person whatever its capitals."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Agent:
        agent = self.model(email=self.normalize_email(email).lower(), **fields)
        agent.set_password(password)
        agent.save(using=self._db)
        return agent

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Agent:
        return self.create_user(email, password, is_staff=True, is_superuser=True, is_owner=True, **fields)

    def get_by_natural_key(self, username: str | None) -> Agent:
        return self.get(email__iexact=username)


class Agent(Loaded, AbstractBaseUser, PermissionsMixin):
    """Somebody inside who logs in. Roles are per brand (Membership); an owner is admin of every brand."""

    class Theme(models.TextChoices):
        SYSTEM = "", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    initials = models.CharField(_("sign-off initials"), max_length=4, blank=True, default="")
    language = models.CharField(_("language"), max_length=8, default="nl")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=60, default="Europe/Amsterdam")
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    desktop_notifications = models.BooleanField(_("browser notifications"), default=False)
    on_shift = models.BooleanField(default=True)
    is_owner = models.BooleanField(default=False)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_brand = models.ForeignKey("inbox.Brand", models.SET_NULL, null=True, blank=True, related_name="+")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = AgentManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="agent_email_unique")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def monogram(self) -> str:
        """Two letters for the avatar."""
        return monogram(self.name or self.email)


class Brand(models.Model):
    """Whom we answer for: the border of visibility."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(unique=True)
    language = models.CharField(_("language"), max_length=8, default="nl")
    sign_off = models.BooleanField(_("replies are signed with initials"), default=True)
    handoff_text = models.CharField(_("public line when we move to private"), max_length=200, blank=True, default="")
    require_second_factor = models.BooleanField(_("second factor required"), default=False)
    approve_trainees = models.BooleanField(_("replies of trainees wait for approval"), default=False)
    keep_payload_days = models.PositiveIntegerField(_("days that raw payloads are kept"), default=30)
    keep_message_days = models.PositiveIntegerField(_("days that messages are kept (0: for ever)"), default=0)
    keep_attachment_days = models.PositiveIntegerField(_("days that attachments are kept (0: for ever)"), default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
    """A group of agents that work is assigned to."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="teams")
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint("brand", Lower("name"), name="team_name_unique")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What one agent is for one brand."""

    class Role(models.TextChoices):
        AGENT = "agent", _("Agent")
        LEAD = "lead", _("Team lead")
        ADMIN = "admin", _("Admin")

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="memberships")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.AGENT)
    is_trainee = models.BooleanField(_("trainee"), default=False)
    teams = models.ManyToManyField(Team, related_name="members", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "brand"], name="membership_unique")]

    def __str__(self) -> str:
        return f"{self.agent} / {self.brand}"


class Invitation(models.Model):
    """A link by e-mail that makes somebody a member. Only a hash of its token is kept."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="invitations")
    email = models.EmailField(_("email address"))
    role = models.CharField(_("role"), max_length=8, choices=Membership.Role, default=Membership.Role.AGENT)
    is_trainee = models.BooleanField(_("trainee"), default=False)
    teams = models.ManyToManyField(Team, blank=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.email
