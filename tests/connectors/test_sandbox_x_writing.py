"""Writing to X, and who may: tokens, signatures, limits."""

from __future__ import annotations

import pytest
import requests
import tweepy

from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import x_client


@pytest.fixture
def account(sandbox):
    return sandbox.account("noordtreinen")


@pytest.fixture
def x(sandbox, account):
    return x_client(sandbox.url, account["credentials_oauth1"])


def test_a_reply_lands_in_its_thread_and_in_the_ledger(sandbox, account, x):
    asked = sandbox.x_post("jan", "@noordtreinen waar blijft hij?")
    sent = x.create_tweet(text="Hij komt eraan", in_reply_to_tweet_id=asked["id"]).data
    assert set(sent) == {"edit_history_tweet_ids", "id", "text"}
    own = x_client(sandbox.url, account["credentials"]).get_users_tweets(
        account["external_id"], tweet_fields=["conversation_id", "display_text_range"]
    )
    post = own.data[0]
    assert (str(post.id), str(post.conversation_id)) == (sent["id"], asked["id"])
    start = post.data["display_text_range"][0]
    assert post.text[start:] == "Hij komt eraan"
    (line,) = sandbox.ledger("sent")
    assert (line["text"], line["parent_id"], line["account_id"]) == (
        "Hij komt eraan",
        asked["id"],
        account["external_id"],
    )


def test_the_same_words_twice_are_a_duplicate(sandbox, x):
    asked = sandbox.x_post("jan", "@noordtreinen hoi")
    x.create_tweet(text="Dag Jan", in_reply_to_tweet_id=asked["id"])
    with pytest.raises(tweepy.Forbidden) as refused:
        x.create_tweet(text="Dag Jan", in_reply_to_tweet_id=asked["id"])
    assert "duplicate content" in refused.value.api_messages[0] if refused.value.api_messages else str(refused.value)
    assert len(sandbox.ledger("sent")) == 1


def test_only_who_summoned_us_can_be_answered(sandbox, x):
    stranger = sandbox.x_post("eva", "noordtreinen is weer laat")
    with pytest.raises(tweepy.Forbidden, match="not been mentioned"):
        x.create_tweet(text="Vervelend", in_reply_to_tweet_id=stranger["id"])
    ours = sandbox.x_post("noordtreinen", "Wij rijden")
    quoting = sandbox.x_post("eva", "nou nou", quote=ours["id"])
    assert x.create_tweet(text="Echt", in_reply_to_tweet_id=quoting["id"]).data["id"]
    sandbox.settings(reply_policy="open")
    assert x.create_tweet(text="Vervelend", in_reply_to_tweet_id=stranger["id"]).data["id"]


def test_a_deleted_post_cannot_be_answered(sandbox, x):
    asked = sandbox.x_post("jan", "@noordtreinen hoi")
    sandbox.publish("x/delete", post=asked["id"])
    with pytest.raises(tweepy.Forbidden, match="deleted or not visible"):
        x.create_tweet(text="Dag", in_reply_to_tweet_id=asked["id"])


def test_a_post_too_long_is_refused(sandbox, account):
    info = x_client(sandbox.url, sandbox.account("postvlot")["credentials_oauth1"])
    sandbox.post("user", username="postvlot", verified=False)
    with pytest.raises(tweepy.Forbidden, match="too long"):
        info.create_tweet(text="a" * 281)
    assert info.create_tweet(text="a" * 250 + " https://example.nl/" + "b" * 100).data["id"]


def test_an_own_post_can_be_deleted_and_no_other(sandbox, x):
    other, own = sandbox.x_post("jan", "@noordtreinen hoi"), x.create_tweet(text="Oeps").data
    assert x.delete_tweet(own["id"]).data == {"deleted": True}
    with pytest.raises(tweepy.Forbidden):
        x.delete_tweet(other["id"])
    with pytest.raises(tweepy.NotFound):
        x.delete_tweet(own["id"])


def test_a_reply_under_our_post_can_be_hidden(sandbox, x):
    ours = x.create_tweet(text="Vandaag volgens plan").data
    reply, elsewhere = sandbox.x_post("jan", "onzin", reply_to=ours["id"]), sandbox.x_post("jan", "@noordtreinen hoi")
    assert x.hide_reply(reply["id"]).data == {"hidden": True}
    assert x.unhide_reply(reply["id"]).data == {"hidden": False}
    with pytest.raises(tweepy.Forbidden):
        x.hide_reply(elsewhere["id"])


def test_a_direct_message_goes_to_whom_wants_it(sandbox, x):
    jan = sandbox.x_post({"username": "jan", "dms_open": True}, "hoi")["author_id"]
    dicht = sandbox.x_post({"username": "dicht", "dms_open": False}, "hoi")["author_id"]
    sent = x.create_direct_message(participant_id=jan, text="Dag Jan").data
    assert set(sent) == {"dm_conversation_id", "dm_event_id"}
    assert x.create_direct_message(dm_conversation_id=sent["dm_conversation_id"], text="Nog iets").data
    with pytest.raises(tweepy.Forbidden):
        x.create_direct_message(participant_id=dicht, text="Hallo?")
    sandbox.x_direct("dicht", "noordtreinen", "Ja?")
    assert x.create_direct_message(participant_id=dicht, text="Hallo!").data


def test_a_picture_is_uploaded_with_v2_and_sent(sandbox, account, x):
    handler = tweepy.OAuth1UserHandler(
        *[account["credentials_oauth1"][k] for k in ("api_key", "api_secret", "access_token", "access_token_secret")]
    )
    uploaded = x.session.post(
        "https://api.twitter.com/2/media/upload", auth=handler.apply_auth(),
        files={"media": ("p.png", b"\x89PNG\r\n\x1a\n--data--", "image/png")}, data={"media_category": "tweet_image"},
    )  # fmt: skip
    media_id = uploaded.json()["data"]["id"]
    sent = x.create_tweet(text="Kijk", media_ids=[media_id]).data
    assert (
        x_client(sandbox.url, account["credentials"])
        .get_tweet(sent["id"], tweet_fields=["attachments"])
        .data.attachments
    )
    with pytest.raises(tweepy.BadRequest):
        x.create_tweet(text="Kijk nog eens", media_ids=["1234"])


def test_likes_are_gone_from_the_free_plan(sandbox, x):
    post = sandbox.x_post("jan", "@noordtreinen top")
    assert x.like(post["id"]).data == {"liked": True}
    sandbox.settings(tier="free")
    with pytest.raises(tweepy.Forbidden):
        x.like(post["id"])


def test_oauth1_signatures_are_checked(sandbox, account, x):
    assert x.get_me().data.username == "noordtreinen"
    wrong = x_client(sandbox.url, {**account["credentials_oauth1"], "access_token_secret": "wrong"})
    with pytest.raises(tweepy.Unauthorized):
        wrong.get_me()
    with pytest.raises(tweepy.Unauthorized):  # "Bearer None", as tweepy sends it without a bearer token
        x.get_users_mentions(account["external_id"])


def test_a_signed_get_with_a_query_is_understood(account, x):
    assert x.get_users_mentions(account["external_id"], max_results=5, user_auth=True).meta == {"result_count": 0}


def test_an_app_only_token_reads_in_public_and_nothing_else(sandbox, account):
    app = x_client(sandbox.url, {"access_token": account["app_only_token"]})
    assert app.search_recent_tweets("noordtreinen").meta["result_count"] == 0
    for call in (lambda: app.get_me(user_auth=False), lambda: app.get_direct_message_events(user_auth=False),
                 lambda: app.create_tweet(text="hoi", user_auth=False)):  # fmt: skip
        with pytest.raises(tweepy.Forbidden, match="Application-Only"):
            call()


def test_no_token_is_a_problem_document(sandbox):
    answer = requests.get(f"{sandbox.url}/2/users/me", timeout=5)
    assert answer.status_code == 401
    assert answer.json() == {"title": "Unauthorized", "detail": "Unauthorized", "type": "about:blank", "status": 401}


def test_tokens_expire_and_are_revoked(sandbox, account):
    x = x_client(sandbox.url, account["credentials"])
    assert x.get_me(user_auth=False).data
    sandbox.advance(2 * 3600 + 1)
    with pytest.raises(tweepy.Unauthorized):
        x.get_me(user_auth=False)
    signed = x_client(sandbox.url, account["credentials_oauth1"])
    assert signed.get_me().data
    sandbox.revoke(account["external_id"])
    with pytest.raises(tweepy.Unauthorized):
        signed.get_me()


def test_windows_close_and_open_again(sandbox, account):
    sandbox.settings(limits=1.0)
    x = x_client(sandbox.url, account["credentials_oauth1"])
    for _ in range(15):
        x.get_direct_message_events()
    with pytest.raises(tweepy.TooManyRequests) as refused:
        x.get_direct_message_events()
    assert refused.value.response.headers["x-rate-limit-remaining"] == "0"
    assert refused.value.reset_time
    sandbox.advance(15 * 60)
    answer = x_client(sandbox.url, account["credentials_oauth1"])
    answer.session.hooks["response"].append(lambda r, *a, **k: headers.update(r.headers))
    headers: dict[str, str] = {}
    answer.get_direct_message_events()
    assert headers["x-rate-limit-limit"] == "15"
    assert headers["x-rate-limit-remaining"] == "14"


def test_writes_have_a_day_window_too(sandbox, account):
    sandbox.settings(limits=1.0)
    jan = sandbox.x_post("jan", "hoi")["author_id"]
    headers: dict[str, str] = {}
    x = x_client(sandbox.url, account["credentials_oauth1"])
    x.session.hooks["response"].append(lambda r, *a, **k: headers.update(r.headers))
    x.create_direct_message(participant_id=jan, text="hoi")
    assert headers["x-user-limit-24hour-remaining"] == "1439"
