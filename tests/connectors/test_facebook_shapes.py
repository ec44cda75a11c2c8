"""Rarer shapes of Graph's answers and deliveries: whose words they are, what they answer, and what was shown."""

import pytest

from connectors.facebook.connector import FacebookConnector
from connectors.types import Direction

GRAPH = "https://graph.facebook.com/v24.0"
WHEN = "2021-08-10T18:45:03+0000"
US = {"id": "100", "name": "Wij"}
ANN = {"id": "9", "name": "Ann"}


def replay(body, uri="", **more):
    return FacebookConnector.read_recorded(
        {"method": "GET", "uri": f"{GRAPH}/{uri}", "status": 200, "body": body} | more
    )


def delivered(**entry):
    page = replay({"object": "page", "entry": [{"id": "100", "time": 1628621103, **entry}]})
    assert not page.unreadable
    return page


def changed(field="feed", **value):
    value = {"created_time": 1628621103, "verb": "add", "from": ANN} | value
    return delivered(changes=[{"field": field, "value": value}]).messages[0]


def happened(**event):
    event = {"sender": {"id": "9"}, "recipient": {"id": "100"}, "timestamp": 1628621103000} | event
    return delivered(messaging=[event]).messages[0]


def comment(number, **more):
    return {"id": f"5_{number}", "message": f"c{number}", "created_time": WHEN, "from": ANN} | more


def message(**more):
    return {"id": "m_1", "created_time": WHEN, "from": ANN, "to": {"data": [US]}, "message": ""} | more


def test_a_part_of_a_delivery_is_read_by_itself():
    said = {"mid": "m_1", "text": "Dag", "is_echo": True}
    event = {"sender": {"id": "100"}, "recipient": {"id": "9"}, "timestamp": 1628621103000, "message": said}
    value = {"item": "comment", "verb": "add", "comment_id": "5_6", "post_id": "100_5", "message": "Hoi",
             "created_time": 1628621103, "from": US}  # fmt: skip
    change = {"field": "feed", "value": value}
    for part in (event, {"id": "100", "messaging": [event]}, value, change, {"id": "100", "changes": [change]}):
        (found,) = replay(part).messages
        assert (found.text, found.direction) in {("Dag", Direction.OUTBOUND), ("Hoi", Direction.OUTBOUND)}


@pytest.mark.parametrize("node", ["5_7", "100_5_7"])
def test_replies_asked_for_below_a_comment_are_filed_under_it(node):
    theirs, ours = replay(
        {"data": [comment(8), comment(9, **{"from": US})]}, f"{node}/comments", account_id="100"
    ).messages
    assert (theirs.thread_id, theirs.parent_id, theirs.direction) == ("100_5", "5_7", Direction.INBOUND)
    assert (ours.thread_id, ours.parent_id, ours.direction) == ("100_5", "5_7", Direction.OUTBOUND)


def test_comments_of_a_post_stay_under_the_post():
    (found,) = replay({"data": [comment(8)]}, "100_5/comments").messages
    assert (found.thread_id, found.parent_id) == ("100_5", "100_5")


def test_items_beside_an_error_are_read():
    page = replay({"data": [comment(1)], "error": {"code": 1, "message": "An unknown error"}}, "100_5/comments")
    assert ([m.text for m in page.messages], len(page.unreadable)) == (["c1"], 1)


def test_a_post_of_ours_is_ours_without_an_address():
    (post,) = replay(
        [{"code": 200, "body": {"id": "100_5", "message": "x", "created_time": WHEN, "from": US}}]
    ).messages
    assert (post.direction, post.thread_id) == (Direction.OUTBOUND, "100_5")


def test_who_shares_our_post_is_not_us():
    shared = {"id": "9_8", "story": "Ann shared a post", "created_time": WHEN, "from": ANN}
    assert replay({"data": [shared]}, "100_5/sharedposts").messages[0].direction is Direction.INBOUND


def test_a_message_without_a_sender_belongs_to_the_other_of_its_conversation():
    said = [message(**{"from": None}), message(id="m_2", **{"from": None, "to": {"data": [ANN]}})]
    chat = {"id": "t_1", "participants": {"data": [ANN, US]}, "messages": {"data": said}}
    theirs, ours = replay({"data": [chat]}, "100/conversations").messages
    assert (theirs.direction, theirs.partner.name, theirs.thread_id) == (Direction.INBOUND, "Ann", "9")
    assert (ours.direction, ours.partner.name, ours.thread_id) == (Direction.OUTBOUND, "Ann", "9")


def test_messages_of_nobody_never_share_a_conversation():
    first, second = message(**{"from": None}), message(id="m_2", **{"from": None})
    assert len({m.thread_id for m in replay([first, second], account_id="100").messages}) == 2
    assert {m.thread_id for m in replay({"data": [first, second]}, "t_1/messages", account_id="100").messages} == {
        "t_1"
    }
    assert happened(sender=None, message={"mid": "m_1", "text": "x"}).thread_id == "m_1"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"is_unsupported": True}, ("other", "", "")),
        ({"story": {"mention": {"link": "https://s", "id": "1"}}}, ("link", "https://s", "")),
        ({"story": {"reply_to": {"link": "https://s", "id": "1"}}}, ("link", "https://s", "")),
        ({"attachments": {"data": [{"generic_template": {"title": "Kies", "subtitle": "Een"}}]}}, ("other", "", "Kies · Een")),
        ({"shares": {"data": [{"template": {"payload": {"text": "Waarmee?"}}}]}}, ("other", "", "Waarmee?")),
    ],
)  # fmt: skip
def test_a_message_that_is_no_text_shows_that_something_is_there(said, shown):
    (found,) = replay({"data": [message(**said)]}, "t_1/messages", account_id="100").messages
    assert [(a.kind, a.url, a.title) for a in found.attachments] == [shown]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"is_unsupported": True}, ("other", "", "")),
        ({"reply_to": {"story": {"url": "https://s", "id": "1"}}}, ("link", "https://s", "")),
        ({"attachments": [{"type": "ig_story", "payload": {"story_media_url": "https://s"}}]}, ("image", "https://s", "")),
        ({"attachments": [{"type": "template", "payload": {"elements": [{"title": "Kies"}]}}]}, ("other", "", "Kies")),
    ],
)  # fmt: skip
def test_so_does_one_that_is_delivered(said, shown):
    found = happened(message={"mid": "m_1", **said})
    assert [(a.kind, a.url, a.title) for a in found.attachments] == [shown]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"item": "photo", "photos": ["https://1", "https://2"]}, [("image", "https://1"), ("image", "https://2")]),
        ({"item": "photo", "link": "https://1"}, [("image", "https://1")]),
        ({"item": "video", "link": "https://v"}, [("video", "https://v")]),
        ({"item": "share", "link": "https://l"}, [("link", "https://l")]),
    ],
)
def test_a_delivered_post_shows_what_it_holds(value, shown):
    assert [(a.kind, a.url) for a in changed(post_id="100_5", **value).attachments] == shown


def test_a_comment_below_a_review_is_a_message():
    found = changed("ratings", item="comment", comment_id="5_6", open_graph_story_id="5", message="Toch niet")
    assert (found.external_id, found.thread_id, found.text) == ("5_6", "5", "Toch niet")


def test_a_review_is_judged_however_loud():
    assert (
        changed("ratings", item="rating", open_graph_story_id="5", recommendation_type="NEGATIVE").rating == "negative"
    )


def test_a_button_that_was_pressed_without_an_id_is_one_message_however_often_it_is_told():
    first, again = (happened(postback={"title": "Begin", "payload": "X"}) for _ in range(2))
    assert (first.text, first.external_id) == ("Begin", again.external_id)
    assert happened(timestamp=1628621104000, postback={"title": "Begin"}).external_id != first.external_id
