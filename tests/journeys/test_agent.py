"""An agent's day on the screen, with a real browser."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import Conversation, Draft, Note
from inbox.operations.assignments import claim
from tests import builders
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(live):
    return busy_morning()


@pytest.fixture
def quiet(console_errors):
    """A picture of the scene does not load on purpose."""
    yield
    console_errors[:] = [e for e in console_errors if "kapot.jpg" not in e and "ERR_CONNECTION_REFUSED" not in e]


def fresh(conversation):
    return Conversation.objects.get(pk=conversation.pk)


def test_an_agent_opens_claims_labels_and_resolves_and_takes_it_back(page, enter, scene, quiet):
    slug, talk = scene["brand"].slug, scene["conversations"][2]
    enter(page, scene["daan"], f"/inbox/{slug}/all/")
    page.get_by_role("link", name="Reizigers Noord").click()
    expect(page.get_by_role("heading", name="Reizigers Noord", level=1)).to_be_visible()
    assert page.url.endswith(f"/inbox/{slug}/all/{talk.pk}/")
    page.locator("#head").get_by_role("button", name="Claimen").click()
    expect(page.locator("#head").get_by_role("button", name="Van jou")).to_be_visible()
    assert fresh(talk).assignee_id == scene["daan"].pk
    page.locator("#head").get_by_role("button", name="Label", exact=True).click()
    page.locator("#label").get_by_role("button", name="storing").click()
    expect(page.locator("#head .tag", has_text="storing")).to_be_visible()
    page.locator("#head").get_by_role("button", name="Afhandelen").click()
    page.locator("#resolve").get_by_role("button", name="Geen vraag gesteld").click()
    expect(page.locator("#head").get_by_role("button", name="Heropenen")).to_be_visible()
    assert fresh(talk).status == "resolved"
    expect(page.locator(f"#row-{talk.pk}")).to_have_class(re.compile("gone"))
    page.locator("#toasts").get_by_role("button", name="Ongedaan maken").last.click()
    expect(page.locator("#head").get_by_role("button", name="Afhandelen")).to_be_visible()
    assert fresh(talk).status == "open"
    page.reload()
    expect(page.get_by_role("heading", name="Reizigers Noord", level=1)).to_be_visible()


def test_closing_without_an_answer_offers_the_reasons_and_no_answer(page, enter, scene, quiet, console_errors):
    talk = scene["conversations"][4]
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    page.locator("#head").get_by_role("button", name="Afhandelen").click()
    expect(page.locator("#resolve").get_by_role("button")).to_have_text(["Geen vraag gesteld", "Spam"])
    page.locator("#resolve button").first.evaluate("button => { button.value = ''; }")  # of before the answer was gone
    page.locator("#resolve button").first.click()
    expect(page.locator("#toasts")).to_contain_text("Zeg waarom het dicht kan")
    console_errors.expect("409")
    assert fresh(talk).status == "open"


def test_everything_from_the_keyboard(page, enter, scene, quiet):
    slug = scene["brand"].slug
    enter(page, scene["daan"], f"/inbox/{slug}/all/")
    first, second = scene["conversations"][0], scene["conversations"][1]
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fatima El Amrani", level=1)).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#head").get_by_role("button", name="Soort en gevoel")).to_contain_text("Vraag")
    assert fresh(second).kind == "question"
    page.keyboard.press("n")
    page.keyboard.type("Even overleggen")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#timeline .note")).to_contain_text("Even overleggen")
    assert Note.objects.filter(conversation=second).count() == 1
    page.locator("#timeline .note").last.click()
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator("#head")).to_contain_text("Uitgesteld")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Sneltoetsen")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("complim")
    expect(page.locator("#palette-found a.active")).to_have_text("Complimenten")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/compliments/"))
    assert first.pk != second.pk


def test_single_keys_can_be_switched_off(page, enter, live):
    scene = busy_morning(single_keys=False)
    talk = scene["conversations"][4]
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    page.keyboard.press("c")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert fresh(talk).assignee_id is None


def test_the_screen_works_without_javascript(window, enter, scene):
    page = window(java_script_enabled=False)
    slug, talk = scene["brand"].slug, scene["conversations"][6]
    for n in range(30):
        builders.message(talk, text=f"En nog {n}", sent_at=timezone.now() - timedelta(hours=1, seconds=-n))
    enter(page, scene["daan"], f"/inbox/{slug}/all/")
    page.get_by_role("link", name="Tom Hiemstra").click()
    expect(page.locator("#timeline > li").last).to_be_in_viewport()
    page.locator("#head").get_by_role("button", name="Claimen").click()
    expect(page.locator("#head").get_by_role("button", name="Van jou")).to_be_visible()
    assert fresh(talk).assignee_id == scene["daan"].pk
    told, bar = page.locator("#toasts").bounding_box(), page.locator(".topbar").bounding_box()
    assert told["y"] + told["height"] <= bar["y"], "what nothing takes away lies upon the page"
    page.locator(".composer label", has_text="Notitie").click()
    page.get_by_label("Tekst van je antwoord").fill("Ilse bedanken")
    page.get_by_role("button", name="Notitie bewaren").click()
    expect(page.locator("#timeline .note")).to_contain_text("Ilse bedanken")
    expect(page).to_have_url(re.compile(f"/inbox/{slug}/all/{talk.pk}/"))  # still in the queue it was opened from


def test_a_new_message_waits_behind_a_bar_and_nothing_jumps(page, enter, scene, quiet):
    slug = scene["brand"].slug
    enter(page, scene["daan"], f"/inbox/{slug}/all/")
    expect(page.locator("#live")).to_have_class(re.compile("live"))
    before = page.locator("[data-row]").count()
    late = builders.conversation(scene["x"], "Is er nog plek?", at=timezone.now())
    claim(conversation_id=late.pk, agent=scene["anna"])  # any change publishes the id
    expect(page.locator("[data-newbar]")).to_be_visible()
    assert page.locator("[data-row]").count() == before
    page.locator("[data-newbar]").click()
    expect(page.locator("[data-row]")).to_have_count(before + 1)


def test_a_picture_that_does_not_load_says_so(page, enter, scene, quiet):
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{scene['conversations'][0].pk}/")
    expect(page.get_by_text("Deze afbeelding laadt niet")).to_be_visible()


def test_a_session_that_expires_while_typing_loses_nothing(page, enter, scene, quiet):
    talk = scene["conversations"][4]
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    page.get_by_label("Tekst van je antwoord").fill("Dit mag niet weg")
    expect(page.locator("[data-saved]")).to_contain_text("bewaard")
    page.context.clear_cookies(name="sessionid")
    # The page may find out by itself (presence, live lines) before the agent does anything.
    page.locator("#head").get_by_role("button", name="Claimen").dispatch_event("click")
    expect(page.get_by_role("dialog", name="Je bent uitgelogd")).to_be_visible()
    assert Draft.objects.get(conversation=talk).text == "Dit mag niet weg"
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    expect(page.get_by_label("Tekst van je antwoord")).to_have_value("Dit mag niet weg")
