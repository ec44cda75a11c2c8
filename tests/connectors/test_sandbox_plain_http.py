"""Clients that speak HTTP themselves: every way of asking that the platforms take, and their own words for a no."""

from __future__ import annotations

import json

import pytest
import requests

from tests.connectors.sandbox_fixtures import sandbox, sandbox_process


@pytest.fixture
def page(sandbox):
    return sandbox.account("noordtreinen", "facebook")


@pytest.fixture
def token(page):
    return page["credentials"]["access_token"]


@pytest.fixture
def ask(sandbox):
    def asked(method, path, **more):
        return requests.request(method, f"{sandbox.url}{path}", timeout=5, allow_redirects=False, **more)

    return asked


@pytest.fixture
def x(sandbox, ask):
    bearer = sandbox.account("noordtreinen")["credentials"]["access_token"]

    def asked(method, path, **more):
        return ask(method, f"/2/{path}", headers={"Authorization": f"Bearer {bearer}"}, **more)

    return asked


# Graph


@pytest.mark.parametrize("version", ["/v2.8", "/v3.1", "/v9.0", "/v19.0", "/v26.0", ""])
def test_old_versions_are_served_as_the_oldest_that_lives(ask, token, page, version):
    answer = ask("GET", f"{version}/me", params={"access_token": token})
    assert answer.json()["id"] == page["external_id"]


def test_a_version_to_come_is_unknown(ask, token):
    assert ask("GET", "/v99.0/me", params={"access_token": token}).json()["error"]["code"] == 2500


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "OAuth"])
def test_the_token_may_come_in_the_header_under_either_name(ask, token, page, scheme):
    assert ask("GET", "/v24.0/me", headers={"Authorization": f"{scheme} {token}"}).json()["id"] == page["external_id"]


def test_who_is_nobody_is_told_so(ask):
    told = [ask("GET", path).json()["error"]["code"] for path in ("/v24.0/me", "/v24.0/1_2")]
    assert told == [2500, 104]


@pytest.mark.parametrize("root", ["/", "/v24.0", "/v24.0/"])
def test_the_root_answers_for_one_id_several_and_a_batch(ask, token, page, root):
    page_id, calls = page["external_id"], json.dumps([{"method": "GET", "relative_url": "me"}])
    assert ask("GET", root, params={"id": page_id, "access_token": token}).json()["id"] == page_id
    assert list(ask("GET", root, params={"ids": page_id, "access_token": token}).json()) == [page_id]
    for how in ({"data": {"batch": calls, "access_token": token}}, {"params": {"batch": calls, "access_token": token}}):
        assert [part["code"] for part in ask("POST", root, **how).json()] == [200]


def test_an_edge_of_several_at_once(sandbox, ask, token, page):
    posts = [sandbox.fb_post(page["external_id"], text)["id"] for text in ("Storing", "Voorbij")]
    comment = sandbox.fb_comment(posts[1], "Jan", "Fijn")
    found = ask("GET", "/v24.0/comments", params={"ids": ",".join(posts), "access_token": token}).json()
    assert {post: [one["id"] for one in part["data"]] for post, part in found.items()} == {
        posts[0]: [],
        posts[1]: [comment["id"]],
    }


@pytest.mark.parametrize("how", ["json", "data", "params"])
def test_what_is_written_may_stand_in_json_a_form_or_the_address(sandbox, ask, token, page, how):
    post = sandbox.fb_post(page["external_id"], "Storing")
    answer = ask("POST", f"/v24.0/{post['id']}/comments", **{how: {"message": "Dank", "access_token": token}})
    assert [line["id"] for line in sandbox.ledger("sent")] == [answer.json()["id"]]


def test_what_was_written_may_be_read_in_the_same_call(sandbox, ask, token, page):
    post = sandbox.fb_post(page["external_id"], "Storing")
    asked = {"message": "Dank", "fields": "message,from{name}", "access_token": token}
    answer = ask("POST", f"/v24.0/{post['id']}/comments", data=asked).json()
    assert (answer["message"], answer["from"]["name"]) == ("Dank", "NoordTreinen")


def test_a_picture_is_an_address_or_leads_to_it(ask, token):
    told = ask("GET", "/v24.0/me/picture", params={"redirect": 0, "access_token": token}).json()["data"]["url"]
    assert ask("GET", "/v24.0/me/picture", params={"access_token": token}).headers["location"] == told


def test_an_app_s_own_token_may_come_in_the_header(ask, token, page):
    keys = page["credentials"]
    own = {"Authorization": f"Bearer {keys['app_id']}|{keys['app_secret']}"}
    assert ask("GET", "/v24.0/debug_token", params={"input_token": token}, headers=own).json()["data"]["is_valid"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v24.0/me", {"about": "x"}),
        ("/v24.0/me/message_attachments", {"message": {"text": "x"}}),
        ("/v24.0/me/subscribed_apps", {"subscribed_fields": ["feed", "messages"]}),
    ],
)
def test_no_body_breaks_graph(ask, token, path, body):
    answer = ask("POST", path, json={**body, "access_token": token})
    assert answer.status_code < 500
    assert ask("GET", "/v24.0/me", params={"access_token": token, "appsecret_proof": "😀"}).status_code == 400


# X


@pytest.mark.parametrize(
    ("path", "body", "parameter"),
    [
        ("tweets", {"text": 1}, "text"),
        ("tweets", {"text": "x", "reply": "1"}, "reply"),
        ("tweets", {"text": "x", "media": ["1"]}, "media"),
        ("tweets", {"text": "x", "media": {"media_ids": "1"}}, "media_ids"),
        ("dm_conversations/with/1398212205531070466/messages", {"text": "x", "attachments": {}}, "attachments"),
        ("dm_conversations", {"conversation_type": "Group", "participant_ids": 1}, "participant_ids"),
    ],
)
def test_what_has_another_type_is_refused_by_name(sandbox, x, path, body, parameter):
    answer = x("POST", path, json=body)
    assert (answer.status_code, list(answer.json()["errors"][0]["parameters"])) == (400, [parameter])
    assert sandbox.ledger("sent") == []


@pytest.mark.parametrize("query", ["lang:nl", "-trein", "is:reply has:media", "-(trein OR bus) lang:nl"])
def test_a_query_that_looks_for_nothing_is_refused(x, query):
    answer = x("GET", "tweets/search/recent", params={"query": query})
    assert "at least one positive, non-stopword clause" in answer.json()["errors"][0]["message"]
    assert x("GET", "tweets/search/recent", params={"query": f"@ons ({query})"}).status_code == 200


def test_a_kind_of_event_that_is_none_is_refused(x):
    assert x("GET", "dm_events", params={"event_types": "MessageCreate,Reaction"}).status_code == 400


@pytest.mark.parametrize("credentials", ["Basic !", "Basic x", "Basic 😀".encode()])
def test_keys_that_are_none_are_refused(ask, credentials):
    answer = ask("POST", "/2/oauth2/token", headers={"Authorization": credentials}, data={"grant_type": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


# Both


def test_only_the_head_may_be_asked_for_and_what_else_there_is(sandbox, ask, x, token):
    with requests.Session() as session:
        head = session.head(f"{sandbox.url}/v24.0/me", params={"access_token": token}, timeout=5)
        whole = session.get(f"{sandbox.url}/v24.0/me", params={"access_token": token}, timeout=5)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole.content)))
    assert x("HEAD", "users/me").headers["x-rate-limit-limit"] == "75"
    assert "GET" in ask("OPTIONS", "/2/users/me").headers["allow"]
