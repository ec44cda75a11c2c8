"""Pages of the list by key: every row once, in order, forwards and back, whatever the values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.models import Conversation, ConversationLabel, Label
from inbox.queries.lists import SORTS, ListQuery, page_of, rows_by_id
from tests import builders

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 1, tzinfo=UTC)
moments = st.none() | st.integers(0, 5).map(lambda n: START + timedelta(microseconds=n * 333_333))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(moments, st.integers(0, 3), st.integers(-1, 2)), max_size=12),
    sort=st.sampled_from(sorted(SORTS)), size=st.integers(1, 4),
)  # fmt: skip
def test_every_row_is_met_once_forwards_and_back(db, rows, sort, size):
    brand = builders.brand()
    agent, account = builders.agent(brand), builders.account(brand)
    who = builders.identity(account)
    for waiting, last, growth in rows:
        made = builders.conversation(account, identity=who)
        Conversation.objects.filter(pk=made.pk).update(
            status="snoozed" if sort == "wake" else "open",
            waiting_since=waiting,
            snoozed_until=waiting,
            last_message_at=START + timedelta(seconds=last),
            growth=growth,
        )
    (column, descending), queue = SORTS[sort], "snoozed" if sort == "wake" else "all"
    met, asked, last_page = [], {"sort": sort}, None
    while True:
        page = page_of(ListQuery.read(brand, agent, queue, asked), team_ids=[], size=size)
        met += [row.pk for row in page.rows]
        last_page = page
        if not page.after:
            break
        asked = {"sort": sort, "after": page.after}
    every = list(Conversation.objects.filter(brand=brand))
    valued = sorted((c for c in every if getattr(c, column) is not None),
                    key=lambda c: (getattr(c, column), c.pk), reverse=descending)  # fmt: skip
    empty = sorted((c for c in every if getattr(c, column) is None), key=lambda c: c.pk)
    assert met == [c.pk for c in [*valued, *empty]]
    back = [[row.pk for row in last_page.rows]]
    while last_page.before:
        last_page = page_of(ListQuery.read(brand, agent, queue, {"sort": sort, "before": last_page.before}),
                            team_ids=[], size=size)  # fmt: skip
        back.insert(0, [row.pk for row in last_page.rows])
    assert [pk for page in back for pk in page] == met


def test_filters_leave_only_what_was_asked_for():
    brand = builders.brand()
    agent, account = builders.agent(brand), builders.account(brand)
    complaint = builders.conversation(account, kind="complaint", feeling="negative")
    builders.conversation(account, kind="question")
    builders.conversation(account, kind="complaint", visibility="private")
    asked = ListQuery.read(brand, agent, "all", {"kind": "complaint", "visibility": "public"})
    assert [c.pk for c in page_of(asked, team_ids=[]).rows] == [complaint.pk]


def test_another_brand_is_never_in_the_list():
    brand = builders.brand()
    builders.conversation()
    asked = ListQuery.read(brand, builders.agent(brand), "search", {})
    assert page_of(asked, team_ids=[]).rows == []


def test_a_label_is_walked_page_by_page_through_its_own_index():
    brand = builders.brand()
    agent, account = builders.agent(brand), builders.account(brand)
    label, other = (Label.objects.create(brand=brand, name=name) for name in ("one", "two"))
    made = [builders.conversation(account) for _ in range(5)]
    for n, one in enumerate(made):
        Conversation.objects.filter(pk=one.pk).update(last_message_at=START + timedelta(seconds=n // 2))
        for which in (label, other):
            ConversationLabel.objects.create(
                conversation=one, label=which, last_message_at=START + timedelta(seconds=n // 2)
            )
    asked, met = {"label": str(label.pk), "sort": "newest"}, []
    while True:
        page = page_of(ListQuery.read(brand, agent, "all", asked), team_ids=[], size=2)
        met += [row.pk for row in page.rows]
        if not page.after:
            break
        asked = {**asked, "after": page.after}
    assert met == [made[n].pk for n in (4, 3, 2, 1, 0)]


def test_of_the_rows_a_browser_shows_those_come_back_that_still_stand_there():
    account = builders.account()
    agent = builders.agent(account.brand)
    label = Label.objects.create(brand=account.brand, name="koffer")
    stay, tagged, gone, foreign = [builders.conversation(account) for _ in range(3)] + [builders.conversation()]
    ConversationLabel.objects.create(conversation=tagged, label=label, last_message_at=START, open=True)
    Conversation.objects.filter(pk=gone.pk).update(status="resolved")
    ids = [stay.pk, tagged.pk, gone.pk, foreign.pk, stay.pk, 2**62]

    def fresh(**filters):
        asked = ListQuery.read(account.brand, agent, "all", filters)
        return {row.pk for row in rows_by_id(asked, ids, team_ids=[])}

    assert fresh() == {stay.pk, tagged.pk}
    assert fresh(label=str(label.pk)) == {tagged.pk}
    assert rows_by_id(ListQuery.read(account.brand, agent, "all", {}), [], team_ids=[]) == []
