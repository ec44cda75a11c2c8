"""What nobody would write, and somebody does: long, strange, hostile, twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from inbox.models import (
    Attachment,
    ContactNote,
    Conversation,
    ConversationLabel,
    Delivery,
    Label,
    Message,
    Thread,
)
from tests import builders
from tests.browser import accessibility_problems

pytestmark = pytest.mark.browser
SCRIPT = "<script>document.title='HACKED'</script><img src=x onerror=\"document.title='HACKED'\">"
LAYOUT = """() => {
  const box = (q) => document.querySelector(q).getBoundingClientRect();
  return { head: box('#head').height, composer: box('#composer').top, messages: box('#talk-end').height,
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth };
}"""


@pytest.fixture
def brand(live):
    return builders.brand(name="NoordTreinen", slug="noordtreinen")


@pytest.fixture
def daan(brand):
    return builders.agent(brand, "admin", name="Daan Visser", initials="DV", language="nl")


@pytest.fixture
def account(brand):
    return builders.account(brand, "x", handle="noordtreinen")


def usable(page):
    """There is still room to read and to write, and nothing is wider than the screen."""
    found = page.evaluate(LAYOUT)
    assert found["wide"] <= 0
    assert found["head"] < 220, found
    assert found["messages"] > 120, found
    assert found["composer"] < page.viewport_size["height"] - 60, found


@pytest.mark.parametrize("width", [1440, 390])
def test_thirty_thousand_characters_two_hundred_labels_and_names_of_all_kinds(
    window, enter, brand, daan, account, width
):
    who = builders.identity(
        account, name="🚆", handle="z\u200b\u200bw", bio="\u202eachterstevoren" + "x" * 900, place="ع" * 300
    )
    talk = builders.conversation(account, "waarom " * 4286, identity=who)  # 30,002 characters
    builders.message(talk, text="هل يمكنني استرداد ثمن التذكرة؟ " * 20)
    builders.message(talk, text="a" * 3000)
    builders.message(talk, text="\u200b\u200b\u200b")
    labels = [Label.objects.create(brand=brand, name=f"label nummer {n}") for n in range(200)]
    ConversationLabel.objects.bulk_create(
        [ConversationLabel(conversation=talk, label=label, last_message_at=talk.last_message_at) for label in labels]
    )
    ContactNote.objects.create(contact=who.contact, author=daan, text="a" * 3000)
    page = window(viewport={"width": width, "height": 844})
    enter(page, daan, f"/inbox/{brand.slug}/all/{talk.pk}/")
    expect(page.get_by_role("heading", name="🚆", level=1)).to_be_visible()
    usable(page)
    note = "(n => n.scrollWidth <= n.clientWidth && n.clientWidth <= 320)"
    assert page.evaluate(f"{note}(document.querySelector('#person .note'))")
    page.get_by_text("Toon alle 30.002 tekens").click()
    assert page.locator("#timeline details[open] .words").inner_text().count("waarom") == 4286
    usable(page)
    assert accessibility_problems(page, "#head") == []


def test_a_script_in_every_field_of_a_platform_is_only_text(page, enter, brand, daan, account):
    who = builders.identity(account, name=f"Naam {SCRIPT}", handle=f"h{SCRIPT}"[:60], bio=SCRIPT, place=SCRIPT)
    who.contact.name = SCRIPT
    who.contact.save(update_fields=["name"])
    thread = Thread.objects.create(
        account=account, external_id="hostile", visibility="public", text=SCRIPT, author_name=SCRIPT,
        author_handle=SCRIPT, permalink="javascript:document.title='HACKED'", posted_at=timezone.now(),
    )  # fmt: skip
    talk = builders.conversation(account, SCRIPT, identity=who, thread=thread)
    said = builders.message(talk, text=SCRIPT, permalink="javascript:document.title='HACKED'")
    Attachment.objects.create(message=said, kind="link", url="javascript:document.title='HACKED'", title=SCRIPT)
    Attachment.objects.create(message=said, kind="photo", url="data:text/html,<script>1</script>", alt_text=SCRIPT)
    ContactNote.objects.create(contact=who.contact, author=daan, text=SCRIPT)
    enter(page, daan, f"/inbox/{brand.slug}/all/{talk.pk}/")
    expect(page.locator("#timeline")).to_contain_text("<script>")
    for link in page.locator("main a[href]").all():
        assert not link.get_attribute("href").lower().startswith(("javascript:", "data:"))
    page.goto(f"/inbox/{brand.slug}/search/?q=script")
    page.goto(f"/inbox/{brand.slug}/search/?contact={who.contact_id}")
    assert "HACKED" not in page.title()


def test_five_thousand_messages_open_at_the_newest(page, enter, brand, daan, account):
    talk = builders.conversation(account, "De eerste")
    start, now = timezone.now() - timedelta(days=40), timezone.now()
    Message.objects.bulk_create(
        Message(conversation=talk, account_id=account.pk, text=f"bericht {n:04}", external_id=f"veel-{n}", direction="in",
                visibility="public", identity=talk.identity, sent_at=start + timedelta(minutes=n), created_at=now)
        for n in range(5000)
    )  # fmt: skip
    enter(page, daan, f"/inbox/{brand.slug}/all/{talk.pk}/")
    expect(page.locator("#timeline").get_by_text("bericht 4999")).to_be_in_viewport()
    assert page.locator("#timeline > li").count() < 200
    usable(page)
    shown = page.locator("#timeline > li[id^=m-]")
    before = shown.count()
    page.locator("#earlier a").click()
    expect(shown.nth(before)).to_be_attached()


def test_a_form_sent_twice_is_one_reply(page, enter, brand, daan, account):
    talk = builders.conversation(account, "Komt er een bus?")
    enter(page, daan, f"/inbox/{brand.slug}/all/{talk.pk}/")
    page.locator("[name=mode][value=public]").check(force=True)
    page.locator("#reply").fill("Er komt een bus.")
    page.evaluate("""() => {
        const form = document.getElementById('composer');
        form.requestSubmit(); form.requestSubmit();
        fetch(form.action, { method: 'POST', body: new FormData(form) });
    }""")
    expect(page.locator("#timeline .said.us")).to_have_count(1)
    page.reload()
    expect(page.locator("#timeline .said.us")).to_have_count(1)
    assert Delivery.objects.filter(conversation=talk).count() == 1


def test_one_agent_in_two_windows_sees_one_truth(page, enter, brand, daan, account):
    talk = builders.conversation(account, "Komt er een bus?")
    path = f"/inbox/{brand.slug}/all/{talk.pk}/"
    enter(page, daan, path)
    other = page.context.new_page()
    other.goto(path)
    for window in (page, other):
        expect(window.locator("#live.live")).to_be_attached()
    page.locator('#head [data-key="c"]').click()
    expect(other.locator('#head [data-key="c"][aria-pressed="true"]')).to_be_visible()
    expect(other.locator("#presence")).to_have_text("")  # nobody looks over their own shoulder
    page.locator("#reply").fill("In het ene venster")
    expect(page.locator("[data-saved]")).to_contain_text("bewaard")
    other.reload()
    expect(other.locator("#reply")).to_have_value("In het ene venster")
    other.locator('#head [data-key="e"]').click()
    expect(other.locator("#resolve")).to_contain_text("Er zijn nog geen redenen")  # nobody answered, no reason is known
    expect(other.locator("#resolve button")).to_have_count(0)
    other.keyboard.press("Escape")
    page.locator('#head [data-key="c"]').click()
    expect(other.locator('#head [data-key="c"]')).to_contain_text("Claimen")


def test_everything_an_agent_does_in_a_day_works_without_javascript(window, enter, brand, daan, account):
    label = Label.objects.create(brand=brand, name="storing")
    talk = builders.conversation(account, "Komt er een bus?")
    other = builders.conversation(account, "Rijdt de trein?")
    page = window(java_script_enabled=False)
    enter(page, daan, f"/inbox/{brand.slug}/all/?visibility=public")
    page.get_by_role("link", name="Openbaar").click()  # the chip takes its filter away
    assert page.url.endswith("/all/?") or page.url.endswith("/all/")
    page.goto(f"/inbox/{brand.slug}/all/{talk.pk}/")
    page.locator('#head [data-key="l"]').click()
    page.locator("#label button").first.click()
    expect(page.locator("#head .labels")).to_contain_text(label.name)
    page.get_by_role("button", name="Haal label storing").click()
    expect(page.locator("#head .labels")).to_have_count(0)
    page.locator("#toasts").get_by_role("button", name="Ongedaan maken").click()
    expect(page.locator("#head .labels")).to_contain_text(label.name)
    page.locator('#head [data-key="t"]').click()
    page.locator("#kind button[value=question]").click()
    expect(page.locator('#head [data-key="t"]')).to_contain_text("Vraag")
    page.locator('#head [data-key="s"]').click()
    page.locator("#snooze button[name=for]").first.click()
    page.locator('#head [data-key="e"]').click()  # reopen
    expect(page.locator('#head [data-key="s"]')).to_be_visible()
    page.locator("[name=mode][value=public]").check(force=True)
    page.locator("#reply").fill("Ja, elk half uur.")
    page.locator("#composer [data-send]:visible").click()
    expect(page.locator("#timeline .said.us")).to_contain_text("Ja, elk half uur. ^DV")
    page.goto(f"/inbox/{brand.slug}/all/")
    page.locator(f'input[name=ids][value="{other.pk}"]').check(force=True)
    page.locator("#bulk").get_by_role("button", name="Claimen").click()
    assert Conversation.objects.get(pk=other.pk).assignee == daan
    page.goto(f"/inbox/{brand.slug}/search/")
    page.locator("#q").fill("trein")
    page.locator("#q").press("Enter")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.goto("/preferences/")
    page.locator("[name=initials]").fill("DX")
    page.locator("main form").first.get_by_role("button", name="Bewaar").click()
    daan.refresh_from_db()
    assert daan.initials == "DX"
