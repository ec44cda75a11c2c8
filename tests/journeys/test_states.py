"""axe in every state of the screen, in both themes and on small screens; and nothing wider than the screen."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import CannedReply, Draft, View
from inbox.operations.notes import add_note
from tests import builders
from tests.browser import accessibility_problems
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser
PICTURE_THAT_IS_NOT_THERE = ("kapot.jpg", "ERR_CONNECTION_REFUSED")


@pytest.fixture
def scene(live):
    made = busy_morning(single_keys=True)
    brand, first = made["brand"], made["conversations"][0]
    CannedReply.objects.create(brand=brand, shortcut="bus", title="Bus", language="nl", text="Er rijden bussen.")
    View.objects.create(brand=brand, name="Klachten", query="all?kind=complaint")
    add_note(conversation=first, author=made["anna"], text="@daan kijk je mee?")
    Draft.objects.create(
        agent=made["daan"], conversation=first, mode="note", text="Nog vragen aan @bram", saved_at=timezone.now()
    )
    return made


@pytest.fixture
def forgiving(console_errors):
    yield
    console_errors[:] = [e for e in console_errors if not any(part in e for part in PICTURE_THAT_IS_NOT_THERE)]


class Look:
    """Collects what axe finds, by the state it finds it in."""

    def __init__(self, page):
        self.page, self.found = page, {}

    def at(self, state):
        if problems := accessibility_problems(self.page):
            self.found[state] = problems
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.found[f"{state}: wider than the screen"] = wide


def menus(page, look, where, *, small=False):
    for button in page.locator(f"{where} button[popovertarget]").all():
        if not button.is_visible():
            continue
        name = button.get_attribute("popovertarget")
        button.click()
        expect(page.locator(f"#{name}")).to_be_visible()
        look.at(f"menu {name}")
        page.keyboard.press("Escape")
        expect(page.locator(f"#{name}")).not_to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_menus_dialogs_and_modes(window, enter, scene, forgiving, theme):
    page = window(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    look, slug = Look(page), scene["brand"].slug
    enter(page, scene["daan"], f"/inbox/{slug}/all/?kind=complaint&visibility=public")
    look.at("filtered")
    menus(page, look, ".list-head")
    for n in (0, 1):
        page.locator("[data-pick]").nth(n).check(force=True)
    menus(page, look, "#bulk")
    page.goto(f"/inbox/{slug}/all/{scene['conversations'][0].pk}/")
    menus(page, look, "#head")
    menus(page, look, ".topbar")
    menus(page, look, ".sidebar")
    for mode in ("public", "private", "note"):
        page.locator(f"[name=mode][value={mode}]").check(force=True)
        look.at(f"composer {mode}")
    page.locator("#reply").focus()
    page.keyboard.type(" @")
    expect(page.locator("#colleagues")).to_be_visible()
    look.at("colleagues at the caret")
    page.keyboard.press("Escape")
    page.keyboard.type(" /")
    expect(page.locator("#canned")).to_be_visible()
    look.at("canned replies at the caret")
    page.keyboard.press("Escape")
    page.locator("[name=mode][value=public]").check(force=True)
    page.locator("#reply").fill("woord " * 80)
    look.at("composer, too long")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    look.at("dialog keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-found [role=option]").first).to_be_visible()
    look.at("dialog palette")
    page.keyboard.press("Escape")
    page.locator("[data-bell]").click()
    expect(page.locator("#bell-list")).to_contain_text("Anna")
    look.at("dialog bell")
    page.keyboard.press("Escape")
    page.locator('#head [data-key="c"]').click()
    expect(page.locator("#toasts")).to_contain_text("Ongedaan maken")
    look.at("toast")
    page.evaluate("document.getElementById('login-again').showModal()")
    look.at("dialog logged out")
    assert look.found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_wide_pages_and_what_went_wrong(window, enter, scene, console_errors, theme):
    page = window(viewport={"width": 1024, "height": 800}, color_scheme=theme)
    look, slug = Look(page), scene["brand"].slug
    enter(page, scene["daan"], "/")
    pages = ["settings/", "library/", "canned-replies/", "people/", "ledger/", "accounts/", "privacy/", "audit/"]
    known = [f"/brands/{slug}/{part}" for part in pages] + [f"/inbox/{slug}/{part}" for part in ("views/", "colleagues/")]
    for path in [*known, f"/inbox/{slug}/mine/", f"/inbox/{slug}/search/", "/preferences/", "/nowhere/"]:
        page.goto(path)
        look.at(path)
    other = builders.agent(scene["brand"], "agent", email="klein@example.com")
    enter(page, other, f"/brands/{slug}/people/")
    expect(page.locator(".plain h1")).to_be_visible()
    look.at("403")
    console_errors.clear()
    assert look.found == {}


@pytest.mark.parametrize(("across", "down"), [(390, 844), (320, 256)])
def test_a_telephone_and_four_hundred_percent(window, enter, scene, forgiving, across, down):
    page = window(viewport={"width": across, "height": down}, has_touch=True)
    look, slug = Look(page), scene["brand"].slug
    enter(page, scene["daan"], f"/inbox/{slug}/all/")
    look.at("list")
    page.locator(".topbar [popovertarget=sidebar]").click()
    expect(page.locator("#sidebar")).to_be_visible()
    look.at("drawer")
    page.keyboard.press("Escape")
    page.locator("[data-open]").first.click()
    expect(page.locator("#reply")).to_be_attached()
    look.at("conversation")
    page.locator("#head [popovertarget=person]").click()
    expect(page.locator("#person")).to_be_visible()
    look.at("person")
    page.keyboard.press("Escape")
    menus(page, look, "#head")
    page.locator("#reply").scroll_into_view_if_needed()
    page.locator("#reply").fill("Er komt een bus /")
    page.keyboard.press("End")
    expect(page.locator("#canned")).to_be_visible()
    look.at("canned replies")
    for path in ("/preferences/", f"/inbox/{slug}/views/", f"/brands/{slug}/library/", "/notifications/"):
        page.goto(path)
        look.at(path)
    assert look.found == {}


def test_forced_colours_and_reduced_motion(window, enter, scene, forgiving):
    page = window(viewport={"width": 1440, "height": 900}, forced_colors="active", reduced_motion="reduce")
    look = Look(page)
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/{scene['conversations'][0].pk}/")
    look.at("conversation")
    line = "getComputedStyle(document.querySelector('.row.selected')).outlineStyle"
    assert page.evaluate(line) != "none", "what is selected is seen without colours of our own"
    assert look.found == {}
