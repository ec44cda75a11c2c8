"""Notifications of the browser: asked for in one's own settings, shown when somebody needs you."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox.models import Notification
from inbox.operations.assignments import assign
from inbox.operations.notes import add_note
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser
# What the browser would show on the desktop, which has none here
RECORD = """
window.shown = [];
window.Notification = class { constructor(title, options) {
    window.shown.push(options); window.last = this; document.documentElement.dataset.shown = window.shown.length; }
  static permission = 'granted'; static requestPermission() { return Promise.resolve('granted'); } };
"""


def test_who_is_named_or_given_work_is_told_on_the_desktop_and_brought_there(page, enter, live, console_errors):
    scene = busy_morning(desktop_notifications=True)
    page.add_init_script(RECORD)
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/")
    expect(page.locator("#live")).to_have_class(re.compile("live"))
    add_note(conversation=scene["conversations"][2], author=scene["anna"], text="@daan zie je dit?")
    expect(page.locator("html[data-shown='1']")).to_be_attached()
    assert "Anna Kuiper" in page.evaluate("shown[0].body")
    assign(conversation_ids=[scene["conversations"][6].pk], actor=scene["bram"], assignee=scene["daan"])
    expect(page.locator("html[data-shown='2']")).to_be_attached()
    assert "Bram Reitsma" in page.evaluate("shown[1].body")
    assert page.evaluate("shown[0].tag !== shown[1].tag")
    page.evaluate("last.onclick()")
    expect(page.get_by_role("heading", name="Tom Hiemstra", level=1)).to_be_visible()
    assert Notification.objects.filter(agent=scene["daan"], read_at=None).count() == 1


def test_nobody_is_asked_before_they_want_it_and_a_refusal_is_explained(page, enter, live, console_errors):
    scene = busy_morning()
    page.add_init_script(
        "window.asked = 0; Notification.requestPermission = async () => { window.asked += 1; return 'denied'; };"
    )
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/")
    page.locator("[data-open]").nth(2).click()
    expect(page.locator("#reply")).to_be_visible()
    assert page.evaluate("asked") == 0
    page.goto("/preferences/")
    wish = page.locator("[name=desktop_notifications]")
    wish.click()
    expect(page.locator("#toasts")).to_contain_text("Je browser laat deze site geen meldingen tonen")
    expect(wish).not_to_be_checked()
    assert page.evaluate("asked") == 1
