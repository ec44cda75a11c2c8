"""Reading X from the sandbox with unmodified tweepy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import tweepy

from connectors.sandbox.client import SandboxClient
from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import x_client


@pytest.fixture
def account(sandbox: SandboxClient) -> dict[str, Any]:
    return sandbox.account("noordtreinen")


@pytest.fixture
def x(sandbox: SandboxClient, account: dict[str, Any]) -> tweepy.Client:
    return x_client(sandbox.url, account["credentials"])


def ids(response: Any) -> list[str]:
    return [str(post.id) for post in response.data or []]


def test_mentions_come_newest_first_with_what_was_asked(sandbox, account, x):
    root = sandbox.x_post({"username": "jan", "name": "Jan", "followers": 7}, "@noordtreinen waar <blijft> & hij?")
    reply = sandbox.x_post("eva", "@noordtreinen hier ook", reply_to=root["id"])
    found = x.get_users_mentions(
        account["external_id"],
        tweet_fields=["author_id", "conversation_id", "created_at", "referenced_tweets"],
        expansions=["author_id", "referenced_tweets.id"],
        user_fields=["public_metrics"],
    )
    assert ids(found) == [reply["id"], root["id"]]
    assert found.data[1].text == "@noordtreinen waar &lt;blijft&gt; &amp; hij?"
    assert found.data[0].conversation_id == int(root["id"])
    assert found.data[0].referenced_tweets[0].type == "replied_to"
    assert found.data[1].created_at == datetime(2026, 11, 24, 12, tzinfo=UTC)
    people = {user.username: user for user in found.includes["users"]}
    assert people["jan"].public_metrics["followers_count"] == 7
    assert found.meta["newest_id"] == reply["id"]


def test_nothing_comes_that_was_not_asked(sandbox, account):
    sandbox.x_post("jan", "@noordtreinen hoi")
    answer = requests.get(
        f"{sandbox.url}/2/users/{account['external_id']}/mentions",
        headers={"Authorization": f"Bearer {account['credentials']['access_token']}"},
        timeout=5,
    ).json()
    assert set(answer["data"][0]) == {"id", "text", "edit_history_tweet_ids"}
    assert "includes" not in answer


def test_an_empty_timeline_is_a_count_of_nothing(account, x):
    found = x.get_users_mentions(account["external_id"])
    assert found.data is None
    assert found.meta == {"result_count": 0}


def test_since_id_brings_only_what_is_newer(sandbox, account, x):
    old = sandbox.x_post("jan", "@noordtreinen een")
    new = sandbox.x_post("jan", "@noordtreinen twee")
    assert ids(x.get_users_mentions(account["external_id"], since_id=old["id"])) == [new["id"]]


def test_a_long_walk_has_an_empty_page_in_the_middle_and_loses_nothing(sandbox, account, x):
    posts = sandbox.publish_many(
        [{"verb": "x/post", "author": "jan", "text": f"@noordtreinen nummer {n}"} for n in range(23)]
    )
    pages = list(tweepy.Paginator(x.get_users_mentions, account["external_id"], max_results=5))
    assert [page.data is None for page in pages].count(True) == 1
    assert "next_token" in pages[1].meta
    assert [post for page in pages for post in ids(page)] == [post["id"] for post in reversed(posts)]


def test_mentions_end_at_their_ceiling(sandbox, account, x):
    sandbox.settings(mention_ceiling=8)
    sandbox.publish_many([{"verb": "x/post", "author": "jan", "text": f"@noordtreinen {n}"} for n in range(12)])
    pages = tweepy.Paginator(x.get_users_mentions, account["external_id"], max_results=5)
    assert sum(len(ids(page)) for page in pages) == 8


@pytest.mark.parametrize("size", [4, 101])
def test_a_page_size_outside_the_range_is_refused(account, x, size):
    with pytest.raises(tweepy.BadRequest) as refused:
        x.get_users_mentions(account["external_id"], max_results=size)
    assert "max_results" in refused.value.api_messages[0]


def test_an_unknown_field_is_refused(account, x):
    with pytest.raises(tweepy.BadRequest):
        x.get_users_mentions(account["external_id"], tweet_fields=["colour"])


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("noordtreinen", "ab"),
        ('"staat stil"', "a"),
        ("noordtreinen -fijne", "a"),
        ("from:eva", "b"),
        ("(vertraging OR fijne) lang:nl", "b"),
        ("#ov", "b"),
        ("delay lang:en", "c"),
        ("to:noordtreinen", ""),
        ("noordtreinen -is:retweet", "ab"),
        ("stil OR delay", "ac"),
    ],
)
def test_search_understands_its_operators(sandbox, x, query, hits):
    names = {
        sandbox.x_post("jan", "Noordtreinen staat stil")["id"]: "a",
        sandbox.x_post("eva", "Fijne rit met #noordtreinen vandaag #ov")["id"]: "b",
        sandbox.x_post("tom", "delay again, no train", lang="en")["id"]: "c",
    }
    found = x.search_recent_tweets(query, max_results=10)
    assert sorted(names[post] for post in ids(found)) == sorted(hits)


def test_search_reaches_back_seven_days_and_says_so(sandbox, x):
    old = sandbox.x_post("jan", "noordtreinen toen")
    sandbox.advance(8 * 86_400)
    sandbox.post("tokens", account=sandbox.account("noordtreinen")["external_id"], do="restore")
    assert x.search_recent_tweets("noordtreinen").data is None
    with pytest.raises(tweepy.BadRequest) as refused:
        x.search_recent_tweets("noordtreinen", since_id=old["id"])
    assert "must be a tweet id created after" in refused.value.api_messages[0]
    with pytest.raises(tweepy.BadRequest):
        x.search_recent_tweets("noordtreinen", start_time="2026-11-24T12:00:00Z")


def test_an_edit_is_a_new_post_that_knows_the_old_one(sandbox, account, x):
    first = sandbox.x_post("jan", "@noordtreinen waar blijt hij")
    second = sandbox.publish("x/edit", post=first["id"], text="@noordtreinen waar blijft hij")
    found = x.get_users_mentions(account["external_id"])
    assert ids(found) == [second["id"]]
    assert [str(i) for i in found.data[0].edit_history_tweet_ids] == [first["id"], second["id"]]


def test_what_is_deleted_is_an_error_beside_the_rest(sandbox, x):
    gone, kept = sandbox.x_post("jan", "@noordtreinen weg"), sandbox.x_post("jan", "@noordtreinen blijft")
    sandbox.publish("x/delete", post=gone["id"])
    found = x.get_tweets([gone["id"], kept["id"]])
    assert ids(found) == [kept["id"]]
    assert found.errors[0]["resource_id"] == gone["id"]
    assert found.errors[0]["type"].endswith("resource-not-found")


def test_a_protected_author_leaves_an_error(sandbox, x):
    hidden = sandbox.x_post({"username": "stil", "protected": True}, "@noordtreinen psst")
    answer = x.get_tweet(hidden["id"])
    assert answer.data is None
    assert answer.errors[0]["type"].endswith("not-authorized-for-resource")


def test_a_suspended_author_is_missing_from_the_includes(sandbox, account, x):
    sandbox.x_post("jan", "@noordtreinen kijk", quote=sandbox.x_post("weg", "iets")["id"])
    sandbox.post("user", username="weg", suspended=True)
    found = x.get_users_mentions(account["external_id"], expansions=["referenced_tweets.id", "author_id"])
    assert len(found.data) == 1
    assert found.errors


def test_a_long_post_is_cut_and_whole_in_its_note(sandbox, account, x):
    text = "@noordtreinen " + "lang verhaal " * 40
    sandbox.x_post("jan", text.strip())
    post = x.get_users_mentions(account["external_id"], tweet_fields=["note_tweet"]).data[0]
    assert len(post.text) <= 280
    assert post.note_tweet["text"] == text.strip()


def test_quotes_and_reposts_point_at_the_original(sandbox, account, x):
    original = sandbox.x_post("noordtreinen", "Vandaag volgens plan")
    quote = sandbox.x_post("jan", "Ja hoor @noordtreinen", quote=original["id"])
    repost = sandbox.x_post("eva", "", repost=original["id"])
    found = x.get_tweets(
        [quote["id"], repost["id"], original["id"]], tweet_fields=["referenced_tweets", "public_metrics"]
    )
    kinds = [post.referenced_tweets[0].type for post in found.data[:2]]
    assert kinds == ["quoted", "retweeted"]
    assert found.data[1].text.startswith("RT @noordtreinen: ")
    assert found.data[2].public_metrics["retweet_count"] == 1
    assert [str(user.username) for user in x.get_retweeters(original["id"]).data] == ["eva"]


def test_media_come_with_their_words(sandbox, account, x):
    sandbox.x_post("jan", "@noordtreinen kijk", media=[{"alt_text": "Een leeg perron"}])
    found = x.get_users_mentions(
        account["external_id"], expansions=["attachments.media_keys"], media_fields=["alt_text", "url", "type"]
    )
    assert found.includes["media"][0].alt_text == "Een leeg perron"


def test_a_post_can_show_up_late_below_newer_ones(sandbox, account, x):
    late = sandbox.x_post("jan", "@noordtreinen laat", visible_after=60)
    sandbox.advance(5)
    newer = sandbox.x_post("eva", "@noordtreinen nieuw")
    assert ids(x.get_users_mentions(account["external_id"])) == [newer["id"]]
    sandbox.advance(60)
    assert ids(x.get_users_mentions(account["external_id"])) == [newer["id"], late["id"]]


def test_metrics_grow(sandbox, x):
    post = sandbox.x_post("jan", "@noordtreinen hoi")
    sandbox.publish("x/metrics", post=post["id"], like_count=3, impression_count=900)
    metrics = x.get_tweet(post["id"], tweet_fields=["public_metrics"]).data.public_metrics
    assert (metrics["like_count"], metrics["impression_count"]) == (3, 900)


def test_private_messages_have_no_since_id_and_thirty_days(sandbox, account):
    x = x_client(sandbox.url, account["credentials_oauth1"])
    sandbox.x_direct("jan", "noordtreinen", "oud")
    sandbox.advance(31 * 86_400)
    new = sandbox.x_direct("jan", "noordtreinen", "nieuw")
    found = x.get_direct_message_events(dm_event_fields=["sender_id", "dm_conversation_id", "created_at"])
    assert ids(found) == [new["id"]]
    low, high = sorted((account["external_id"], new["sender_id"]), key=int)
    assert found.data[0].dm_conversation_id == f"{low}-{high}"
    assert "participant_ids" not in found.data[0].data
    with_jan = x.get_direct_message_events(participant_id=new["sender_id"])
    assert ids(with_jan) == [new["id"]]


def test_users_are_found_by_id_and_name(sandbox, x):
    jan = sandbox.x_post({"username": "jan", "description": "Forens"}, "hoi")["author_id"]
    assert x.get_users(usernames=["Jan"], user_fields=["description"]).data[0].description == "Forens"
    found = x.get_users(ids=[jan, "999"])
    assert [str(user.id) for user in found.data] == [jan]
    assert found.errors[0]["resource_type"] == "user"


def test_the_newer_spelling_speaks_of_posts(sandbox, account):
    root = sandbox.x_post("jan", "@noordtreinen hoi")
    sandbox.x_post("eva", "@noordtreinen ook", reply_to=root["id"])
    sandbox.settings(spelling="2.167")
    answer = requests.get(
        f"{sandbox.url}/2/users/{account['external_id']}/mentions",
        params={"post.fields": "referenced_posts,note_post", "expansions": "referenced_posts.id"},
        headers={"Authorization": f"Bearer {account['credentials']['access_token']}"},
        timeout=5,
    ).json()
    assert answer["data"][0]["referenced_posts"] == [{"type": "replied_to", "id": root["id"]}]
    assert answer["data"][0]["edit_history_post_ids"]
    assert answer["includes"]["posts"][0]["id"] == root["id"]
