"""The composer, the files and the queue of minded replies, through the views."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from connectors.exceptions import Rejected
from inbox.models import Attachment, BulkReply, Delivery, Draft, Note
from inbox.operations import bulk, outbox_choices, outbox_rules
from inbox.operations.canned import fill
from inbox.operations.replies import send_reply
from inbox.queries.outbox_todo import minded
from tests import builders
from tests.inbox.outbox import fresh_world, reply, run
from tests.inbox.platform import WORLD, cut_before, failing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_world")]


@pytest.fixture
def talk():
    return builders.conversation(builders.account(kind="fake"))


@pytest.fixture
def agent(talk):
    return builders.agent(talk.brand)


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


def form(talk, **more):
    from uuid import uuid4

    return {"mode": "public", "text": "We zoeken het uit.", "token": str(uuid4()), **more}


def picture(kind="PNG", **more):
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, kind, **more)
    return out.getvalue()


def test_the_composer_names_the_audience_and_counts(page, talk):
    html = page.get(reverse("composer", args=[talk.pk])).content.decode()
    assert 'value="public" checked' in html
    assert 'data-limit="280"' in html


def test_a_form_without_script_queues_a_reply_that_is_signed_once(page, talk):
    answer = page.post(reverse("reply", args=[talk.pk]), form(talk))
    assert answer.status_code == 302
    assert Delivery.objects.get().message.text == "We zoeken het uit. ^AB"


@pytest.mark.parametrize(("typed", "initials", "signs", "leaves"), [
    ("Dag!", "AB", True, "Dag! ^AB"), ("Dag! ^AB ", "AB", True, "Dag! ^AB "), ("Dag!", "", True, "Dag!"), ("Dag!", "AB", False, "Dag!"), (" ", "AB", True, " "),
])  # fmt: skip
def test_a_reply_is_signed_where_the_brand_signs(talk, agent, typed, initials, signs, leaves):
    agent.initials, talk.brand.sign_off = initials, signs
    assert outbox_rules.signed(typed, conversation=talk, agent=agent) == leaves


def test_a_note_is_a_note_and_nothing_leaves(page, talk):
    page.post(reverse("reply", args=[talk.pk]), form(talk, mode="note", text="Let op @niemand"))
    assert Note.objects.get().text == "Let op @niemand"
    assert not Delivery.objects.exists()


def test_what_is_refused_says_why_and_loses_nothing(page, talk, agent):
    answer = page.post(reverse("reply", args=[talk.pk]), form(talk, text="x" * 281))
    assert answer.status_code == 422
    assert "x" * 281 in answer.content.decode()
    assert "“In genummerde delen versturen”" in answer.content.decode()
    assert Draft.objects.get(agent=agent).text == "x" * 281


def test_hostile_text_stays_text(page, talk):
    page.post(reverse("draft", args=[talk.pk]), form(talk, text="</textarea><script>alert(1)</script>'\""))
    html = page.get(reverse("composer", args=[talk.pk])).content.decode()
    assert "<script>alert" not in html


def test_a_draft_is_kept_per_audience(page, talk, agent):
    page.post(reverse("draft", args=[talk.pk]), form(talk, text="openbaar"))
    page.post(reverse("draft", args=[talk.pk]), form(talk, mode="note", text="binnen"))
    assert set(Draft.objects.values_list("mode", "text")) == {("public_reply", "openbaar"), ("note", "binnen")}
    page.post(reverse("draft", args=[talk.pk]), form(talk, mode="note", text=""))
    assert Draft.objects.get().text == "openbaar"


def test_a_colleague_who_was_first_is_named_before_sending(page, talk):
    seen = talk.messages.get().pk
    reply(talk, builders.agent(talk.brand, name="Bram Bos"), "Ik was eerst")
    answer = page.post(reverse("reply", args=[talk.pk]), form(talk, seen_message=seen))
    assert answer.status_code == 422
    assert "Bram Bos" in answer.content.decode()
    assert page.post(reverse("reply", args=[talk.pk]), form(talk, seen_message=seen, confirmed="1")).status_code == 302


def test_a_picture_is_drawn_anew_and_only_colleagues_see_it(page, client, talk, agent, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"
    content = picture("JPEG", exif=exif)
    assert b"SECRET PLACE" in content
    upload = SimpleUploadedFile("../../lift.jpg", content, "text/html")
    page.post(reverse("upload", args=[talk.pk]), {**form(talk), "file": upload})
    stored = Attachment.objects.get()
    assert (stored.content_type, stored.title) == ("image/jpeg", "lift.jpg")
    answer = page.get(reverse("attachment", args=[stored.pk]))
    assert b"SECRET PLACE" not in b"".join(answer.streaming_content)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    page.post(reverse("reply", args=[talk.pk]), form(talk))
    assert Delivery.objects.get().message.attachments.get() == stored
    client.force_login(builders.agent(builders.brand()))
    assert client.get(reverse("attachment", args=[stored.pk])).status_code == 404


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 30])
def test_what_is_no_picture_is_refused(page, talk, content):
    upload = SimpleUploadedFile("x.png", content or b" ", "image/png")
    answer = page.post(reverse("upload", args=[talk.pk]), {**form(talk, text="blijft"), "file": upload})
    assert answer.status_code == 422
    assert "blijft" in answer.content.decode()
    assert not Attachment.objects.exists()


def test_a_failed_reply_says_why_and_what_to_do(page, talk, agent):
    WORLD.script[talk.account.external_id].append(failing(Rejected("Ja nee", reason="blocked_by_person")))
    delivery = run(reply(talk, agent))
    html = page.get(reverse("minded", args=[talk.brand.slug])).content.decode()
    assert "Ja nee" in html
    assert reverse("delivery_action", args=[delivery.pk, "again"]) in html
    assert minded(agent=agent, brands=[talk.brand]).count() == 1
    page.post(reverse("delivery_action", args=[delivery.pk, "give-up"]))
    assert minded(agent=agent, brands=[talk.brand]).count() == 0


def test_a_lead_minds_everybodys_and_an_agent_their_own(talk, agent):
    WORLD.script[talk.account.external_id].append(cut_before)
    run(reply(talk, agent))
    counts = [minded(agent=a, brands=[talk.brand]).count() for a in
              (agent, builders.agent(talk.brand), builders.agent(talk.brand, "lead"))]  # fmt: skip
    assert counts == [1, 0, 1]


def test_undo_by_form_and_then_it_is_too_late(page, talk, agent):
    first, second = reply(talk, agent), None
    page.post(reverse("delivery_action", args=[first.pk, "undo"]))
    first.refresh_from_db()
    assert first.state == "cancelled"
    second = run(reply(talk, agent))
    answer = page.post(reverse("delivery_action", args=[second.pk, "undo"]), headers={"HX-Request": "true"})
    assert answer.status_code == 409


def test_bulk_is_filled_in_one_by_one_spread_and_stoppable(page, talk, agent):
    talks = [talk, *[builders.conversation(talk.account) for _ in range(3)]]
    data = {"ids": [c.pk for c in talks], "text": "Hoi {name}, de lift is stuk."}
    html = page.post(reverse("bulk", args=[talk.brand.slug]), data).content.decode()
    assert "Hoi Person, de lift is stuk." in html
    from uuid import uuid4

    made, refused = bulk.send_bulk(brand=talk.brand, agent=agent, text="Hoi", token=uuid4(),
                                   chosen={c.pk: f"Hoi {c.pk}" for c in talks})  # fmt: skip
    dues = list(Delivery.objects.order_by("due_at").values_list("due_at", flat=True))
    assert not refused
    assert all((b - a).total_seconds() >= 1.5 for a, b in pairwise(dues))
    page.post(reverse("bulk_stop", args=[talk.brand.slug, made.pk]))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}
    assert page.get(reverse("bulk_result", args=[talk.brand.slug, made.pk])).status_code == 200


def test_stopping_half_way_stops_what_was_tried_already_and_what_is_still_being_queued(talk, agent):
    from uuid import uuid4

    token, other = uuid4(), builders.conversation(talk.account)
    made, _ = bulk.send_bulk(brand=talk.brand, agent=agent, text="Hoi", token=token, chosen={talk.pk: "Hoi"})
    Delivery.objects.update(attempts=1)  # the platform asked us to wait
    assert bulk.stop(bulk=made, agent=agent) == 1
    again = bulk.send_bulk(brand=talk.brand, agent=agent, text="Hoi", token=token, chosen={other.pk: "Hoi"})
    assert again == (made, {})
    assert set(Delivery.objects.values_list("state", flat=True)) == {"cancelled"}


def test_replying_to_many_leaves_out_who_was_answered_meanwhile_and_what_is_not_filled_in(page, talk, agent):
    other, seen = builders.conversation(talk.account), talk.messages.get().pk
    reply(talk, builders.agent(talk.brand), "Ik was eerst")
    from uuid import uuid4

    data = {"ids": [talk.pk, other.pk], "text": "Hoi", "send": "1", "token": str(uuid4()), f"take_{talk.pk}": "1",
            f"text_{talk.pk}": "Hoi", f"seen_{talk.pk}": seen, f"take_{other.pk}": "1",
            f"text_{other.pk}": "Hoi {naam}"}  # fmt: skip
    page.post(reverse("bulk", args=[talk.brand.slug]), data)
    assert not Delivery.objects.filter(message__agent=agent).exists()
    data |= {"token": str(uuid4()), f"text_{other.pk}": "Hoi"}
    made = page.post(reverse("bulk", args=[talk.brand.slug]), data, follow=True)
    assert Delivery.objects.get(message__agent=agent).conversation == other
    assert BulkReply.objects.get(deliveries__isnull=False).refused == {str(talk.pk): "answered_meanwhile"}
    assert reverse("conversation", args=[talk.pk]) in made.content.decode()


def test_a_picture_for_the_public_stays_out_of_the_private_message_and_taking_it_away_keeps_the_text(page, talk, agent):
    upload = SimpleUploadedFile("lift.png", picture(), "image/png")
    page.post(reverse("upload", args=[talk.pk]), {**form(talk), "file": upload})
    file = Attachment.objects.get()
    page.post(reverse("draft", args=[talk.pk]), form(talk, text="Zie de foto", **{f"alt_{file.pk}": "Een lift"}))
    file.refresh_from_db()
    assert file.alt_text == "Een lift"
    page.post(reverse("reply", args=[talk.pk]), form(talk, mode="private"))
    assert not Delivery.objects.get().message.attachments.exists()
    away = {**form(talk, text="Toch zonder"), "conversation": talk.pk, "take_away": "1"}
    page.post(reverse("attachment_change", args=[file.pk]), away)
    assert not Attachment.objects.exists()
    assert Draft.objects.get(agent=agent, mode="public_reply").text == "Toch zonder"


def test_a_failed_reply_in_parts_is_a_whole_draft_again(talk, agent):
    WORLD.script[talk.account.external_id].append(failing(Rejected("Nee")))
    first = run(reply(talk, agent, "woord " * 100, split=True))
    outbox_choices.edit_again(delivery_id=first.pk, agent=agent)
    assert Draft.objects.get().text.split() == ["woord"] * 100
    assert minded(agent=agent, brands=[talk.brand]).count() == 0


def test_who_can_only_write_a_note_is_told_why(page, talk):
    talk.messages.update(sent_at=timezone.now() - timedelta(days=9), visibility="private")
    type(talk).objects.update(visibility="private")
    html = page.get(reverse("composer", args=[talk.pk])).content.decode()
    note = html[html.index('class="spread if-note"') :]
    assert "voorbij" in note[: note.index("</p>")]


ADDRESSES = [
    ("composer", "get"), ("reply", "post"), ("draft", "post"), ("hand_off", "post"), ("close_loop", "post"),
    ("upload", "post"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "method"), ADDRESSES)
def test_an_outsider_finds_nothing_and_a_wrong_method_is_refused(client, talk, name, method):
    client.force_login(builders.agent(builders.brand()))
    address = reverse(name, args=[talk.pk])
    assert getattr(client, method)(address).status_code == 404
    assert getattr(client, "post" if method == "get" else "get")(address).status_code == 405


def test_who_has_no_handle_is_called_by_name(page, agent):
    account = builders.account(agent.memberships.get().brand, "fake")
    talk = builders.conversation(account, identity=builders.identity(account, handle="", name="Jelle Postma"))
    slug = account.brand.slug
    asked = page.post(reverse("bulk", args=[slug]), {"ids": [talk.pk], "text": "Hoi"}).content.decode()
    assert "<bdi>Jelle Postma</bdi>" in asked
    assert "Openbaar" in asked, "who reads along stands at every one"
    made, _ = bulk.send_bulk(brand=account.brand, agent=agent, text="Hoi", token=uuid4(), chosen={talk.pk: "Hoi"})
    Delivery.objects.update(state=Delivery.State.FAILED)
    for address in (reverse("bulk_result", args=[slug, made.pk]), reverse("minded", args=[slug])):
        assert "<bdi>Jelle Postma</bdi>" in page.get(address).content.decode()


def test_who_has_no_name_is_greeted_without_one(talk, agent):
    builders.Contact.objects.update(name="")
    talk.refresh_from_db()
    talk.identity = None
    assert (
        fill("Hoi {name}! {name}, dag. ^{initials}", conversation=talk, agent=agent) == f"Hoi!, dag. ^{agent.initials}"
    )


def test_moving_to_private_is_not_offered_where_the_public_line_cannot_leave(page, talk):
    address = reverse("composer", args=[talk.pk])
    offer = reverse("hand_off", args=[talk.pk])
    assert offer in page.get(address).text
    talk.messages.update(options={"public_reply": {"allowed": False, "reason": "not_summoned"}})
    assert offer not in page.get(address).text


@pytest.mark.parametrize("name", ["minded", "approvals", "bulk"])
def test_another_brands_lists_are_not_there(client, talk, name):
    client.force_login(builders.agent(builders.brand()))
    assert client.get(reverse(name, args=[talk.brand.slug])).status_code == 404


def test_another_brands_delivery_is_not_there(client, talk, agent):
    delivery = reply(talk, agent)
    client.force_login(builders.agent(builders.brand()))
    assert client.get(reverse("delivery", args=[delivery.pk])).status_code == 404
    assert client.post(reverse("delivery_action", args=[delivery.pk, "undo"])).status_code == 404


def test_the_composer_asks_the_same_few_questions_however_long_the_talk(page, talk, django_assert_max_num_queries):
    for n in range(15):
        builders.message(talk, text=f"{n}")
    with django_assert_max_num_queries(34):
        page.get(reverse("composer", args=[talk.pk]), headers={"HX-Request": "true"})


def test_a_reply_by_name_is_signed_for_nobody_else(talk, agent):
    from uuid import uuid4

    delivery = send_reply(conversation=talk, agent=agent, mode="public_reply", text="Dag ^AB", token=uuid4())
    assert delivery.message.agent == agent


def lost(talk, agent):
    WORLD.revoked.add(talk.account.external_id)
    delivery = run(reply(talk, agent))
    WORLD.revoked.clear()
    return delivery


def test_who_may_reconnect_a_lost_account_gets_the_way_and_others_hear_whom_to_ask(client, talk, agent):
    admin = builders.agent(talk.brand, "admin", name="Daan Visser")
    delivery, way = lost(talk, agent), reverse("account", args=[talk.account.pk])
    shown = {}
    for who in (agent, admin):
        client.force_login(who)
        shown[who] = client.get(reverse("delivery", args=[delivery.pk])).content.decode()
    assert ("Daan Visser" in shown[agent], way in shown[agent]) == (True, False)
    assert ("Daan Visser" in shown[admin], way in shown[admin]) == (False, True)


def test_once_it_is_reconnected_sending_again_is_what_is_left_to_do(page, talk, agent):
    delivery = lost(talk, agent)
    talk.account.state = "connected"
    talk.account.save()
    html = page.get(reverse("delivery", args=[delivery.pk])).content.decode()
    assert reverse("account", args=[talk.account.pk]) not in html
    page.post(reverse("delivery_action", args=[delivery.pk, "again"]))
    assert run(delivery).state == "sent"


def test_the_offer_to_take_it_back_lasts_as_long_as_it_can_be_taken_back(page, talk, settings):
    settings.UNDO_SECONDS = 12
    answer = page.post(reverse("reply", args=[talk.pk]), form(talk), headers={"HX-Request": "true"}).content.decode()
    assert int(re.search(r'data-undo-toast="(\d+)"', answer)[1]) in {11, 12}


def test_a_reply_that_the_platform_takes_once_is_not_offered_in_parts(page, talk, agent):
    answer = page.post(reverse("reply", args=[talk.pk]), form(talk, mode="private", text="woord " * 200, split="1"))
    assert answer.status_code == 422
    assert not Delivery.objects.exists()


def test_enter_in_a_field_of_one_line_keeps_the_draft_and_takes_no_picture_away(page, talk):
    html = page.get(reverse("composer", args=[talk.pk]), headers={"HX-Request": "true"}).text
    first = re.search(r'<button type="submit"[^>]*>', html)[0]
    assert f'hidden formaction="{reverse("draft", args=[talk.pk])}"' in first
