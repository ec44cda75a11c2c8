"""Connecting an X account, and keeping it connected."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.exceptions import AuthorizationLost, OutcomeUnknown
from connectors.x.oauth import XOAuth
from tests.connectors.loopback import Loopback, answer, cut

GRANT = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 7200, "scope": "tweet.read"}


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def app(server):
    return {
        "client_id": "client",
        "client_secret": "client-secret",
        "callback_url": "https://webcare.example/cb",
        "base_url": server.url,
    }


def test_consent_asks_for_every_scope_with_a_hashed_verifier(app):
    address = urlsplit(XOAuth.authorize_url(app, state="s", verifier="v" * 50))
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    digest = hashlib.sha256(b"v" * 50).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert query["code_challenge_method"] == "S256"
    assert "offline.access" in query["scope"].split()
    assert (query["state"], query["client_id"], query["response_type"]) == ("s", "client", "code")
    real = XOAuth.authorize_url(app | {"base_url": ""}, state="s", verifier="v")
    assert real.startswith("https://x.com/i/oauth2/authorize?")


def test_a_code_becomes_a_grant_with_an_end(server, app):
    server.then(answer(GRANT))
    data = XOAuth.exchange(app, code="the-code", verifier="the-verifier")
    form = server.asked[0].form
    assert (form["code"], form["code_verifier"], form["grant_type"]) == (
        "the-code",
        "the-verifier",
        "authorization_code",
    )
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert data["refresh_token"] == "refresh-2"
    assert timedelta(hours=1) < datetime.fromisoformat(data["expires_at"]) - datetime.now(UTC) < timedelta(hours=3)


def test_the_account_of_a_grant_is_the_one_it_speaks_for(server, app):
    server.then(answer({"data": {"id": "99", "name": "Ons", "username": "ons"}}))
    ((credentials, info),) = XOAuth.accounts(app, {"access_token": "access-2", "scope": "tweet.read dm.read"})
    assert credentials.account_id == info.external_id == "99"
    assert credentials.base_url == server.url
    assert "tweet.write" in info.missing
    assert "dm.read" not in info.missing


def test_refreshing_replaces_both_tokens_and_keeps_the_rest(server, app):
    server.then(answer(GRANT))
    data = XOAuth.refresh(app, {"access_token": "old", "refresh_token": "old-r", "owns_app": "yes"})
    assert server.asked[0].form["refresh_token"] == "old-r"
    assert (data["access_token"], data["refresh_token"], data["owns_app"]) == ("access-2", "refresh-2", "yes")


def test_a_refused_refresh_asks_for_reconnection(server, app):
    words = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
    server.then(answer(words, status=400))
    with pytest.raises(AuthorizationLost) as caught:
        XOAuth.refresh(app, {"refresh_token": "refresh-secret-1"})
    assert "Value passed for the token was invalid" in caught.value.detail
    assert "refresh-secret-1" not in str(caught.value)


def test_a_refresh_without_an_answer_is_in_doubt_for_the_old_token_may_be_dead(server, app):
    server.then(cut)
    with pytest.raises(OutcomeUnknown):
        XOAuth.refresh(app, {"refresh_token": "r"})


def test_only_what_ends_soon_needs_refreshing():
    now = datetime(2026, 11, 24, tzinfo=UTC)
    soon, later = (now + timedelta(minutes=5)).isoformat(), (now + timedelta(hours=1)).isoformat()
    assert XOAuth.needs_refresh({"refresh_token": "r", "expires_at": soon}, now=now)
    assert not XOAuth.needs_refresh({"refresh_token": "r", "expires_at": later}, now=now)
    assert not XOAuth.needs_refresh({"access_token": "t", "access_token_secret": "s"}, now=now)


def test_giving_back_gives_back_both_tokens(server, app):
    server.then(answer({"revoked": True}))
    XOAuth.revoke(app, {"access_token": "a-token", "refresh_token": "r-token"})
    assert [asked.form["token"] for asked in server.asked] == ["r-token", "a-token"]
