"""Django's admin, for support staff only: to look, hardly to touch. Agents never come here."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from inbox.models import Agent, Brand, ChannelAccount, Delivery, Stream

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign, no-untyped-call]  # through our own door: factor, limits, trail
for theirs in (EmailAddress, Authenticator, UserSession, Group):  # what changes rights or doors is no support work
    admin.site.unregister(theirs)


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks, and changes nothing: what has consequences goes through the product."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(ReadOnly):
    """Who is inside."""

    list_display = ("email", "name", "is_active", "is_owner", "last_login")
    search_fields = ("email", "name")
    exclude = ("password",)


@admin.register(Brand)
class BrandAdmin(ReadOnly):
    """Whom they answer for."""

    list_display = ("name", "slug", "language")


@admin.register(ChannelAccount)
class ChannelAccountAdmin(ReadOnly):
    """Health of accounts; never their credentials."""

    list_display = ("handle", "kind", "brand", "state", "state_reason", "retry_at")
    list_filter = ("kind", "state")
    exclude = ("credentials", "base_url", "avatar_url", "profile_url")


@admin.register(Stream)
class StreamAdmin(ReadOnly):
    """What is polled, and how it goes."""

    list_display = ("account", "kind", "query", "state", "next_poll_at", "complete_until")
    list_select_related = ("account",)
    list_filter = ("state", "kind")
    show_full_result_count = False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """Replies that did not simply leave."""

    list_display = ("id", "account", "state", "attempts", "due_at", "error_reason")
    list_select_related = ("account",)
    list_filter = ("state",)
    raw_id_fields = ("message", "conversation")
    show_full_result_count = False
