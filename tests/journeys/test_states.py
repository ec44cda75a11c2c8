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

    def at(self, state, within=None):
        if problems := accessibility_problems(self.page, within):
            self.found[state] = problems
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.found[f"{state}: wider than the screen"] = wide

    def menus(self, where):
        """Every menu behind a button there, open."""
        for button in self.page.locator(f"{where} button[popovertarget]:visible").all():
            name = button.get_attribute("popovertarget")
            button.click()
            expect(self.page.locator(f"#{name}")).to_be_visible()
            self.at(f"menu {name}", within=f"#{name}")
            box, view = self.page.locator(f"#{name}").bounding_box(), self.page.viewport_size
            if box["x"] < 0 or box["x"] + box["width"] > view["width"] or box["y"] < 0:
                self.found[f"menu {name}: out of sight"] = box
            self.page.keyboard.press("Escape")
            expect(self.page.locator(f"#{name}")).not_to_be_visible()


@pytest.fixture(params=["light", "dark"])
def look(window, request):
    return Look(window(viewport={"width": 1440, "height": 900}, color_scheme=request.param))


@pytest.fixture
def talk(scene):
    return f"/inbox/{scene['brand'].slug}/all/{scene['conversations'][0].pk}/"


def test_the_menus_of_a_filtered_list(look, enter, scene, forgiving):
    page = enter(look.page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/?kind=complaint&visibility=public")
    look.at("filtered")
    look.menus(".list-head")
    for n in (0, 1):
        page.locator("[data-pick]").nth(n).check(force=True)
    look.at("two picked", within="#bulk")
    look.menus("#bulk")
    assert look.found == {}


def test_the_menus_of_a_conversation_and_of_the_page(look, enter, scene, talk, forgiving):
    enter(look.page, scene["daan"], talk)
    look.menus("#head")
    look.menus(".topbar")
    look.menus(".sidebar")
    look.menus("#composer")
    assert look.found == {}


def test_the_ways_to_write(look, enter, scene, talk, forgiving):
    page = enter(look.page, scene["daan"], talk)
    for mode in ("public", "private", "note"):
        page.locator(f"[name=mode][value={mode}]").check(force=True)
        look.at(f"composer {mode}", within="#composer")
    page.locator("#reply").focus()
    for sign, menu in (("@", "#colleagues"), ("/", "#canned")):
        page.keyboard.type(f" {sign}")
        expect(page.locator(menu)).to_be_visible()
        look.at(f"{menu} at the caret")
        page.keyboard.press("Escape")
    page.locator("[name=mode][value=public]").check(force=True)
    page.locator("#reply").fill("woord " * 80)
    look.at("too long", within="#composer")
    scene["conversations"][1].messages.update(deleted_at=timezone.now())
    page.goto(f"/inbox/{scene['brand'].slug}/all/{scene['conversations'][1].pk}/")
    page.locator("[name=mode][value=public]").check(force=True)
    expect(page.locator("#closed-public")).to_be_visible()
    look.at("no reply possible", within="#composer .band")
    assert look.found == {}


def test_dialogs_and_toasts(look, enter, scene, talk, forgiving):
    page = enter(look.page, scene["daan"], talk)
    page.locator('#head [data-key="c"]').click()
    expect(page.locator("#toasts")).to_contain_text("Ongedaan maken")
    look.at("toast", within="#toasts")
    page.keyboard.press("?")
    look.at("keys", within="#keys")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-found [role=option]").first).to_be_visible()
    look.at("palette", within="#palette")
    page.keyboard.press("Escape")
    page.locator("[data-bell]").click()
    expect(page.locator("#bell-list")).to_contain_text("Anna")
    look.at("bell", within="#bell")
    page.keyboard.press("Escape")
    page.evaluate("document.getElementById('login-again').showModal()")
    look.at("logged out", within="#login-again")
    assert look.found == {}


WIDE = ["/brands/{}/settings/", "/brands/{}/library/", "/brands/{}/canned-replies/", "/brands/{}/people/", "/inbox/{}/views/",
        "/inbox/{}/mine/", "/inbox/{}/search/", "/preferences/", "/nowhere/"]  # fmt: skip


def test_wide_pages_and_what_went_wrong(look, enter, scene, console_errors):
    page, slug = look.page, scene["brand"].slug
    page.set_viewport_size({"width": 1024, "height": 800})
    enter(page, scene["daan"], "/preferences/")
    for path in WIDE:
        page.goto(path.format(slug))
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
    look.menus("#head")
    look.menus("#composer")
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
