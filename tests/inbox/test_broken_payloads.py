"""Answers of which any one part is missing, null, or not what it should be: kept and shown, never fatal to neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.types import Attachment as Attached
from connectors.types import Author, Deletion, Metrics, Page, Post, Unreadable
from connectors.types import Exposure as Told
from inbox.models import Attachment, Exposure, Identity, Membership, Message, SetAside, Thread
from inbox.operations.ingest import ingest_page
from tests import builders
from tests.connectors.broken import ANSWERS
from tests.inbox.pages import at, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(client: Any) -> Membership:
    """Somebody who looks at everything there is."""
    agent = builders.agent(builders.brand(), "lead")
    client.force_login(agent)
    return agent.memberships.get()


def stored(client: Any, lead: Membership, kind: str, page: Page) -> set[str]:
    """The ids that are there once this page is in; everything of it is there, set aside, or exposure, and can be seen."""
    brand = lead.brand
    with transaction.atomic():
        stream = builders.stream(builders.account(brand, kind))
        for _ in range(2):  # and the same page again changes nothing
            ingest_page(stream=stream, page=page, now=timezone.now(), lease=None)
            here = set(Message.objects.filter(placeholder=False).values_list("external_id", flat=True))
            aside = SetAside.objects.count()
            missing = [message for message in page.messages if message.external_id not in here]
            missed = [
                message for message in missing if message.direction == "in"
            ]  # our own that answer nobody are none
            assert len(missing) + len(page.unreadable) >= aside >= bool(missed or page.unreadable)
            assert bool(Exposure.objects.count()) == bool(page.exposures)
        seen = {message.conversation_id for message in Message.objects.all()}
        for address in (f"/brands/{brand.slug}/ledger/", *(f"/inbox/{brand.slug}/all/{pk}/" for pk in seen)):
            assert client.get(address).status_code == 200, address
        assert not Identity.objects.filter(external_id="").exists()
        assert Attachment.objects.count() <= 50 * len(here)
        transaction.set_rollback(True)
    return here


@pytest.mark.parametrize("answer", ANSWERS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_broken_is_kept_and_its_neighbours_too(client, lead, answer, data):
    kind, answers = ANSWERS[answer]
    page, neighbours = data.draw(answers)
    assert stored(client, lead, kind, page) >= neighbours


ODDITIES = {
    "an id that is no text": {"external_id": "\ud83d"},
    "a thread that is no text": {"thread_id": "a\x00b"},
    "a parent that is no text": {"parent_id": "\udfff"},
    "an author whose id is no text": {"author": Author("\ud83d", "x")},
    "more followers than there are people": {"author": Author("id-x", "x", followers=2**70)},
    "a count that is no number": {"metrics": Metrics("veel", None, 1)},
    "more likes than a column holds": {"metrics": Metrics(2**40, -3, 2**70)},
    "a language that is a number": {"language": 7},
    "a time of no calendar": {"sent_at": at(0).replace(year=1)},
    "no time": {"sent_at": None},
}


@pytest.mark.parametrize("odd", ODDITIES.values(), ids=ODDITIES)
def test_a_message_that_no_row_can_hold_costs_only_itself(odd):
    stream = builders.stream()
    broken = replace(said("odd", "bo", 1, thread_id="t2"), **odd)
    page = Page(messages=(said("1"), broken, said("2", minutes=2)), cursor={"since": "2"}, fetched=3)
    for _ in range(2):
        ingest_page(stream=stream, page=page, now=at(5), lease=None)
        assert set(Message.objects.values_list("external_id", flat=True)) >= {"1", "2"}
        assert Message.objects.count() + SetAside.objects.count() == 3
    stream.refresh_from_db()
    assert stream.cursor == {"since": "2"}


def test_a_first_post_is_kept_whatever_stands_in_the_address_of_its_picture():
    post = Post("p", "Geen treinen", sent_at=at(0), attachments=(Attached("image", "https://a.example/\x00\ud83d"),))
    ingest_page(stream=builders.stream(), page=Page(messages=(said("1", root=post),)), now=at(5), lease=None)
    assert Thread.objects.get().attachments[0]["url"].startswith("https://a.example/")


def test_what_comes_beside_messages_is_kept_whatever_its_ids():
    stream = builders.stream()
    page = Page(
        messages=(said("1"),), deletions=(Deletion("\ud83d"), Deletion("1")),
        exposures=(Told("\x00r", "repost", "\udfff", Author("\ud83d"), at(0)),),
        unreadable=(Unreadable({"\ud83d": "\x00"}, "\ud83d", "\x00"),),
    )  # fmt: skip
    ingest_page(stream=stream, page=page, now=at(5), lease=None)
    assert Message.objects.get().deleted_at is not None
    assert (Exposure.objects.count(), SetAside.objects.count()) == (1, 1)
