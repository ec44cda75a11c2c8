"""The trail is read, exported, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from inbox.exports import csv_lines, safe_cell
from inbox.operations import audit
from inbox.queries import audit as queries
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    client = Client()
    client.brand = builders.brand()
    client.agent = builders.agent(client.brand, "admin")
    client.force_login(client.agent)
    return client


@pytest.mark.parametrize("text", ["=1+1", "+31", "-1", "@SUM(A1)", "\t=1", "  =1", "＝1", "\r=1", "\n=1"])
def test_no_cell_runs_in_a_spreadsheet(text):
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["gewoon", "a=b", 12, -3, 1.5])
def test_ordinary_cells_stay_as_they_are(value):
    assert safe_cell(value) == value


def test_lines_come_one_by_one():
    def endless():
        while True:
            yield ("regel",)

    lines = csv_lines(["kop"], endless())
    assert [next(lines), next(lines)] == ["\ufeffkop\r\n", "regel\r\n"]


def test_the_export_holds_every_line_and_itself(admin):
    audit.record("invited", actor=admin.agent, brand=admin.brand, target='=HYPERLINK("http://kwaad")')
    answer = admin.post(reverse("export_audit", args=[admin.brand.slug]))
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == ["audit_exported", "invited"]
    assert rows[2][3].startswith("'=")


def test_the_page_goes_on_where_it_ended(admin):
    for number in range(queries.PAGE + 5):
        audit.record("invited", brand=admin.brand, target=f"nummer-{number}-")
    address = reverse("audit", args=[admin.brand.slug])
    first = admin.get(address)
    assert "nummer-104-" in first.content.decode()
    assert "nummer-4-" not in first.content.decode()
    last = list(queries.entries(admin.brand))[queries.PAGE - 1]
    assert "nummer-4-" in admin.get(address, {"before": last.pk}).content.decode()


@pytest.mark.parametrize("before", ["abc", "-1", "9" * 40, "²", ""])
def test_a_strange_page_number_is_the_first_page(before, admin):
    assert admin.get(reverse("audit", args=[admin.brand.slug]), {"before": before, "verb": "x'--"}).status_code == 200


def test_every_verb_has_words_in_dutch():
    from django.utils import translation

    verbs = ["logged_in", "account_lost", "person_erased", "retention_run", "rights_changed"]
    with translation.override("nl"):
        dutch = [queries.words(verb) for verb in verbs]
    with translation.override("en"):
        english = [queries.words(verb) for verb in verbs]
    assert not set(dutch) & set(english)
