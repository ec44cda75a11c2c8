"""Whatever the order, the cuts, the repeats and the number of workers: the same end state."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.types import Deletion, Page
from inbox.models import Contact, Conversation, Identity, Message, MessageVersion, Thread
from inbox.operations.ingest import ingest_page
from tests import builders
from tests.inbox.pages import at, ours, page, private, said

STORY = [
    said("1", "anna", 0), ours("2", "anna", 3, parent_id="1"), said("3", "anna", 6, parent_id="2"),
    said("4", "bram", 1), said("5", None, 2, thread_id="post"), said("5r", None, 8, thread_id="post", parent_id="5"),
    said("c", "carla", 4, thread_id="post"), ours("cr", None, 9, thread_id="post", parent_id="c"),
    ours("ur", None, 12, thread_id="post", parent_id="unseen"), private("d1", "dirk", 5),
    ours("d2", None, 7, thread_id="dm-dirk", visibility=private("x").visibility), private("d3", "dirk", 11),
    said("e", "eva", 2, version_id="e", text="eerst"),
    said("e", "eva", 2, version_id="e2", text="daarna", edited_at=at(3)),
    said("e", "eva", 2, version_id="e30", text="tenslotte", edited_at=at(8)),
    said("gone", "fred", 3),
]  # fmt: skip
GONE = Deletion("gone", at(10))


def state(account) -> dict[str, list[tuple[object, ...]]]:
    """Everything that must be the same, without keys and times of storing."""
    conversation = ("key", "status", "waiting_since", "due_at", "first_message_at", "last_message_at", "last_inbound_at",
                    "first_reply_at", "last_reply_at", "preview", "message_count", "identity__external_id", "proactive",
                    "thread__external_id")  # fmt: skip
    message = ("external_id", "conversation__key", "direction", "text", "version_id", "edited_at", "deleted_at",
               "placeholder", "identity__external_id", "parent_external_id")  # fmt: skip

    def rows(query, *columns):
        return sorted((tuple(row) for row in query.values_list(*columns)), key=repr)

    return {
        "conversations": rows(Conversation.objects.filter(account=account), *conversation),
        "messages": rows(Message.objects.filter(account=account), *message),
        "versions": rows(MessageVersion.objects.filter(message__account=account), "message__external_id", "text", "replaced_at"),
        "identities": rows(Identity.objects.filter(brand=account.brand), "external_id", "handle"),
        "contacts": [(Contact.objects.filter(brand=account.brand).count(),)],
        "threads": rows(Thread.objects.filter(account=account), "external_id", "visibility"),
    }  # fmt: skip


def told(order: list[object]) -> dict[str, list[tuple[object, ...]]]:
    """The state after these pages, one after another, for an account of its own."""
    stream = builders.stream()
    for part in order:
        messages = tuple(item for item in part if not isinstance(item, Deletion))
        gone = tuple(item for item in part if isinstance(item, Deletion))
        ingest_page(stream=stream, page=replace(page(*messages), deletions=gone), now=at(60), lease=None)
    return state(stream.account)


@st.composite
def tellings(draw):
    """The whole story in any order, cut into pages anywhere, with pieces told more than once."""
    items = draw(st.permutations([*STORY, GONE]))
    items += draw(st.lists(st.sampled_from([*STORY, GONE]), max_size=8))
    cuts = sorted(draw(st.sets(st.integers(1, len(items) - 1), max_size=6)))
    return [items[start:end] for start, end in zip([0, *cuts], [*cuts, len(items)], strict=True)]


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(tellings())
def test_every_telling_of_a_story_ends_in_the_same_rows(order):
    ended, expected = told(order), told([[*STORY, GONE]])
    for table, rows in expected.items():
        assert ended[table] == rows, table


@pytest.mark.django_db(transaction=True)
def test_two_streams_that_bring_the_same_messages_at_once_store_them_once():
    account = builders.account()
    streams = [builders.stream(account), *(builders.stream(account, "search", query=q) for q in ("a", "b", "c"))]
    everything = [said(str(n), f"p{n % 7}", n, thread_id=f"t{n % 5}") for n in range(40)]
    start, errors = threading.Barrier(len(streams)), []

    def work(stream, number):
        try:
            start.wait()
            for cut in range(0, 40, 5):
                part = everything[cut : cut + 10] if number % 2 else everything[::-1][cut : cut + 10]
                ingest_page(stream=stream, page=page(*part), now=at(99), lease=None)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(stream, n)) for n, stream in enumerate(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Message.objects.count() == 40
    assert Identity.objects.count() == Contact.objects.count() == 7
    counted = dict(Conversation.objects.values_list("key", "message_count"))
    assert sum(counted.values()) == 40
    for conversation in Conversation.objects.all():
        assert conversation.message_count == conversation.messages.count()


@pytest.mark.django_db
def test_a_page_that_fails_leaves_nothing_behind_and_the_cursor_where_it_was(monkeypatch):
    stream = builders.stream(cursor={"since": "0"})
    with pytest.raises(TypeError):
        ingest_page(stream=stream, page=Page(messages=(said("1"),), cursor={"since": object()}), now=at(1), lease=None)
    stream.refresh_from_db()
    assert (stream.cursor, Message.objects.count(), Identity.objects.count()) == ({"since": "0"}, 0, 0)
