"""X's payloads: every shape that recordings and the documentation have shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectors.types import Direction, Visibility
from connectors.x.mapping import Reader, read, read_direct
from connectors.x.recorded import read_exchange
from tests.connectors.x_payloads import US, USERS, event, number, page, post

MENTIONS = Reader(US, "mentions")
SEARCH = Reader(US, "search")


def only(payload, reader=MENTIONS):
    found = read(payload, reader)
    assert not found.unreadable
    (message,) = found.messages
    return message


def test_a_mention_with_everything():
    message = only(
        page(
            post(
                1,
                text="@ons A &amp; B &lt;3 &amp;copy; https://t.co/1",
                created_at="2026-11-01T10:00:00.000Z",
                attachments={"media_keys": ["3_1", "7_2", "gone"]},
                entities={
                    "mentions": [{"username": "ons", "id": US}],
                    "urls": [
                        {"url": "https://t.co/1", "expanded_url": "https://a.nl/x", "title": "A"},
                        {"url": "https://t.co/2", "expanded_url": "https://x.com/p", "media_key": "3_1"},
                    ],
                },
                public_metrics={"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
            ),
            includes={
                "users": USERS,
                "media": [
                    {"media_key": "3_1", "type": "photo", "url": "https://p/1", "alt_text": "Een trein"},
                    {
                        "media_key": "7_2",
                        "type": "video",
                        "preview_image_url": "https://p/2",
                        "variants": [
                            {"content_type": "application/x-mpegURL", "url": "https://v/m3u8"},
                            {"content_type": "video/mp4", "bit_rate": 1, "url": "https://v/low"},
                            {"content_type": "video/mp4", "bit_rate": 9, "url": "https://v/high"},
                        ],
                    },
                ],
            },
        )
    )
    assert message.text == "@ons A & B <3 &copy; https://t.co/1"
    assert message.sent_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert message.direction is Direction.INBOUND
    assert message.visibility is Visibility.PUBLIC
    assert message.author.handle == "jan"
    assert message.author.name == "Jan & co"
    assert message.author.bio == "Treinen"
    assert message.author.place == "Waterdam"
    assert message.author.followers == 12
    assert message.author.verified
    assert message.permalink == f"https://x.com/jan/status/{number(1)}"
    assert [(a.kind, a.url) for a in message.attachments] == [
        ("image", "https://p/1"),
        ("video", "https://v/high"),
        ("other", ""),
        ("link", "https://a.nl/x"),
    ]
    assert message.attachments[0].alt_text == "Een trein"
    assert (message.metrics.reposts, message.metrics.views) == (1, None)
    assert message.public_reply.allowed
    assert message.mentions == (US,)


def test_a_text_is_what_the_inbox_would_store():
    assert only(page(post(1, text="cafÃ© &amp;amp; cafe\u0301\u200f"))).text == "cafÃ© &amp; café\u200f"
    assert only(page(post(1, text="geÃ¯nteresseerd &lt;3"))).text == "geïnteresseerd <3"


@pytest.mark.parametrize("told", ["2026-11-01T10:00:00Z", "2026-11-01T10:00:00.000Z", "2026-11-01T11:00:00+0100"])
def test_times_with_and_without_fraction(told):
    assert only(page(post(1, created_at=told))).sent_at == datetime(2026, 11, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("told", [None, "", "gisteren", "0001-01-01T00:00:00Z", 12, [], "2026-13-45T99:00:00Z"])
def test_an_impossible_time_is_read_from_the_id(told):
    at = only(page(post(1, created_at=told))).sent_at
    assert at.year == 2025


def test_a_long_post_is_whole():
    note = {"text": "lang " * 200 + "&amp; eind", "entities": {"urls": []}}
    assert only(page(post(1, note_tweet=note))).text.endswith("& eind")


def test_the_new_spelling_of_names_means_the_same():
    old = post(
        2,
        conversation_id=number(0),
        in_reply_to_user_id=US,
        referenced_tweets=[{"type": "replied_to", "id": number(0)}],
        note_tweet={"text": "de hele tekst"},
    )
    new = json.loads(
        json.dumps(old)
        .replace("referenced_tweets", "referenced_posts")
        .replace("note_tweet", "note_post")
        .replace("edit_history_tweet_ids", "edit_history_post_ids")
    )
    root = {"id": number(0), "text": "onze post", "author_id": US}
    first = only(page(old, includes={"users": USERS, "tweets": [root]}))
    second = only(page(new, includes={"users": USERS, "posts": [root]}))
    assert (first.text, first.parent_id, first.root) == (second.text, second.parent_id, second.root)
    assert first.parent_id == number(0) == first.thread_id
    assert first.root.ours
    assert first.root.text == "onze post"
    assert first.can_hide


def test_an_edit_stays_the_same_message():
    edited = only(page(post(3, edit_history_tweet_ids=[number(1), number(3)], created_at=None)))
    assert edited.external_id == number(1)
    assert edited.version_id == number(3)
    assert edited.edited_at > edited.sent_at


def test_a_repost_is_exposure_only():
    found = read(page(post(4, referenced_tweets=[{"type": "retweeted", "id": "1"}])), MENTIONS)
    assert not found.messages
    assert [(e.kind, e.original_id, e.author.handle) for e in found.exposures] == [("repost", "1", "jan")]


def test_a_quote_that_names_us_is_exposure_and_message():
    found = read(page(post(4, referenced_tweets=[{"type": "quoted", "id": "1"}])), MENTIONS)
    assert len(found.messages) == len(found.exposures) == 1


def test_a_quote_that_does_not_name_us_is_exposure():
    quote = post(4, referenced_tweets=[{"type": "quoted", "id": "1"}], entities={"mentions": []})
    found = read(page(quote), MENTIONS)
    assert (len(found.messages), len(found.exposures)) == (0, 1)


def test_our_own_reply_is_outbound_with_its_partner():
    ours = post(5, author_id=US, in_reply_to_user_id="5", entities={})
    message = only(page(ours), Reader(US, "own_posts"))
    assert message.direction is Direction.OUTBOUND
    assert message.partner.handle == "jan"


def test_a_search_hit_may_not_be_answered_before_we_are_named():
    hit = post(6, entities={"mentions": []})
    assert only(page(hit), SEARCH).public_reply.reason == "not_summoned"
    assert only(page(hit), Reader(US, "search", free_to_reply=True)).public_reply.allowed
    assert only(page(post(6)), SEARCH).public_reply.allowed


def test_a_search_hit_that_quotes_us_may_be_answered():
    hit = post(6, entities={}, referenced_tweets=[{"type": "quoted", "id": "1"}])
    payload = page(hit, includes={"tweets": [{"id": "1", "text": "x", "author_id": US}]})
    assert read(payload, SEARCH).messages[0].public_reply.allowed


def test_closed_direct_messages_are_known_beforehand():
    payload = page(post(1), includes={"users": [{"id": "5", "receives_your_dm": False}]})
    assert only(payload).private_reply.reason == "dm_closed"


@pytest.mark.parametrize("includes", [None, [], "x", {"users": [None, 3, {"name": "no id"}]}, {"users": {}}])
def test_missing_includes_leave_an_author_with_an_id_only(includes):
    payload = page(post(1)) | {"includes": includes}
    assert only(payload).author.external_id == "5"


def test_a_post_without_an_author_is_a_message_without_one():
    assert only(page(post(1, author_id=None))).author is None


POISON = [
    None,
    3,
    "x",
    [],
    {},
    {"id": None, "text": "x"},
    {"id": {}, "text": "x"},
    {"id": "abc", "text": "x"},
    {"id": number(1), "text": ["x"], "created_at": "2026-11-01T10:00:00Z"},
    {"id": 1, "id_str": "1", "full_text": "v1.1", "created_at": "Wed Oct 10 20:19:24 +0000 2018"},
]


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_item_costs_only_itself_and_is_kept(poison):
    found = read(page(post(1), poison, post(2)), MENTIONS)
    assert [m.external_id for m in found.messages] == [number(1), number(2)]
    (kept,) = found.unreadable
    assert kept.payload == poison
    assert kept.error


FIELDS = sorted({*post(1), "created_at", "attachments", "referenced_tweets", "note_tweet", "public_metrics"})


@pytest.mark.parametrize("junk", [None, 0, -1, 1.5, True, "x", [], [None], [3], {}, {"a": None}, [{"id": []}]])
@pytest.mark.parametrize("name", FIELDS)
def test_junk_in_any_field_never_escapes(name, junk):
    found = read(page(post(1) | {name: junk}, post(2)), MENTIONS)
    assert len(found.messages) + len(found.unreadable) == 2
    assert found.messages[-1].external_id == number(2)


@pytest.mark.parametrize("payload", [None, [], "x", 3, {"data": 3}, {"data": "x"}, {"data": [[]]}])
def test_an_answer_that_is_no_answer_is_kept(payload):
    assert read(payload, MENTIONS).unreadable


def test_ids_are_strings_even_when_they_come_as_numbers():
    message = only(page({"id": int(number(1)), "text": "x", "author_id": 5}))
    assert message.external_id == number(1)
    assert message.author.external_id == "5"


def test_only_what_was_asked_for_by_id_counts_as_deleted():
    base = {"resource_type": "tweet", "type": "https://api.twitter.com/2/problems/resource-not-found"}
    errors = [
        base | {"parameter": "ids", "resource_id": "7", "value": "7"},
        base | {"parameter": "referenced_tweets.id", "resource_id": "8", "value": "8"},
        base | {"parameter": "author_id", "resource_type": "user", "resource_id": "9", "value": "9"},
    ]
    found = read(page(post(1), errors=errors), MENTIONS)
    assert [d.external_id for d in found.deletions] == ["7"]
    assert len(found.messages) == 1


@pytest.mark.parametrize("code", ["und", "qme", "zxx", None, 3.5])
def test_no_language_is_no_language(code):
    assert only(page(post(1, lang=code))).language == ""


# Who is named, which version, whom our own posts answer


def test_who_is_named_only_in_the_long_part_of_a_post_is_named():
    note = {"text": "lang verhaal @ons", "entities": {"mentions": [{"username": "ons", "id": US}]}}
    cut = post(1, entities={"mentions": []}, note_tweet=note, referenced_tweets=[{"type": "quoted", "id": "1"}])
    assert only(page(cut)).mentions == (US,)
    assert only(page(cut), SEARCH).public_reply.allowed


def test_a_quote_is_a_message_when_nobody_knows_who_we_are():
    found = read(page(post(1, referenced_tweets=[{"type": "quoted", "id": "1"}])), Reader("", "mentions"))
    assert (len(found.messages), len(found.exposures)) == (1, 1)


def test_thread_and_parent_are_named_by_their_first_version():
    edited = post(3, edit_history_tweet_ids=[number(3), number(1)])
    reply = post(5, conversation_id=number(3), referenced_tweets=[{"type": "replied_to", "id": number(3)}])
    first, second = read(page(edited, reply), MENTIONS).messages
    assert (first.external_id, first.thread_id) == (number(1), number(1))
    assert (second.parent_id, second.thread_id, second.root.external_id) == (number(1), number(1), number(1))


def goes_on(position, *, under, answers=US):
    refers = [{"type": "replied_to", "id": number(under)}]
    return post(position, author_id=US, in_reply_to_user_id=answers, referenced_tweets=refers, entities={})


def test_our_second_answer_in_a_row_is_to_the_same_person():
    second = only(page(goes_on(3, under=2), includes={"users": USERS, "tweets": [goes_on(2, under=1, answers="5")]}))
    assert second.partner.handle == "jan"


def test_a_thread_of_our_own_answers_nobody():
    third = only(page(goes_on(3, under=2)))
    assert third.partner is None
    assert (third.parent.external_id, third.parent.ours) == (number(2), True)


def test_a_poll_says_what_can_be_voted_for():
    poll = {"id": "7", "options": [{"position": 1, "label": "Ja &amp; nee"}, {"position": 2, "label": "Nee"}]}
    asked = page(post(1, attachments={"poll_ids": ["7"]}), includes={"users": USERS, "polls": [poll]})
    assert [(a.kind, a.title) for a in only(asked).attachments] == [("other", "Ja & nee · Nee")]


def test_the_answer_to_what_we_posted_is_nobodys_message():
    body = {"data": {"id": number(1), "text": "Dank!", "edit_history_tweet_ids": [number(1)]}}
    assert not read_exchange({"method": "POST", "uri": "/2/tweets", "status": 201, "body": body}).messages


@pytest.mark.parametrize(("payload", "gone", "unread"), [({"id": "5"}, ["5"], 0), ({}, [], 1)])
def test_news_of_a_deletion_says_of_what_or_is_kept(payload, gone, unread):
    body = {"data": {"event_type": "post.delete", "filter": {"user_id": US}, "payload": payload}}
    page = read_exchange({"method": "POST", "status": 200, "body": body})
    assert ([d.external_id for d in page.deletions], len(page.unreadable)) == (gone, unread)


# Direct messages


def test_a_direct_message_and_our_answer_to_it():
    found = read_direct(page(event(2, sender=US), event(1)), Reader(US, "direct"))
    ours, theirs = found.messages
    assert (ours.direction, ours.partner.handle) == (Direction.OUTBOUND, "jan")
    assert (theirs.direction, theirs.author.handle) == (Direction.INBOUND, "jan")
    assert theirs.visibility is Visibility.PRIVATE
    assert theirs.thread_id == "5-99"
    assert theirs.private_reply.allowed


def test_joining_and_leaving_say_nothing():
    found = read_direct(page(event(1, event_type="ParticipantsJoin", text=None)), Reader(US, "direct"))
    assert not found.messages
    assert not found.unreadable


def test_an_encrypted_message_says_beforehand_that_it_cannot_be_answered():
    found = read_direct(page(event(1, text=None, encrypted_text="x8s")), Reader(US, "direct"))
    assert found.messages[0].private_reply.reason == "encrypted"


def test_an_unknown_kind_of_event_is_kept():
    found = read_direct(page(event(1, event_type="Telepathy")), Reader(US, "direct"))
    assert "Telepathy" in found.unreadable[0].error
