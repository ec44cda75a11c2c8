"""Two people on one screen each: races, presence, work that moves between them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from inbox.models import Conversation, Message
from tests import builders
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(live):
    return busy_morning()


@pytest.fixture
def pair(window, enter, scene):
    """Daan and Anna at the same conversation: their windows, and it."""
    talk = scene["conversations"][4]
    path = f"/inbox/{scene['brand'].slug}/all/{talk.pk}/"
    return enter(window(), scene["daan"], path), enter(window(), scene["anna"], path), talk


def test_of_two_who_claim_one_has_it_and_the_other_sees_at_once(pair, scene):
    daan, anna, talk = pair
    expect(anna.locator("#live")).to_have_class("state live")
    daan.locator("#head").get_by_role("button", name="Claimen").click()
    expect(anna.locator("#head").get_by_role("button", name="Daan Visser")).to_be_visible()
    anna.locator("#head").get_by_role("button", name="Daan Visser").click()
    anna.get_by_role("button", name="Neem over").click()
    expect(anna.locator("#head").get_by_role("button", name="Van jou")).to_be_visible()
    expect(daan.locator("#head").get_by_role("button", name="Anna Kuiper")).to_be_visible()
    assert Conversation.objects.get(pk=talk.pk).assignee_id == scene["anna"].pk


def test_one_sees_that_the_other_looks_and_types(pair):
    daan, anna, _ = pair
    expect(daan.locator("#presence")).to_contain_text("Anna kijkt mee")
    anna.get_by_label("Tekst van je antwoord").type("Hoi")
    expect(daan.locator("#presence")).to_contain_text("Anna schrijft")


def test_who_was_writing_hears_that_a_colleague_answered(pair, scene):
    daan, anna, talk = pair
    expect(anna.locator("#live")).to_have_class("state live")
    daan.get_by_label("Tekst van je antwoord").fill("Ik was net bezig")
    anna.locator(".composer").get_by_text("Openbaar", exact=True).click()
    anna.get_by_label("Tekst van je antwoord").fill("Er komt een bus.")
    anna.get_by_role("button", name="Openbaar plaatsen").click()
    expect(daan.locator("#collision")).to_contain_text("Een collega antwoordde")
    expect(daan.get_by_label("Tekst van je antwoord")).to_have_value("Ik was net bezig")
    assert Message.objects.filter(conversation=talk, direction="out").count() == 1


def test_a_lead_gives_several_to_a_colleague_and_offers_them_back(window, enter, scene):
    page = enter(window(), scene["bram"], f"/inbox/{scene['brand'].slug}/unassigned/")
    for n in (0, 1, 2):
        page.locator("[data-pick]").nth(n).check(force=True)
    page.locator("#bulk").get_by_role("button", name="Toewijzen").click()
    page.locator("#bulk-assign").get_by_role("button", name="Anna Kuiper").click()
    expect(page.locator("#toasts")).to_contain_text("3 toegewezen")
    assert Conversation.objects.filter(assignee=scene["anna"]).count() == 3
    page.goto(f"/inbox/{scene['brand'].slug}/colleagues/")
    page.get_by_role("row", name="Anna Kuiper").get_by_role("button").click()
    expect(page.locator("#toasts")).to_contain_text("3 gesprekken weer aangeboden")
    assert Conversation.objects.filter(assignee=scene["anna"]).count() == 0


def test_what_is_written_in_one_window_goes_on_in_the_other(pair):
    daan, _, _talk = pair
    other = daan.context.new_page()
    other.goto(daan.url)
    expect(other.locator("#live")).to_have_class("state live")
    daan.locator("#reply").focus()
    daan.keyboard.type("Eerst dit")
    expect(other.locator("#reply")).to_have_value("Eerst dit")
    other.locator("#reply").focus()
    other.keyboard.press("End")
    other.keyboard.type(", dan dat")
    daan.locator("#head [data-key=a]").focus()
    expect(daan.locator("#reply")).to_have_value("Eerst dit, dan dat")


def test_whose_rights_end_sees_nothing_any_more(pair, scene, console_errors):
    daan, _, _talk = pair
    from inbox import events
    from inbox.models import Membership

    expect(daan.locator("#live")).to_have_class("state live")
    Membership.objects.filter(agent=scene["daan"]).delete()
    events.publish("rights", brand_id=scene["brand"].pk, agent=scene["daan"].pk)
    expect(daan.get_by_role("heading", level=1)).to_have_text("Hier is niets")
    assert builders.PASSWORD
    console_errors.expect("404")
