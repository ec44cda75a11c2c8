"""Replies in a real browser, with a real worker, to the sandbox: approved, handed off, split, failed, to many."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from connectors.sandbox.process import SandboxProcess
from inbox.models import Conversation, Delivery, DeliveryAttempt, Thread
from inbox.operations.replies import send_reply
from tests import builders
from tests.browser import Program
from tests.connectors.sandbox_sdks import x_pictures
from tests.inbox.outbox import looked_for

pytestmark = pytest.mark.browser
LONG = "We begrijpen dat dit vervelend is, en we zoeken het uit. " * 8  # two parts on X


@pytest.fixture(scope="module")
def sandbox():
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def brand(live):
    return builders.brand(name="NoordTreinen", slug="noordtreinen", approve_trainees=True, sign_off=False)


@pytest.fixture
def people(brand):
    return {
        "tess": builders.agent(brand, is_trainee=True, name="Tess Vos", language="nl"),
        "anna": builders.agent(brand, name="Anna Kuiper", language="nl"),
        "daan": builders.agent(brand, "admin", name="Daan Visser", language="nl"),
    }


@pytest.fixture
def account(sandbox, brand):
    sandbox.client.clear_faults()
    told = sandbox.client.account("noordtreinen")
    sandbox.client.restore(told["external_id"])
    return builders.account(brand, "x", external_id=told["external_id"], name="NoordTreinen", handle="noordtreinen",
                            base_url=sandbox.url, credentials=told["credentials"])  # fmt: skip


@pytest.fixture
def ask(sandbox, account):
    """Somebody asks something on the platform, and we have it: the conversation."""

    def asked(name="Jan de Vries", text="@noordtreinen waar blijft de trein?"):
        handle = f"p{Conversation.objects.count()}x{account.pk}"
        post = sandbox.client.x_post({"handle": handle, "name": name}, text)
        thread = Thread.objects.create(account=account, external_id=post["id"], visibility="public")
        who = builders.identity(account, external_id=post["author_id"], handle=handle, name=name)
        talk = builders.conversation(account, text, thread=thread, identity=who)
        talk.messages.update(external_id=post["id"], permalink=f"https://x.com/{handle}/status/{post['id']}")
        return talk

    return asked


@pytest.fixture
def replies(live, tmp_path):
    """A worker that sends, and nothing that polls."""
    running = Program("worker", tmp_path / "worker.log", PUBLIC_URL=live, WORKER_QUEUES="replies,default",
                      UNDO_SECONDS="1")  # fmt: skip
    yield running
    running.stop()


def address(talk):
    return f"/inbox/{talk.brand.slug}/all/{talk.pk}/"


def write(page, text, audience="public"):
    page.locator(f'#composer label:has([value="{audience}"])').click()
    page.locator("#reply").fill(text)


def said(sandbox, text):
    return [entry for entry in sandbox.client.ledger("sent") if text in entry["text"]]


def test_a_trainees_long_reply_is_changed_as_a_whole_by_a_colleague_and_leaves_in_parts(
    sandbox, window, enter, people, ask, replies, console_errors
):
    talk = ask()
    tess, anna = window(), window()
    enter(tess, people["tess"], address(talk))
    write(tess, LONG)
    tess.locator("[name=split]").check()
    tess.locator("#composer [data-send]:visible").click()
    expect(tess.locator("#timeline .delivery").last).to_contain_text("Wacht op akkoord")
    enter(anna, people["anna"], f"/inbox/{talk.brand.slug}/all/")
    expect(anna.locator("[data-bell]")).to_have_attribute("data-unread", "1")
    anna.goto(f"/outbox/{talk.brand.slug}/approvals/")
    box = anna.get_by_role("textbox", name="Antwoord", exact=True)
    expect(box).to_have_value(LONG.strip())
    builders.message(talk, "Laat maar, hij is er al")
    box.fill(f"Hoi Jan! {LONG}")
    anna.get_by_role("button", name="Goedkeuren en versturen").click()
    expect(anna.get_by_role("alert").first).to_contain_text("Laat maar, hij is er al")
    expect(box).to_have_value(f"Hoi Jan! {LONG}")  # nothing typed is lost
    console_errors.expect("409")
    anna.get_by_label("Toch versturen").check()
    anna.get_by_role("button", name="Goedkeuren en versturen").click()
    expect(anna.get_by_text("Er wacht niets op akkoord")).to_be_visible()
    expect(tess.locator("#timeline .delivery.sent")).to_have_count(2, timeout=30_000)
    texts = [entry["text"] for entry in sandbox.client.ledger("sent")[-2:]]
    assert "Hoi Jan!" in texts[0]
    assert [text[-5:] for text in texts] == ["(1/2)", "(2/2)"]


def test_a_returned_reply_stands_in_its_writers_composer_with_the_remark_beside_it(window, enter, people, ask):
    talk = ask()
    tess, anna = window(), window()
    enter(tess, people["tess"], address(talk))
    write(tess, "Geen idee.")
    tess.locator("#composer [data-send]:visible").click()
    expect(tess.locator("#timeline .delivery").last).to_contain_text("Wacht op akkoord")
    enter(anna, people["anna"], f"/outbox/{talk.brand.slug}/approvals/")
    anna.get_by_label("Opmerking voor de schrijver").fill("Zeg wat we gaan doen")
    anna.get_by_role("button", name="Terugsturen").click()
    expect(anna.get_by_text("Er wacht niets op akkoord")).to_be_visible()
    tess.reload()
    expect(tess.locator("#reply")).to_have_value("Geen idee.")
    expect(tess.locator("#timeline .note")).to_contain_text("Zeg wat we gaan doen")


def test_from_public_to_private_and_back_in_one_timeline(sandbox, page, enter, people, ask, replies):
    talk = ask("Fatima El Amrani")
    enter(page, people["anna"], address(talk))
    write(page, "Wat is je postcode?", "private")
    page.locator("#composer").get_by_role("button", name="Meer manieren om te versturen").click()
    page.get_by_role("button", name="Privé versturen en dat openbaar zeggen").click()
    expect(page.locator("#timeline > li.private .delivery.sent")).to_have_count(1, timeout=30_000)
    expect(page.locator("#timeline > li.public .delivery.sent")).to_have_count(1, timeout=30_000)
    expect(page.locator("#head [data-leg]")).to_contain_text("Dit gaat verder in privé.")
    private, public = sandbox.client.ledger("sent")[-2:]
    assert (private["text"], "privébericht" in public["text"]) == ("Wat is je postcode?", True)
    leg = Conversation.objects.get(linked=talk)
    builders.message(leg, "9711 AB", identity=talk.identity)
    page.goto(address(talk))
    expect(page.locator("#timeline > li.private")).to_have_count(2)
    expect(page.locator("#timeline").get_by_text("9711 AB")).to_be_visible()
    colleague = {"agent": people["daan"], "mode": "direct_message", "token": uuid4()}
    send_reply(conversation=leg, text="Ik kijk even mee.", **colleague)  # in the other leg: seen without reloading
    expect(page.locator("#timeline > li.private .delivery.sent")).to_have_count(2, timeout=30_000)
    page.goto(address(leg))
    expect(page.locator("#timeline").get_by_text("waar blijft de trein")).to_be_visible()
    write(page, "Dank je, opgelost!", "private")
    page.locator("#composer [data-send]:visible").click()
    expect(page.locator("#timeline .delivery.sent")).to_have_count(4, timeout=30_000)  # of both legs
    page.locator('#head [data-key="e"]').click()
    page.locator("#resolve button").first.click()
    expect(page.locator("#composer .bar").last).to_contain_text("Rond het daar ook af")
    page.locator("#composer .bar a").last.click()
    expect(page.locator("#composer .bar").last).to_contain_text("Zeg het hier")
    assert Conversation.objects.get(pk=talk.pk).assignee == people["anna"]


def test_what_is_uncertain_or_failed_says_what_we_know_and_what_to_do(sandbox, page, enter, people, ask, replies):
    talk = ask()
    sandbox.client.fault("cut_before", path="/2/tweets", method="POST", times=1)
    enter(page, people["anna"], address(talk))
    write(page, "We zoeken het uit")
    page.locator("#composer [data-send]:visible").click()
    unsure = page.locator("#timeline .delivery.unsure")
    expect(unsure).to_contain_text("Onzeker", timeout=30_000)
    expect(unsure.get_by_role("button", name="Zoek nu")).to_be_visible()
    looked_for()
    unsure.get_by_role("button", name="Zoek nu").click()
    expect(page.locator("#timeline .delivery.sent")).to_have_count(1, timeout=30_000)
    assert len(said(sandbox, "We zoeken het uit")) == 1
    sandbox.client.revoke(talk.account.external_id)
    write(page, "Nog iets")
    page.locator("#composer [data-send]:visible").click()
    failed = page.locator("#timeline .delivery.failed")
    expect(failed).to_contain_text("Daan Visser", timeout=30_000)
    enter(page, people["daan"], address(talk))
    expect(failed.get_by_role("link", name="Koppel het account opnieuw")).to_be_visible()
    sandbox.client.restore(talk.account.external_id)
    type(talk.account).objects.filter(pk=talk.account_id).update(state="connected")
    page.reload()
    failed.get_by_role("button", name="Stuur opnieuw").click()
    expect(page.locator("#timeline .delivery.sent")).to_have_count(2, timeout=30_000)
    assert Delivery.objects.latest("pk").history.count() == 3  # failed, again by hand, sent


def picture():
    out = BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return {"name": "lift.png", "mimeType": "image/png", "buffer": out.getvalue()}


def test_a_picture_leaves_with_what_it_shows(sandbox, page, enter, people, ask, replies):
    talk = ask()
    enter(page, people["anna"], address(talk))
    write(page, "Zo ziet het eruit")
    page.locator("[data-upload]").set_input_files(picture())
    expect(page.locator("#composer .files:visible img")).to_have_count(1)
    page.get_by_label("Wat is erop te zien?").fill("Een rode lift")
    expect(page.locator("#reply")).to_have_value("Zo ziet het eruit")
    page.locator("#composer [data-send]:visible").click()
    expect(page.locator("#timeline .delivery.sent")).to_have_count(1, timeout=30_000)
    expect(page.locator('#timeline .pictures img[alt="Een rode lift"]')).to_be_visible()
    sent = said(sandbox, "Zo ziet het eruit")[0]
    told = sandbox.client.account("noordtreinen")
    assert x_pictures(sandbox.url, told["credentials"], sent["id"]) == ["Een rode lift"]


def test_a_reply_to_many_is_seen_one_by_one_and_stopped_half_way(sandbox, page, enter, people, ask, replies):
    talks = [ask(f"Persoon {n}") for n in range(10)]
    ids = ",".join(str(talk.pk) for talk in talks)
    enter(page, people["anna"], f"/outbox/noordtreinen/bulk/?ids={ids}")
    page.locator("textarea[name=text]").fill("Hoi {name}, de trein rijdt weer.")
    page.get_by_role("button", name="Voorbeeld").click()
    boxes = page.locator("textarea[name^=text_]")
    expect(boxes).to_have_count(10)
    expect(boxes.first).to_have_value("Hoi Persoon, de trein rijdt weer.")
    boxes.nth(1).fill("Dag Persoon, hij rijdt weer!")
    page.locator("[name^=take_]").last.uncheck()
    page.get_by_role("button", name="De gekozen versturen").click()
    expect(page.locator("#results .delivery.sent").first).to_be_visible(timeout=30_000)
    page.get_by_role("button", name=re.compile("Stop")).click()
    expect(page.locator("#results")).to_contain_text("Teruggehaald")
    states = list(Delivery.objects.order_by("pk").values_list("state", flat=True))
    assert states[0] == "sent"
    assert states[-1] == "cancelled"
    assert len(states) == 9
    assert len(said(sandbox, "rijdt weer")) == states.count("sent")
