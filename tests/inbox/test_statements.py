"""What pages ask the database: how many statements, of which each is one walk over an index, and with whose values."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox import access, prepared
from inbox.models import Agent, Conversation, Draft, Label, Membership, Notification
from inbox.queries import search
from inbox.queries.lists import ListQuery, page_of
from inbox.queries.queues import EVERY
from tests import builders

pytestmark = pytest.mark.django_db
ROWS = {"HX-Request": "true", "HX-Target": "more"}
TALK = {"HX-Request": "true", "HX-Target": "talk"}


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


def asked(client, path, headers):
    """The statements of a page whose caches are warm."""
    client.get(path, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path, headers=headers).status_code == 200
    return [q["sql"] for q in captured.captured_queries if "SAVEPOINT" not in q["sql"]]


@pytest.mark.parametrize("queue", EVERY)
def test_the_rows_of_a_list_are_four_statements(client, agent, brand, account, queue):
    builders.conversation(account)
    found = asked(client, f"/inbox/{brand.slug}/{queue}/?label=1&kind=question&account={account.pk}", ROWS)
    assert len(found) <= 4, found  # the session, the agent, the brand with the agent's role, the rows


def test_a_conversation_is_four_statements_and_six_with_a_draft(client, agent, brand, account):
    talk = builders.conversation(account)
    short = asked(client, f"/inbox/{brand.slug}/all/{talk.pk}/", TALK)
    for n in range(55):
        builders.message(talk, f"En {n}?")
    for n in range(32):
        builders.delivery(talk, text=f"antwoord {n}")
    found = asked(client, f"/inbox/{brand.slug}/all/{talk.pk}/", TALK)
    assert len(found) == len(short) <= 4, found  # the session, the agent, all around the messages, the messages
    now = timezone.now()
    Draft.objects.create(
        agent=builders.agent(brand), conversation=talk, mode="note", text="van een ander", saved_at=now
    )
    assert len(asked(client, f"/inbox/{brand.slug}/all/{talk.pk}/", TALK)) == len(short)
    Draft.objects.create(agent=agent, conversation=talk, mode="note", text="even nakijken", saved_at=now)
    found = asked(client, f"/inbox/{brand.slug}/all/{talk.pk}/", TALK)
    assert len(found) <= 6, found  # and its files
    assert "even nakijken" in client.get(f"/inbox/{brand.slug}/all/{talk.pk}/", headers=TALK).text


def test_an_owner_and_an_outsider_are_told_apart_by_the_kept_statement(brand, account):
    builders.conversation(account)
    agent, owner = builders.agent(brand, "lead"), builders.agent(is_owner=True)
    outsider = builders.agent(builders.brand())
    for _ in range(4):  # kept by us at the first time, by PostgreSQL at the third
        assert access.brand_for(agent, brand.slug).own_role == "lead"
        assert access.brand_for(owner, brand.slug).own_role is None
        with pytest.raises(access.Http404):
            access.brand_for(outsider, brand.slug)
    Membership.objects.filter(agent=agent).update(role="agent")
    assert access.brand_for(agent, brand.slug).own_role == "agent"


def test_two_brands_share_the_text_of_a_list_and_none_of_its_rows(brand, account):
    here, there = builders.conversation(account), builders.conversation(builders.account())
    both = builders.agent(brand)
    Membership.objects.create(agent=both, brand=there.brand)
    for queue in ("all", "unassigned", "resolved", "search"):
        for _ in range(3):
            for one in (here, there):
                page = page_of(ListQuery.read(one.brand, both, queue, {}), team_ids=[])
                assert [row.pk for row in page.rows] == ([] if queue == "resolved" else [one.pk])


def test_a_personal_list_is_of_whoever_asks(brand, account):
    first, second = builders.agent(brand), builders.agent(brand)
    owned = {agent: builders.conversation(account, assignee=agent) for agent in (first, second)}
    for _ in range(3):
        for agent, own in owned.items():
            page = page_of(ListQuery.read(brand, agent, "mine", {}), team_ids=[])
            assert [row.pk for row in page.rows] == [own.pk]


def test_what_is_filtered_and_where_a_page_begins_are_values(brand, account, agent):
    made = [builders.conversation(account) for _ in range(3)]
    labels = [Label.objects.create(brand=brand, name=f"label {n}") for n in range(3)]
    for talk, label in zip(made, labels, strict=True):
        talk.labelled.create(label=label, last_message_at=talk.last_message_at)
    for talk, label in zip(made, labels, strict=True):
        page = page_of(ListQuery.read(brand, agent, "all", {"label": str(label.pk)}), team_ids=[])
        assert [row.pk for row in page.rows] == [talk.pk]
        assert page.rows[0].labels == [(label.colour, label.name)]
    for key in (
        "i99999999999999999.1",
        "i-99999999999999999.1",
        f"t{2**59}.1",
        "t99999999999999999.1",
        "t9999999999999999.1",
        "n.1",
        "x",
    ):
        for sort in ("growth", "waiting", "newest"):
            page_of(ListQuery.read(brand, agent, "all", {"sort": sort, "after": key}), team_ids=[])


def test_a_value_of_no_known_kind_is_refused():
    with pytest.raises(TypeError):
        prepared.rows_of("odd", lambda value: Agent.objects.filter(pk=value), {"value": None})


@pytest.mark.django_db(transaction=True)
def test_threads_share_the_text_and_not_the_connection(brand):
    agents, found = [builders.agent(brand) for _ in range(6)], {}

    def read(agent):
        found[agent.pk] = {access.brand_for(agent, brand.slug).pk for _ in range(20)}
        connection.close()

    threads = [threading.Thread(target=read, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {agent.pk: {brand.pk} for agent in agents}


def plans(run):
    """What PostgreSQL would do for each statement, were tables large: reading one from end to end is the last resort.

    Of the two ways it has for an EXISTS it takes the cheaper, whether or not that reads a table which it may not: so a
    page read in passing costs what a large table's would, however small the table is since it was last vacuumed.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off; set local seq_page_cost = 1000000")
    with CaptureQueriesContext(connection) as captured:
        run()
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if query["sql"].lstrip().upper().startswith("SELECT"):
                cursor.execute("explain " + query["sql"].replace("%", "%%"), ())
                yield query["sql"], "\n".join(line for (line,) in cursor.fetchall())


LARGE = re.compile(
    r"Seq Scan on inbox_(conversation|message|identity|contact|conversationlabel|activityentry|thread|attachment)\b.*"
)


@pytest.mark.parametrize("queue", EVERY)
def test_no_list_reads_a_large_table_from_end_to_end(brand, account, agent, queue):
    now = timezone.now()
    for n in range(20):
        talk = builders.conversation(account, waiting_since=now - timedelta(minutes=n))
        Notification.objects.create(agent=agent, brand=brand, kind="mentioned", conversation=talk, key=f"m{n}")
    for sort in EVERY[queue].sorts:
        for filters in ({}, {"label": "1"}, {"thread": "1"}, {"contact": "1"}, {"kind": "complaint"}):
            listed = ListQuery.read(brand, agent, queue, {"sort": sort, **filters})
            for sql, plan in plans(lambda listed=listed: page_of(listed, team_ids=[1])):
                assert LARGE.findall(plan) == [], f"{sql}\n{plan}"


def test_no_conversation_or_search_reads_a_large_table_from_end_to_end(client, agent, brand, account):
    talk = builders.conversation(account)
    builders.message(talk, "Waar is mijn koffer?")

    def everything():
        client.get(f"/inbox/{brand.slug}/all/{talk.pk}/", headers=TALK)
        for text in ("koffer", "@jan", "de", '"mijn koffer"', "Jan de Vries"):
            search.find(brand, text)

    for sql, plan in plans(everything):
        assert LARGE.findall(plan) == [], f"{sql}\n{plan}"


def test_people_are_found_by_how_their_name_begins_and_by_what_is_in_it(brand, account):
    one = builders.conversation(account, identity=builders.identity(account, name="Élise de Wit", handle="ElisedeWit"))
    Conversation.objects.filter(pk=one.pk).update(last_message_at=timezone.now())
    for text in ("@elise", "@ELISEDEW", "élise", "de wi", "él"):
        assert list(search.find(brand, text).found)[:1] == [one.pk], text
    assert search.find(brand, "@dewit").found == {}
