"""A whole day without a mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox.models import CannedReply, Conversation, Draft, Label, Message, Note, View
from inbox.operations.drafts import save_draft
from inbox.operations.notes import add_note
from inbox.queries.outbox import mode_of
from tests import builders
from tests.browser import wait_until_idle
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(live):
    made = busy_morning()
    texts = [("bedankt", "Bedankt"), ("bus", "Bus in plaats van trein"), ("dm", "Naar privé")]
    for shortcut, title in texts:
        CannedReply.objects.create(
            brand=made["brand"], shortcut=shortcut, title=title, language="nl", text=f"Hoi {{name}}, {title.lower()}."
        )
    return made


@pytest.fixture
def keys(page, enter, scene, console_errors):
    """Daan at the list of everything open; only `press` and `type` from here on."""
    enter(page, scene["daan"], f"/inbox/{scene['brand'].slug}/all/")
    expect(page.locator("#live")).to_have_class(re.compile("live"))
    yield page
    console_errors[:] = [e for e in console_errors if "kapot.jpg" not in e and "ERR_CONNECTION_REFUSED" not in e]


def press(page, *keys):
    page.wait_for_load_state("domcontentloaded")  # a page that has just come hears keys from then on
    for key in keys:
        page.keyboard.press(key)


def open_nth(page, n, name):
    """Walk to the nth row and open it."""
    press(page, *["j"] * n, "Enter")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_a_canned_reply_stands_at_the_caret_and_goes_in_with_enter(keys, scene):
    open_nth(keys, 2, "Fatima El Amrani")
    press(keys, "r")
    text = keys.locator("#reply")
    expect(text).to_be_focused()
    keys.keyboard.type("Goedemorgen! /b")
    menu = keys.locator("#canned")
    expect(menu).to_be_visible()
    expect(menu.get_by_role("option")).to_have_count(2)
    expect(keys.locator("#announce")).to_contain_text("2 standaardteksten")
    box, field = menu.bounding_box(), text.bounding_box()
    assert field["x"] <= box["x"] <= field["x"] + field["width"]
    assert abs(box["y"] + box["height"] - field["y"]) < 60, "it stands at the line that is written"
    chosen = menu.locator("[aria-selected=true]")
    expect(chosen).to_contain_text("Bedankt")
    press(keys, "ArrowDown")
    expect(chosen).to_contain_text("Bus")
    assert text.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    press(keys, "Enter")
    expect(menu).not_to_be_visible()
    expect(text).to_have_value("Goedemorgen! Hoi Fatima, bus in plaats van trein.")
    expect(text).to_be_focused()
    keys.keyboard.type(" /")
    expect(menu).to_be_visible()
    press(keys, "Escape")
    expect(menu).not_to_be_visible()
    expect(text).to_be_focused()
    keys.keyboard.type("dm")
    expect(menu).not_to_be_visible()
    press(keys, "Control+Enter")
    expect(keys.locator("#timeline .said.us").last).to_contain_text("bus in plaats van trein. /dm")
    expect(keys.locator("#talk-end")).to_be_focused()
    press(keys, "r")
    keys.keyboard.type("Wacht, nog iets")
    press(keys, "Escape", "z")  # back in the list; taken back, and what was typed since is not lost
    expect(keys.locator("#reply")).to_have_value(re.compile("/dm.*\n\nWacht, nog iets"))
    assert not Message.objects.filter(direction="out", delivery__state="sent", text__contains="/dm").exists()


def test_a_colleague_is_named_in_a_note_and_told(keys, scene):
    open_nth(keys, 3, "Reizigers Noord")
    press(keys, "n")
    expect(keys.locator("#reply")).to_be_focused()
    expect(keys.locator("[data-composer]")).to_have_attribute("data-mode", "note")
    keys.keyboard.type("@an")
    expect(keys.locator("#colleagues").get_by_role("option")).to_have_count(1)
    press(keys, "Tab")
    keys.keyboard.type("kijk je mee?")
    expect(keys.locator("#reply")).to_have_value("@anna.kuiper kijk je mee?")
    press(keys, "Control+Enter")
    expect(keys.locator("#timeline .note")).to_contain_text("kijk je mee?")
    assert list(Note.objects.latest("pk").mentioned.all()) == [scene["anna"]]
    expect(keys.locator("#announce")).to_have_text("De notitie is bewaard.")
    wait_until_idle()
    assert not Draft.objects.exists(), "what was sent before it was kept is no draft any more"
    press(keys, "1")  # an act, and no word in the public reply that stands there now
    expect(keys.locator("#toasts")).to_contain_text("Soort: vraag.")
    expect(keys.locator("#reply")).to_have_value("")


def test_words_are_kept_of_who_goes_on_at_once(keys, scene):
    talk = scene["conversations"][2]
    open_nth(keys, 3, "Reizigers Noord")
    press(keys, "n")
    keys.keyboard.type("Belt morgen terug")
    press(keys, "Escape", "j", "Enter")
    expect(keys.get_by_role("heading", name="Marieke Postma", level=1)).to_be_visible()
    wait_until_idle()
    assert Draft.objects.get(conversation=talk).text == "Belt morgen terug"


def test_nothing_can_be_typed_into_a_composer_that_is_about_to_be_replaced(keys, console_errors):
    open_nth(keys, 3, "Reizigers Noord")
    press(keys, "n")
    keys.keyboard.type("Gebeld")
    held = []

    def hold(route):
        held.append(route)

    keys.route("**/reply/", hold)
    with keys.expect_request("**/reply/"):
        press(keys, "Control+Enter")
    keys.keyboard.type(" en teruggebeld")
    expect(keys.locator("#reply")).to_have_value("Gebeld")
    held[0].abort()
    expect(keys.locator("#toasts [data-said=offline]")).to_be_visible()
    keys.keyboard.type(" vandaag")
    expect(keys.locator("#reply")).to_have_value("Gebeld vandaag")
    console_errors.expect("ERR_FAILED|htmx:")  # the one that was cut off


def test_label_snooze_resolve_and_undo_and_the_keyboard_keeps_its_place(keys, scene):
    for n in range(12):
        Label.objects.create(brand=scene["brand"], name=f"zeldzaam {n}")
    talk = scene["conversations"][2]
    open_nth(keys, 3, "Reizigers Noord")
    press(keys, "l")
    expect(keys.locator("#label button").first).to_be_focused()
    press(keys, "s")  # the letter walks, it does not snooze
    expect(keys.locator("#label button:focus")).to_contain_text("storing")
    press(keys, "Enter")
    expect(keys.locator("#head .labels")).to_contain_text("storing")
    expect(keys.locator('#head [data-key="l"]')).to_be_focused()
    press(keys, "t")
    expect(keys.locator("#kind button").first).to_be_focused()
    press(keys, "9")
    expect(keys.locator('#head [data-key="t"]')).to_contain_text("Positief")
    press(keys, "s", "ArrowDown", "Enter")
    expect(keys.locator("#head")).to_contain_text("Uitgesteld")
    expect(keys.locator(f"#row-{talk.pk}")).to_have_class(re.compile("gone"))
    expect(keys.locator(f"#row-{talk.pk} .wait")).to_have_text("uit deze lijst")
    press(keys, "z")
    expect(keys.locator('#head [data-key="s"]')).to_be_visible()
    expect(keys.locator(f"#row-{talk.pk} [data-since]")).to_be_visible()
    press(keys, "e")
    expect(keys.locator("#resolve button").first).to_be_focused()
    press(keys, "ArrowUp", "Enter")  # the last reason
    expect(keys.locator('#head [data-key="e"]')).to_contain_text("Heropenen")
    assert Conversation.objects.get(pk=talk.pk).outcome == "spam"
    expect(keys.locator("#toasts")).to_contain_text("Ongedaan maken")
    assert keys.evaluate("document.activeElement !== document.body")
    press(keys, "j")
    expect(keys.locator("[data-row].at [data-open]")).to_be_focused()


def test_many_are_assigned_at_once(keys, scene):
    press(keys, "j", "x", "j", "x", "j", "x")
    expect(keys.locator("#announce")).to_contain_text("3 gekozen")
    press(keys, "a")
    expect(keys.locator("#bulk-assign button").first).to_be_focused()
    press(keys, "b", "Enter")
    expect(keys.locator("#toasts")).to_contain_text("3 toegewezen")
    assert Conversation.objects.filter(assignee=scene["bram"]).count() == 3
    row = f"#row-{scene['conversations'][2].pk}"
    expect(keys.locator(f"{row}.at [data-open]")).to_be_focused()  # where the list was left
    press(keys, "z")
    expect(keys.locator("#toasts")).to_contain_text("teruggedraaid")
    assert Conversation.objects.filter(assignee=scene["bram"]).count() == 1


def test_the_list_goes_on_from_where_the_keyboard_is_and_many_are_answered(keys, scene):
    press(keys, "j")
    keys.locator(f"#row-{scene['conversations'][3].pk} [data-open]").focus()
    press(keys, "j")
    expect(keys.locator(f"#row-{scene['conversations'][4].pk} [data-open]")).to_be_focused()
    press(keys, "x", "k", "x", "r")
    keys.wait_for_url(re.compile("/bulk/"))
    expect(keys.locator("textarea[name=text]")).to_be_visible()


def test_the_palette_jumps_and_acts(keys, scene):
    open_nth(keys, 1, "Jan de Vries")
    press(keys, "Control+k")
    with keys.expect_response(re.compile(r"/palette/\?q=uitst$")):  # each answer begins at its first line again
        keys.keyboard.type("uitst")
    expect(keys.locator("#palette-found [role=group]").last).to_contain_text("Uitstellen")
    while "Uitstellen" not in keys.locator("#palette-found [aria-selected=true]").inner_text():
        press(keys, "ArrowDown")
    press(keys, "Enter")
    expect(keys.locator("#snooze button").first).to_be_focused()
    press(keys, "Escape")
    expect(keys.locator('#head [data-key="s"]')).to_be_focused()
    press(keys, "Control+k")
    keys.keyboard.type("afgehand")
    expect(keys.locator("#palette-q")).to_have_attribute("aria-activedescendant", re.compile("palette-"))
    expect(keys.locator("#palette-found [aria-selected=true]")).to_have_text("Afgehandeld")
    press(keys, "Enter")
    keys.wait_for_url(re.compile("/resolved/"))


def test_who_types_on_in_the_palette_is_answered_about_the_last_words(keys):
    press(keys, "Control+k")
    expect(keys.locator("#palette-found [aria-selected=true]")).to_be_visible()
    held = []
    keys.route("**/palette/**", lambda route: route.continue_() if held else held.append(route))
    with keys.expect_request("**/palette/**"):
        keys.keyboard.type("a")
    keys.keyboard.type("fgehand")
    keys.wait_for_timeout(600)  # longer than the page waits for another letter
    held[0].continue_()
    expect(keys.locator("#palette-found [aria-selected=true]")).to_have_text("Afgehandeld")


def test_enter_in_the_palette_waits_for_the_answer_to_what_was_typed(keys, scene):
    press(keys, "Control+k")
    expect(keys.locator("#palette-found [aria-selected=true]")).to_be_visible()  # of no words yet
    keys.keyboard.type("@jan")
    press(keys, "Enter")
    keys.wait_for_url(re.compile("/search/\\?(contact|q)="))


def test_a_view_is_kept_counted_renamed_shared_and_removed(keys, scene):
    slug = scene["brand"].slug
    keys.goto(f"/inbox/{slug}/all/?kind=complaint")
    keys.locator("[popovertarget=filters]").focus()
    press(keys, "Enter")
    name = keys.locator("#filters [name=name]")
    name.focus()
    press(keys, "ArrowUp")
    expect(name).not_to_be_focused()
    press(keys, "ArrowDown")
    expect(name).to_be_focused()
    keys.keyboard.type("Klachten")
    press(keys, "Enter")
    link = keys.locator("#views a", has_text="Klachten")
    expect(link.locator(".count")).to_have_text("3")
    expect(link).to_have_attribute("aria-current", "page")
    keys.locator("#views .manage").focus()
    press(keys, "Enter")
    expect(keys.get_by_role("heading", name="Weergaven", level=1)).to_be_visible()
    keys.get_by_label("Naam").focus()
    press(keys, "Control+a")
    keys.keyboard.type("Alle klachten")
    press(keys, "Tab", "Space", "Enter")
    expect(keys.locator(".saved-views")).to_contain_text("van het hele team")
    assert View.objects.get().owner is None
    keys.locator(".saved-views form:last-of-type button").focus()
    press(keys, "Enter")
    expect(keys.get_by_role("heading", name="Nog geen weergaven")).to_be_visible()


def test_the_bell_and_the_key_map(keys, scene):
    add_note(conversation=scene["conversations"][2], author=scene["anna"], text="@daan zie je dit?")
    expect(keys.locator("[data-bell]")).to_have_attribute("data-unread", "1")
    press(keys, "b")
    expect(keys.get_by_role("dialog", name="Meldingen")).to_contain_text("Anna Kuiper")
    keys.locator("#bell-list button").focus()
    press(keys, "Enter")
    expect(keys.get_by_role("heading", name="Reizigers Noord", level=1)).to_be_visible()
    press(keys, "?")
    expect(keys.get_by_role("dialog", name="Sneltoetsen")).to_be_visible()
    press(keys, "Escape")
    expect(keys.locator("dialog[open]")).to_have_count(0)


def test_who_changes_a_reply_that_failed_writes_on_at_once(keys, scene):
    builders.delivery(scene["conversations"][2], "Dat wist ik niet.", state="failed")
    open_nth(keys, 3, "Reizigers Noord")
    keys.get_by_role("button", name="Aanpassen en sturen").focus()
    press(keys, "Enter")
    expect(keys.locator("#reply")).to_have_value("Dat wist ik niet.")
    expect(keys.locator("#reply")).to_be_focused()


def test_work_that_was_offered_back_is_taken_back_where_it_is_counted(keys, scene, enter):
    enter(keys, scene["bram"], f"/inbox/{scene['brand'].slug}/colleagues/")
    row = keys.get_by_role("row", name=re.compile("Bram"))
    row.get_by_role("button").focus()
    press(keys, "Enter")
    expect(keys.locator("#announce")).to_have_text("1 gesprek weer aangeboden.")
    expect(row.get_by_role("button")).to_have_count(0)
    press(keys, "z")
    expect(keys.locator("#announce")).to_have_text("1 teruggedraaid.")
    expect(row.get_by_role("button")).to_have_count(1)


def test_one_pane_from_the_keyboard(keys, scene):
    """What four hundred percent leaves of a screen: one pane, and nothing in the way of sending."""
    talk = scene["conversations"][2]
    save_draft(conversation=talk, agent=scene["daan"], mode=mode_of(talk, "public"), text="Wat ik al had.")
    keys.set_viewport_size({"width": 390, "height": 844})
    open_nth(keys, 3, "Reizigers Noord")
    expect(keys.get_by_role("link", name="Terug naar de lijst")).to_be_focused()
    press(keys, "c")
    told = keys.locator("#toasts").get_by_text("Geclaimd.")
    expect(told).to_be_visible()
    press(keys, "r")
    expect(keys.locator("#reply")).to_be_focused()
    keys.keyboard.type(" En dit erbij.")
    expect(keys.locator("#reply")).to_have_value("Wat ik al had. En dit erbij.")
    box, send = told.bounding_box(), keys.get_by_role("button", name="Openbaar plaatsen").bounding_box()
    assert box["y"] + box["height"] < send["y"]
    press(keys, "Escape")
    expect(keys.get_by_role("link", name="Terug naar de lijst")).to_be_focused()
    press(keys, "Enter")
    expect(keys.locator("[data-row]").first).to_be_visible()
    press(keys, "j")  # from where one was
    expect(keys.locator("[data-open]:focus")).to_have_text("Marieke Postma")
    keys.locator("[popovertarget=sidebar]").focus()
    press(keys, "Enter")
    expect(keys.locator("#sidebar")).to_be_focused()  # it lies upon the button
    press(keys, "Escape")
    expect(keys.locator("[popovertarget=sidebar]")).to_be_focused()
