"""What leaves for X, as it goes over the wire; and finding it again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.exceptions import OutcomeUnknown, Rejected, TemporaryFailure
from connectors.types import Credentials, OutboundMessage, Upload
from connectors.x.connector import XConnector
from tests.connectors.loopback import Loopback, answer, cut
from tests.connectors.x_payloads import US, event, number, page, post, problem

REPLY = OutboundMessage("public_reply", "Zie webcare.nl/x & groet", in_reply_to="7", thread_id="3")
DIRECT = OutboundMessage("direct_message", "hoi", thread_id="5-99", recipient_id="5")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PICTURE = Upload(b"\x89PNG", "image/png", "trein.png", alt_text="Een trein")


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def x(server):
    with XConnector(Credentials(US, server.url, {"access_token": "token-token"}), timeout=(0.5, 0.5)) as x:
        yield x


def test_a_reply_goes_under_its_parent(server, x):
    server.then(answer({"data": {"id": "8", "text": "t"}}, status=201))
    sent = x.send(REPLY)
    assert (server.asked[0].method, server.asked[0].path) == ("POST", "/2/tweets")
    assert server.asked[0].json == {"text": REPLY.text, "reply": {"in_reply_to_tweet_id": "7"}}
    assert (sent.external_id, sent.thread_id, sent.cost.writes) == ("8", "3", 1)
    assert sent.cost.money == Decimal("0.20"), "a link makes it thirteen times as dear"


def test_a_picture_goes_ahead_with_its_description(server, x):
    server.then(
        answer({"data": {"id": "55"}}),
        answer({"data": {"id": "55"}}),
        answer({"data": {"id": "8"}}, status=201),
    )
    sent = x.send(OutboundMessage("public_reply", "kijk", in_reply_to="7", attachments=(PICTURE,)))
    upload, described, posted = server.asked
    assert upload.path == "/2/media/upload"
    assert b"tweet_image" in upload.body
    assert b"\x89PNG" in upload.body
    assert described.path == "/2/media/metadata"
    assert described.json == {"id": "55", "metadata": {"alt_text": {"text": "Een trein"}}}
    assert posted.json["media"] == {"media_ids": ["55"]}
    assert sent.cost.calls == 3


def test_an_upload_that_got_lost_published_nothing(server, x):
    server.then(cut)
    with pytest.raises(TemporaryFailure):
        x.send(OutboundMessage("public_reply", "kijk", in_reply_to="7", attachments=(PICTURE,)))


def test_a_reply_that_got_lost_may_be_published(server, x):
    server.then(answer({"data": {"id": "55"}}), answer({"data": {}}), cut)
    with pytest.raises(OutcomeUnknown):
        x.send(OutboundMessage("public_reply", "kijk", in_reply_to="7", attachments=(PICTURE,)))


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (DIRECT, "/2/dm_conversations/with/5/messages"),
        (
            OutboundMessage("private_reply", "hoi", thread_id="123", recipient_id="5"),
            "/2/dm_conversations/with/5/messages",
        ),
        (
            OutboundMessage("direct_message", "hoi", thread_id="123", recipient_id="5"),
            "/2/dm_conversations/123/messages",
        ),
        (OutboundMessage("direct_message", "hoi", thread_id="5-99"), "/2/dm_conversations/5-99/messages"),
    ],
)
def test_a_direct_message_goes_to_the_person_or_into_the_group(server, x, message, path):
    server.then(answer({"data": {"dm_conversation_id": "5-99", "dm_event_id": "66"}}, status=201))
    sent = x.send(message)
    assert server.asked[0].path == path
    assert (sent.external_id, sent.thread_id) == ("66", "5-99")


def test_what_x_cannot_carry_is_refused_before_it_leaves(server, x):
    for message in (
        OutboundMessage("direct_message", "hoi", recipient_id="5", attachments=(PICTURE, PICTURE)),
        OutboundMessage("direct_message", "hoi"),
        OutboundMessage("public_reply", "  "),
    ):
        with pytest.raises(Rejected):
            x.send(message)
    assert not server.asked


def ours(position, text="@jan Zie https://t.co/1 &amp; groet", **more):
    return post(
        position,
        author_id=US,
        text=text,
        conversation_id="3",
        referenced_tweets=[{"type": "replied_to", "id": "7"}],
        entities={"urls": [{"url": "https://t.co/1", "expanded_url": "http://webcare.nl/x"}]},
        **more,
    )


def test_a_reply_is_found_though_x_changed_its_links_and_put_a_name_before_it(server, x):
    server.then(answer(page(ours(9, "iets anders"), token="p2")), answer(page(ours(8))))
    found = x.find_sent(REPLY, LONG_AGO)
    assert found.external_id == number(8)
    assert found.thread_id == "3"
    assert server.asked[0].query["start_time"] == "2020-01-01T00:00:00Z"
    assert server.asked[1].query["pagination_token"] == "p2"


@pytest.mark.parametrize(
    "other",
    [
        ours(8, "Zie iets anders"),
        ours(8) | {"referenced_tweets": [{"type": "replied_to", "id": "1"}], "conversation_id": "2"},
        ours(8, created_at="2019-12-31T23:59:59.000Z"),
        {"id": "8"},
        {"id": "8", "text": [], "created_at": "2026-01-01T00:00:00Z", "conversation_id": "3"},
    ],
)
def test_another_post_is_not_taken_for_ours(server, x, other):
    server.then(answer(page(other)))
    assert x.find_sent(REPLY, LONG_AGO) is None


def test_a_direct_message_is_found_by_sender_and_text(server, x):
    server.then(answer(page(event(9, text="hoi"), event(8, text="hoi", sender=US))))
    assert x.find_sent(DIRECT, LONG_AGO).external_id == number(8)
    assert server.asked[0].path == "/2/dm_conversations/with/5/dm_events"


def test_a_direct_message_from_before_is_not_taken_for_ours(server, x):
    server.then(answer(page(event(8, text="hoi", sender=US))))
    assert x.find_sent(DIRECT, datetime(2026, 11, 1, tzinfo=UTC)) is None


def test_deleting_what_is_gone_is_done(server, x):
    server.then(answer(problem(404, "Not Found", "x"), status=404))
    x.delete_own("8")
    assert (server.asked[0].method, server.asked[0].path) == ("DELETE", "/2/tweets/8")


def test_hiding_and_showing(server, x):
    server.then(answer({"data": {"hidden": True}}))
    x.hide("8")
    x.unhide("8")
    assert [asked.json for asked in server.asked] == [{"hidden": True}, {"hidden": False}]


def test_reading_again_tells_numbers_edits_and_deletions(server, x):
    gone = {
        "parameter": "ids",
        "resource_id": "7",
        "resource_type": "tweet",
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
    versions = [number(2), number(5)]
    server.then(
        answer(
            page(
                post(1, public_metrics={"like_count": 3}),
                post(2, edit_history_tweet_ids=versions),
                errors=[gone],
            )
        ),
        answer(page(post(5, text="nieuw", edit_history_tweet_ids=versions))),
    )
    told = x.refresh_metrics([number(1), number(2), "7", "8"])
    assert told.metrics[number(1)].likes == 3
    assert {m.external_id: m.text for m in told.messages if m.edited_at} == {number(2): "nieuw"}
    assert [m.external_id for m in told.messages] == [number(1), number(2)]
    assert told.deleted == ("7",), "what X says nothing about is not gone"
    assert server.asked[1].query["ids"] == number(5)
