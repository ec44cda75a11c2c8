"""Secrets at rest: rotated, unreadable with another key, and loud about it."""

from __future__ import annotations

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from inbox import encryption
from inbox.checks import secrets_can_be_read
from inbox.models import ChannelAccount, PlatformApp
from inbox.operations import oauth_connect
from tests import builders
from tests.inbox.connecting import admin, click_through, sandbox

pytestmark = pytest.mark.django_db
__all__ = ["admin", "sandbox"]


def test_rotating_writes_every_secret_under_the_new_key(settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    account = builders.account(credentials={"access_token": "geheim"})
    app = PlatformApp.objects.create(brand=account.brand, kind="x", client_id="a", secrets={"client_secret": "s"})
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    account.refresh_from_db()
    app.refresh_from_db()
    assert (account.credentials, app.secrets) == ({"access_token": "geheim"}, {"client_secret": "s"})


def test_a_wrong_key_fails_loudly_and_destroys_nothing(settings):
    old = list(settings.ENCRYPTION_KEYS)
    account = builders.account(credentials={"access_token": "geheim"})
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(encryption.WrongKey):
        ChannelAccount.objects.get(pk=account.pk)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rotate_keys")
    assert [problem.id for problem in secrets_can_be_read(databases=["default"])] == ["inbox.E001"]
    settings.ENCRYPTION_KEYS = old
    assert ChannelAccount.objects.get(pk=account.pk).credentials == {"access_token": "geheim"}
    assert secrets_can_be_read(databases=["default"]) == []


def test_second_factors_are_rotated_too_and_go_on_working(settings):
    old, new = settings.ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    agent, secret = builders.agent(builders.brand()), generate_totp_secret()
    TOTP.activate(agent, secret)
    spare = RecoveryCodes.activate(agent).get_unused_codes()[0]
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert [problem.id for problem in secrets_can_be_read(databases=["default"])] == ["inbox.E002"]
    with pytest.raises(CommandError, match="2 secrets cannot be read"):
        call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new, old]
    call_command("rotate_keys")
    settings.ENCRYPTION_KEYS = [new]
    code = builders.code(secret)
    for given in (code, spare):
        guest = Client()
        guest.post(reverse("account_login"), {"login": agent.email, "password": builders.PASSWORD})
        assert "_auth_user_id" not in guest.session
        guest.post(reverse("mfa_authenticate"), {"code": given})
        assert guest.session["_auth_user_id"] == str(agent.pk)


def test_what_is_sealed_in_a_session_is_not_readable_there(admin, sandbox):
    from django.contrib.sessions.models import Session

    click_through(admin, sandbox, "x")
    data = Session.objects.get(session_key=admin.session.session_key).get_decoded()
    assert "access_token" not in str(data)
    assert oauth_connect.unpack(data["connect_found"]["sealed"])[0].credentials.data["access_token"]
