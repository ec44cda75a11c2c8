"""Nothing is lost, nothing redrawn in vain, and the keyboard keeps its place."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import Conversation, Draft
from inbox.operations.assignments import claim
from inbox.operations.triage import snooze
from tests import builders
from tests.browser import accessibility_problems, session_of
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(live):
    return busy_morning()


@pytest.fixture
def opened(page, enter, scene):
    """Anna at a conversation, live."""
    enter(page, scene["anna"], f"/inbox/{scene['brand'].slug}/all/{scene['conversations'][4].pk}/")
    expect(page.locator("#live")).to_have_class(re.compile("live"))
    return page


def test_what_did_not_change_is_not_redrawn(opened, scene):
    talk = scene["conversations"][4]
    mark = "document.querySelectorAll('#timeline > li, #queues a, [data-row]').forEach((e) => { e.kept = true })"
    opened.evaluate(mark)
    kept = "(q) => Boolean(document.querySelector(q).kept)"
    claim(conversation_id=talk.pk, agent=scene["bram"])
    expect(opened.locator("#timeline .happened").last).to_contain_text("Bram")
    assert opened.evaluate(kept, "#timeline > li")
    assert opened.evaluate(kept, "[data-row]")
    assert not opened.evaluate(kept, f"#row-{talk.pk}")


def test_the_way_back_leads_to_what_was_open_before(opened, scene):
    first, second = scene["conversations"][4], scene["conversations"][3]
    opened.locator(f"#row-{second.pk} [data-open]").click()
    expect(opened.locator(f'#head form[action*="/{second.pk}/"]').first).to_be_visible()
    opened.go_back()
    expect(opened.locator(f'#head form[action*="/{first.pk}/"]').first).to_be_visible()
    expect(opened.locator(f"#row-{first.pk}")).to_have_class(re.compile("selected"))
    expect(opened.locator("#live")).to_have_class(re.compile("live"))
    opened.go_forward()
    expect(opened.locator(f'#head form[action*="/{second.pk}/"]').first).to_be_visible()


def test_who_goes_on_before_the_page_can_hear_it_gets_there(opened, scene):
    first, second = scene["conversations"][4], scene["conversations"][3]
    opened.locator(f"#row-{second.pk} [data-open]").click()
    expect(opened.locator(f'#head form[action*="/{second.pk}/"]').first).to_be_visible()
    held = []
    opened.route("**/htmx-2*", lambda route: route.continue_() if held else held.append(route))
    opened.go_back(wait_until="commit")
    expect(opened.locator(f'#head form[action*="/{first.pk}/"]').first).to_be_visible()
    opened.evaluate("history.forward()")
    opened.wait_for_function("(pk) => location.pathname.endsWith(`/${pk}/`)", arg=second.pk)
    assert held, "the page is there, what listens is not"
    held[0].continue_()
    expect(opened.locator(f'#head form[action*="/{second.pk}/"]').first).to_be_visible()
    expect(opened.locator("#live")).to_have_class(re.compile("live"))


def test_the_count_above_the_list_is_the_one_beside_its_queue(opened, scene):
    above, beside = opened.locator("#list [data-count]"), opened.locator("#queues a[aria-current] .count")
    before = int(above.inner_text())
    assert beside.inner_text() == str(before)
    later = timezone.now() + timedelta(hours=1)
    snooze(conversation_ids=[scene["conversations"][3].pk], actor=scene["bram"], until=later)
    expect(beside).to_have_text(str(before - 1))
    expect(above).to_have_text(str(before - 1))


def test_the_keyboard_keeps_its_place_and_enter_in_a_moment_snoozes(opened, scene):
    talk = scene["conversations"][4]
    opened.locator('#head [data-key="c"]').focus()
    opened.keyboard.press("Enter")
    expect(opened.locator('#head [data-key="c"][aria-pressed="true"]')).to_be_focused()
    opened.keyboard.press("l")
    opened.keyboard.press("Enter")
    expect(opened.locator("#head .labels")).to_be_visible()
    expect(opened.locator('#head [data-key="l"]')).to_be_focused()
    opened.keyboard.press("s")
    opened.locator("#snooze [name=until]").fill("2099-05-01T09:30")
    opened.locator("#snooze [name=until]").press("Enter")
    expect(opened.locator('#head [data-key="c"]')).to_be_focused()  # what it was opened with is gone
    found = Conversation.objects.get(pk=talk.pk)
    assert (found.status, found.assignee_id) == ("snoozed", scene["anna"].pk)
    opened.locator("[data-bell]").focus()
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("dialog", name="Meldingen")).to_be_visible()
    box = opened.locator("#bell").bounding_box()
    assert abs(box["x"] + box["width"] / 2 - 720) < 2  # in the middle
    assert accessibility_problems(opened) == []
    opened.keyboard.press("Escape")
    expect(opened.locator("[data-bell]")).to_be_focused()


def test_who_goes_on_before_the_answer_came_is_told_and_takes_it_back(opened, scene):
    first, second, private = (scene["conversations"][n] for n in (4, 5, 3))
    slow = re.compile("/do/claim/|/reply/")
    held = []

    def hold(route):
        held.append(route)

    opened.route(slow, hold)

    def act_and_go_on(act, other):
        with opened.expect_request(slow):
            act()
        opened.locator(f"#row-{other.pk} [data-open]").click()
        expect(opened.locator(f'#head form[action*="/{other.pk}/"]').first).to_be_visible()
        while not held:
            opened.wait_for_timeout(20)
        held.pop().continue_()

    act_and_go_on(lambda: opened.locator('#head [data-key="c"]').click(), second)
    opened.locator("#toasts .toast", has_text="Geclaimd").get_by_role("button", name="Ongedaan maken").click()
    expect(opened.locator("#toasts")).to_contain_text("teruggedraaid")
    assert Conversation.objects.get(pk=first.pk).assignee is None

    opened.locator("body").press("r")
    opened.keyboard.type("/We zoeken het voor je uit.")
    act_and_go_on(lambda: opened.keyboard.press("Control+Enter"), private)
    expect(opened.locator("#toasts [data-undo-toast]")).to_contain_text("Naar Arbeids")
    opened.locator("body").press("r")  # a private conversation is answered in private: no letter becomes a command
    expect(opened.locator("#reply")).to_be_focused()
    expect(opened.locator("[name=mode][value=private]")).to_be_checked()


def test_a_draft_that_could_not_be_kept_is_kept_when_the_connection_is_back(opened, scene, console_errors):
    opened.context.set_offline(True)
    opened.locator("#reply").fill("In de tunnel getypt")
    expect(opened.locator("[data-saved]")).to_contain_text("Nog niet bewaard")
    opened.set_viewport_size({"width": 390, "height": 844})
    words, row = (opened.locator(place).bounding_box() for place in ("[data-saved]", ".composer .modes"))
    assert words["x"] + words["width"] <= row["x"] + row["width"]  # all of it is in sight
    opened.context.set_offline(False)
    expect(opened.locator("[data-saved]")).to_contain_text("Concept bewaard")
    assert Draft.objects.get(conversation=scene["conversations"][4]).text == "In de tunnel getypt"
    console_errors.expect("ERR_INTERNET_DISCONNECTED")


def test_what_the_server_could_not_tell_is_asked_again(opened, scene, console_errors):
    talk = scene["conversations"][4]
    for what in ("rows", "head", "figures"):
        opened.route(f"**/{what}/**", lambda route: route.fulfill(status=503), times=1)
    claim(conversation_id=talk.pk, agent=scene["bram"])
    expect(opened.locator("#timeline .happened").last).to_contain_text("Bram")
    expect(opened.locator(f"#row-{talk.pk} .avatar.agent")).to_have_attribute("title", re.compile("Bram"))
    console_errors.expect("503")
    console_errors.clear()


def test_what_is_typed_after_the_session_ended_is_there_after_login(opened, scene, live, console_errors):
    opened.context.clear_cookies(name="sessionid")
    opened.locator("#reply").fill("Na het einde van de sessie")
    expect(opened.get_by_role("dialog", name="Je bent uitgelogd")).to_be_visible()
    opened.context.add_cookies([{"name": "sessionid", "value": session_of(scene["anna"]), "url": live}])
    with opened.expect_navigation():
        opened.evaluate("dispatchEvent(new Event('focus'))")
    expect(opened.locator("#reply")).to_be_focused()
    opened.keyboard.type(", en erna")
    expect(opened.locator("#reply")).to_have_value("Na het einde van de sessie, en erna")
    console_errors.clear()


def test_a_conversation_that_goes_while_open_says_so_and_keeps_what_was_typed(opened, scene, console_errors):
    from inbox import events

    talk = scene["conversations"][4]
    opened.locator("#reply").fill("Bijna klaar")
    other = builders.brand(name="Elders", slug="elders")
    Conversation.objects.filter(pk=talk.pk).update(brand=other)
    events.publish("conversation", brand_id=scene["brand"].pk, id=talk.pk)
    expect(opened.locator("#collision")).to_contain_text("verwijderd, of je mag het niet meer zien")
    expect(opened.locator("#reply")).to_have_value("Bijna klaar")
    console_errors.expect("404")
    console_errors.clear()
