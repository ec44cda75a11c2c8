"""X's refusals, each as it comes over the wire, and what the caller is told to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors import exceptions
from connectors.types import Credentials, OutboundMessage, StreamRef
from connectors.x.connector import XConnector
from tests.connectors.loopback import Loopback, answer
from tests.connectors.x_payloads import US, problem

TOKEN = "AccessTokenSecret1234"
REPLY = OutboundMessage("public_reply", "hallo", in_reply_to="1", thread_id="1")
TYPES = "https://api.twitter.com/2/problems/"


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


def connector(server, **data):
    given = data or {"access_token": TOKEN}
    return XConnector(Credentials(US, server.url, given), timeout=(0.5, 0.5))


def refused(server, call):
    with connector(server) as x, pytest.raises(exceptions.ConnectorError) as caught:
        call(x)
    assert len(server.asked) == 1, "called once, never repeated"
    return caught.value


def polling(x):
    return x.poll(StreamRef("mentions"), {})


def sending(x):
    return x.send(REPLY)


NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise"
    " engaged by the author of the post you are replying to."
)
ROWS = [
    (polling, 401, problem(401, "Unauthorized", "Unauthorized"), "AuthorizationLost", ""),
    (polling, 402, problem(402, "CreditsDepleted", "No credits", TYPES + "credits"), "BudgetExhausted", ""),
    (sending, 402, problem(402, "CreditsDepleted", "No credits", TYPES + "credits"), "BudgetExhausted", ""),
    (sending, 403, problem(403, "SpendCapReached", "Cap", TYPES + "credits"), "BudgetExhausted", ""),
    (
        sending,
        403,
        problem(403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."),
        "AlreadyDone",
        "duplicate",
    ),
    (sending, 403, {"errors": [{"code": 187, "message": "Status is a duplicate."}]}, "AlreadyDone", "duplicate"),
    (sending, 403, problem(403, "Forbidden", NOT_SUMMONED), "Rejected", "not_summoned"),
    (
        sending,
        403,
        {"errors": [{"code": 349, "message": "You cannot send messages to this user."}]},
        "Rejected",
        "dm_closed",
    ),
    (
        polling,
        403,
        problem(403, "Unsupported Authentication", "App-only", TYPES + "unsupported-authentication"),
        "PermissionMissing",
        "",
    ),
    (polling, 403, problem(403, "Client Forbidden", "x", TYPES + "client-forbidden"), "PermissionMissing", ""),
    (sending, 403, {"errors": [{"code": 261, "message": "Cannot write"}]}, "PermissionMissing", ""),
    (sending, 403, {"errors": [{"code": 326, "message": "Locked"}]}, "AuthorizationLost", ""),
    (sending, 403, problem(403, "Forbidden", "You are not permitted."), "Rejected", "not_permitted"),
    (sending, 404, problem(404, "Not Found", "x", TYPES + "resource-not-found"), "Gone", "gone"),
    (sending, 400, problem(400, "Invalid Request", "x", TYPES + "invalid-request"), "Rejected", "invalid"),
    (sending, 413, problem(413, "Too large", "x"), "Rejected", "too_large"),
    (polling, 429, problem(429, "Too Many Requests", "Too Many Requests"), "RateLimited", ""),
    (sending, 429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, "RateLimited", ""),
    (
        polling,
        429,
        problem(429, "UsageCapExceeded", "Monthly cap", TYPES + "usage-capped", period="Monthly"),
        "BudgetExhausted",
        "",
    ),
    (polling, 503, problem(503, "Service Unavailable", "x"), "TemporaryFailure", ""),
    (sending, 503, problem(503, "Service Unavailable", "x"), "OutcomeUnknown", ""),
    (polling, 500, [], "TemporaryFailure", ""),
    (polling, 400, [{"message": "a list where an object belongs"}], "Rejected", "invalid"),
    (sending, 400, [{"message": "a list where an object belongs"}], "Rejected", "invalid"),
    (sending, 500, [{"message": "a list"}], "OutcomeUnknown", ""),
    (polling, 200, [1, 2], "TemporaryFailure", ""),
    (sending, 200, [1, 2], "OutcomeUnknown", ""),
    (sending, 201, {"data": {}}, "OutcomeUnknown", ""),
    (sending, 200, {"errors": [problem(404, "Not Found", "x", TYPES + "resource-not-found")]}, "Gone", "gone"),
    (polling, 302, {}, "TemporaryFailure", ""),
]


@pytest.mark.parametrize(("call", "status", "body", "kind", "reason"), ROWS)
def test_every_refusal_says_what_to_do_next(server, call, status, body, kind, reason):
    server.then(answer(body, status=status))
    error = refused(server, call)
    assert type(error).__name__ == kind
    assert getattr(error, "reason", "") == reason
    if isinstance(body, dict) and body.get("detail"):
        assert body["detail"] in error.detail, "the platform's own words are kept"


def test_a_rate_limit_says_until_when(server):
    server.then(answer({}, status=429, x_rate_limit_reset="1790000000", x_rate_limit_limit="15"))
    assert refused(server, polling).retry_at == datetime.fromtimestamp(1790000000, UTC)


@pytest.mark.parametrize(
    "told", ["1790000000.0", "1790000000000", "Mon, 21 Sep 2026 14:13:20 GMT", "2026-09-21T14:13:20Z"]
)
def test_however_the_end_of_a_window_is_written_it_is_read(server, told):
    server.then(answer({}, status=429, x_rate_limit_reset=told))
    assert refused(server, polling).retry_at == datetime.fromtimestamp(1790000000, UTC)


@pytest.mark.parametrize("told", ["0", "-1", "nan", "1e999", "soon", "60"])
def test_an_end_of_a_window_that_is_none_is_unknown(server, told):
    server.then(answer({}, status=429, x_rate_limit_reset=told))
    assert refused(server, polling).retry_at is None


@pytest.mark.parametrize(("status", "code"), [(403, 88), (400, 88), (403, 185)])
def test_too_often_is_a_limit_whatever_the_status(server, status, code):
    server.then(answer({"errors": [{"code": code, "message": "Rate limit exceeded"}]}, status=status))
    assert isinstance(refused(server, polling), exceptions.RateLimited)


def test_the_window_of_a_day_counts_when_that_is_the_one_used_up(server):
    server.then(
        answer(
            {},
            status=429,
            x_rate_limit_limit="100",
            x_rate_limit_remaining="50",
            x_rate_limit_reset="1790000000",
            x_user_limit_24hour_limit="100",
            x_user_limit_24hour_remaining="0",
            x_user_limit_24hour_reset="1790050000",
        )
    )
    error = refused(server, sending)
    assert error.retry_at == datetime.fromtimestamp(1790050000, UTC)
    assert [(limit.bucket, limit.remaining) for limit in error.limits] == [
        ("create_post", 50),
        ("create_post/user/24h", 0),
    ]


def test_a_spend_cap_ends_on_its_date(server):
    body = problem(403, "SpendCapReached", "Cap", TYPES + "credits", reset_date="2026-12-01T00:00:00Z")
    server.then(answer(body, status=403))
    assert refused(server, polling).retry_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_a_refusal_never_repeats_our_token(server):
    server.then(answer(problem(401, "Unauthorized", f"Token {TOKEN} is no good"), status=401))
    assert TOKEN not in str(refused(server, polling))


def test_without_a_token_nothing_is_asked(server):
    with connector(server, scope="x") as x, pytest.raises(exceptions.AuthorizationLost):
        x.check()
    assert not server.asked


def test_half_a_set_of_old_keys_asks_nothing(server):
    with connector(server, access_token="a", access_token_secret="b") as x, pytest.raises(exceptions.AuthorizationLost):
        x.check()
    assert not server.asked


@pytest.mark.parametrize(
    ("data", "scheme"),
    [
        ({"access_token": TOKEN}, "Bearer "),
        (
            {
                "consumer_key": "k",
                "consumer_secret": "cs",
                "access_token": "99-t",
                "access_token_secret": "ts",
            },
            "OAuth ",
        ),
    ],
)
def test_every_call_carries_the_right_kind_of_authorisation(server, data, scheme):
    server.then(answer({"data": {"id": "5", "dm_event_id": "6", "deleted": True}, "meta": {}}))
    with connector(server, **data) as x:
        x.check()
        for kind in ("mentions", "own_posts", "direct"):
            x.poll(StreamRef(kind), {})
        x.poll(StreamRef("search", query="ons"), {})
        x.refresh_metrics(["1"])
        x.send(REPLY)
        x.send(OutboundMessage("direct_message", "hoi", thread_id="5-99", recipient_id="5"))
        x.hide("1")
        x.unhide("1")
        x.delete_own("1")
    assert len(server.asked) == 11
    assert all(asked.headers["authorization"].startswith(scheme) for asked in server.asked)


def test_an_empty_object_is_no_proof_that_nothing_was_said(server):
    server.answers.append(answer({}))
    assert refused(server, polling).code == "shape"
