"""The screen's pages: who may see them, what they cost, and what they do with hostile words."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.models import ClosingReason, Conversation, ConversationLabel, Label, Message, View
from inbox.queries.conversation import Item
from inbox.queries.queues import EVERY
from inbox.queries.rows import Row
from tests import builders
from webcare import jinja

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\u200b{{ 7*7 }}"


@pytest.fixture
def brand():
    return builders.brand()


@pytest.fixture
def account(brand):
    return builders.account(brand)


@pytest.fixture
def agent(brand, client):
    made = builders.agent(brand)
    client.force_login(made)
    return made


def statements(client, path, **headers):
    """How many statements a page costs beyond knowing who asks."""
    client.get(path, headers=headers)  # caches and content types
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(path, headers=headers)
    assert response.status_code == 200
    sql = [q["sql"] for q in captured.captured_queries]
    return [s for s in sql if not any(t in s for t in ("django_session", 'FROM "inbox_agent" WHERE', "SAVEPOINT"))]


@contextmanager
def uncollected():
    """The collector rests: what is gone went by itself."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("written_before", [False, True])
def test_a_page_lets_go_of_what_it_showed(client, agent, brand, account, written_before):
    talk = builders.conversation(account)
    builders.message(talk)
    path = f"/inbox/{brand.slug}/all/{talk.pk}/"
    client.get(path)
    with uncollected():
        if not written_before:
            jinja.pieces.clear()
        assert "data-row=" in client.get(path).text
        assert not [left for left in gc.get_objects() if type(left) in {Item, Row}]


@pytest.mark.parametrize("queue", EVERY)
def test_every_queue_opens(client, agent, brand, account, queue):
    builders.conversation(account)
    assert client.get(f"/inbox/{brand.slug}/{queue}/").status_code == 200


def test_the_list_costs_the_same_whatever_its_length(client, agent, brand, account):
    builders.conversation(account)
    path = f"/inbox/{brand.slug}/all/"
    few = len(statements(client, path, **HTMX | {"HX-Target": "more"}))
    label = Label.objects.create(brand=brand, name="a")
    for _ in range(30):
        made = builders.conversation(account)
        ConversationLabel.objects.create(conversation=made, label=label, last_message_at=made.last_message_at)
    many = statements(client, path, **HTMX | {"HX-Target": "more"})
    assert len(many) == few
    assert len(many) <= 4, many


def test_a_conversation_costs_the_same_whatever_its_length(client, agent, brand, account):
    made = builders.conversation(account)
    path = f"/conversations/{made.pk}/timeline/"
    few = len(statements(client, path))
    for n in range(120):
        builders.message(made, f"nummer {n}", sent_at=timezone.now() - timedelta(seconds=n))
    many = statements(client, path)
    assert len(many) == few
    assert len(many) <= 6, many


def test_an_outsider_finds_nothing(client, brand, account):
    made = builders.conversation(account)
    view = View.objects.create(brand=brand, name="v", query="all?")
    client.force_login(builders.agent(builders.brand()))
    paths = [f"/inbox/{brand.slug}/all/", f"/inbox/{brand.slug}/all/{made.pk}/", f"/conversations/{made.pk}/head/",
             f"/conversations/{made.pk}/timeline/", f"/inbox/{brand.slug}/all/rows/?ids={made.pk}",
             f"/inbox/{brand.slug}/figures/", f"/inbox/{brand.slug}/palette/", f"/inbox/{brand.slug}/colleagues/",
             f"/views/{view.pk}/", f"/inbox/{brand.slug}/nonsense/"]  # fmt: skip
    assert [client.get(path).status_code for path in paths] == [404] * len(paths)
    posts = [f"/conversations/{made.pk}/do/claim/", f"/conversations/{made.pk}/present/", f"/views/{view.pk}/delete/",
             f"/inbox/{brand.slug}/do/resolve/", f"/inbox/{brand.slug}/views/"]  # fmt: skip
    assert [client.post(path, {"ids": made.pk}).status_code for path in posts] == [404] * len(posts)
    made.refresh_from_db()
    assert made.assignee_id is None


def test_a_stranger_is_sent_to_the_login_page(client, brand):
    response = client.get(f"/inbox/{brand.slug}/all/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/account/login/")


def test_an_agent_may_not_offer_back_the_work_of_another(client, agent, brand):
    other = builders.agent(brand)
    assert client.post(f"/inbox/{brand.slug}/colleagues/{other.pk}/offer-back/").status_code == 403


def test_offering_back_can_be_taken_back(client, agent, brand, account):
    made = [builders.conversation(account, assignee=agent) for _ in range(2)]
    address = f"/inbox/{brand.slug}/colleagues/{agent.pk}/offer-back/"
    entries = re.search(r'name="entries" value="([\d,]+)"', client.post(address, follow=True).text)[1]
    client.post("/undo/", {"entries": entries})
    assert Conversation.objects.filter(pk__in=[one.pk for one in made], assignee=agent).count() == 2


@pytest.mark.parametrize(("queue", "first"), [("pending", ""), ("all", "spam")])
def test_of_many_the_way_to_resolve_that_fits_the_list_comes_first(client, agent, brand, queue, first):
    ClosingReason.objects.create(brand=brand, code="spam", name_nl="Spam", name_en="Spam")
    page = client.get(f"/inbox/{brand.slug}/{queue}/").text
    assert re.findall(r'name="reason" value="(\w*)"', page) == sorted(["", "spam"], reverse=bool(first))


def test_a_wrong_method_is_refused(client, agent, brand, account):
    made = builders.conversation(account)
    assert client.get(f"/conversations/{made.pk}/do/claim/").status_code == 405
    assert client.post(f"/inbox/{brand.slug}/all/").status_code == 405


def test_what_customers_write_never_becomes_markup(client, agent, brand, account):
    who = builders.identity(account, name=HOSTILE, handle=HOSTILE[:40], bio=HOSTILE, place=HOSTILE,
                            profile_url="javascript:alert(3)")  # fmt: skip
    made = builders.conversation(account, HOSTILE + " javascript:alert(4)", identity=who)
    made.thread.text, made.thread.author_name, made.thread.permalink = HOSTILE, HOSTILE, "javascript:alert(5)"
    made.thread.save()
    Message.objects.filter(conversation=made).update(permalink="javascript:alert(6)")
    for path in (f"/inbox/{brand.slug}/all/{made.pk}/", f"/inbox/{brand.slug}/search/?q=script"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert "{{ 7*7 }}" in page


def test_thirty_thousand_characters_are_folded_and_whole(client, agent, account, brand):
    made = builders.conversation(account, "lang " * 6000)
    page = client.get(f"/inbox/{brand.slug}/all/{made.pk}/").content.decode()
    assert "lang " * 5999 in page
    assert "<details" in page


def test_two_hundred_labels_fit_on_one_conversation(client, agent, account, brand):
    made = builders.conversation(account)
    for n in range(200):
        label = Label.objects.create(brand=brand, name=f"label {n}")
        ConversationLabel.objects.create(conversation=made, label=label, last_message_at=made.last_message_at)
    page = client.get(f"/inbox/{brand.slug}/all/{made.pk}/").content.decode()
    assert "label 199" in page
    assert "+197" in page


def test_nonsense_in_the_address_is_an_ordinary_page(client, agent, brand, account):
    made = builders.conversation(account)
    odd = ("after=n.99999999999999999999999", "after=t9999999999999999999.1", "before=x", "after=i1.1&sort=growth",
           "after=i%C2%B2.1&sort=growth", "after=i--5.1&sort=growth", "after=t%C2%B2.1",
           "label=%00", "account=-1", "assignee=99999999999999999999", "q=%22%22%22", "q=%00", "q=:*%26!", "q='",
           "thread=1&kind=zzz", "q=" + "a" * 500, "q=@", "q=%25_", "ids=1,x,99999999999999999999")  # fmt: skip
    for query in odd:
        for queue in ("all", "search", "snoozed", "resolved"):
            assert client.get(f"/inbox/{brand.slug}/{queue}/?{query}").status_code == 200, query
    for before in ("x", "1.2.3", "9" * 30 + ".1.1", "1.9999999.1"):
        assert client.get(f"/conversations/{made.pk}/timeline/?before={before}").status_code == 200


def test_actions_work_without_javascript(client, agent, brand, account):
    made = builders.conversation(account)
    here = f"/inbox/{brand.slug}/all/{made.pk}/"
    response = client.post(f"/conversations/{made.pk}/do/claim/", {"next": here})
    assert response.headers["Location"] == here
    assert Conversation.objects.get(pk=made.pk).assignee_id == agent.pk
    assert 'name="entries"' in client.get(here).content.decode()


def test_nobody_is_sent_to_another_site(client, agent, account):
    made = builders.conversation(account)
    response = client.post(f"/conversations/{made.pk}/do/claim/", {"next": "https://evil.example/"})
    assert response.headers["Location"] == f"/conversations/{made.pk}/"


def test_a_second_claim_names_who_was_first(client, agent, brand, account):
    colleague = builders.agent(brand, name="Anna Kuiper")
    made = builders.conversation(account, assignee=colleague)
    response = client.post(f"/conversations/{made.pk}/do/claim/", headers=HTMX)
    assert response.status_code == 409
    assert "Anna Kuiper" in response.content.decode()


def test_many_at_once_say_what_was_done_and_undo_it(client, agent, brand, account):
    made = [builders.conversation(account) for _ in range(3)]
    ids = [c.pk for c in made]
    page = client.post(f"/inbox/{brand.slug}/do/assign/", {"ids": ids, "to": f"agent:{agent.pk}"}, headers=HTMX)
    assert page.status_code == 200
    assert Conversation.objects.filter(assignee=agent).count() == 3
    entries = page.content.decode().split('name="entries" value="')[1].split('"')[0]
    assert client.post("/undo/", {"entries": entries}, headers=HTMX).status_code == 200
    assert Conversation.objects.filter(assignee=agent).count() == 0


def test_ids_of_another_brand_are_left_alone(client, agent, brand):
    other = builders.conversation()
    client.post(f"/inbox/{brand.slug}/do/claim/", {"ids": [other.pk]})
    other.refresh_from_db()
    assert other.assignee_id is None


def test_settings_are_kept_and_a_wrong_one_is_told(client, agent):
    good = {"name": "Jo", "initials": "JO", "language": "en", "theme": "dark", "time_zone": "Europe/Paris"}
    assert client.post("/preferences/", good).status_code == 302
    agent.refresh_from_db()
    assert (agent.name, agent.theme, agent.single_keys) == ("Jo", "dark", False)
    assert client.post("/preferences/", {**good, "time_zone": "Mars/Crater"}).status_code == 422


def test_somebody_without_a_brand_is_told_so(client):
    client.force_login(builders.agent())
    assert client.get("/").status_code == 200
    assert get_user(client).is_authenticated


def test_a_lead_sees_who_has_what_and_what_is_late_or_soon_will_be(client, brand, account):
    lead, anna = builders.agent(brand, role="lead"), builders.agent(brand, name="Anna Kuiper")
    now = timezone.now()
    for waited, assignee in ((1, anna), (27, anna), (40, anna), (50, None), (2, None)):
        since = now - timedelta(minutes=waited)
        builders.conversation(account, assignee=assignee, waiting_since=since, due_at=since + timedelta(minutes=30))
    builders.conversation(builders.account(builders.brand(name="Elders", slug="elders")))
    client.force_login(lead)
    page = client.get(f"/inbox/{brand.slug}/colleagues/").text
    cells = {
        re.sub(r"<[^>]+>|\s", "", row[0]): [re.sub(r"<[^>]+>", "", cell).strip() for cell in row[1:]]
        for row in (
            re.findall(r"<t[hd][^>]*?(?:row|num)\"[^>]*>(.*?)</t[hd]>", line, re.DOTALL)
            for line in page.partition("<tbody>")[2].split("<tr>")[1:]
        )
    }
    assert cells["Niemand"] == ["2", "0", "1", "0:50"]
    assert cells["AKAnnaKuiper"] == ["3", "1", "1", "0:40"]
    assert "2 gesprekken zijn van niemand" in page
    assert "2 zijn over de norm" in page


def test_the_clock_of_what_is_resolved_stands_still(client, agent, brand, account):
    made = builders.conversation(account, status="resolved", outcome="no_answer_needed")
    client.force_login(agent)
    for address in (f"/inbox/{brand.slug}/resolved/", f"/inbox/{brand.slug}/resolved/{made.pk}/"):
        page = client.get(address).text
        assert f'data-row="{made.pk}"' in page
        assert "data-since" not in page
    Conversation.objects.filter(pk=made.pk).update(status="open", outcome="")
    assert "data-since" in client.get(f"/inbox/{brand.slug}/all/{made.pk}/").text
