"""Nothing missed: the page says what is true, to whom it may be said."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.types import Deletion, Page, Unreadable
from inbox import events
from inbox.models import ClosingReason, Gap, HourlyCount, SetAside, Stream
from inbox.operations.ingest import ingest_page
from inbox.operations.ledger import open_gap
from inbox.queries import ledger as queries
from tests import builders
from tests.inbox.pages import page, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream():
    now = timezone.now()
    return builders.stream(state=Stream.State.OK, complete_until=now - timedelta(seconds=6), last_success_at=now)


@pytest.fixture
def lead(stream):
    return builders.agent(stream.account.brand, "lead", language="en")


def shown(client, stream, agent, **query) -> str:
    client.force_login(agent)
    response = client.get(f"/brands/{stream.account.brand.slug}/ledger/", query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("address", ["ledger/", "ledger.csv"])
def test_leads_and_admins_see_it_agents_may_not_and_outsiders_find_nothing(client, stream, address):
    brand = stream.account.brand
    path = f"/brands/{brand.slug}/{address}"
    for of, role, status in [(brand, "lead", 200), (brand, "admin", 200), (brand, "agent", 403), (None, "", 404),
                             (builders.brand(), "admin", 404)]:  # fmt: skip
        client.force_login(builders.agent(of, role or "agent"))
        assert client.get(path).status_code == status
        assert client.post(path).status_code in {405, 404, 403}
    client.logout()
    assert client.get(path).status_code == 302


def test_it_opens_with_what_is_proved(client, stream, lead):
    assert "everything is provably in." in shown(client, stream, lead)
    lost = builders.stream(builders.account(stream.account.brand, state="lost", handle="reisinfo"),
                           complete_until=timezone.now() - timedelta(hours=3))  # fmt: skip
    open_gap(lost, reason="authorization_lost", now=timezone.now(), at_once=True)
    html = shown(client, stream, lead)
    assert "everything is provably in, except for 1 stream." in html
    assert "reisinfo" in html
    assert "stands still" in html
    assert "1 gap, open" in html
    assert "Waits for somebody to connect again" in html


def test_the_sum_comes_out(client, stream, lead):
    account, now = stream.account, timezone.now()
    ClosingReason.objects.create(brand=account.brand, code="spam", name_nl="Spam", name_en="Spam")
    for number in range(5):
        builders.conversation(account, at=now, kind="compliment" if number == 0 else "")
    builders.conversation(account, at=now, status="resolved", outcome="spam", waiting_since=None)
    for status in ("resolved", "pending", "open"):
        builders.conversation(account, at=now, status=status, outcome="answered" if status == "resolved" else "",
                              waiting_since=None, last_reply_at=now, kind="compliment")  # fmt: skip
    builders.conversation(account, at=now, proactive=True)
    account.conversations.update(last_inbound_at=now)
    made = queries.reckon(account.brand, start=now - timedelta(hours=1), end=now + timedelta(hours=1))
    assert (made.arrived, made.answered, made.closed, made.open) == (9, 3, 1, 5)
    assert (made.reasons, made.compliments, made.compliments_answered) == ([("Spam", 1)], 4, 3)
    assert "The sum comes out" in shown(client, stream, lead, period="month")


def test_gaps_say_their_reason_and_whether_they_were_closed(client, stream, lead):
    now = timezone.now()
    Gap.objects.create(stream=stream, starts_at=now - timedelta(hours=5), ends_at=now - timedelta(hours=4), reason="outage",
                       closed_at=now - timedelta(hours=3), recovered=31)  # fmt: skip
    Gap.objects.create(stream=stream, starts_at=now - timedelta(days=3), ends_at=now - timedelta(days=2), reason="window",
                       closable=False)  # fmt: skip
    html = shown(client, stream, lead)
    assert "The platform did not answer" in html
    assert ">31<" in html
    assert "not to be proved" in html


def test_a_gap_that_the_platform_cannot_close_stays_however_long_ago_it_was(client, stream, lead):
    now = timezone.now()
    Gap.objects.create(
        stream=stream, starts_at=now - timedelta(days=40), ends_at=now - timedelta(days=39), reason="window", closable=False
    )  # fmt: skip
    text = shown(client, stream, lead)
    assert "1 gap, cannot be closed" in text
    assert "No gaps." not in text
    assert queries.rows(stream.account.brand, now=now)[0].strip == []


def test_what_is_usual_is_the_same_hour_of_earlier_weeks(stream):
    now = timezone.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    Stream.objects.update(created_at=now - timedelta(weeks=10))
    HourlyCount.objects.create(stream=stream, hour=hour, messages=41)
    for week in range(1, 5):
        HourlyCount.objects.create(stream=stream, hour=hour - timedelta(weeks=week), messages=18)
    (row,) = queries.rows(stream.account.brand, now=now)
    assert (row.now, row.usual) == (41, 18)


def test_what_a_stranger_wrote_is_shown_as_text_and_no_style_or_script_is_inline(client, stream, lead):
    ingest_page(stream=stream, page=Page(unreadable=(Unreadable({"text": "<script>alert(1)</script>"}, "<b>odd</b>"),)),
                now=timezone.now(), lease=None)  # fmt: skip
    html = shown(client, stream, lead)
    assert "<script>alert" not in html
    assert "<b>odd" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert " style=" not in html


def test_what_was_set_aside_and_came_in_later_after_all_waits_for_nobody(client, stream, lead):
    ingest_page(
        stream=stream,
        page=Page(unreadable=(Unreadable({"id": "77"}, "no text", "77"),)),
        now=timezone.now(),
        lease=None,
    )
    client.force_login(lead)
    address = f"/brands/{stream.account.brand.slug}/ledger/"
    assert "It has no text" in client.get(address).text
    talk = builders.conversation(stream.account)
    builders.message(talk, external_id="77")
    page = client.get(address).text
    assert "It has no text" not in page
    assert "1 set aside" not in page
    edit = Unreadable({"id": "77", "edited": []}, "text is a list", "77")  # of one that is here already
    ingest_page(stream=stream, page=Page(unreadable=(edit,)), now=timezone.now(), lease=None)
    assert "Its text is something else: list" in client.get(address).text


def test_what_was_set_aside_is_tried_again_or_put_away(client, stream, lead):
    good = {"id": "77", "text": "Toch leesbaar", "author_id": "5", "created_at": "2026-03-01T10:00:00.000Z",
            "conversation_id": "77", "edit_history_tweet_ids": ["77"]}  # fmt: skip
    broken = {"id": "78", "odd": True}
    unreadable = tuple(Unreadable(p, "KeyError", p["id"]) for p in (good, broken))
    ingest_page(stream=stream, page=Page(unreadable=unreadable), now=timezone.now(), lease=None)
    client.force_login(lead)
    fixed, other = SetAside.objects.order_by("external_id")
    assert client.post(f"/set-aside/{fixed.pk}/retry/").status_code == 302
    assert client.post(f"/set-aside/{other.pk}/retry/").status_code == 302
    fixed.refresh_from_db()
    other.refresh_from_db()
    assert fixed.resolved_at
    assert stream.account.messages.get().text == "Toch leesbaar"
    assert other.resolved_at is None
    assert other.tried_at
    assert client.post(f"/set-aside/{other.pk}/put-away/").status_code == 302
    other.refresh_from_db()
    assert (other.dismissed_by, bool(other.resolved_at)) == (lead, True)
    for action in ("retry", "put-away"):
        assert client.get(f"/set-aside/{other.pk}/{action}/").status_code == 405
        client.force_login(builders.agent(stream.account.brand))
        assert client.post(f"/set-aside/{other.pk}/{action}/").status_code == 403
        client.force_login(builders.agent(builders.brand(), "admin"))
        assert client.post(f"/set-aside/{other.pk}/{action}/").status_code == 404
        client.force_login(lead)


def test_the_export_has_every_poll_and_runs_no_formula(client, stream, lead):
    stream.query, stream.name = "=HYPERLINK(1)", "=HYPERLINK(1)"
    stream.account.handle = "=cmd|calc"
    stream.account.save(update_fields=["handle"])
    ingest_page(stream=stream, page=page(said("1")), now=timezone.now(), lease=None)
    ingest_page(stream=stream, page=page(said("1"), deletions=(Deletion("1"),)), now=timezone.now(), lease=None)
    client.force_login(lead)
    response = client.get(f"/brands/{stream.account.brand.slug}/ledger.csv")
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 3
    assert rows[1][0] == "'=cmd|calc"
    assert {row[8] for row in rows[1:]} == {"0", "1"}


def test_the_page_asks_as_little_of_many_streams_as_of_one(client, stream, lead):
    client.force_login(lead)
    path = f"/brands/{stream.account.brand.slug}/ledger/"
    client.get(path)
    counted = f"webcare:counts:{stream.account.brand_id}"  # kept for a second, however long that lasts here
    events.valkey().delete(counted)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for number in range(10):
        other = builders.stream(builders.account(stream.account.brand), "search", query=f"q{number}")
        open_gap(other, reason="outage", now=timezone.now(), at_once=True)
    events.valkey().delete(counted)
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(one)


def test_it_reads_in_dutch_too(client, stream):
    lead = builders.agent(stream.account.brand, "lead", language="nl")
    html = shown(client, stream, lead)
    assert "Niets gemist" in html
    assert "aantoonbaar alles binnen" in html
