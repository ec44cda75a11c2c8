"""An agent and one conversation, in a real browser: open, claim, label, snooze, take back, note, resolve with a reason."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from inbox.models import ContactNote, Conversation, Note
from inbox.operations.assignments import claim
from tests import builders
from tests.journeys.scene import busy_morning

pytestmark = pytest.mark.browser


def test_a_conversation_from_claim_to_closing_reason(page, enter, console_errors):
    scene = busy_morning(language="nl")
    slug, talk = scene["brand"].slug, scene["conversations"][4]
    enter(page, scene["anna"], f"/inbox/{slug}/all/")
    page.locator(f'[data-open="{talk.pk}"]').click()
    expect(page.locator("#head h1")).to_contain_text("Sanne")

    page.locator('#head [data-key="c"]').click()
    expect(page.locator('#head [data-key="c"][aria-pressed="true"]')).to_be_visible()
    expect(page.locator("#timeline .happened").last).to_contain_text(re.compile("claim", re.I))

    page.keyboard.press("Escape")
    page.locator("body").press("l")
    page.locator("#label button", has_text="storing").click()
    expect(page.locator("#head .labels")).to_contain_text("storing")

    page.locator('#head [data-key="s"]').click()
    page.locator("#snooze button[name=for]").first.click()
    expect(page.locator('#head [data-key="s"]')).to_have_count(0)
    assert Conversation.objects.get(pk=talk.pk).status == "snoozed"
    page.locator("#toasts [data-undo]").last.click()
    expect(page.locator('#head [data-key="s"]')).to_be_visible()
    assert Conversation.objects.get(pk=talk.pk).status == "open"

    page.locator("body").press("n")
    page.locator("#reply").fill("monteur komt om 8:00")
    page.locator("#composer .btn.if-note").click()
    expect(page.locator("#timeline .note")).to_contain_text("monteur komt om 8:00")
    assert Note.objects.get(conversation=talk).author == scene["anna"]

    page.locator("#about").fill("reist elke dag")
    page.locator("#about").locator("xpath=ancestor::form").locator("button").click()
    expect(page.locator("#person .note")).to_contain_text("reist elke dag")
    assert ContactNote.objects.get(contact=talk.contact).author == scene["anna"]

    page.locator('#head [data-key="e"]').click()
    page.locator("#resolve button[value=spam]").click()
    expect(page.locator("#timeline .happened").last).to_contain_text("Spam")
    assert Conversation.objects.get(pk=talk.pk).outcome == "spam"


def test_what_is_being_written_stays_while_a_colleague_works_and_the_customer_writes(
    page, window, enter, console_errors
):
    scene = busy_morning()
    slug, talk = scene["brand"].slug, scene["conversations"][4]
    address = f"/inbox/{slug}/all/{talk.pk}/"
    enter(page, scene["anna"], address)
    page.locator("#reply").fill("Ik ben nog aan het typen")
    other = window(viewport={"width": 1440, "height": 900})
    enter(other, scene["bram"], address)
    other.locator('#head [data-key="c"]').click()
    expect(page.locator("#timeline .happened").last).to_contain_text(re.compile("Bram", re.I))
    expect(page.locator("#presence")).to_contain_text("Bram")
    expect(page.locator("#reply")).to_have_value("Ik ben nog aan het typen")
    expect(page.locator('#head [data-key="c"]')).to_contain_text("Bram")  # the head comes apart from the timeline
    page.locator('#head [data-key="c"]').click()
    page.locator("#takeover button").click()
    expect(other.locator('#head [data-key="c"]')).to_contain_text("Anna")
    expect(page.locator("#reply")).to_have_value("Ik ben nog aan het typen")


def test_two_who_claim_together_hear_who_has_it(page, enter, console_errors):
    scene = busy_morning()
    talk = scene["conversations"][4]
    enter(page, scene["anna"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    page.route("**/head/", lambda route: route.fulfill(status=204))  # Anna's screen has not heard yet
    claim(conversation_id=talk.pk, agent=scene["bram"])
    page.locator('#head [data-key="c"]').click()
    expect(page.locator("#toasts")).to_contain_text("Bram Reitsma")
    console_errors.expect("409")
    page.unroute("**/head/")
    page.locator("#toasts .toast.problem button").click()
    expect(page.locator('#head [data-key="c"][aria-pressed="true"]')).to_be_visible()
    assert Conversation.objects.get(pk=talk.pk).assignee == scene["anna"]


def test_earlier_messages_come_in_above_what_is_read(page, enter, console_errors):
    from datetime import timedelta

    from django.utils import timezone

    scene = busy_morning()
    talk = scene["conversations"][4]
    for n in range(90):
        builders.message(talk, text=f"woord-{n:03}", sent_at=timezone.now() - timedelta(days=2, minutes=-n))
    enter(page, scene["anna"], f"/inbox/{scene['brand'].slug}/all/{talk.pk}/")
    expect(page.get_by_text("woord-005")).to_have_count(0)
    expect(page.locator("#timeline > li").last).to_be_in_viewport()
    page.locator("#earlier a").click()
    expect(page.get_by_text("woord-005")).to_have_count(1)
    expect(page.locator("#timeline > li[id^=m-]")).to_have_count(91)
    expect(page.get_by_text("woord-041")).to_be_in_viewport()  # which stood at the top
    builders.message(talk, text="En ik wacht nog steeds. " * 40, sent_at=timezone.now())
    claim(conversation_id=talk.pk, agent=scene["bram"])  # any change publishes the id
    expect(page.locator("#timeline > li[id^=m-]")).to_have_count(92)
    expect(page.locator("#timeline > li").last).not_to_be_in_viewport()
    expect(page.get_by_text("woord-041")).to_be_in_viewport()
