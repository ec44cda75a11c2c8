"""Menus that come when they are opened, in a conversation that was opened from the list."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox.models import Conversation, Label
from tests.browser import accessibility_problems
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


@pytest.fixture
def scene():
    return busy_morning(language="nl")


@pytest.fixture
def opened(window, enter, scene):
    """A conversation as a click on its row shows it."""
    for name in ("storing", "fiets", "bagage"):
        Label.objects.get_or_create(brand=scene["brand"], name=name)
    page = window()
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/")
    page.locator(f'[data-open="{scene["conversations"][4].pk}"]').click()
    expect(page.locator("#label[data-from]")).to_have_count(1)
    return page


def test_a_long_menu_comes_when_it_is_opened_and_does_what_it_says(opened, scene):
    opened.locator('#head [data-key="l"]').click()
    expect(opened.locator("#label button").first).to_be_visible()
    assert accessibility_problems(opened, "#label") == []
    opened.locator("#label button", has_text="bagage").click()
    expect(opened.locator("#head .labels")).to_contain_text("bagage")
    opened.locator('#head [data-key="l"]').click()
    expect(opened.locator("#label button").first).to_be_visible()
    expect(opened.locator("#label button", has_text="bagage")).to_have_count(0)
    opened.keyboard.press("Escape")
    opened.locator('#head [data-key="a"]').click()
    opened.locator("#assign button", has_text="Anna").click()
    expect(opened.locator('#head [data-key="c"]')).to_contain_text("Anna")


def test_keys_that_come_before_the_lines_are_not_lost(opened, scene):
    held = []

    def hold(route):
        held.append(route)

    opened.route("**/menus/label/", hold)
    with opened.expect_request("**/menus/label/"):
        opened.keyboard.press("l")
    expect(opened.locator("#label[aria-busy]")).to_be_visible()
    opened.keyboard.press("s")  # walks to the label, and does not snooze
    opened.keyboard.press("Enter")
    while not held:
        opened.wait_for_timeout(20)
    held[0].continue_()
    expect(opened.locator("#head .labels")).to_contain_text("storing")
    expect(opened.locator('#head [data-key="s"]')).to_be_visible()
    pk = opened.locator("[data-conversation]").get_attribute("data-conversation")
    assert Conversation.objects.get(pk=pk).status == "open"


def test_a_menu_that_does_not_come_says_so_and_comes_the_next_time(opened, console_errors):
    opened.route("**/menus/assign/", lambda route: route.abort(), times=1)
    opened.locator('#head [data-key="a"]').click()
    expect(opened.locator("#toasts [data-said=offline]")).to_be_visible()
    expect(opened.locator("#assign")).to_be_hidden()
    opened.locator('#head [data-key="a"]').click()
    expect(opened.locator("#assign button").first).to_be_visible()
    console_errors[:] = [error for error in console_errors if "ERR_FAILED" not in error]  # the one that was cut off


def test_colleagues_to_name_in_a_note_come_at_the_first_at(opened):
    opened.keyboard.press("n")
    expect(opened.locator("#reply")).to_be_focused()
    opened.keyboard.type("@an")
    expect(opened.locator("#colleagues").get_by_role("option")).to_have_count(1)
    opened.keyboard.press("Enter")
    expect(opened.locator("#reply")).to_have_value(re.compile("^@anna"))


def test_the_arrows_open_a_menu_at_its_begin_and_at_its_end(opened):
    opened.locator('#head [data-key="l"]').focus()
    opened.keyboard.press("ArrowUp")  # its lines come first
    expect(opened.locator("#label button").last).to_be_focused()
    opened.keyboard.press("Escape")
    opened.keyboard.press("ArrowDown")
    expect(opened.locator("#label button").first).to_be_focused()


def test_a_moment_that_is_past_is_refused_where_it_was_typed(opened, scene, console_errors):
    for menu in ("#snooze", "#bulk-snooze"):
        if menu == "#bulk-snooze":
            opened.keyboard.press("Escape")
            opened.keyboard.press("x")
        opened.keyboard.press("s")
        field = opened.locator(f"{menu} [name=until]")
        field.fill("2020-05-01T09:30")
        field.press("Enter")
        expect(opened.locator(menu).get_by_text("Kies een moment dat nog komt.")).to_be_visible()
        expect(field).to_have_value("2020-05-01T09:30")
        expect(field).to_be_focused()
        assert accessibility_problems(opened, menu) == []
    expect(opened.locator("#toasts .toast")).to_have_count(0)
    field.fill("2099-05-01T09:30")
    field.press("Enter")
    expect(opened.locator("#toasts")).to_contain_text("Uitgesteld")
    assert Conversation.objects.get(pk=scene["conversations"][4].pk).status == "snoozed"
    console_errors.expect("422")
