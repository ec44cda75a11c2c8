"""The bell counts replies that need somebody until they are settled, read or not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from connectors.exceptions import Rejected
from inbox.operations import approvals, outbox_choices
from inbox.operations.notifications import mark_read
from inbox.queries.outbox_todo import bell_count
from tests import builders
from tests.inbox.outbox import agent, fresh_world, reply, run, script, talk
from tests.inbox.platform import cut_before, failing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_world")]


def count(agent):
    mark_read(agent=agent)  # having seen it settles nothing
    return bell_count(agent, most=100)


def shown(client, agent):
    client.force_login(agent)
    return client.get(reverse("notifications")).content.decode()


def test_a_failed_reply_is_counted_for_its_owner_and_the_lead_until_somebody_settles_it(talk, agent):
    lead, other = builders.agent(talk.brand, "lead"), builders.agent(talk.brand)
    script(talk, failing(Rejected("Nee")))
    failed = run(reply(talk, agent))
    assert [count(a) for a in (agent, lead, other)] == [1, 1, 0]
    outbox_choices.give_up(delivery_id=failed.pk, agent=lead)
    assert [count(a) for a in (agent, lead, other)] == [0, 0, 0]


def test_an_uncertain_reply_is_counted_until_it_is_settled(talk, agent):
    script(talk, cut_before)
    unsure = run(reply(talk, agent))
    assert count(agent) == 1
    outbox_choices.it_is_there(delivery_id=unsure.pk, agent=agent)
    assert count(agent) == 0


def test_what_the_owner_left_behind_is_the_leads(talk, agent):
    lead = builders.agent(talk.brand, "lead")
    script(talk, failing(Rejected("Nee")))
    run(reply(talk, agent))
    agent.memberships.all().delete()
    assert [count(a) for a in (agent, lead)] == [0, 1]


def test_a_reply_that_waits_for_approval_is_counted_for_whoever_may_approve_it(client, talk, agent):
    talk.brand.approve_trainees = True
    talk.brand.save()
    trainee, stranger = builders.agent(talk.brand, is_trainee=True), builders.agent(builders.brand())
    waiting = reply(talk, trainee, "woord " * 100, split=True)
    assert [count(a) for a in (agent, trainee, stranger)] == [1, 0, 0]
    assert reverse("approvals", args=[talk.brand.slug]) in shown(client, agent)
    assert reverse("approvals", args=[talk.brand.slug]) not in shown(client, trainee).partition('id="main"')[2]
    approvals.approve(delivery_id=waiting.pk, agent=agent)
    assert count(agent) == 0


def test_it_is_one_statement(talk, agent, django_assert_num_queries):
    with django_assert_num_queries(1):
        bell_count(agent, most=100)
