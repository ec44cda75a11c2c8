"""How people log in: by invitation only, and every try is in the audit trail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inbox.encryption import seal, unseal
from inbox.models import Agent
from inbox.operations import audit


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an invitation makes the agent."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **details: Any) -> HttpResponse:
        if isinstance(user, Agent):
            audit.record("logged_in", actor=user, target=str(user))
        response: HttpResponse = super().post_login(request, user, **details)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Only addresses we know are written down: people type passwords in the wrong field."""
        known = Agent.objects.filter(email__iexact=str(credentials.get("email", ""))).first()
        audit.record("login_failed", actor=known, target=known.email if known else "")
        super().authentication_failed(request, **credentials)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, Agent):
            audit.record("logged_out", actor=request.user, target=str(request.user))
        super().logout(request)

    def send_notification_mail(self, template_prefix: str, user: AbstractBaseUser, *args: Any, **more: Any) -> None:
        """Called for every change of password or second factor."""
        if isinstance(user, Agent):
            audit.record(template_prefix.rsplit("/", 1)[-1][:40], actor=user, target=str(user))
        super().send_notification_mail(template_prefix, user, *args, **more)


class LongEnough(MinimumLengthValidator):
    """Django's own, in words that are translated."""

    def get_error_message(self) -> str:
        return gettext("Too short: a password has at least %(n)d characters.") % {"n": self.min_length}


class SealedSecondFactor(DefaultMFAAdapter):
    """Secrets of authenticator apps are kept under our own keys."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return str(unseal(encrypted_text))


class RecordedSessions(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Who ends their other sessions is in the audit trail, as is an admin who does it for them."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        ended = list(sessions)
        if ended:
            agent = ended[0].user
            audit.record("signed_out_everywhere", actor=agent, target=str(agent), data={"sessions": len(ended)})
        super().end_sessions(ended)


class TypedAnew(forms.TextInput):
    """A code is good once: the wrong one does not stand before the next that is typed."""

    def format_value(self, value: Any) -> None:
        return None


class RecordedCode:
    """A wrong code is in the audit trail, as a wrong password is."""

    user: Agent
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget = TypedAnew(self.fields["code"].widget.attrs)

    def _emit_authentication_failed(self, authenticator: Authenticator) -> None:
        audit.record("second_factor_failed", actor=self.user, target=str(self.user))
        super()._emit_authentication_failed(authenticator)  # type: ignore[misc]


class CodeForm(RecordedCode, AuthenticateForm):  # type: ignore[misc]
    """The code after the password."""


class CodeAgainForm(RecordedCode, ReauthenticateForm):  # type: ignore[misc]
    """The same, before something that needs it once more."""


class SetUpForm(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app, by a name people know."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["code"].widget = TypedAnew(self.fields["code"].widget.attrs)
        self.fields["code"].label = _("The code that the app shows")
