"""Saved views: kept, counted, renamed, shared by leads only, removed by whose they are."""

from __future__ import annotations

import pytest
from django.urls import reverse

from inbox.models import View
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def brand():
    return builders.brand(language="nl")


@pytest.fixture
def login(client):
    def as_(agent):
        client.force_login(agent)
        return client

    return as_


def kept(brand, owner=None, **fields):
    return View.objects.create(
        brand=brand, owner=owner, **{"name": "Klachten", "query": "all?kind=complaint", **fields}
    )


def test_the_page_names_each_list_with_its_filters_and_how_many_stand_in_it(brand, login):
    account = builders.account(brand)
    builders.conversation(account, kind="complaint", visibility="private")
    builders.conversation(account, kind="complaint")
    agent = builders.agent(brand, language="nl")
    every = "all?kind=complaint&visibility=private&proactive=0&assignee=none&sort=newest"
    kept(brand, agent, name="Alles", query=every)
    kept(brand, agent, name="Gezocht", query="search?q=lift")
    page = login(agent).get(reverse("views", args=[brand.slug])).content.decode()
    for words in (
        "Alles",
        "Klacht",
        "Privé",
        "Niemand",
        "“lift”",
        "alleen jij ziet deze",
        '<span class="count">1</span>',
    ):
        assert words in page
    counts = login(agent).get(reverse("view_counts", args=[brand.slug])).content.decode()
    assert counts.count('class="count"') == 1


def test_a_view_of_ones_own_is_renamed_and_only_a_lead_shares_it(brand, login):
    agent, lead = builders.agent(brand), builders.agent(brand, "lead")
    own = kept(brand, agent)
    login(agent).post(reverse("change_view", args=[own.pk]), {"name": " Boze klachten ", "shared": ""})
    own.refresh_from_db()
    assert (own.name, own.owner) == ("Boze klachten", agent)
    login(agent).post(reverse("change_view", args=[own.pk]), {"name": "Van allen", "shared": "1"})
    own.refresh_from_db()
    assert (own.name, own.owner) == ("Boze klachten", agent)
    shared = kept(brand, None)
    login(agent).post(reverse("change_view", args=[shared.pk]), {"name": "Gekaapt", "shared": "1"})
    login(agent).post(reverse("delete_view", args=[shared.pk]))
    shared.refresh_from_db()
    assert shared.name == "Klachten"
    login(lead).post(reverse("change_view", args=[shared.pk]), {"name": "Klachten", "shared": ""})
    shared.refresh_from_db()
    assert shared.owner == lead


def test_a_name_is_needed_and_another_ones_view_is_nowhere(brand, login):
    agent, other = builders.agent(brand), builders.agent(brand, "lead")
    own = kept(brand, agent)
    login(agent).post(reverse("change_view", args=[own.pk]), {"name": "  "})
    own.refresh_from_db()
    assert own.name == "Klachten"
    for name in ("change_view", "delete_view"):
        assert login(other).post(reverse(name, args=[own.pk]), {"name": "x"}).status_code == 404


def test_an_old_query_still_opens_a_list(brand, login):
    agent = builders.agent(brand)
    gone = kept(brand, agent, query="nowhere?kind=rubbish&label=x")
    answer = login(agent).get(reverse("view", args=[gone.pk]))
    assert answer.headers["Location"] == reverse("list", args=[brand.slug, "all"])


def test_two_lists_of_one_owner_have_two_names(brand, login):
    agent = builders.agent(brand)
    kept(brand, agent)
    other = kept(brand, agent, name="Lof", query="all?kind=compliment")
    page = login(agent).post(reverse("change_view", args=[other.pk]), {"name": "Klachten"}, follow=True)
    assert "Er is er al een met die naam." in page.text
    login(agent).post(reverse("views", args=[brand.slug]), {"name": "Klachten", "query": "mine"})
    assert dict(View.objects.values_list("name", "query")) == {"Klachten": "mine", "Lof": "all?kind=compliment"}


def test_of_views_that_have_one_name_since_long_what_is_kept_takes_the_place(brand, login):
    agent, other = builders.agent(brand), builders.agent(brand)
    for owner in (agent, agent, other, None):
        kept(brand, owner)
    answer = login(agent).post(reverse("views", args=[brand.slug]), {"name": "Klachten", "query": "mine"})
    assert answer.status_code == 302
    assert sorted(View.objects.filter(owner=agent).values_list("name", "query")) == [("Klachten", "mine")]
    assert View.objects.filter(query="all?kind=complaint").count() == 2
