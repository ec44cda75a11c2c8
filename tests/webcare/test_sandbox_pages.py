"""The sandbox's pages for people are there on Webcare's own port, and its programs' side is not."""

from __future__ import annotations

import re

import pytest

from connectors.sandbox.pages import FOR_PEOPLE
from connectors.sandbox.process import SandboxProcess
from webcare.sandbox_pages import sandbox_page


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess() as running:
        yield running


def test_what_the_public_sees_and_a_refused_consent_come_through(sandbox, settings, rf):
    settings.SANDBOX_URL = sandbox.url
    assert "/public/x/" in sandbox_page(rf.get("/public/")).content.decode()
    refused = {"answer": "no", "redirect_uri": "http://localhost/back", "state": "s1"}
    answer = sandbox_page(rf.post("/i/oauth2/authorize", refused))
    assert answer.status_code == 302
    assert answer["Location"] == "http://localhost/back?error=access_denied&state=s1"


def test_a_sandbox_that_is_away_is_said_to_be(settings, rf):
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    assert sandbox_page(rf.get("/public/")).status_code == 502


@pytest.mark.parametrize("path", ["_sandbox/accounts", "2/oauth2/token", "2/tweets", "v24.0/me", "inbox/public/"])
def test_what_is_for_programs_does_not(path):
    assert not re.match(FOR_PEOPLE, path)
