"""The session that every SDK is handed, against a server that misbehaves."""

from __future__ import annotations

import gzip
import io
import logging
from datetime import UTC, datetime, timedelta

import pytest
import tweepy

from connectors.exceptions import (
    AuthorizationLost,
    ConnectorError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from connectors.http import PlatformSession, leaving_within, redact, retry_after, told_time
from connectors.payloads import parse_json
from tests.connectors.loopback import Loopback, answer, cut

SECRET = "EAAsecretsecretsecret"
ADDRESS = f"https://graph.facebook.com/v24.0/me?access_token={SECRET}"


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


def session(server, **options):
    given = {"timeout": (0.5, 0.4), "total": 0.6, "secrets": [SECRET]} | options
    return PlatformSession(base_url=getattr(server, "url", server), **given)


def refusal(server, method="GET", **options):
    with session(server, **options) as http, pytest.raises(ConnectorError) as caught:
        http.request(method, ADDRESS)
    return caught.value


def broken(server):
    """Every way an answer can fail to be one."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    return {
        "silence": server.silence,
        "slow headers": server.drip(b"HTTP/1.1 200 OK\r\nX-Long: "),
        "slow body": server.drip(head),
        "slow chunk": server.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n"),
        "cut": cut,
        "half an answer": head + b'{"data": [',
        "half JSON": answer(b'{"data": ['),
        "HTML": answer(b"<html><h1>Over capacity</h1></html>", kind="text/html"),
        "HTML 503": answer(b"<html>Over capacity</html>", status=503, kind="text/html"),
        "empty": answer(b""),
        "garbage": b"\x00\x01\x02\r\n\r\n",
        "no such encoding": answer(b"{}", Content_Encoding="gzip"),
        "nested": answer(b"[" * 200_000),
    }


CASES = list(broken(Loopback()))


@pytest.mark.parametrize("case", CASES)
def test_a_read_without_a_clear_answer_may_be_asked_again(server, case):
    server.then(broken(server)[case])
    assert type(refusal(server)) is TemporaryFailure


@pytest.mark.parametrize("case", CASES)
def test_a_write_without_a_clear_answer_leaves_us_in_doubt(server, case):
    server.then(broken(server)[case])
    assert type(refusal(server, "POST")) is OutcomeUnknown
    assert len(server.asked) == 1, "a write is never repeated by itself"


def test_an_upload_without_an_answer_may_be_done_again(server):
    server.then(cut)
    with session(server) as http, http.harmless(), pytest.raises(TemporaryFailure):
        http.post(ADDRESS, data={"a": "b"})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_never_left_is_surely_not_accepted(method):
    assert type(refusal("http://127.0.0.1:9", method)) is TemporaryFailure


def test_a_write_that_comes_too_late_does_not_leave_and_reads_still_may(server):
    server.then(answer(b"{}"))
    with session(server) as http, leaving_within(-1):
        with pytest.raises(TemporaryFailure) as caught:
            http.post(ADDRESS)
        assert (caught.value.code, server.asked) == ("too_late", [])
        assert http.get(ADDRESS).status_code == 200
        with http.harmless():
            assert http.post(ADDRESS).status_code == 200


def test_an_endless_answer_is_cut_off(server):
    server.then(answer(b'"' + b"a" * 200_000 + b'"'))
    assert refusal(server, max_bytes=100_000).code == "oversize"


def test_a_small_answer_that_unpacks_to_a_huge_one_is_cut_off(server):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(b" " * 5_000_000)
    server.then(answer(packed.getvalue(), Content_Encoding="gzip"))
    assert refusal(server, max_bytes=1_000_000).code == "oversize"


def test_a_redirect_is_not_followed(server):
    server.then(answer({"go": "away"}, status=302, Location="http://127.0.0.1:9/elsewhere"))
    with session(server) as http:
        assert http.get(ADDRESS).status_code == 302
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, RateLimited), (401, AuthorizationLost), (413, Rejected), (403, TemporaryFailure)],
)
def test_a_gateway_that_refuses_in_html_is_understood_by_its_status(server, status, kind):
    server.then(answer(b"<p>No</p>", status=status, kind="text/html", Retry_After="30"))
    assert type(refusal(server, "POST")) is kind


@pytest.mark.parametrize("told", ["90", "90.5"])
def test_retry_after_counts_seconds(told):
    assert timedelta(seconds=85) < retry_after({"retry-after": told}) - datetime.now(UTC) < timedelta(seconds=95)


def test_retry_after_becomes_a_time(server):
    server.then(answer(b"", status=429, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT"))
    assert refusal(server).retry_at == datetime(2026, 10, 21, 7, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    "told", ["", "gisteren", "Sat, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "5"]
)
def test_a_clock_that_tells_nothing_likely_is_not_believed(told):
    assert abs(told_time({"date": told}) - datetime.now(UTC)).total_seconds() < 60


def test_the_platforms_clock_is_in_its_answers():
    assert told_time({"date": "Tue, 24 Nov 2026 11:00:00 GMT"}) == datetime(2026, 11, 24, 11, tzinfo=UTC)


def test_headers_are_kept_also_of_errors(server):
    server.then(answer({"errors": []}, status=400, X_Rate_Limit_Remaining="7"))
    with session(server) as http:
        assert http.get(ADDRESS).json() == {"errors": []}
        assert http.last.headers["x-rate-limit-remaining"] == "7"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_token_gets_into_an_error_or_its_causes(server, case, method):
    server.then(broken(server)[case])
    error: BaseException | None = refusal(server, method)
    while error:
        assert SECRET not in f"{error} {error!r} {error.__dict__}"
        error = error.__cause__ or error.__context__


@pytest.fixture
def sdk_log(monkeypatch):
    """All that the SDKs and the HTTP library write at their most talkative."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    for name in ("tweepy.client", "urllib3.connectionpool"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "disabled", False)
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        monkeypatch.setattr(logger, "_cache", {})
        monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logging.root.manager, "disable", logging.NOTSET)
    return written


def test_no_token_gets_into_the_log_of_an_sdk(server, sdk_log):
    server.then(answer({"data": {"id": "1", "name": "A", "username": "a"}}))
    client = tweepy.Client("BearerSecret123456789")
    client.session = session(server, secrets=["BearerSecret123456789"])
    client.get_me(user_auth=False)
    client.session.get(ADDRESS)
    assert "Making API request" in sdk_log.getvalue()
    assert "/v24.0/me" in sdk_log.getvalue()
    assert "BearerSecret123456789" not in sdk_log.getvalue()
    assert SECRET not in sdk_log.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        f"https://g/x?access_token={SECRET}&y=1",
        f"Authorization: Bearer {SECRET}",
        f"{{'access_token': '{SECRET}'}}",
        f'"refresh_token": "{SECRET}"',
        f'oauth_token="{SECRET}", oauth_signature="{SECRET}"',
    ],
)
def test_what_looks_like_a_token_is_hidden_unasked(text):
    assert SECRET not in redact(text)


def test_the_platforms_own_words_stay():
    words = '{"code": "CreditsDepleted"} Bearer token expired, code 190'
    assert redact(words) == words


def test_what_no_database_stores_is_cleaned():
    cleaned = parse_json(b'{"a\\u0000": ["\\ud83d", NaN, 1e999, "\\ud83d\\ude00"]}')
    assert cleaned == {"a": ["\ufffd", None, None, "😀"]}
