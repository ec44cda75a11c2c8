"""Recorded Graph traffic and deliveries, in the shapes in which they really come."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.facebook.connector import FacebookConnector
from connectors.types import Direction, Visibility

GRAPH = "https://graph.facebook.com/v24.0"
WHEN = "2021-08-10T18:45:03+0000"
THEN = datetime(2021, 8, 10, 18, 45, 3, tzinfo=UTC)


def replay(body, uri="", **more):
    exchange = {"method": "GET", "uri": f"{GRAPH}/{uri}", "status": 200, "headers": {}, "body": body} | more
    return FacebookConnector.read_recorded(exchange)


def one(body, uri=""):
    page = replay(body, uri)
    assert not page.unreadable
    (message,) = page.messages
    return message


def test_a_page_feed_with_nested_comments_and_their_replies():
    reply = {"id": "5_8", "message": "Wij zoeken het uit", "created_time": WHEN, "from": {"id": "100", "name": "Wij"}}
    comment = {
        "id": "5_7",
        "message": "Help",
        "created_time": WHEN,
        "from": {"id": "9", "name": "Ann"},
        "comments": {"data": [reply]},
    }
    post = {
        "id": "100_5",
        "message": "Nieuws",
        "created_time": WHEN,
        "from": {"id": "100"},
        "comments": {"data": [comment]},
    }
    messages = {m.external_id: m for m in replay({"data": [post], "paging": {}}, "100/feed").messages}
    assert messages["100_5"].direction is Direction.OUTBOUND
    assert (messages["5_7"].thread_id, messages["5_7"].root.text, messages["5_7"].sent_at) == ("100_5", "Nieuws", THEN)
    assert (messages["5_8"].direction, messages["5_8"].partner.name, messages["5_8"].parent_id) == (
        Direction.OUTBOUND,
        "Ann",
        "5_7",
    )


def test_who_wrote_it_may_be_unknown():
    message = one({"data": [{"id": "5_7", "message": "Help", "created_time": WHEN}]}, "100_5/comments")
    assert message.author is None
    assert (message.direction, message.thread_id) == (Direction.INBOUND, "100_5")


def test_a_photo_alone_has_no_text():
    attachment = {"type": "photo", "media": {"image": {"src": "https://cdn/a.jpg"}}, "target": {"id": "3"}}
    message = one({"id": "5_7", "created_time": WHEN, "like_count": 0, "attachment": attachment})
    assert (message.text, message.attachments[0].kind, message.attachments[0].url) == ("", "image", "https://cdn/a.jpg")


def test_an_answer_keyed_by_id_and_a_batch():
    comment = {"id": "5_7", "message": "Help", "created_time": WHEN, "like_count": 3}
    assert one({"5_7": comment}, "?ids=5_7").metrics.likes == 3
    assert one([{"code": 200, "body": json.dumps(comment)}, None]).external_id == "5_7"


def test_an_old_comment_id_loses_the_pages_part():
    assert one({"id": "100_5_7", "message": "x", "created_time": WHEN, "like_count": 1}).external_id == "5_7"


def test_a_conversation_with_its_messages():
    messages = [
        {
            "id": "m_2",
            "message": "Dag Ann",
            "created_time": WHEN,
            "from": {"id": "100"},
            "to": {"data": [{"id": "9", "name": "Ann"}]},
        },
        {"id": "m_1", "message": "Hallo", "created_time": WHEN, "from": {"id": "9", "name": "Ann"}},
        {"id": "m_0"},
    ]
    people = {"data": [{"id": "9", "name": "Ann"}, {"id": "100", "name": "Wij"}]}
    talk = {
        "id": "t_1",
        "updated_time": WHEN,
        "link": "/wij/inbox/1/",
        "can_reply": True,
        "participants": people,
        "messages": {"data": messages},
    }
    page = replay({"data": [talk]}, "100/conversations")
    assert [(m.direction, m.thread_id) for m in page.messages] == [(Direction.OUTBOUND, "9"), (Direction.INBOUND, "9")]
    assert all(m.visibility is Visibility.PRIVATE for m in page.messages)
    assert [item.external_id for item in page.unreadable] == ["m_0"]


def test_a_review_has_the_id_of_its_story():
    rating = {
        "created_time": WHEN,
        "recommendation_type": "negative",
        "review_text": "Nooit meer",
        "reviewer": {"id": "9", "name": "Ann"},
    }
    message = one({"data": [rating | {"open_graph_story": {"id": "77"}}]}, "100/ratings")
    assert (message.external_id, message.rating, message.author.name) == ("77", "negative", "Ann")
    nameless = one({"data": [rating]}, "100/ratings")
    assert nameless.external_id == one({"data": [rating]}, "100/ratings").external_id
    assert not nameless.public_reply.allowed


def test_an_error_body_is_kept_with_its_code_and_no_token():
    page = replay({"error": {"code": 190, "error_subcode": 460, "message": "weg"}, "access_token": "EAAP123456"})
    assert "190/460" in page.unreadable[0].error
    assert "EAAP123456" not in repr(page)


@pytest.mark.parametrize("body", ["true", '{"success": true}', '{"id": "5_9"}', '{"data": []}'])
def test_an_answer_to_a_write_is_no_message_and_no_fault(body):
    page = replay(body)
    assert not page.messages
    assert not page.unreadable


@pytest.mark.parametrize(
    "when", ["2021-02-31T10:00:00+0000", "0001-01-01T00:00:00+0000", None, [], {}, 10**30, "gisteren"]
)
def test_an_impossible_time_sets_the_item_aside(when):
    page = replay({"data": [{"id": "5_7", "message": "x", "created_time": when, "like_count": 1}]}, "100_5/comments")
    assert (len(page.messages), len(page.unreadable)) == (0, 1)


def test_lists_and_nulls_where_objects_belong():
    odd = {
        "id": "5_7",
        "message": None,
        "created_time": WHEN,
        "from": [{"id": 9, "name": None}],
        "parent": [],
        "attachment": [None],
        "message_tags": {"0": [{"id": "100"}]},
        "like_count": "x",
        "comments": None,
        "private_reply_conversation": [],
    }
    message = one({"data": [odd]}, "100_5/comments")
    assert (message.author.external_id, message.text, message.mentions, message.metrics.likes) == (
        "9",
        "",
        ("100",),
        None,
    )


def test_instagram_says_text_and_timestamp():
    comment = {
        "id": "17",
        "text": "Mooi!",
        "timestamp": WHEN,
        "username": "ann",
        "replies": {"data": [{"id": "18", "text": "Dank", "timestamp": WHEN}]},
    }
    media = {"id": "16", "caption": "Nieuw", "media_type": "IMAGE", "comments": {"data": [comment]}}
    messages = replay(media).messages
    assert [(m.external_id, m.thread_id, m.text) for m in messages] == [("17", "16", "Mooi!"), ("18", "16", "Dank")]
    assert messages[0].author.handle == "ann"


# Deliveries


def change(**value):
    return {
        "object": "page",
        "entry": [{"id": "100", "time": 1628621103, "changes": [{"field": "feed", "value": value}]}],
    }


def event(**more):
    entry = {"sender": {"id": "9"}, "recipient": {"id": "100"}, "timestamp": 1628621103000} | more
    return {"object": "page", "entry": [{"id": "100", "messaging": [entry]}]}


def test_feed_changes_count_seconds_and_messages_milliseconds():
    comment = one(
        change(
            item="comment",
            verb="add",
            comment_id="5_7",
            post_id="100_5",
            parent_id="100_5",
            created_time=1628621103,
            message="Hé",
            **{"from": {"id": "9", "name": "Ann"}},
        )
    )
    private = one(event(message={"mid": "m_1", "text": "Hoi"}))
    assert comment.sent_at == private.sent_at == THEN
    assert (comment.thread_id, comment.parent_id) == ("100_5", "100_5")
    assert private.thread_id == "9"


def test_a_removal_is_a_deletion_and_so_is_a_post_put_in_the_bin():
    assert (
        replay(change(item="comment", verb="remove", comment_id="5_7", post_id="100_5")).deletions[0].external_id
        == "5_7"
    )
    assert replay(change(item="status", verb="edited", post_id="100_5")).deletions[0].external_id == "100_5"


def test_an_echo_is_ours_and_goes_to_its_person():
    echo = event(sender={"id": "100"}, recipient={"id": "9"}, message={"mid": "m_2", "text": "Dag", "is_echo": True})
    message = one(echo)
    assert (message.direction, message.partner.external_id, message.thread_id) == (Direction.OUTBOUND, "9", "9")


def test_hiding_reading_and_unpublished_posts_are_no_messages():
    for body in (
        change(item="comment", verb="hide", comment_id="5_7"),
        event(read={"watermark": 1}),
        change(item="status", verb="add", post_id="100_1", published=0),
    ):
        page = replay(body)
        assert not page.messages
        assert not page.unreadable


def test_an_unsent_instagram_message_is_a_deletion_and_whatsapp_is_not_read():
    assert replay(event(message={"mid": "x1", "is_deleted": True})).deletions[0].external_id == "x1"
    page = replay({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": []}]})
    assert "whatsapp" in page.unreadable[0].error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from([WHEN, "100_5", "m_1", "t_1"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([
            "id", "data", "message", "created_time", "from", "comments", "messages", "entry", "object", "changes", "value",
            "field", "verb", "item", "messaging", "error", "code", "attachments", "media", "text", "timestamp", "parent",
            "reviewer", "rating", "participants", "message_tags", "summary", "paging", "sender", "mid", "body", "post_id",
        ]) | st.text(max_size=5), inner, max_size=6,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@example(body={"object": [], "entry": [None]}, uri="")
@example(
    body={"object": "page", "entry": [{"changes": [{"field": "feed", "value": {"verb": [], "item": {}}}]}]}, uri=""
)
@given(
    body=JSON,
    uri=st.sampled_from(
        ["", "100/feed", "100_5/comments", "t_1/messages", "100/ratings", "100/conversations", "?ids=1"]
    ),
)
def test_no_payload_whatsoever_crashes(body, uri):
    replay(body, uri)


@given(body=st.text(max_size=60) | st.binary(max_size=60))
def test_no_text_whatsoever_crashes(body):
    replay(body)


def test_a_comment_asked_for_without_its_id_has_it_in_its_address():
    link = "https://www.facebook.com/100/posts/5/?comment_id=7&reply_comment_id=8"
    message = one(
        {"data": [{"message": "Hoi", "created_time": WHEN, "like_count": 0, "permalink_url": link}]}, "100_5/comments"
    )
    assert (message.external_id, message.parent_id, message.thread_id) == ("5_8", "5_7", "100_5")


def test_links_to_other_pages_tell_whose_posts_these_are():
    link = f"{GRAPH}/100/posts?access_token=x&until=1624385168&__paging_token=y"
    page = replay({"data": [{"id": "100_5", "message": "Nieuws", "created_time": WHEN}], "paging": {"next": link}})
    assert page.messages[0].thread_id == "100_5"


def test_old_answers_count_in_plain_numbers():
    comment = {"id": "100_5_7", "message": "x", "created_time": WHEN, "likes": 3}
    post = {"id": "100_5", "created_time": WHEN, "story": "s", "comments": {"count": 12, "data": [comment]}}
    messages = replay(post).messages
    assert (messages[0].metrics.replies, messages[1].metrics.likes, messages[1].thread_id) == (12, 3, "100_5")
