"""What we answered elsewhere and never saw is asked for by id, over real HTTP against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.sandbox.process import SandboxProcess
from connectors.types import StreamRef
from inbox.gateway import connect
from inbox.models import Contact, Conversation, Message, MetricWatch, Stream
from inbox.operations import reach
from inbox.operations.ingest import ingest_page
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture
def stream(sandbox) -> Stream:
    sandbox.client.reset()
    seeded = sandbox.client.account("noordtreinen", "x")
    account = builders.account(
        kind="x", external_id=seeded["external_id"], handle=seeded["handle"], base_url=sandbox.url,
        credentials=seeded["credentials"],
    )  # fmt: skip
    builders.stream(account, "search", query="trein", proactive=True)
    builders.stream(account, "mentions")
    return builders.stream(account, "own_posts", since=timezone.now() - timedelta(hours=1))


def answered_elsewhere(sandbox: SandboxProcess, stream: Stream) -> str:
    """Our reply in the platform's own app comes in, without what it answers; the id of that."""
    post = sandbox.client.x_post({"handle": "kwijt", "name": "Kwijt"}, "Mijn tas staat nog in de trein")
    sandbox.client.x_post("noordtreinen", "We bellen het station!", reply_to=post["id"])
    with connect(stream.account) as connector:
        page = connector.poll(StreamRef("own_posts"), {}, since=stream.since)
    told = tuple(replace(m, partner=None, parent=None, root=None) for m in page.messages if m.parent_id == post["id"])
    ingest_page(stream=stream, page=replace(page, messages=told), now=timezone.now(), lease=None)
    return post["id"]


def test_the_message_takes_its_place_with_our_answer_under_it(sandbox, stream):
    unseen = answered_elsewhere(sandbox, stream)
    placeholder = Message.objects.get(external_id=unseen)
    assert placeholder.placeholder
    assert Message.objects.get(direction="out").conversation == placeholder.conversation
    assert reach.refresh_due() == 1
    message = Message.objects.get(external_id=unseen)
    assert (message.placeholder, message.text) == (False, "Mijn tas staat nog in de trein")
    assert message.stream.kind == "mentions"
    conversation = Conversation.objects.get()
    assert set(conversation.messages.values_list("text", flat=True)) == {message.text, "@kwijt We bellen het station!"}
    assert conversation.identity.handle == "kwijt"
    assert (conversation.status, conversation.waiting_since, conversation.message_count) == ("pending", None, 2)
    assert Contact.objects.count() == 1


def test_what_the_platform_does_not_give_is_asked_for_a_few_times_and_stays_a_placeholder(sandbox, stream):
    unseen = answered_elsewhere(sandbox, stream)
    sandbox.client.publish("x/delete", post=unseen)
    looks = 0
    while MetricWatch.objects.exists() and looks < 9:
        MetricWatch.objects.update(next_at=timezone.now())
        looks += reach.refresh_due()
    assert 1 <= looks <= reach.UNSEEN_LOOKS
    assert Message.objects.get(external_id=unseen).placeholder
    assert Conversation.objects.get().messages.count() == 2


def test_a_day_s_budget_that_is_nearly_gone_is_not_spent_on_it(sandbox, stream):
    answered_elsewhere(sandbox, stream)
    account = stream.account
    type(account).objects.filter(pk=account.pk).update(daily_calls=10)
    account.usage.create(day=timezone.now().date(), calls=9)
    before = len(sandbox.client.ledger("read"))
    assert reach.refresh_due() == 0
    assert len(sandbox.client.ledger("read")) == before
    assert Message.objects.filter(placeholder=True).exists()


def test_looking_again_at_what_a_search_found_does_not_make_it_addressed_to_us(sandbox, stream):
    search = Stream.objects.get(kind="search")
    sandbox.client.x_post({"handle": "ver", "name": "Ver"}, "Die trein is weer te laat")
    with connect(search.account) as connector:
        page = connector.poll(StreamRef("search", "trein"), {}, since=stream.since)
    ingest_page(stream=search, page=page, now=timezone.now(), lease=None)
    MetricWatch.objects.update(next_at=timezone.now())
    assert reach.refresh_due() == 1
    assert Message.objects.get().stream == search
    assert Conversation.objects.get().proactive


def test_a_comment_on_facebook_takes_its_place_with_our_answer_under_it(sandbox):
    sandbox.client.reset()
    seeded = sandbox.client.account("noordtreinen", "facebook")
    account = builders.account(
        kind="facebook", external_id=seeded["external_id"], base_url=sandbox.url, credentials=seeded["credentials"]
    )
    stream = builders.stream(account, "comments", since=timezone.now() - timedelta(hours=1))
    post = sandbox.client.fb_post(seeded["external_id"], "Vandaag rijden we anders")
    unseen = sandbox.client.fb_comment(post["id"], {"name": "Kwijt", "id": "990001"}, "Mijn tas staat nog in de trein")
    sandbox.client.fb_comment(unseen["id"], seeded["external_id"], "We bellen het station!")
    with connect(account) as connector:
        page = connector.poll(StreamRef("comments"), {}, since=stream.since)
    ours = [m for m in page.messages if m.direction == "out" and m.parent_id == unseen["id"]]
    assert ours
    told = tuple(replace(m, partner=None, parent=None) for m in ours)
    ingest_page(stream=stream, page=replace(page, messages=told), now=timezone.now(), lease=None)
    assert Message.objects.get(external_id=unseen["id"]).placeholder
    assert reach.refresh_due() == 1
    message = Message.objects.get(external_id=unseen["id"])
    assert (message.placeholder, message.text) == (False, "Mijn tas staat nog in de trein")
    conversation = Conversation.objects.get()
    assert set(conversation.messages.values_list("text", flat=True)) == {message.text, "We bellen het station!"}
    assert conversation.identity.name == "Kwijt"
    assert (conversation.status, conversation.waiting_since) == ("pending", None)
