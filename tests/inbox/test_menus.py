"""Long menus come when they are opened; the page as a whole has them, for who has no JavaScript."""

from __future__ import annotations

import re

import pytest

from inbox.models import Label, Team
from tests import builders

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def brand():
    return builders.brand()


@pytest.fixture
def agent(brand, client):
    made = builders.agent(brand, name="Daan Visser")
    client.force_login(made)
    return made


@pytest.fixture
def talk(brand, agent):
    builders.agent(brand, name="Anna Kuiper")
    Team.objects.create(brand=brand, name="Avond")
    for name in ("storing", "fiets"):
        Label.objects.create(brand=brand, name=name)
    return builders.conversation(builders.account(brand))


def lines(html):
    """What can be chosen: the names and values of buttons, the addresses of links."""
    return re.findall(r'<button type="submit" name="(\w+)" value="([^"]*)" formaction="([^"]*)"', html)


def test_a_fragment_says_where_its_long_menus_come_from_and_has_none_of_their_lines(client, brand, talk):
    shown = client.get(f"/inbox/{brand.slug}/all/{talk.pk}/", headers={**HTMX, "HX-Target": "talk"}).text
    head = client.get(f"/conversations/{talk.pk}/head/", headers=HTMX).text
    listed = client.get(f"/inbox/{brand.slug}/all/?kind=question", headers={**HTMX, "HX-Target": "list"}).text
    for name in ("assign", "label"):
        address = f"/conversations/{talk.pk}/menus/{name}/"
        assert shown.count(f'id="{name}" popover data-from="{address}"></div>') == 1
        assert head.count(f'id="{name}" popover data-from="{address}"></div>') == 1
        assert f'id="bulk-{name}" popover data-from="/inbox/{brand.slug}/all/menus/{name}/"></div>' in listed
    assert f'id="filters" popover data-from="/inbox/{brand.slug}/all/menus/filters/?kind=question"></div>' in listed
    assert "Anna Kuiper" not in shown + head + listed


def test_what_comes_when_a_menu_is_opened_is_what_the_whole_page_has(client, brand, talk):
    page = client.get(f"/inbox/{brand.slug}/all/{talk.pk}/?kind=question").text
    assert 'data-from="/inbox' not in page
    for name in ("assign", "label"):
        for place in (f"/conversations/{talk.pk}", f"/inbox/{brand.slug}/all"):
            found = lines(client.get(f"{place}/menus/{name}/", headers=HTMX).text)
            assert len(found) >= 2
            assert set(found) <= set(lines(page))
    filters = client.get(f"/inbox/{brand.slug}/all/menus/filters/?kind=question", headers=HTMX).text
    links = re.findall(r'<a href="([^"]+)"', filters)
    assert len(links) > 10
    assert set(links) <= set(re.findall(r'<a href="([^"]+)"', page))
    assert 'name="query" value="all?kind=question"' in filters


def test_a_label_that_is_on_it_is_not_offered_again(client, talk):
    on = Label.objects.get(name="storing")
    talk.labelled.create(label=on, last_message_at=talk.last_message_at)
    shown = client.get(f"/conversations/{talk.pk}/menus/label/").text
    assert "fiets" in shown
    assert "storing" not in shown


def test_a_note_can_name_every_colleague_but_oneself(client, brand, agent, talk):
    builders.agent(builders.brand(), name="Vreemde Vogel")
    shown = client.get(f"/conversations/{talk.pk}/menus/mentions/").text
    assert 'data-insert="@anna.kuiper "' in shown
    assert "daan.visser" not in shown
    assert "Vreemde" not in shown


@pytest.mark.parametrize("name", ["verzonnen", "filters"])
def test_a_menu_that_is_none_is_not_there(client, brand, talk, name):
    assert client.get(f"/conversations/{talk.pk}/menus/{name}/").status_code == 404
    assert client.get(f"/inbox/{brand.slug}/all/menus/mentions/").status_code == 404
    assert client.get(f"/inbox/{brand.slug}/verzonnen/menus/{name}/").status_code == 404
