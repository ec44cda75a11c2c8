"""The sandbox breaks on command, in every way the platforms have been seen to break."""

from __future__ import annotations

import json
import re
import time

import facebook
import pytest
import requests
import tweepy

from connectors.sandbox.process import SandboxProcess
from tests.connectors.sandbox_fixtures import NOON, sandbox, sandbox_process
from tests.connectors.sandbox_sdks import graph, x_client


@pytest.fixture
def x(sandbox):
    return x_client(sandbox.url, sandbox.account("noordtreinen")["credentials_oauth1"])


@pytest.fixture
def asked(sandbox):
    return sandbox.x_post("jan", "@noordtreinen hoi")["id"]


@pytest.fixture
def page(sandbox):
    return sandbox.account("noordtreinen", "facebook")["external_id"]


@pytest.fixture
def g(sandbox):
    return graph(sandbox.url, sandbox.account("noordtreinen", "facebook")["credentials"])


@pytest.mark.parametrize(
    ("kind", "error", "status", "words"),
    [
        ("unauthorized", tweepy.Unauthorized, 401, "Unauthorized"),
        ("credits", tweepy.HTTPException, 402, "does not have any credits"),
        ("duplicate", tweepy.Forbidden, 403, "duplicate content"),
        ("not_summoned", tweepy.Forbidden, 403, "not been mentioned"),
        ("spend_cap", tweepy.Forbidden, 403, "spend cap"),
        ("app_only", tweepy.Forbidden, 403, "Application-Only"),
        ("rate_limited", tweepy.TooManyRequests, 429, "Too Many Requests"),
        ("rate_limited_88", tweepy.TooManyRequests, 429, "Rate limit exceeded"),
        ("usage_capped", tweepy.TooManyRequests, 429, "Usage cap exceeded"),
        ("html", tweepy.TwitterServerError, 503, ""),
        ("unavailable", tweepy.TwitterServerError, 503, ""),
        ("server_error", tweepy.TwitterServerError, 500, ""),
    ],
)
def test_x_refuses_as_it_was_seen_to(sandbox, x, kind, error, status, words):
    sandbox.fault(kind, times=1)
    with pytest.raises(error) as refused:
        x.get_me()
    assert refused.value.response.status_code == status
    assert words in refused.value.response.text
    assert x.get_me().data


def test_limits_tell_their_reset_except_the_monthly_cap(sandbox, x):
    sandbox.fault("rate_limited", times=1, reset_in=60)
    with pytest.raises(tweepy.TooManyRequests) as refused:
        x.get_me()
    assert refused.value.reset_time == 1_795_521_660
    sandbox.fault("usage_capped", times=1)
    with pytest.raises(tweepy.TooManyRequests) as capped:
        x.get_me()
    assert capped.value.reset_time is None


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("truncate", requests.RequestException),
        ("html_ok", requests.JSONDecodeError),
        ("cut_before", requests.ConnectionError),
        ("cut_after", requests.ConnectionError),
        ("list", AttributeError),
        ("empty", tweepy.TooManyRequests),
    ],
)
def test_answers_break_in_ways_no_sdk_expects(sandbox, x, kind, error):
    sandbox.fault(kind, times=1)
    with pytest.raises(error):
        x.get_me()
    assert x.get_me().data


def test_a_connection_cut_before_the_write_leaves_nothing(sandbox, x, asked):
    sandbox.fault("cut_before", method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        x.create_tweet(text="Dag", in_reply_to_tweet_id=asked)
    assert sandbox.ledger("sent") == []
    assert x.create_tweet(text="Dag", in_reply_to_tweet_id=asked).data


@pytest.mark.parametrize(
    ("kind", "error"), [("cut_after", requests.ConnectionError), ("error_after", tweepy.TwitterServerError)]
)
def test_a_write_that_failed_for_us_was_done_and_its_repeat_is_refused(sandbox, x, asked, kind, error):
    sandbox.fault(kind, method="POST", times=1)
    with pytest.raises(error):
        x.create_tweet(text="Dag", in_reply_to_tweet_id=asked)
    assert [line["text"] for line in sandbox.ledger("sent")] == ["Dag"]
    with pytest.raises(tweepy.Forbidden, match="duplicate"):
        x.create_tweet(text="Dag", in_reply_to_tweet_id=asked)


def test_a_write_can_be_accepted_after_its_client_gave_up(sandbox, x, asked):
    sandbox.fault("late", method="POST", path="/2/tweets", times=1, seconds=0.6)
    x.session.adapters["https://api.twitter.com"].send = _impatient(x.session.adapters["https://api.twitter.com"].send)
    with pytest.raises(requests.ReadTimeout):
        x.create_tweet(text="Dag", in_reply_to_tweet_id=asked)
    assert sandbox.ledger("sent") == []
    for _ in range(100):
        if sandbox.ledger("sent"):
            break
        requests.get(f"{sandbox.url}/_sandbox/clock", timeout=5)
        time.sleep(0.05)
    assert [line["text"] for line in sandbox.ledger("sent")] == ["Dag"]


def _impatient(send):
    return lambda request, timeout=None, **more: send(request, timeout=(3, 0.2), **more)


def test_a_hanging_call_is_cut_in_the_end(sandbox, x):
    sandbox.fault("hang", times=1, seconds=0.2)
    with pytest.raises(requests.ConnectionError):
        x.get_me()


@pytest.mark.parametrize(
    ("code", "subcode"),
    [
        (190, 460),
        (190, 463),
        (4, 0),
        (32, 0),
        (80001, 0),
        (80006, 0),
        (10, 2018278),
        (100, 33),
        (551, 1545041),
        (2, 0),
        (368, 0),
        (506, 0),
    ],
)
def test_graph_refuses_by_code_and_subcode(sandbox, page, g, code, subcode):
    sandbox.fault("graph", code=code, subcode=subcode, times=1)
    with pytest.raises(facebook.GraphAPIError) as refused:
        g.get_object(page)
    told = refused.value.result["error"]
    assert (told["code"], told.get("error_subcode", 0)) == (code, subcode)
    assert told["fbtrace_id"]


def test_graph_speaks_other_languages_and_contradicts_itself(sandbox, page, g):
    sandbox.fault("graph", code=190, subcode=460, language="nl", times=1)
    with pytest.raises(facebook.GraphAPIError, match="toegangstoken"):
        g.get_object(page)
    sandbox.fault("graph", code=200, message="(#551) This person isn't available right now.", times=1)
    with pytest.raises(facebook.GraphAPIError) as refused:
        g.get_object(page)
    assert refused.value.code == 200


def test_graph_answers_with_a_page_of_html_or_no_type_at_all(sandbox, page, g):
    sandbox.fault("html", platform="facebook", times=1)
    with pytest.raises(facebook.GraphAPIError, match="Maintype"):
        g.get_object(page)
    sandbox.fault("no_content_type", times=1)
    with pytest.raises(KeyError):
        g.get_object(page)


def test_usage_can_pass_a_hundred(sandbox, page, g):
    seen: dict[str, str] = {}
    g.session.hooks["response"].append(lambda r, *a, **k: seen.update(r.headers))
    sandbox.fault("usage", percent=208, times=1)
    g.get_object(page)
    assert json.loads(seen["x-app-usage"])["call_count"] == 208


def test_a_page_can_come_out_of_order_or_with_one_item_spoilt(sandbox, page, g):
    sandbox.publish_many([{"verb": "facebook/post", "page": page, "message": str(n)} for n in range(5)])
    straight = [post["id"] for post in g.get_connections(page, "feed")["data"]]
    sandbox.fault("shuffle", times=1)
    mixed = [post["id"] for post in g.get_connections(page, "feed")["data"]]
    assert mixed != straight
    assert sorted(mixed) == sorted(straight)
    sandbox.fault("poison", times=1)
    assert [post["created_time"] for post in g.get_connections(page, "feed")["data"]].count(0) == 1


def test_faults_hit_by_pattern_number_and_rate(sandbox, x, asked):
    sandbox.fault("unavailable", path="/2/tweets*", skip=1, times=2)
    outcomes = [requests.get(f"{sandbox.url}/2/tweets?ids=1", timeout=5).status_code for _ in range(5)]
    assert outcomes == [401, 503, 503, 401, 401]
    assert x.get_me().data
    sandbox.clear_faults()

    def pattern():
        sandbox.fault("unavailable", rate=0.5, seed=7)
        seen = [requests.get(f"{sandbox.url}/2/users/me", timeout=5).status_code for _ in range(40)]
        sandbox.clear_faults()
        return seen

    first = pattern()
    assert 5 < first.count(503) < 35
    assert pattern() == first


def test_an_unknown_fault_is_refused_with_the_known_ones(sandbox):
    with pytest.raises(ValueError, match="cut_after"):
        sandbox.fault("earthquake")


def test_latency_is_added_to_platform_calls_and_to_nothing_else(sandbox, x):
    sandbox.settings(latency=0.3)
    x.session.adapters["https://api.twitter.com"].send = _impatient(x.session.adapters["https://api.twitter.com"].send)
    with pytest.raises(requests.ReadTimeout):
        x.get_me()
    assert requests.get(f"{sandbox.url}/_sandbox/clock", timeout=5).ok


def test_the_world_outlives_a_restart(tmp_path):
    state = tmp_path / "state.db"
    with SandboxProcess(clock=NOON, state=state) as running:
        asked = running.client.x_post("jan", "@noordtreinen hoi")
        credentials = running.client.account("noordtreinen")["credentials_oauth1"]
        x_client(running.url, credentials).create_tweet(text="Dag", in_reply_to_tweet_id=asked["id"])
        page = running.client.account("noordtreinen", "facebook")["external_id"]
        post = running.client.fb_post(page, "Hoi")
        running.client.fb_comment(post["id"], "Eva", "Leuk")
        before, code = running.client.ledger(), running.stop()
    assert code == 0
    with SandboxProcess(clock=NOON, state=state) as again:
        assert again.client.ledger() == before
        with pytest.raises(tweepy.Forbidden, match="duplicate"):
            x_client(again.url, credentials).create_tweet(text="Dag", in_reply_to_tweet_id=asked["id"])
        g = graph(again.url, again.client.account("noordtreinen", "facebook")["credentials"])
        assert g.get_connections(post["id"], "comments")["data"][0]["message"] == "Leuk"


def test_a_newcomer_finds_every_fault_with_a_word_of_help_and_switches_it_on(sandbox, asked, x):
    known = requests.get(f"{sandbox.url}/_sandbox/faults", timeout=5).json()["kinds"]
    with pytest.raises(ValueError, match="known") as refused:
        sandbox.fault("no such thing")
    assert set(re.findall(r"'(\w+)'", str(refused.value))) == set(known)
    for language, title, words in (("nl", "Iets stukmaken", "Nu stuk"), ("en", "Break something", "Broken now")):
        shown = requests.get(f"{sandbox.url}/faults", headers={"Accept-Language": language}, timeout=5).text
        assert f"<h1>{title}</h1>" in shown
        assert words in shown
        assert all(f'value="{kind}"' in shown for kind in known)
    form = {"kind": "credits", "platform": "x", "method": "", "path": "*", "times": "1", "code": "0"}
    requests.post(f"{sandbox.url}/faults", data=form, timeout=5)
    with pytest.raises(tweepy.HTTPException, match="402"):
        x.get_me()
    assert x.get_me().data.username == "noordtreinen"
