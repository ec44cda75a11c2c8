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
from tests.connectors.graph_payloads import PAGE, TOKEN, a_comment, a_post, at, error, facebook, graph
from tests.connectors.scripted_graph import Reply, scripted_graph

SAY = OutboundMessage("public_reply", "Dank je!", in_reply_to="55_77", thread_id="100_55")
TELL = OutboundMessage("direct_message", "Dag", recipient_id="9001", thread_id="9001")


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
    (error(341), RateLimited), (error(9), RateLimited), (error(80004), RateLimited), (error(104), AuthorizationLost),
    (error(190, 458), AuthorizationLost), (error(190, 460), AuthorizationLost),
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
    (error(10, 2018065), Rejected, "window_closed"), (error(10, 2018108), Rejected, "person_unavailable"),
    (error(1200), OutcomeUnknown, ""), (error(10903), AlreadyDone, "already_done"), (error(100, 2018047), Rejected, "attachment_failed"),
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


def test_figures_may_be_texts_and_a_page_has_a_share_of_its_own(graph, facebook):
    headers = {"x-app-usage": '{"call_count": "101", "total_time": null}', "x-page-usage": '{"call_count": 40.5}'}
    graph.add(error(32), 403, headers=headers)
    with pytest.raises(RateLimited) as caught:
        facebook.check()
    assert [(limit.bucket, limit.remaining) for limit in caught.value.limits] == [("app", -1), ("page", 60)]


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


@pytest.mark.parametrize(
    ("answer", "status", "missing"),
    [({"data": [{"id": "1"}, {"id": PAGE, "tasks": ["MODERATE"]}]}, 200, ["task:MESSAGING"]),
     ({"data": [{"id": PAGE, "tasks": ["MODERATE", "MESSAGING"]}]}, 200, []),
     (error(190, 463), 400, ["task:MODERATE"]), ({"data": []}, 200, ["task:MODERATE"])],
)  # fmt: skip
def test_a_check_tells_what_our_person_may_not_do_on_the_page(graph, answer, status, missing):
    data = {"access_token": TOKEN, "app_id": "1", "app_secret": "secret", "user_token": "long", "tasks": "MESSAGING"}
    graph.add({"id": PAGE, "name": "Wij"})
    graph.add({"data": {"is_valid": True, "scopes": list(FacebookOAuth.scopes)}})
    graph.add(answer, status)
    with FacebookConnector(Credentials(PAGE, graph.base_url, data)) as connector:
        info = connector.check()
    assert list(info.missing) == missing  # what was true at connecting, where the user's token knows no better
    assert graph.calls[2].query["fields"] == "id,tasks"  # no token of another Page is fetched


def test_a_token_that_debug_token_calls_invalid_is_lost(graph):
    data = {"access_token": TOKEN, "app_id": "1", "app_secret": "app-secret-value"}
    graph.add({"id": PAGE, "name": "Wij"})
    graph.add({"data": {"is_valid": False, "error": {"code": 190, "message": "expired"}}})
    with FacebookConnector(Credentials(PAGE, graph.base_url, data)) as connector, pytest.raises(AuthorizationLost):
        connector.check()
    assert graph.calls[1].form["access_token"] == "1|app-secret-value"
    assert TOKEN not in str(graph.calls[1].query)
