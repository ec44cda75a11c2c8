"""Handing over and forgetting: completely, for good, and with figures that stay right."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from connectors.types import Author, InboundMessage, Page, Visibility
from inbox.models import (
    Attachment,
    AuditEntry,
    ContactNote,
    Conversation,
    Delivery,
    Draft,
    Exposure,
    Hiding,
    Identity,
    Message,
    MessagePayload,
    MessageVersion,
    Note,
    SearchWord,
    SetAside,
    Vanished,
)
from inbox.operations import privacy, retention
from inbox.operations.changes import Refused
from inbox.operations.ingest import ingest_page
from tests import builders

pytestmark = pytest.mark.django_db
SECRET = "Zeldzamenaam"


@pytest.fixture
def person():
    """Somebody on two channels, with one of everything that can hold something about them."""
    brand = builders.brand()
    tweeter = builders.account(brand, "x")
    page = builders.account(brand, "facebook")
    identity = builders.identity(
        tweeter,
        external_id="424242",
        handle=SECRET,
        name=SECRET,
        bio=SECRET,
        place=SECRET,
        profile_url=f"https://x.com/{SECRET}",
    )
    other = builders.identity(page, contact=identity.contact, external_id="fb-424242", name=SECRET)
    conversation = builders.conversation(tweeter, text=f"Ik ben {SECRET}", identity=identity)
    private = builders.conversation(page, text=f"Nog steeds {SECRET}", identity=other, visibility="private")
    message = conversation.messages.get()
    MessagePayload.objects.create(message=message, raw={"text": SECRET, "user": {"id": "424242"}})
    MessageVersion.objects.create(
        message=message, text=f"{SECRET} eerst", sent_at=message.sent_at, replaced_at=timezone.now()
    )
    Attachment.objects.create(message=message, kind="image", url=f"https://x.com/{SECRET}.png")
    Attachment.objects.create(message=message, kind="image", brand=brand, file=ContentFile(b"x", name="a.png"))
    delivery = builders.delivery(conversation, text=f"Dag {SECRET}", state="sent", recipient_id="424242")
    Note.objects.create(conversation=conversation, text=f"{SECRET} belt terug")
    ContactNote.objects.create(contact=identity.contact, text=f"{SECRET} is vaste klant")
    draft = Draft.objects.create(
        agent=builders.agent(brand), conversation=conversation, mode="note", text=f"concept {SECRET}",
        saved_at=timezone.now(),
    )  # fmt: skip
    draft.attachments.add(
        Attachment.objects.create(kind="image", brand=brand, file=ContentFile(b"y", name=f"{SECRET}.txt"))
    )
    Exposure.objects.create(account=tweeter, external_id="e1", kind="repost", original_external_id="1",
                            author_external_id="424242", at=timezone.now())  # fmt: skip
    SetAside.objects.create(
        stream=builders.stream(tweeter), fingerprint="f", payload={"author": "424242"}, error="onleesbaar"
    )
    SearchWord.objects.create(word=SECRET.lower(), hits=4)
    Vanished.objects.create(account=tweeter, external_id=message.external_id, at=timezone.now())
    Exposure.objects.create(account=tweeter, external_id="e2", kind="quote", at=timezone.now(),
                            original_external_id=message.external_id)  # fmt: skip
    beside = builders.conversation(tweeter, text="Dat vind ik ook", thread=conversation.thread)
    MessagePayload.objects.create(message=beside.messages.get(), raw={"in_reply_to_user_id": "424242"})
    Hiding.objects.create(message=message, account=tweeter, reason="other", explanation=SECRET, state="done",
                          due_at=timezone.now(), asked_at=timezone.now())  # fmt: skip
    identity.contact.name = SECRET
    identity.contact.save(update_fields=["name"])
    person = identity.contact
    person.parts = (conversation, private, message, delivery)
    return person


@pytest.fixture
def admin(person):
    client = Client()
    client.agent = builders.agent(person.brand, "admin")
    client.force_login(client.agent)
    return client


def everywhere(words: str) -> list[str]:
    """Every table and row that still holds these words, whatever the column."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name from information_schema.tables where table_schema = 'public' and table_name like 'inbox_%'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"select count(*) from {table} t where t::text ilike %s", [f"%{words}%"])
            found += [table] if cursor.fetchone()[0] else []
    return found


def test_somebody_is_found_by_name_handle_and_id_over_all_channels(admin, person):
    for words in (SECRET, f"@{SECRET.lower()}", "424242", "fb-424242"):
        page = admin.get(reverse("privacy", args=[person.brand.slug]), {"words": words}).content.decode()
        assert reverse("person", args=[person.pk]) in page, words


def test_everything_is_handed_over(admin, person):
    answer = admin.post(reverse("export_person", args=[person.pk]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    text = archive.read("person.json").decode()
    data = json.loads(text)
    files = {name: archive.read(name) for name in archive.namelist() if name != "person.json"}
    assert list(files.values()) == [b"x"]
    assert next(iter(files)) in text
    assert {one["platform"] for one in data["identities"]} == {"x", "facebook"}
    assert len(data["conversations"]) == 2
    for words in (f"Ik ben {SECRET}", f"Nog steeds {SECRET}", f"{SECRET} eerst", f"Dag {SECRET}", f"{SECRET} belt terug",
                  f"{SECRET} is vaste klant", f"{SECRET}.png", "repost", "onleesbaar", "concept"):  # fmt: skip
        assert words in text, words
    assert AuditEntry.objects.get(verb="person_exported").target == f"#{person.pk}"


def test_nothing_about_an_erased_person_is_left_in_any_table(admin, person, django_capture_on_commit_callbacks):
    files = [one.file for one in Attachment.objects.exclude(file="") if one.file]
    said = person.parts[2].external_id
    assert len(files) == 2
    assert len(everywhere(said)) >= 3
    assert len(everywhere(SECRET)) >= 8
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post(reverse("person", args=[person.pk]), {"confirmation": "erase"})
    assert answer.status_code == 302
    assert everywhere(SECRET) == []
    assert everywhere("424242") == []
    assert everywhere(said) == []
    assert not any(file.storage.exists(file.name) for file in files)


def test_figures_stay_right_after_erasing(person):
    _conversation, _private, message, delivery = person.parts
    fields = ("status", "waiting_since", "first_message_at", "message_count", "visibility")
    before = list(Conversation.objects.order_by("pk").values(*fields))
    times = list(Message.objects.order_by("pk").values("sent_at", "direction"))
    privacy.erase(contact=person, actor=builders.agent(person.brand, "admin"))
    assert list(Conversation.objects.order_by("pk").values(*fields)) == before
    assert list(Message.objects.order_by("pk").values("sent_at", "direction")) == times
    assert Delivery.objects.get(pk=delivery.pk).state == "sent"
    message.refresh_from_db()
    assert message.erased_at is not None


def test_erased_conversations_say_so_and_what_aged_does_not_claim_that_somebody_asked(admin, person):
    asked = "Gewist op verzoek van deze persoon."
    conversation, private = person.parts[:2]
    retention.empty_messages(list(conversation.messages.values_list("pk", flat=True)))
    html = admin.get(reverse("conversation", args=[conversation.pk]), follow=True).content.decode()
    assert "Deze woorden zijn gewist" in html
    assert asked not in html
    privacy.erase(contact=person, actor=builders.agent(person.brand, "admin"))
    html = admin.get(reverse("conversation", args=[private.pk]), follow=True).content.decode()
    assert html.count(asked) >= 2  # in its timeline, and where their other conversation is listed
    assert "(zonder woorden)" not in html  # in the list neither
    html = admin.get(reverse("conversation", args=[conversation.pk]), follow=True).content.decode()
    assert "Deze woorden zijn gewist" not in html


def test_who_was_erased_never_comes_in_again(person):
    account = person.parts[0].account
    stream = account.streams.first()
    privacy.erase(contact=person, actor=builders.agent(person.brand, "admin"))
    before = Message.objects.count(), Identity.objects.count()
    message = InboundMessage(
        "nieuw-1", Author("424242", SECRET, SECRET), timezone.now(), f"{SECRET} weer", Visibility.PUBLIC, "t9"
    )
    ingest_page(stream=stream, page=Page(messages=(message,), cursor={"a": 1}), now=timezone.now(), lease=None)
    assert (Message.objects.count(), Identity.objects.count()) == before
    assert everywhere(SECRET) == []


def test_a_person_whose_answer_is_on_its_way_is_not_erased(person):
    Delivery.objects.update(state="pending")
    with pytest.raises(Refused, match="still_leaving"):
        privacy.erase(contact=person, actor=builders.agent(person.brand, "admin"))
    assert everywhere(SECRET)


def test_erasing_needs_the_word(admin, person):
    assert admin.post(reverse("person", args=[person.pk]), {"confirmation": "ja"}).status_code == 422
    assert everywhere(SECRET)


def test_erasing_one_person_leaves_the_others(person):
    other = builders.conversation(person.parts[0].account, text="Een ander mens")
    privacy.erase(contact=person, actor=builders.agent(person.brand, "admin"))
    assert other.messages.get().text == "Een ander mens"
    assert other.contact.name != ""


def aged(days: int, **fields: object) -> Conversation:
    brand = fields.pop("brand")
    then = timezone.now() - timedelta(days=days)
    made = builders.conversation(builders.account(brand), at=then, text="Oud bericht", **fields)
    payload = MessagePayload.objects.create(message=made.messages.get(), raw={"text": "Oud bericht"})
    MessagePayload.objects.filter(pk=payload.pk).update(created_at=then)
    Attachment.objects.filter(pk=Attachment.objects.create(message=made.messages.get(), kind="image").pk).update(
        created_at=then
    )
    return made


def test_nothing_is_kept_longer_than_agreed_and_the_trail_says_so():
    brand = builders.brand(keep_payload_days=30, keep_message_days=100, keep_attachment_days=50)
    ancient, recent = aged(200, brand=brand, status="resolved"), aged(10, brand=brand, status="resolved")
    middle = aged(60, brand=brand, status="resolved")
    for resolved, wait in ((timezone.now(), 40), (None, 40), (timezone.now(), 1)):
        item = SetAside.objects.create(stream=builders.stream(ancient.account, kind=f"{resolved}{wait}"[-20:]), error="?",
                                       fingerprint="f", payload={"a": 1}, resolved_at=resolved)  # fmt: skip
        SetAside.objects.filter(pk=item.pk).update(created_at=timezone.now() - timedelta(days=wait))
    done = retention.run_for(brand)
    assert done == {"payloads": 2, "set_aside": 1, "messages": 1, "attachments": 1}
    assert [c.messages.get().text for c in (ancient, middle, recent)] == ["", "Oud bericht", "Oud bericht"]
    assert list(Attachment.objects.values_list("message__conversation", flat=True)) == [recent.pk]
    entry = AuditEntry.objects.get(verb="retention_run")
    assert (entry.brand, entry.data["messages"], entry.data["keep_message_days"]) == (brand, 1, 100)


def test_the_page_of_privacy_says_what_was_removed_last(admin, person):
    address = reverse("privacy", args=[person.brand.slug])
    assert "Er was nog niets over de termijn" in admin.get(address).content.decode()
    type(person.brand).objects.filter(pk=person.brand_id).update(keep_message_days=100)
    aged(200, brand=person.brand, status="resolved")
    retention.run()
    assert "1 ruw gegeven, 1 bericht, 0 bijlagen" in admin.get(address).content.decode()


def test_counts_of_tries_to_log_in_go_when_they_no_longer_count():
    cache.set("lang", 1, 3600)
    with connection.cursor() as cursor:
        cursor.execute("insert into webcare_cache values ('oud', '1', now() - interval '1 minute')")
    retention.run()
    assert cache.get("lang") == 1
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from webcare_cache")
        assert cursor.fetchone() == (1,)


def test_a_second_run_finds_nothing_and_says_nothing():
    brand = builders.brand(keep_message_days=100)
    aged(200, brand=brand, status="resolved")
    retention.run_for(brand)
    assert not any(retention.run_for(brand).values())
    assert AuditEntry.objects.filter(verb="retention_run").count() == 1


def test_what_is_open_is_never_emptied_under_somebodys_hands():
    brand = builders.brand(keep_message_days=100)
    waiting = aged(200, brand=brand, status="open")
    retention.run_for(brand)
    assert waiting.messages.get().text == "Oud bericht"


def test_zero_days_is_for_ever():
    brand = builders.brand(keep_payload_days=0, keep_message_days=0, keep_attachment_days=0)
    aged(2000, brand=brand, status="resolved")
    assert not any(retention.run_for(brand).values())


def test_an_edit_that_comes_late_does_not_fill_in_what_was_emptied():
    brand = builders.brand(keep_message_days=100)
    old = aged(200, brand=brand, status="resolved")
    stream, said = builders.stream(old.account), old.messages.get()
    retention.run_for(brand)
    edited = InboundMessage(
        said.external_id, Author(old.identity.external_id, "a", "b"), said.sent_at, "Weer terug", Visibility.PUBLIC,
        old.thread.external_id, version_id="2", edited_at=timezone.now(),
    )  # fmt: skip
    ingest_page(stream=stream, page=Page(messages=(edited,), cursor={"a": 1}), now=timezone.now(), lease=None)
    said.refresh_from_db()
    assert said.text == ""
    assert not said.versions.exists()
