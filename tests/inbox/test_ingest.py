"""A page of a platform becomes rows, once, whatever the order."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from connectors.types import Attachment, Deletion, Exposure, Metrics, Page, Post, Unreadable
from inbox.models import (
    Contact,
    Conversation,
    HourlyCount,
    Identity,
    Message,
    MessagePayload,
    MessageVersion,
    Poll,
    SetAside,
    Thread,
    Tombstone,
)
from inbox.models import (
    Exposure as ExposureRow,
)
from inbox.operations.contacts import fingerprint
from inbox.operations.ingest import LeaseLost, ingest_page
from inbox.operations.ingest_rows import fetch
from inbox.operations.ledger import dismiss
from tests import builders
from tests.inbox.pages import at, author, ours, page, private, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream():
    return builders.stream()


def ingest(stream, *messages, minutes=10, **fields):
    return ingest_page(stream=stream, page=page(*messages, **fields), now=at(minutes), lease=None)


def test_a_mention_becomes_a_person_a_thread_a_conversation_and_a_message(stream):
    done = ingest(
        stream, said("1", attachments=(Attachment("image", "https://x.test/1.png"),), metrics=Metrics(likes=3))
    )
    assert (done.new, done.seen) == (1, 0)
    message = Message.objects.get()
    conversation = message.conversation
    assert conversation.key == "pub:t1:id-anna"
    assert conversation.identity.handle == "anna"
    assert conversation.waiting_since == at(0)
    assert conversation.due_at == at(stream.account.public_target_minutes)
    assert (conversation.preview, conversation.message_count, conversation.reach) == ("Bericht 1", 1, 10)
    assert message.likes == 3
    assert message.attachments.get().url == "https://x.test/1.png"
    assert message.payload.received == {"id": "1"}
    assert HourlyCount.objects.get().messages == 1


def test_the_same_page_again_writes_nothing(stream):
    ingest(stream, said("1"), ours("2", minutes=1))
    before = list(Conversation.objects.values()), list(Message.objects.values()), list(Identity.objects.values())
    keys = "select sum(last_value) from pg_sequences where sequencename ~ 'inbox_.*_id_seq' and sequencename !~ 'poll'"
    taken = fetch(keys)
    done = ingest(stream, said("1"), ours("2", minutes=1), minutes=20)
    assert (done.new, done.seen) == (0, 2)
    assert fetch(keys) == taken, "not even a key is taken"
    assert before == (
        list(Conversation.objects.values()), list(Message.objects.values()), list(Identity.objects.values())
    )  # fmt: skip


def test_three_commenters_under_one_post_are_three_conversations_in_one_thread(stream):
    ingest(stream, said("1", "anna"), said("2", "bram"), said("3", "carla"), said("4", "anna", 3))
    assert Thread.objects.count() == 1
    assert sorted(Conversation.objects.values_list("key", "message_count")) == [
        ("pub:t1:id-anna", 2), ("pub:t1:id-bram", 1), ("pub:t1:id-carla", 1),
    ]  # fmt: skip


def test_a_commenter_without_a_name_has_a_conversation_by_the_top_comment(stream):
    ingest(stream, said("c1", None), said("c2", None, 1), said("c1r", None, 2, parent_id="c1"))
    assert sorted(Conversation.objects.values_list("key", "message_count")) == [("pub:t1:?c1", 2), ("pub:t1:?c2", 1)]
    assert Contact.objects.count() == 2


def test_our_answer_elsewhere_stops_the_clock_and_waits_for_them(stream):
    ingest(stream, said("1"))
    ingest(stream, ours("2", minutes=5, parent_id="1"))
    conversation = Conversation.objects.get()
    assert (conversation.waiting_since, conversation.due_at, conversation.status) == (None, None, "pending")
    assert conversation.first_reply_at == conversation.last_reply_at == at(5)


@pytest.mark.parametrize("status", ["resolved", "pending", "snoozed"])
def test_a_person_who_writes_again_reopens_and_keeps_their_agent(stream, status):
    agent = builders.agent(stream.account.brand)
    ingest(stream, said("1"))
    Conversation.objects.update(
        status=status, outcome="answered", assignee=agent, resolved_at=at(11), snoozed_until=at(99)
    )
    ingest(stream, said("2", minutes=12), minutes=13)
    conversation = Conversation.objects.get()
    assert (conversation.status, conversation.assignee, conversation.waiting_since) == ("open", agent, at(12))
    assert conversation.snoozed_until is None
    assert conversation.activity.get().verb == "reopened"


def test_a_mention_the_platform_showed_late_was_not_answered_by_what_we_wrote_before_we_had_it(stream):
    ingest(stream, said("1"), minutes=2)
    reply = builders.message(Conversation.objects.get(), direction="out", external_id="9", sent_at=at(5), created_at=at(5),
                             agent=builders.agent(stream.account.brand), identity=None)  # fmt: skip
    ingest(stream, said("late", minutes=3), minutes=8)
    conversation = Conversation.objects.get()
    assert conversation.waiting_since == at(3)
    assert reply.sent_at == conversation.last_reply_at


def test_an_edit_with_a_new_id_keeps_every_version(stream):
    ingest(stream, said("1", version_id="1", text="trien"))
    ingest(stream, said("1", version_id="3", text="trein!", edited_at=at(9)))
    ingest(stream, said("1", version_id="2", text="trein", edited_at=at(5)))
    message = Message.objects.get()
    assert (message.text, message.version_id, message.edited_at) == ("trein!", "3", at(9))
    assert list(MessageVersion.objects.order_by("sent_at").values_list("text", "replaced_at")) == [
        ("trien", at(5)), ("trein", at(9)),
    ]  # fmt: skip
    assert Conversation.objects.get().preview == "trein!"


def test_an_edit_without_a_new_id_is_seen_by_its_text_and_an_older_reading_changes_nothing(stream):
    ingest(stream, said("1", text="oud"), minutes=1)
    ingest(stream, said("1", text="nieuw"), minutes=3)
    ingest(stream, said("1", text="oud"), minutes=2)
    assert Message.objects.get().text == "nieuw"
    assert [v.text for v in MessageVersion.objects.all()] == ["oud"]


def test_a_deletion_marks_and_keeps_also_when_it_comes_first(stream):
    ingest(stream, said("1"), deletions=())
    ingest(stream, deletions=(Deletion("1", at(3)), Deletion("2", at(4))))
    ingest(stream, said("2", "bram"))
    assert dict(Message.objects.values_list("external_id", "deleted_at")) == {"1": at(3), "2": at(4)}
    assert Message.objects.get(external_id="1").text == "Bericht 1"
    assert not Conversation.objects.filter(waiting_since__isnull=False).exists()


def test_reposts_are_exposure_and_never_work(stream):
    repost = Exposure("r1", "repost", "1", author("bram"), at(2))
    assert ingest(stream, said("1"), exposures=(repost,)).exposures == 1
    assert ingest(stream, exposures=(repost,)).exposures == 0
    assert (ExposureRow.objects.count(), Conversation.objects.count()) == (1, 1)


def test_an_unreadable_item_is_set_aside_once_and_its_neighbours_go_on(stream):
    bad = Unreadable({"id": 7, "odd": "\0", "half": "\ud83d"}, "KeyError: text", "7")
    assert ingest(stream, said("1"), unreadable=(bad,)).set_aside == 1
    assert ingest(stream, unreadable=(bad,)).set_aside == 0
    assert Message.objects.count() == 1
    assert SetAside.objects.get().payload["id"] == 7


def test_what_was_set_aside_is_done_with_once_it_could_be_read(stream):
    broken = [Unreadable({"id": n}, "KeyError: text", n) for n in ("1", "2", "t_1")]
    ingest(stream, unreadable=tuple(broken))
    ingest(stream, said("1"), recovered=("t_1",))
    waiting = SetAside.objects.filter(resolved_at=None)
    assert [item.external_id for item in waiting] == ["2"]
    assert ingest(stream, unreadable=(broken[2],)).set_aside == 1
    assert sorted(item.external_id for item in waiting.all()) == ["2", "t_1"], "it cannot be read again"


def test_what_somebody_dismissed_stays_out_of_sight(stream):
    broken = Unreadable({"id": "1"}, "KeyError: text", "1")
    ingest(stream, unreadable=(broken,))
    assert dismiss(SetAside.objects.get(), agent=builders.agent(), now=at(1))
    assert ingest(stream, unreadable=(broken,)).set_aside == 0
    assert SetAside.objects.get().resolved_at


def test_what_was_erased_with_its_person_is_put_before_nobody_again(stream):
    broken = Unreadable({"id": "1"}, "KeyError: text", "1")
    ingest(stream, unreadable=(broken,))
    SetAside.objects.update(payload={}, external_id="", error="erased", resolved_at=at(1))
    assert ingest(stream, unreadable=(broken,)).set_aside == 0
    kept = SetAside.objects.get()
    assert (kept.payload, kept.error, kept.resolved_at) == ({}, "erased", at(1))


@pytest.mark.parametrize(
    "poison",
    [
        said("x" * 200), said("", "bram"), said("p", "bram", thread_id="t" * 300), said("p", author=author("b", external_id="")),
        said("p", sent_at=at(0).replace(tzinfo=None)), said("p", "bram", rating="far too long a rating"),
        said("p", author=author("bram", followers=2**70)),
    ],
)  # fmt: skip
def test_one_poison_message_is_set_aside_and_the_others_go_on(stream, poison):
    done = ingest(stream, said("1"), poison, said("2", "carla"))
    assert (done.new, done.set_aside) == (2, 1)
    assert sorted(Message.objects.values_list("external_id", flat=True)) == ["1", "2"]
    assert SetAside.objects.get().error


def test_text_is_normalised_and_repaired_only_where_that_is_certain(stream):
    texts = {"1": ("cafe\u0301", "café"), "2": ("geÃ¯nteresseerd â€“ nee", "geïnteresseerd – nee"), "3": ("nul\0", "nul"),
             "4": ("\ud83d half", "\ufffd half"), "5": ("SÃO PAULO ©", "SÃO PAULO ©"),
             "6": ("ÐŸÑ€Ð¸Ð²ÐµÑ‚", "Привет"), "7": ("Mail toont ‘Ã©’, niet é", "Mail toont ‘Ã©’, niet é"),
             "8": ("Het kost â‚¬5 😡", "Het kost €5 😡")}  # fmt: skip
    ingest(stream, *(said(pk, f"p{pk}", text=text) for pk, (text, _) in texts.items()))
    assert dict(Message.objects.values_list("external_id", "text")) == {pk: good for pk, (_, good) in texts.items()}


def test_an_older_profile_never_overwrites_a_newer_one(stream):
    ingest(stream, said("1", author=author("anna", name="Anna Nieuw")), minutes=9)
    ingest(stream, said("2", author=author("anna", name="Anna Oud")), minutes=4)
    assert Identity.objects.get().name == "Anna Nieuw"
    ingest(stream, said("3", author=author("anna", handle="anna_nl", name="Anna Nieuwst")), minutes=12)
    assert Identity.objects.values_list("handle", "name").get() == ("anna_nl", "Anna Nieuwst")


def test_an_erased_person_is_never_imported_again(stream):
    account = stream.account
    mark = fingerprint(platform=account.kind, external_id="id-anna")
    Tombstone.objects.create(brand=account.brand, platform=account.kind, fingerprint=mark)
    done = ingest(stream, said("1"), private("2"), said("3", "bram"))
    assert (done.new, done.set_aside) == (1, 0)
    assert list(Identity.objects.values_list("handle", flat=True)) == ["bram"]


def test_our_reply_to_somebody_unseen_waits_in_a_placeholder_and_follows_them_home(stream):
    reply = ours("r", to=None, minutes=5, parent_id="c", thread_id="post")
    ingest(stream, reply)
    assert Conversation.objects.get().key == "pub:post:?c"
    assert Message.objects.get(external_id="c").placeholder
    ingest(stream, said("c", "anna", 2, thread_id="post"))
    conversation = Conversation.objects.get()
    assert (conversation.key, conversation.message_count, conversation.status) == ("pub:post:id-anna", 2, "pending")
    assert not Message.objects.filter(placeholder=True).exists()
    assert Contact.objects.count() == 1


def test_a_post_of_ours_that_answers_nobody_is_a_thread_and_no_work(stream):
    root = Post("t1", text="Storing bij Zwolle", ours=True, sent_at=at(0))
    ingest(stream, ours("t1", to=None, text="Storing bij Zwolle"))
    ingest(stream, said("1", minutes=2, parent_id="t1", root=root))
    assert Thread.objects.values_list("ours", "text").get() == (True, "Storing bij Zwolle")
    assert Message.objects.count() == 1


def test_a_post_of_ours_that_goes_on_from_another_of_ours_opens_no_conversation(stream):
    above = Post("2", ours=True)
    done = ingest(
        stream,
        ours("3", to=None, parent_id="2", parent=above),
        ours("2", to=None, parent_id="t1", parent=Post("t1", ours=True)),
    )
    assert (done.set_aside, Conversation.objects.count()) == (0, 0)
    ingest(stream, said("c"), ours("r", parent_id="c", minutes=1))
    ingest(stream, ours("s", to=None, parent_id="r", parent=Post("r", ours=True), minutes=2))
    assert Conversation.objects.get().message_count == 3


def test_a_private_conversation_is_its_thread_and_learns_its_person_later(stream):
    ingest(stream, ours("1", to=None, thread_id="dm-anna", visibility=private("x").visibility))
    assert Conversation.objects.get().identity is None
    ingest(stream, private("2", minutes=4))
    conversation = Conversation.objects.get()
    assert (conversation.key, conversation.identity.handle, conversation.status) == ("dm:dm-anna", "anna", "open")
    assert conversation.due_at == at(4) + timedelta(minutes=stream.account.private_target_minutes)


def test_what_a_search_found_is_proactive_until_they_address_us(stream):
    search = builders.stream(stream.account, "search", query="trein", proactive=True, target_minutes=240)
    ingest(search, said("1"))
    assert Conversation.objects.values_list("proactive", "due_at").get() == (True, at(240))
    ingest(stream, said("1"))
    assert Conversation.objects.values_list("proactive", "due_at").get() == (False, at(30))


def test_only_the_holder_of_the_lease_may_store(stream):
    stream.lease = uuid4()
    stream.save(update_fields=["lease"])
    with pytest.raises(LeaseLost):
        ingest_page(stream=stream, page=page(said("1"), cursor={"since": "1"}), now=at(1), lease=uuid4())
    assert not Message.objects.exists()
    ingest_page(stream=stream, page=page(said("1"), cursor={"since": "1"}), now=at(1), lease=stream.lease)
    stream.refresh_from_db()
    assert stream.cursor == {"since": "1"}


def test_every_poll_is_in_the_ledger_with_what_came_of_it(stream):
    ingest(stream, said("1"), said("2", "bram", 1), minutes=3)
    ingest_page(stream=stream, page=Page(fetched=0), now=at(5), lease=None)
    first, second = Poll.objects.order_by("id")
    assert (first.fetched, first.new, first.seen, first.lag_seconds, first.outcome) == (2, 2, 0, 120, "complete")
    assert (second.fetched, second.new) == (0, 0)


def test_payloads_of_any_shape_are_kept(stream):
    deep = {"a": 1}
    for _ in range(300):
        deep = {"deep": deep}
    odd = {"nul": "a\0b", "inf": float("inf"), "half": "\udc00", 5: {1, 2}, "deep": deep}
    ingest(stream, said("1", raw=odd))
    assert MessagePayload.objects.get().received["nul"] == "ab"


ODD = {
    "not a number": ({"n": float("nan")}, {"n": "nan"}), "more than 64 bits": ({"n": 10**30}, {"n": 10**30}),
    "nothing": ({"n": None}, {"n": None}), "the word null": ({"n": "null"}, {"n": "null"}),
    "keys that are no text": ({5: "vijf"}, {"5": "vijf"}), "NUL": ({"n": "a\0b"}, {"n": "ab"}),
    "half a pair": ({"n": "\ud83d"}, {"n": "\ufffd"}), "letters": ({"n": "é 😀 \u2028"}, {"n": "é 😀 \u2028"}),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "kept"), ODD.values(), ids=ODD)
def test_a_payload_is_kept_as_it_came_where_it_can_be(stream, raw, kept):
    ingest(stream, said("1", raw=raw))
    assert MessagePayload.objects.get().received == kept
