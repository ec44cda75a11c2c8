"""Connecting accounts as an admin does, against the sandbox: what several tests share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse

from connectors.sandbox.process import SandboxProcess
from inbox.models import AuditEntry, ChannelAccount
from tests import builders


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def admin(settings, sandbox):
    settings.SANDBOX_URL = sandbox.url
    brand = builders.brand()
    agent = builders.agent(brand, "admin", language="nl")
    client = Client()
    client.force_login(agent)
    client.agent, client.brand = agent, brand
    return client


def save_app(client: Client, sandbox: SandboxProcess, kind: str) -> None:
    """Fill in the platform app's page, as an admin does."""
    app = sandbox.client.apps()[kind]
    answer = client.post(reverse("platform", args=[client.brand.slug, kind]), {
        "client_id": app["client_id"], "client_secret": app["client_secret"], "sandbox": "on"})  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()


def consent(address: str, *, without: str = "", **choice: str) -> str:
    """Agree on the platform's page, as a person in a browser; the address it sends us back to."""
    address = urljoin(settings.SANDBOX_URL, address)  # Webcare's own port only hands on to it
    with requests.Session() as browser:
        page = browser.get(address, timeout=10)
        form = {
            unescape(n): unescape(v) for n, v in re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        }
        ticked = dict.fromkeys(re.findall(r'type="checkbox" name="([^"]*)"', page.text), "1")
        ticked.pop(without, None)
        first = re.search(r'name="user_id" value="([^"]*)"', page.text)
        person = {"user_id": first.group(1)} if first else {}
        target = urljoin(address, urlsplit(address).path)
        answer = browser.post(
            target, data={**form, **person, **ticked, "answer": "yes", **choice}, allow_redirects=False, timeout=10
        )
    return answer.headers["Location"]


def come_back(client: Client, back: str):
    parts = urlsplit(back)
    return client.get(parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()})


def click_through(client: Client, sandbox: SandboxProcess, kind: str):
    """All of it: app, consent, back; the page on which accounts are chosen."""
    save_app(client, sandbox, kind)
    there = client.get(reverse("authorize", args=[client.brand.slug, kind]))
    return come_back(client, consent(there.url))


def choose_first(client: Client, answer) -> ChannelAccount:
    page = client.get(answer.url).content.decode()
    chosen = re.findall(r'name="account" value="([^"]+)"', page)[0]
    done = client.post(answer.url, {"account": chosen})
    assert done.status_code == 302
    return ChannelAccount.objects.get(external_id=chosen)


def audited(brand) -> list[str]:
    return list(AuditEntry.objects.filter(brand=brand).values_list("verb", flat=True))
