"""Facebook from the sandbox with unmodified facebook-sdk."""

from __future__ import annotations

import json
import re

import facebook
import pytest
import requests

from tests.connectors.sandbox_fixtures import sandbox, sandbox_process
from tests.connectors.sandbox_sdks import graph

POST_FIELDS = (
    "id,message,story,created_time,updated_time,from,permalink_url,status_type,is_hidden,is_published,attachments,"
    "message_tags,parent_id,shares,comments.summary(true),reactions.summary(true)"
)
COMMENT_FIELDS = (
    "id,message,created_time,from,parent,attachment,message_tags,permalink_url,like_count,comment_count,can_hide,can_remove,"
    "can_reply_privately,is_hidden,is_private,object,private_reply_conversation,user_likes"
)


@pytest.fixture
def account(sandbox):
    return sandbox.account("noordtreinen", "facebook")


@pytest.fixture
def page(account):
    return account["external_id"]


@pytest.fixture
def g(sandbox, account):
    return graph(sandbox.url, account["credentials"])


@pytest.fixture
def post(sandbox, page):
    return sandbox.fb_post(page, "Vandaag rijden we")


def refused(call):
    with pytest.raises(facebook.GraphAPIError) as error:
        call()
    told = error.value.result["error"]
    return told["code"], told.get("error_subcode")


def test_a_feed_holds_posts_in_the_pages_words_and_times(sandbox, page, post, g):
    visitor = sandbox.fb_post(page, "Waar blijft hij?", author="Jan de Vries")
    feed = g.get_connections(page, "feed", fields=POST_FIELDS)["data"]
    assert [item["id"] for item in feed] == [visitor["id"], post["id"]]
    assert re.fullmatch(rf"{page}_\d{{18}}", post["id"])
    assert feed[1]["created_time"] == "2026-11-24T12:00:00+0000"
    assert feed[0]["from"]["name"] == "Jan de Vries"
    assert feed[1]["comments"]["summary"]["total_count"] == 0
    assert [i["id"] for i in g.get_connections(page, "published_posts")["data"]] == [post["id"]]
    assert [i["id"] for i in g.get_connections(page, "visitor_posts")["data"]] == [visitor["id"]]


def test_tagged_posts_live_with_whom_wrote_them(sandbox, page, g):
    tagged = sandbox.fb_post(page, "Op reis met NoordTreinen", author="Eva Smit", tagged=True)
    (found,) = g.get_connections(page, "tagged", fields="id,message,from,message_tags")["data"]
    assert found["id"] == tagged["id"]
    assert found["message_tags"][0]["id"] == page
    assert not found["id"].startswith(page)


def test_replies_to_comments_are_missing_without_stream_or_nesting(sandbox, post, g):
    top = sandbox.fb_comment(post["id"], "Jan", "Eerste")
    reply = sandbox.fb_comment(top["id"], "Eva", "Antwoord")
    deeper = sandbox.fb_comment(reply["id"], "Tom", "Nog dieper")
    assert [c["id"] for c in g.get_connections(post["id"], "comments")["data"]] == [top["id"]]
    stream = g.get_connections(
        post["id"], "comments", filter="stream", order="reverse_chronological", fields=COMMENT_FIELDS
    )
    assert [c["id"] for c in stream["data"]] == [deeper["id"], reply["id"], top["id"]]
    assert stream["data"][0]["parent"]["id"] == top["id"]
    assert top["id"].split("_")[0] == post["id"].split("_")[1]
    nested = g.get_object(post["id"], fields="comments.limit(5){id,comments{id,message}}")
    assert [c["id"] for c in nested["comments"]["data"][0]["comments"]["data"]] == [reply["id"], deeper["id"]]


def test_cursors_lead_through_every_comment_once(sandbox, post, g):
    made = sandbox.publish_many(
        [{"verb": "facebook/comment", "on": post["id"], "author": "Jan", "message": str(n)} for n in range(7)]
    )
    seen, after = [], ""
    while True:
        answer = g.get_connections(post["id"], "comments", limit=3, after=after, filter="stream")
        seen += [c["id"] for c in answer["data"]]
        if "next" not in answer["paging"]:
            break
        after = answer["paging"]["cursors"]["after"]
    assert seen == [c["id"] for c in made]
    everything = g.get_all_connections(post["id"], "comments", limit=2)
    assert [c["id"] for c in everything] == seen


def test_names_are_seen_with_the_pages_own_token_only(sandbox, account, post):
    comment = sandbox.fb_comment(post["id"], "Jan", "Hoi")
    sandbox.fb_comment(post["id"], {"name": "Verborgen", "anonymous": True}, "Psst")
    own = graph(sandbox.url, account["credentials"]).get_connections(post["id"], "comments")["data"]
    assert own[0]["from"]["name"] == "Jan"
    assert "from" not in own[1]
    other = graph(sandbox.url, sandbox.account("postvlot", "facebook")["credentials"])
    assert "from" not in other.get_object(comment["id"], fields=COMMENT_FIELDS)
    assert other.get_object(comment["id"], fields="can_hide")["can_hide"] is False


def test_a_reply_is_filed_under_the_top_comment_and_in_the_ledger(sandbox, page, post, g):
    top = sandbox.fb_comment(post["id"], "Jan", "Waar blijft hij?")
    below = sandbox.fb_comment(top["id"], "Eva", "Ja waar?")
    sent = g.put_object(below["id"], "comments", message="Hij komt eraan é")
    assert g.get_object(sent["id"], fields="parent,from,message")["parent"]["id"] == top["id"]
    (line,) = sandbox.ledger("sent")
    assert (line["id"], line["text"], line["account_id"]) == (sent["id"], "Hij komt eraan é", page)


def test_hide_edit_like_and_delete(sandbox, account, post, g):
    comment = sandbox.fb_comment(post["id"], "Jan", "Onzin")
    assert g.request(f"{g.version}/{comment['id']}", post_args={"is_hidden": "true"}) == {"success": True}
    assert g.get_object(comment["id"], fields="is_hidden")["is_hidden"] is True
    assert g.put_like(comment["id"]) == {"success": True}
    assert g.get_object(comment["id"], fields="user_likes,like_count") == {
        "user_likes": True,
        "like_count": 1,
        "id": comment["id"],
    }
    own = g.put_object(comment["id"], "comments", message="Tipfout")
    assert g.request(f"{g.version}/{own['id']}", post_args={"message": "Typefout"}) == {"success": True}
    assert g.get_object(own["id"])["message"] == "Typefout"
    assert g.delete_object(own["id"]) == {"success": True}
    assert refused(lambda: g.get_object(own["id"])) == (100, 33)
    assert refused(lambda: g.request(f"{g.version}/{comment['id']}", post_args={"message": "gekaapt"})) == (200, None)


def test_what_is_deleted_takes_its_replies_along_as_100_33(sandbox, post, g):
    top = sandbox.fb_comment(post["id"], "Jan", "weg")
    below = sandbox.fb_comment(top["id"], "Eva", "ook weg")
    sandbox.publish("facebook/delete", item=top["id"])
    assert refused(lambda: g.get_object(below["id"])) == (100, 33)
    assert refused(lambda: g.put_object(top["id"], "comments", message="te laat")) == (100, 33)
    assert g.get_connections(post["id"], "comments", filter="stream")["data"] == []


def test_several_ids_in_one_call(sandbox, post, g):
    comment = sandbox.fb_comment(post["id"], "Jan", "Hoi")
    found = g.get_objects([post["id"], comment["id"]], fields="id,message")
    assert found[comment["id"]]["message"] == "Hoi"
    assert refused(lambda: g.get_objects([post["id"], "1_2"])) == (100, 33)


def test_unknown_fields_and_sizes_are_refused(page, g):
    assert refused(lambda: g.get_connections(page, "feed", fields="colour")) == (100, None)
    assert refused(lambda: g.get_connections(page, "feed", limit=101)) == (100, None)
    assert refused(lambda: g.get_connections(page, "colours")) == (100, None)
    assert refused(lambda: g.get_connections(page, "feed", fields="id,comments{id")) == (2500, None)


def test_a_message_keeps_to_the_windows(sandbox, page, g):
    said = sandbox.fb_message(page, "Jan", "Hallo?")
    jan = said["author_id"]

    def send(**more):
        return g.put_object(
            page, "messages", recipient=json.dumps({"id": jan}), message=json.dumps({"text": "Dag"}), **more
        )

    assert set(send(messaging_type="RESPONSE")) == {"recipient_id", "message_id"}
    sandbox.advance(25 * 3600)
    assert refused(lambda: send(messaging_type="RESPONSE")) == (10, 2018278)
    assert send(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")["message_id"]
    sandbox.advance(7 * 86_400)
    assert refused(lambda: send(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")) == (10, 2018278)


def test_a_form_that_is_no_json_is_refused_where_the_sdk_would_send_nonsense(page, g):
    assert refused(lambda: g.put_object(page, "messages", recipient={"comment_id": "1"}, message={"text": "x"})) == (
        100,
        None,
    )


def test_a_person_who_blocked_us_is_unavailable(sandbox, page, g):
    jan = sandbox.fb_message(page, {"name": "Jan", "blocked": True}, "Hallo?")["author_id"]

    def call():
        return g.put_object(page, "messages", recipient=json.dumps({"id": jan}), message='{"text":"Dag"}')

    assert refused(call) == (551, 1545041)


def test_a_private_reply_goes_once_and_within_seven_days(sandbox, page, post, g):
    comment, late = sandbox.fb_comment(post["id"], "Jan", "Help"), sandbox.fb_comment(post["id"], "Eva", "Help")

    def send(to):
        return g.put_object(page, "messages", recipient=json.dumps({"comment_id": to}), message='{"text":"Dag"}')

    assert g.get_object(comment["id"], fields="can_reply_privately")["can_reply_privately"] is True
    assert send(comment["id"])["message_id"]
    assert g.get_object(comment["id"], fields="can_reply_privately")["can_reply_privately"] is False
    assert g.get_object(comment["id"], fields="private_reply_conversation")["private_reply_conversation"][
        "id"
    ].startswith("t_")
    assert refused(lambda: send(comment["id"]))[0] == 10900
    sandbox.advance(8 * 86_400)
    assert refused(lambda: send(late["id"]))[0] == 10901


def test_conversations_hold_both_sides_newest_first(sandbox, page, g):
    sandbox.fb_message(page, "Eva", "Eerder")
    sandbox.advance(60)
    jan = sandbox.fb_message(page, "Jan", "Hallo?")
    sandbox.advance(60)
    sandbox.fb_message(page, "Jan", "Dag Jan", from_page=True)
    fields = "id,link,updated_time,message_count,unread_count,snippet,can_reply,participants,senders"
    newest, older = g.get_connections(page, "conversations", fields=fields)["data"]
    assert newest["id"] == jan["conversation_id"]
    assert (newest["message_count"], newest["unread_count"], older["unread_count"]) == (2, 0, 1)
    messages = g.get_connections(
        newest["id"], "messages", fields="id,created_time,from,to,message,attachments,shares,sticker,tags"
    )
    assert [m["message"] for m in messages["data"]] == ["Dag Jan", "Hallo?"]
    assert messages["data"][0]["to"]["data"][0]["name"] == "Jan"
    only = g.get_connections(page, "conversations", user_id=jan["author_id"])["data"]
    assert [c["id"] for c in only] == [jan["conversation_id"]]


def test_another_pages_conversations_stay_closed(sandbox, page, account):
    said = sandbox.fb_message(page, "Jan", "Privé")
    other = graph(sandbox.url, sandbox.account("postvlot", "facebook")["credentials"])
    assert refused(lambda: other.get_connections(page, "conversations"))[0] == 190
    assert refused(lambda: other.get_object(said["conversation_id"])) == (100, 33)


def test_reviews_have_no_id_of_their_own(sandbox, page, g):
    made = sandbox.fb_review(page, "Jan", "Altijd te laat", positive=False)
    fields = "created_time,has_rating,has_review,open_graph_story,rating,recommendation_type,review_text,reviewer"
    (review,) = g.get_connections(page, "ratings", fields=fields)["data"]
    assert "id" not in review
    assert review["open_graph_story"]["id"] == made["id"]
    assert (review["recommendation_type"], review["has_rating"]) == ("negative", False)


def test_pages_subscribe_apps(page, g):
    assert g.put_object(page, "subscribed_apps", subscribed_fields="feed,messages") == {"success": True}
    (app,) = g.get_connections(page, "subscribed_apps")["data"]
    assert app["subscribed_fields"] == ["feed", "messages"]


def test_the_wire_escapes_as_php_does_and_names_its_version(sandbox, account, page):
    sandbox.fb_post(page, "café https://example.nl/")
    answer = requests.get(
        f"{sandbox.url}/{page}/feed", params={"access_token": account["credentials"]["access_token"]}, timeout=5
    )
    assert rb"caf\u00e9 https:\/\/example.nl\/" in answer.content
    assert answer.headers["facebook-api-version"] == "v24.0"


def test_a_proof_is_checked_when_it_is_given(sandbox, account, page):
    assert graph(sandbox.url, account["credentials"], proof=True).get_object("me")["id"] == page
    wrong = graph(sandbox.url, {**account["credentials"], "app_secret": "wrong"}, proof=True)
    assert refused(lambda: wrong.get_object("me")) == (100, None)


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467])
def test_a_dead_token_says_how_it_died(sandbox, page, g, subcode):
    sandbox.revoke(page, subcode=subcode)
    assert refused(lambda: g.get_object("me")) == (190, subcode)
    sandbox.restore(page)
    assert g.get_object("me")["id"] == page


def test_usage_is_told_and_too_much_is_refused(sandbox, account, page, g):
    sandbox.settings(limits=0.005)  # 24 calls an hour
    seen: dict[str, str] = {}
    g.session.hooks["response"].append(lambda r, *a, **k: seen.update(r.headers))
    g.get_object(page)
    assert json.loads(seen["x-business-use-case-usage"])[page][0]["type"] == "pages"
    assert "call_count" in json.loads(seen["x-app-usage"])
    for _ in range(23):
        g.get_object(page)
    assert refused(lambda: g.get_object(page))[0] == 80001
    sandbox.advance(3600)
    assert g.get_object(page)["id"] == page
