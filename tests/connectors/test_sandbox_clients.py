"""What other clients of X and Graph ask for, answered as the platforms answer it."""

from __future__ import annotations

import base64
import io
import json

import pytest
import requests
import tweepy

from connectors.facebook.connector import FacebookConnector
from connectors.types import Credentials, OutboundMessage, Upload
from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import Redirect, graph, x_client

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture
def account(sandbox):
    return sandbox.account("noordtreinen")


@pytest.fixture
def page(sandbox):
    return sandbox.account("noordtreinen", "facebook")


@pytest.fixture
def bearer(sandbox, account):
    """A plain session that follows the documentation."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {account['credentials']['access_token']}"
    session.mount("https://", Redirect(sandbox.url))
    return session


def test_pages_can_be_turned_both_ways(sandbox, account):
    sandbox.settings(empty_pages=False)
    for n in range(25):
        sandbox.x_post("jan", f"@noordtreinen {n}")
    client = x_client(sandbox.url, account["credentials"])
    pages = list(tweepy.Paginator(client.get_users_mentions, account["external_id"], max_results=10))
    assert [len(found.data) for found in pages] == [10, 10, 5]
    assert "previous_token" not in pages[0].meta
    for here, before in ((pages[2], pages[1]), (pages[1], pages[0])):
        token = here.meta["previous_token"]
        found = client.get_users_mentions(account["external_id"], max_results=10, pagination_token=token)
        assert [post.id for post in found.data] == [post.id for post in before.data]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # tweepy's own import
@pytest.mark.parametrize("chunked", [False, True])
def test_tweepy_uploads_through_version_1_and_posts_it(sandbox, account, chunked):
    keys = account["credentials_oauth1"]
    names = ("api_key", "api_secret", "access_token", "access_token_secret")
    api = tweepy.API(tweepy.OAuth1UserHandler(*(keys[name] for name in names)))
    api.session.mount("https://", Redirect(sandbox.url))
    media = api.media_upload("a.png", file=io.BytesIO(PNG), chunked=chunked, media_category="tweet_image")
    api.create_media_metadata(media.media_id, "Een trein")
    sent = x_client(sandbox.url, keys).create_tweet(text="Kijk", media_ids=[media.media_id]).data
    client = x_client(sandbox.url, account["credentials"])
    post = client.get_tweet(sent["id"], expansions=["attachments.media_keys"], media_fields=["alt_text"])
    assert post.includes["media"][0].alt_text == "Een trein"


def test_a_film_comes_in_pieces_and_is_not_ready_at_once(bearer):
    address = "https://api.x.com/2/media/upload"
    asked = {"media_type": "video/mp4", "total_bytes": 30, "media_category": "tweet_video"}
    media_id = bearer.post(f"{address}/initialize", json=asked).json()["data"]["id"]
    halves = ({"files": {"media": b"x" * 15}, "data": {"segment_index": 0}},
              {"json": {"media": base64.b64encode(b"x" * 15).decode(), "segment_index": 1}})  # fmt: skip
    assert bearer.post(f"{address}/{media_id}/finalize").status_code == 400
    for half in halves:
        assert bearer.post(f"{address}/{media_id}/append", **half).status_code == 200
    states = [bearer.post(f"{address}/{media_id}/finalize")]
    states += [bearer.get(address, params={"command": "STATUS", "media_id": media_id}) for _ in range(2)]
    told = [answer.json()["data"]["processing_info"]["state"] for answer in states]
    assert told == ["pending", "in_progress", "succeeded"]


def test_who_asks_for_posts_hears_of_posts_and_who_asks_for_tweets_of_tweets(sandbox, account, bearer):
    first = sandbox.x_post("jan", "@noordtreinen hallo")
    sandbox.x_post("els", "@noordtreinen eens", quote=first["id"])
    address = f"https://api.x.com/2/users/{account['external_id']}/mentions"
    for parameter, refs, history in (
        ("post.fields", "referenced_posts", "edit_history_post_ids"),
        ("tweet.fields", "referenced_tweets", "edit_history_tweet_ids"),
    ):
        asked = {parameter: refs, "expansions": refs if parameter == "post.fields" else f"{refs}.id"}
        answer = bearer.get(address, params=asked).json()
        assert {refs, history} <= set(answer["data"][0])
        assert list(answer["includes"]) == [refs.partition("_")[2]]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("tweets/search/recent", {"query": "trein", "colour": "red"}, 400),
        ("tweets/search/recent", {"query": "shoe:size"}, 400),
        ("tweets/search/recent", {"query": "trein", "end_time": "2030-01-01T00:00:00Z"}, 400),
        ("tweets/search/all", {"query": "trein"}, 403),
        ("tweets/abc", {}, 400),
        ("users/by", {"usernames": "not a name"}, 400),
    ],
)
def test_x_refuses_what_it_does_not_know(bearer, path, query, status):
    answer = bearer.get(f"https://api.x.com/2/{path}", params=query)
    assert (answer.status_code, answer.json()["status"]) == (status, status)


def test_words_that_must_not_occur_do_not_narrow_a_search(sandbox, account):
    sandbox.x_post("jan", "de bus is laat")
    sandbox.x_post("jan", "de trein is laat")
    found = x_client(sandbox.url, account["credentials"]).search_recent_tweets("laat -(trein from:jan)")
    assert [post.text for post in found.data] == ["de bus is laat"]


def test_a_signature_for_the_address_itself_is_as_good(sandbox, account):
    keys = account["credentials_oauth1"]
    names = ("api_key", "api_secret", "access_token", "access_token_secret")
    signed = tweepy.OAuth1UserHandler(*(keys[name] for name in names)).apply_auth()
    assert requests.get(f"{sandbox.url}/2/users/me", auth=signed, timeout=5).status_code == 200


def test_an_app_gets_its_token_by_its_keys(sandbox, account):
    keys = account["credentials_oauth1"]
    asked = {"auth": (keys["api_key"], keys["api_secret"]), "data": {"grant_type": "client_credentials"}, "timeout": 5}
    token = requests.post(f"{sandbox.url}/oauth2/token", **asked).json()
    assert token == {"token_type": "bearer", "access_token": account["app_only_token"]}


def test_our_own_pictures_reach_a_comment_and_a_message(sandbox, page):
    post = sandbox.fb_post(page["external_id"], "Storing")
    comment = sandbox.fb_comment(post["id"], "Jan", "Waar?")
    said = sandbox.fb_message(page["external_id"], "Jan", "Hallo")
    upload = Upload(PNG, "image/png", "kaart.png")
    data = {name: page["credentials"][name] for name in ("access_token", "app_secret")}
    with FacebookConnector(Credentials(page["external_id"], sandbox.url, data)) as connector:
        thread = {"in_reply_to": comment["id"], "thread_id": post["id"]}
        reply = connector.send(OutboundMessage("public_reply", "Hier", attachments=(upload,), **thread))
        person = {"recipient_id": said["author_id"], "thread_id": said["author_id"]}
        told = connector.send(OutboundMessage("direct_message", "", attachments=(upload,), **person))
    client = graph(sandbox.url, page["credentials"])
    shown = client.get_object(reply.external_id, fields="attachment{type,media}")
    assert shown["attachment"]["type"] == "photo"
    sent = client.get_object(told.external_id, fields="attachments{mime_type,name}")
    assert sent["attachments"]["data"][0]["name"] == "kaart.png"


def test_a_batch_answers_each_call_by_itself(sandbox, page):
    post = sandbox.fb_post(page["external_id"], "Storing")
    calls = [
        {"method": "GET", "relative_url": "me?fields=name"},
        {"method": "POST", "relative_url": f"{post['id']}/comments", "body": "message=In+een+bundel"},
        {"method": "GET", "relative_url": "1_1"},
    ]
    client = graph(sandbox.url, page["credentials"])
    answers = client.request("v24.0/", post_args={"batch": json.dumps(calls), "include_headers": "false"})
    assert [answer["code"] for answer in answers] == [200, 200, 400]
    assert json.loads(answers[0]["body"])["name"] == "NoordTreinen"
    (line,) = sandbox.ledger("sent")
    assert line["text"] == "In een bundel"


def test_fields_that_meta_lists_are_known_and_what_was_not_asked_is_not_told(sandbox, page):
    post = sandbox.fb_post(page["external_id"], "Storing")
    sandbox.fb_comment(post["id"], "Jan", "Waar?")
    client = graph(sandbox.url, page["credentials"])
    fields = "icon,place,comments.limit(0).summary(true).as(asked),from{name}"
    shown = client.get_object(post["id"], fields=fields)
    assert shown["asked"]["summary"]["total_count"] == 1
    assert shown["asked"]["data"] == []
    assert set(shown) == {"asked", "from", "id"}
    found = client.get_connections(page["external_id"], "feed", since="yesterday", until="tomorrow")
    assert [item["id"] for item in found["data"]] == [post["id"]]
