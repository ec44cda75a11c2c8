"""Valkey is away: people go on working, and the door stays guarded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from inbox.models import AuditEntry
from tests import builders
from tests.browser import Program, free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Program]:
    """The whole web server, whose Valkey refuses every connection; its address is `url`."""
    port, nobody = str(free_port()), free_port()
    url = f"http://localhost:{port}"
    server = Program(
        "web", tmp_path / "log", PORT=port, PUBLIC_URL=url, REDIS_URL=f"redis://127.0.0.1:{nobody}/0"
    )  # fmt: skip
    server.url = url  # type: ignore[attr-defined]
    server.wait_for(f"{url}/account/login/")
    yield server
    server.stop()


def log_in(url: str, email: str, password: str, *, session: requests.Session | None = None) -> requests.Response:
    """As a person does: the page, then the form."""
    session = session or requests.Session()
    page = session.get(f"{url}/account/login/", timeout=20)
    return post(session, f"{url}/account/login/", page.text, login=email, password=password)


def post(session: requests.Session, address: str, page: str, **form: str) -> requests.Response:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None
    token = found.group(1)
    return session.post(address, {**form, "csrfmiddlewaretoken": token}, headers={"Referer": address}, timeout=20)


def test_people_log_in_read_and_work_while_valkey_refuses_connections(alone):
    brand = builders.brand()
    agent = builders.agent(brand, "admin")
    conversation = builders.conversation(builders.account(brand), text="Waar blijft mijn trein?")
    with requests.Session() as browser:
        answer = log_in(alone.url, agent.email, builders.PASSWORD, session=browser)
        assert (answer.status_code, answer.url.startswith(f"{alone.url}/inbox/")) == (200, True)
        address = f"{alone.url}/inbox/{brand.slug}/all/{conversation.pk}/"
        page = browser.get(address, timeout=20)
        assert "Waar blijft mijn trein?" in page.text
        claimed = post(browser, f"{alone.url}/conversations/{conversation.pk}/do/claim/", page.text)
        assert claimed.status_code == 200
        for path in ("accounts", "people", "settings", "library", "audit", "privacy", "ledger"):
            assert browser.get(f"{alone.url}/brands/{brand.slug}/{path}/", timeout=20).status_code == 200, path
        exported = post(browser, f"{alone.url}/brands/{brand.slug}/audit/export/", page.text)
        assert "logged_in" in exported.text
    conversation.refresh_from_db()
    assert conversation.assignee == agent
    assert "Traceback" not in alone.log.read_text()


def test_guessing_passwords_is_held_back_while_valkey_refuses_connections(alone):
    agent = builders.agent(builders.brand())
    for _ in range(6):
        answer = log_in(alone.url, agent.email, "geraden wachtwoord")
    assert AuditEntry.objects.filter(verb="login_failed").count() == 5
    answer = log_in(alone.url, agent.email, builders.PASSWORD)
    assert answer.url == f"{alone.url}/account/login/"
    assert "Te veel inlogpogingen" in answer.text
    assert not AuditEntry.objects.filter(verb="logged_in").exists()
