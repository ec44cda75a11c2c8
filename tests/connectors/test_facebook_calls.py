"""Facebook's calls over real HTTP: what is asked, what is said back when it goes wrong."""

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
from tests.connectors.scripted_graph import Reply, scripted_graph

TOKEN = "EAAPsecretpagetoken"
PAGE = "100"
SAY = OutboundMessage("public_reply", "Dank je!", in_reply_to="55_77", thread_id="100_55")
TELL = OutboundMessage("direct_message", "Dag", recipient_id="9001", thread_id="9001")


@pytest.fixture
def graph():
    with scripted_graph() as server:
        yield server


@pytest.fixture
def facebook(graph):
    data = {"access_token": TOKEN, "app_secret": "app-secret-value"}
    with FacebookConnector(Credentials(PAGE, graph.base_url, data), timeout=(2, 2)) as connector:
        yield connector


def error(code, subcode=None, **more):
    body = {"message": "Er ging iets mis", "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}
    return {"error": body | ({"error_subcode": subcode} if subcode else {})}


def at(minutes_ago=0):
    then = datetime(2026, 11, 20, 12, tzinfo=UTC) - timedelta(minutes=minutes_ago)
    return then.strftime("%Y-%m-%dT%H:%M:%S+0000")


def a_comment(number, *, minutes_ago=0, who="9001", **more):
    return {
        "id": f"55_{number}",
        "message": f"c{number}",
        "created_time": at(minutes_ago),
        "from": {"id": who, "name": "Ann"},
    } | more


def a_post(comments=None, *, number=55, **more):
    post = {
        "id": f"100_{number}",
        "message": "Ons nieuws",
        "created_time": at(500),
        "from": {"id": PAGE, "name": "Wij"},
    }
    return post | ({"comments": comments} if comments is not None else {}) | more


def test_the_sdk_speaks_a_living_version_with_a_proof_and_no_token_in_the_address(graph, facebook):
    graph.add({"id": PAGE, "name": "Wij"})
    facebook.check()
    call = graph.calls[0]
    assert call.path == "/v24.0/me"
    assert call.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(call.query)
    expected = hmac.new(b"app-secret-value", TOKEN.encode(), hashlib.sha256).hexdigest()
    assert call.query["appsecret_proof"] == expected


ON_READ = [
    (error(4), RateLimited), (error(17), RateLimited), (error(32), RateLimited), (error(613), RateLimited),
    (error(80001), RateLimited), (error(80002), RateLimited), (error(80006), RateLimited), (error(368), RateLimited),
    (error(341), RateLimited), (error(190, 458), AuthorizationLost), (error(190, 460), AuthorizationLost),
    (error(190, 463), AuthorizationLost), (error(10), PermissionMissing), (error(200), PermissionMissing),
    (error(299), PermissionMissing), (error(100, 33), Gone), (error(100), Rejected), (error(1), TemporaryFailure),
    (error(2), TemporaryFailure), (error(9999, is_transient=True), TemporaryFailure), (error(9999), Rejected),
    ({"error_code": 190, "error_msg": "x"}, AuthorizationLost), ({"error": "down"}, Rejected),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind"), ON_READ, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("status", [200, 400])
def test_code_and_subcode_decide_whatever_the_status(graph, facebook, body, kind, status):
    graph.add(body, status)
    if body == {"error": "down"} and status == 200:
        kind = TemporaryFailure
    with pytest.raises(kind) as caught:
        facebook.check()
    assert type(caught.value) is kind


ON_WRITE = [
    (error(10, 2018278), Rejected, "window_closed"), (error(10, 2534022), Rejected, "window_closed"),
    (error(551, 1545041), Rejected, "person_unavailable"), (error(200, 1545041), Rejected, "person_unavailable"),
    (error(506), AlreadyDone, "already_done"), (error(10900), AlreadyDone, "already_done"),
    (error(10903), AlreadyDone, "already_done"), (error(100, 2018047), Rejected, "attachment_failed"),
    (error(100, 33), Gone, "gone"), (error(2), OutcomeUnknown, ""), (error(1), OutcomeUnknown, ""),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "reason"), ON_WRITE, ids=lambda value: str(value)[-60:])
def test_a_refused_message_says_what_it_is(graph, facebook, body, kind, reason):
    graph.add(body, 400)
    with pytest.raises(kind) as caught:
        facebook.send(TELL)
    assert type(caught.value) is kind
    assert getattr(caught.value, "reason", "") == reason


def test_the_wait_is_the_one_graph_names_and_usage_may_pass_a_hundred(graph, facebook):
    usage = {PAGE: [{"type": "pages", "call_count": 208, "total_time": 3, "estimated_time_to_regain_access": 30}]}
    headers = {"x-business-use-case-usage": json.dumps(usage), "x-app-usage": '{"call_count": 12}'}
    graph.add(error(80001), 400, headers=headers)
    with pytest.raises(RateLimited) as caught:
        facebook.check()
    wait = caught.value.retry_at - datetime.now(UTC)
    assert timedelta(minutes=29) < wait <= timedelta(minutes=30)
    assert {(limit.bucket, limit.remaining) for limit in caught.value.limits} == {("app", 88), ("pages:100", -108)}


@pytest.mark.parametrize("method", ["check", "send"])
def test_html_from_a_gateway_is_temporary_on_a_read_and_unknown_on_a_write(graph, facebook, method):
    graph.add(b"<html>Sorry, something went wrong</html>", 502, content_type="text/javascript")
    with pytest.raises(TemporaryFailure if method == "check" else OutcomeUnknown):
        facebook.send(SAY) if method == "send" else facebook.check()


def test_an_answer_without_a_content_type_is_read_all_the_same(graph, facebook):
    graph.add({"id": PAGE, "name": "Wij"}, content_type="")
    assert facebook.check().name == "Wij"


def test_an_empty_429_is_a_rate_limit(graph, facebook):
    graph.add(b"", 429, content_type="application/json")
    with pytest.raises(RateLimited):
        facebook.check()


@pytest.mark.parametrize("body", [True, {}, {"success": True}, [], None, {"id": None}])
def test_a_send_that_names_no_id_is_unknown_not_sent(graph, facebook, body):
    graph.add(body)
    with pytest.raises(OutcomeUnknown):
        facebook.send(SAY)


def test_a_connection_cut_after_a_write_leaves_us_in_doubt(graph, facebook):
    graph.answer = lambda _: Reply(cut=True)
    with pytest.raises(OutcomeUnknown):
        facebook.send(SAY)
    assert len(graph.calls) == 1


def test_no_token_in_any_error_or_its_traceback(graph, facebook, caplog):
    caplog.set_level("DEBUG")
    graph.answer = lambda _: Reply(error(190, message=f"Bad access_token={TOKEN} given"), 400)
    with pytest.raises(AuthorizationLost) as caught:
        facebook.check()
    graph.answer = lambda _: Reply(cut=True)
    with pytest.raises(TemporaryFailure) as cut:
        facebook.check()
    shown = "".join(traceback.format_exception(caught.value) + traceback.format_exception(cut.value)) + caplog.text
    assert TOKEN not in shown + repr(facebook.credentials)
    assert "Bad access_token=***" in caught.value.detail


# Sending


def test_a_reply_goes_to_the_comment(graph, facebook):
    graph.add({"id": "55_99"})
    sent = facebook.send(SAY)
    assert (sent.external_id, sent.thread_id) == ("55_99", "100_55")
    assert (graph.calls[0].path, graph.calls[0].form["message"]) == ("/v24.0/55_77/comments", "Dank je!")
    assert TOKEN not in graph.calls[0].raw.decode()


def test_a_private_reply_names_its_comment_as_json(graph, facebook):
    graph.add({"recipient_id": "9001", "message_id": "m_1"})
    sent = facebook.send(OutboundMessage("private_reply", "Dag", in_reply_to="55_77", thread_id="100_55"))
    assert json.loads(graph.calls[0].form["recipient"]) == {"comment_id": "55_77"}
    assert json.loads(graph.calls[0].form["message"]) == {"text": "Dag"}
    assert (sent.external_id, sent.thread_id) == ("m_1", "9001")


@pytest.mark.parametrize(("human", "kind", "tag"), [(False, "RESPONSE", None), (True, "MESSAGE_TAG", "HUMAN_AGENT")])
def test_the_human_agent_tag_is_used_only_when_asked_for(graph, facebook, human, kind, tag):
    graph.add({"recipient_id": "9001", "message_id": "m_1"})
    facebook.send(OutboundMessage("direct_message", "Dag", recipient_id="9001", human_agent=human))
    assert (graph.calls[0].form["messaging_type"], graph.calls[0].form.get("tag")) == (kind, tag)


def test_a_file_is_uploaded_and_a_text_refused_after_it_is_never_sent_with_the_file_again(graph, facebook):
    graph.add({"attachment_id": "7"})
    graph.add({"recipient_id": "9001", "message_id": "m_1"})
    graph.add(error(4), 400)
    message = OutboundMessage(
        "direct_message", "Dag", recipient_id="9001", attachments=(Upload(b"png", "image/png", "a.png"),)
    )
    with pytest.raises(Rejected) as caught:
        facebook.send(message)
    assert caught.value.reason == "partly_sent"
    assert b'filename="a.png"' in graph.calls[0].raw
    assert json.loads(graph.calls[1].form["message"])["attachment"]["payload"] == {"attachment_id": "7"}


def test_a_lost_upload_is_only_temporary(graph, facebook):
    graph.answer = lambda _: Reply(cut=True)
    with pytest.raises(TemporaryFailure):
        facebook.send(
            OutboundMessage("public_reply", "Kijk", in_reply_to="55_1", attachments=(Upload(b"x", "image/png", "a"),))
        )


def test_deleting_what_is_gone_is_done_and_hiding_says_so(graph, facebook):
    graph.add(error(100, 33), 400)
    facebook.delete_own("55_1")
    graph.add({"success": True})
    facebook.hide("55_1")
    assert graph.calls[1].form == {"is_hidden": "true"}


# Looking for what was sent


def test_our_reply_is_found_by_its_text_and_by_what_it_answers(graph, facebook):
    graph.add({"id": "55_77", "parent": {"id": "55_70"}})
    items = [
        a_comment(80, who=PAGE, message="Iets anders"),
        a_comment(79, who="9001", message="Dank je!"),
        a_comment(78, who=PAGE, message="Dank  je! "),
    ]
    graph.add({"data": items})
    found = facebook.find_sent(SAY, datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert found.external_id == "55_78"
    assert graph.calls[1].path == "/v24.0/55_70/comments"


def test_the_same_words_from_before_are_not_our_reply(graph, facebook):
    graph.add({"id": "55_77"})
    graph.add({"data": [a_comment(78, who=PAGE, message="Dank je!", minutes_ago=10)]})
    assert facebook.find_sent(SAY, datetime(2026, 11, 20, 12, tzinfo=UTC)) is None


def test_a_private_message_is_found_in_the_persons_conversation(graph, facebook):
    graph.add({"data": [{"id": "t_1"}]})
    graph.add(
        {
            "data": [
                {
                    "id": "m_5",
                    "message": "Dag",
                    "created_time": at(),
                    "from": {"id": PAGE},
                    "to": {"data": [{"id": "9001"}]},
                }
            ]
        }
    )
    found = facebook.find_sent(TELL, datetime(2026, 11, 20, 11, tzinfo=UTC))
    assert (found.external_id, found.thread_id) == ("m_5", "9001")
    assert graph.calls[0].query["user_id"] == "9001"


# Polling


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


def test_an_edge_that_pages_by_time_is_followed_without_its_token(graph, facebook):
    link = "https://graph.facebook.com/v24.0/100/feed?access_token=EAAP&until=1624385168&__paging_token=enc_1"
    graph.add({"data": [a_post(number=3)], "paging": {"next": link}})
    graph.add({"data": [a_post(number=1)]})
    messages, _, _ = walk(facebook, "visitor_posts")
    assert [m.external_id for m in messages] == ["100_3", "100_1"]
    assert (graph.calls[1].query["until"], graph.calls[1].query["__paging_token"]) == ("1624385168", "enc_1")
    assert "access_token" not in graph.calls[1].query


# Re-reading


def test_a_deletion_is_believed_only_after_a_second_reading(graph, facebook):
    graph.add(error(100, 33), 400)
    graph.add(a_comment(1, like_count=4, comment_count=2))
    graph.add(error(100, 33), 400)
    refreshed = facebook.refresh_metrics(["55_1", "55_2"])
    assert refreshed.deleted == ("55_2",)
    assert (refreshed.metrics["55_1"].likes, refreshed.metrics["55_1"].replies) == (4, 2)
    assert refreshed.cost.calls == 4


def test_a_throttled_single_reading_deletes_nothing(graph, facebook):
    graph.add(error(100, 33), 400)
    graph.add(error(80001), 400)
    with pytest.raises(RateLimited):
        facebook.refresh_metrics(["55_1"])


# Connecting


def test_connecting_gives_each_chosen_page_its_own_token(graph):
    app = {"client_id": "1", "client_secret": "app-secret", "callback_url": "https://us/cb", "base_url": graph.base_url}
    assert f"{graph.base_url}/v24.0/dialog/oauth?" in FacebookOAuth.authorize_url(app, state="s", verifier="v")
    graph.add({"access_token": "short-token"})
    graph.add({"access_token": "long-token", "expires_in": 5183944})
    grant = FacebookOAuth.exchange(app, code="the-code", verifier="v")
    graph.add(
        {"data": [{"permission": "pages_messaging", "status": "granted"}, {"permission": "x", "status": "declined"}]}
    )
    graph.add({"data": [{"id": PAGE, "name": "Wij", "access_token": "page-token", "tasks": ["MODERATE"]}, {"id": "2"}]})
    [(credentials, info)] = FacebookOAuth.accounts(app, grant)
    assert credentials.data["access_token"] == "page-token"
    assert "task:MESSAGING" in info.missing
    assert "pages_messaging" in info.scopes
    secrets = {"short-token", "long-token", "the-code", "app-secret"}
    assert not any(secrets & set(call.query.values()) for call in graph.calls)


def test_a_token_that_debug_token_calls_invalid_is_lost(graph):
    data = {"access_token": TOKEN, "app_id": "1", "app_secret": "app-secret-value"}
    graph.add({"id": PAGE, "name": "Wij"})
    graph.add({"data": {"is_valid": False, "error": {"code": 190, "message": "expired"}}})
    with FacebookConnector(Credentials(PAGE, graph.base_url, data)) as connector, pytest.raises(AuthorizationLost):
        connector.check()
    assert graph.calls[1].form["access_token"] == "1|app-secret-value"
    assert TOKEN not in str(graph.calls[1].query)
