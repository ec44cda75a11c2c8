"""Facebook's edges, walked over real HTTP: nothing is missed, nothing read without end."""

import hashlib
import hmac
import json
import traceback
from datetime import UTC, datetime, timedelta

import pytest

from connectors.exceptions import (
    AlreadyDone,
    AuthorizationLost,
    Gone,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.facebook.connector import FacebookConnector
from connectors.facebook.oauth import FacebookOAuth
from connectors.types import Credentials, Direction, OutboundMessage, StreamRef, Upload
from tests.connectors.graph_payloads import PAGE, TOKEN, a_comment, a_post, at, error, facebook, graph
from tests.connectors.scripted_graph import Reply, scripted_graph


def walk(facebook, kind, cursor=None, **more):
    """Polls until there is no more; every message seen, and the last cursor."""
    cursor, messages, polls = cursor or {}, [], 0
    while True:
        page = facebook.poll(StreamRef(kind), json.loads(json.dumps(cursor)), **more)
        messages += page.messages
        cursor, polls = page.cursor, polls + 1
        assert polls < 100
        if not page.has_more:
            return messages, cursor, page


def a_page_of(comments, size, after=""):
    """A stream edge, newest first, as Graph pages it."""
    start = int(after or 0)
    shown = comments[start : start + size]
    edge = {"data": shown, "summary": {"total_count": len(comments)}}
    if start + size < len(comments):
        edge["paging"] = {"cursors": {"after": str(start + size)}, "next": "https://graph.facebook.com/x"}
    return edge


class Feed:
    """One post whose comments the test keeps."""

    def __init__(self, graph):
        self.comments = []
        self.reads = 0
        graph.answer = self.answer

    def answer(self, call):
        self.reads += 1
        if call.path.endswith("/feed"):
            return Reply({"data": [a_post(a_page_of(self.comments, 25))]})
        return Reply(a_page_of(self.comments, int(call.query["limit"]), call.query.get("after", "")))


def test_a_viral_post_is_read_to_the_bottom_in_bounded_calls(graph, facebook):
    feed = Feed(graph)
    feed.comments = [a_comment(n, minutes_ago=n) for n in range(430)]
    messages, cursor, page = walk(facebook, "comments", limit=50)
    assert {m.external_id for m in messages} == {f"55_{n}" for n in range(430)}
    assert page.complete_until is not None
    feed.reads = 0
    walk(facebook, "comments", cursor, limit=50)
    assert feed.reads <= 4


def test_a_comment_that_turns_up_late_below_newer_ones_is_not_missed(graph, facebook):
    feed = Feed(graph)
    feed.comments = [a_comment(n, minutes_ago=n * 60) for n in range(100)]
    _, cursor, _ = walk(facebook, "comments")
    feed.comments.insert(90, a_comment(999, minutes_ago=90 * 60))
    messages, _, _ = walk(facebook, "comments", cursor)
    assert "55_999" in {m.external_id for m in messages}


def test_an_order_that_graph_does_not_honour_costs_calls_but_no_comment(graph, facebook):
    feed = Feed(graph)
    feed.comments = [a_comment(n, minutes_ago=200 - n) for n in range(60)]
    _, cursor, _ = walk(facebook, "comments")
    feed.comments.append(a_comment(60, minutes_ago=1))
    messages, _, _ = walk(facebook, "comments", cursor)
    assert "55_60" in {m.external_id for m in messages}


def test_a_poison_comment_costs_only_itself_and_is_set_aside_once(graph, facebook):
    feed = Feed(graph)
    feed.comments = [a_comment(3), a_comment(2, created_time="2026-02-31T10:00:00+0000"), 17, a_comment(1)]
    page = facebook.poll(StreamRef("comments"), {})
    assert [m.external_id for m in page.messages] == ["55_3", "55_1"]
    assert [item.payload for item in page.unreadable] == [feed.comments[1], 17]
    assert not facebook.poll(StreamRef("comments"), page.cursor).unreadable


def test_a_post_that_fails_by_itself_does_not_stop_the_others(graph, facebook):
    def answer(call):
        if call.path.endswith("/feed"):
            return Reply({"data": [a_post(number=1), a_post(number=55)]})
        return Reply(error(10), 403) if "100_1/" in call.path else Reply({"data": [a_comment(5)]})

    graph.answer = answer
    messages, _, page = walk(facebook, "comments")
    assert [m.external_id for m in messages] == ["55_5"]
    assert page.complete_until is None


def test_a_conversation_that_failed_by_itself_is_read_by_a_later_walk_and_only_then_is_there_proof(graph, facebook):
    well = {"t_2": False}

    def answer(call):
        chats = [{"id": name, "updated_time": at(minutes)} for name, minutes in (("t_1", 0), ("t_2", 300))]
        if call.path.endswith("/conversations"):
            return Reply({"data": chats})
        name = call.path.split("/")[-2]
        if not well.get(name, True):
            return Reply(error(1), 500)
        return Reply({"data": [a_comment(1) | {"id": f"m_{name}", "created_time": at(0 if name == "t_1" else 300)}]})

    graph.answer = answer
    messages, cursor, page = walk(facebook, "direct")
    assert ([m.external_id for m in messages], page.trouble, page.complete_until) == (["m_t_1"], "part_unread", None)
    _, cursor, page = walk(facebook, "direct", cursor)
    assert (page.trouble, page.unreadable) == ("part_unread", ())
    well["t_2"] = True
    messages, cursor, page = walk(facebook, "direct", cursor)
    assert "m_t_2" in [m.external_id for m in messages]
    assert (page.trouble, page.complete_until is None, page.recovered) == ("", False, ("t_2",))
    well["t_2"] = False
    _, _, page = walk(facebook, "direct", cursor | {"mark": None})
    assert [item.external_id for item in page.unreadable] == ["t_2"], "what fails again is told again"


def test_the_pages_own_comment_is_outbound_to_whom_it_answers(graph, facebook):
    feed = Feed(graph)
    parent = {"id": "55_1", "from": {"id": "9001", "name": "Ann"}, "message": "Help"}
    feed.comments = [a_comment(2, who=PAGE, parent=parent)]
    message = facebook.poll(StreamRef("comments"), {}).messages[0]
    assert (message.direction, message.partner.external_id) == (Direction.OUTBOUND, "9001")
    assert (message.parent_id, message.thread_id, message.root.text) == ("55_1", "100_55", "Ons nieuws")


def test_the_first_poll_looks_no_further_back_than_asked(graph, facebook):
    feed = Feed(graph)
    feed.comments = [a_comment(n, minutes_ago=n * 60) for n in range(48)]
    messages, _, _ = walk(facebook, "comments", since=datetime(2026, 11, 20, 2, tzinfo=UTC))
    assert {m.external_id for m in messages} == {f"55_{n}" for n in range(11)}


def test_a_conversation_that_moves_up_while_we_walk_loses_nothing(graph, facebook):
    said = {"t_1": [5], "t_2": [4], "t_3": [30, 40]}

    def conversations():
        found = []
        for name, minutes in sorted(said.items(), key=lambda pair: min(pair[1])):
            messages = [
                {"id": f"m_{name}_{m}", "message": "x", "created_time": at(m), "from": {"id": name}}
                for m in sorted(minutes)
            ]
            found.append({"id": name, "updated_time": at(min(minutes)), "messages": {"data": messages}})
        return found

    graph.answer = lambda _: Reply({"data": conversations()[:2], "paging": {"cursors": {"after": "2"}, "next": "u"}})
    page = facebook.poll(StreamRef("direct"), {}, limit=2)
    assert page.has_more
    said["t_3"].append(1)  # it jumps to the top, past our cursor
    graph.answer = lambda _: Reply({"data": []})
    page = facebook.poll(StreamRef("direct"), page.cursor, limit=2)
    graph.answer = lambda _: Reply({"data": conversations()})
    seen = {m.external_id for m in facebook.poll(StreamRef("direct"), page.cursor).messages}
    assert {"m_t_3_1", "m_t_3_30", "m_t_3_40"} <= seen


def test_every_simple_stream_goes_over_an_empty_page_to_the_end(graph, facebook):
    graph.add({"data": [a_post(number=3)], "paging": {"cursors": {"after": "a"}, "next": "u"}})
    graph.add({"data": [], "paging": {"cursors": {"after": "b"}, "next": "u"}})
    graph.add({"data": [a_post(number=1)]})
    messages, cursor, _ = walk(facebook, "visitor_posts")
    assert [m.external_id for m in messages] == ["100_3", "100_1"]
    assert cursor["mark"] == "2026-11-20T03:40:00+00:00"


def test_one_wrong_time_at_the_end_of_a_page_hides_nothing_below_it(graph, facebook):
    graph.add({"data": [a_post(number=1)]})
    _, cursor, _ = walk(facebook, "visitor_posts")
    newer = [a_post(number=n, created_time=at(9 - n)) for n in (4, 3)]
    graph.add({"data": [*newer, a_post(number=9, created_time="2012-01-01T00:00:00+0000")], "paging": {"cursors":
               {"after": "a"}, "next": "u"}})  # fmt: skip
    graph.add({"data": [a_post(number=2, created_time=at(7)), a_post(number=1)]})
    messages, _, _ = walk(facebook, "visitor_posts", cursor)
    assert {"100_4", "100_3", "100_2"} <= {m.external_id for m in messages}


def test_an_edge_that_pages_by_time_is_followed_without_its_token(graph, facebook):
    link = "https://graph.facebook.com/v24.0/100/feed?access_token=EAAP&until=1624385168&__paging_token=enc_1"
    graph.add({"data": [a_post(number=3)], "paging": {"next": link}})
    graph.add({"data": [a_post(number=1)]})
    messages, _, _ = walk(facebook, "visitor_posts")
    assert [m.external_id for m in messages] == ["100_3", "100_1"]
    assert (graph.calls[1].query["until"], graph.calls[1].query["__paging_token"]) == ("1624385168", "enc_1")
    assert "access_token" not in graph.calls[1].query
