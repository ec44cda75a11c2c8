"""The pages before the inbox: to log in, to ask for a new password."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests import builders

pytestmark = pytest.mark.django_db


def focused(page: str) -> list[str]:
    return [re.search(r'name="(\w+)"', tag)[1] for tag in re.findall(r"<input[^>]*\bautofocus\b[^>]*>", page)]


def test_who_comes_to_log_in_can_type_at_once():
    assert focused(Client().get(reverse("account_login")).text) == ["login"]


def test_after_a_mistake_one_stands_where_it_was_made():
    page = Client().post(reverse("account_login"), {"login": "daan@noordtreinen.example"}).text
    assert focused(page) == ["password"]
    assert "aria-describedby" in re.search(r'<input[^>]*name="password"[^>]*>', page)[0]


def test_who_logs_in_again_in_another_window_is_led_back_to_what_they_wrote():
    brand = builders.brand()
    client = Client()
    client.force_login(builders.agent(brand, language="nl"))
    page = client.get(reverse("list", args=[brand.slug, "all"])).text
    leads_to = re.search(r'href="/account/login/\?next=([^"]+)"', page)[1]
    assert "Sluit dit venster" in client.get(leads_to).text
