"""Whatever a platform answers a poll: nothing is swallowed, no neighbour suffers, and no place moves over what is not in."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.models import Gap, Message, SetAside, Stream
from inbox.operations.ledger_set_aside import retry_set_aside
from tests import builders
from tests.connectors.broken import broken
from tests.connectors.scripted_graph import Reply
from tests.connectors.x_payloads import US
from tests.inbox.scripted_rounds import (
    PAGE,
    HonestX,
    g_comment,
    g_edge,
    g_feed,
    g_inbox,
    g_message,
    g_post,
    g_review,
    g_time,
    stage,
    x_event,
    x_id,
    x_page,
    x_post,
)

pytestmark = pytest.mark.django_db
JSON = "application/json; charset=utf-8"


def encoded(body: Any, charset: str) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode(charset)


def deep(levels: int) -> Any:
    thing: Any = "diep"
    for _ in range(levels):
        thing = [thing]
    return thing


# Answers that are none: nothing of them is believed, the ledger says so, and the next one is asked from the same place

NO_ANSWERS: dict[str, Reply] = {
    "a page of HTML": Reply(b"<html><h1>Over capacity</h1></html>", content_type="text/html"),
    "HTML that says it is JSON": Reply(b"<html>\x00\x01 Over capacity", content_type=JSON),
    "nothing": Reply(b""),
    "NUL": Reply(b"\x00" * 100),
    "JSON that ends halfway": Reply(encoded(x_page(x_post("half")), "utf-8")[:-40]),
    "a list": Reply([x_post("in een lijst")]),
    "a text": Reply("ok"),
    "a number": Reply(7),
    "null": Reply(b"null"),
    "an empty object": Reply({}),
    "data null": Reply({"data": None}),
    "data a text": Reply({"data": "ok", "meta": {"result_count": 1}, "paging": {}}),
    "data a number": Reply({"data": 5, "meta": {"result_count": 1}, "paging": {}}),
    "an error body with status 200": Reply({"error": {"message": "Even niet\x00", "code": 2, "type": "OAuthException"}}),
    "errors with status 200": Reply({"errors": [{"title": "Service Unavailable", "detail": "\ud83d straks", "status": 503}]}),
    "nested without end": Reply(b'{"data":' + b"[" * 100_000),
    "nested as deep as is read, with what no database holds": Reply(b'{"data":' + b"[" * 960 + b'"\\u0000"' + b"]" * 960 + b"}"),
    "a bomb": Reply(gzip.compress(b'{"data": "' + b" " * 40_000_000 + b'"}'), headers={"Content-Encoding": "gzip"}),
    "packed, it says": Reply(x_page(), headers={"Content-Encoding": "gzip"}),
    "a redirect": Reply(b"", 302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "a redirect with an empty page in it": Reply({"data": [], "meta": {"result_count": 0}}, 302, headers={"Location": "/"}),
    "more than anybody asks for": Reply(b'{"data":[' + b"[]," * 2_000_000 + b'[]],"meta":{},"paging":{}}'),
    "cut off": Reply(cut=True),
    "a way on that is none": Reply({"data": [], "meta": {"next_token": {"a": 1}}, "paging": {"next": True}}),
}  # fmt: skip
OF_X = {
    "no word on what follows": Reply({"data": [x_post("zonder meta")]}),
    "a count and nothing to count": Reply({"data": None, "meta": {"result_count": 5, "newest_id": x_id(datetime.now(UTC))}}),
    "a count beside an empty list": Reply({"data": [], "meta": {"result_count": 5}}),
}  # fmt: skip
OF_GRAPH = {
    "data an object": Reply({"data": {"id": "100_55"}, "paging": {}}),
    "the old shape of an error": Reply({"error_code": 2, "error_msg": "Service"}),
}


def honest(kind: str) -> Any:
    """The platform as it usually answers, with what was said since yesterday."""
    if kind == "x":
        return HonestX(
            [x_post("gisteren", minutes_ago=1500), x_post("net", minutes_ago=0.5), x_post("nu", minutes_ago=0)]
        )
    comments = [
        g_comment("nu", minutes_ago=0),
        g_comment("net", minutes_ago=0.5),
        g_comment("gisteren", minutes_ago=1500),
    ]
    return lambda _: Reply(g_feed(*comments))


SAID = ["gisteren", "net", "nu"]
REFUSED = [
    *(("x", name) for name in NO_ANSWERS | OF_X),
    *(("facebook", name) for name in NO_ANSWERS | OF_GRAPH),
]


@pytest.mark.parametrize(("kind", "name"), REFUSED, ids=[f"{kind}: {name}" for kind, name in REFUSED])
def test_what_is_no_answer_moves_nothing_and_stands_in_the_ledger(kind, name):
    reply = (NO_ANSWERS | OF_X | OF_GRAPH)[name]
    with stage(kind) as here:
        here.answer(lambda _: reply)
        here.turn()
        poll = here.poll()
        assert (poll.outcome, bool(poll.error), poll.new) == ("failed", True, 0), poll.error
        assert (here.stream.cursor, here.stream.complete_until, here.stream.state) == ({}, None, "failing")
        assert here.texts(here.neighbour) == ["van de buren"]
        assert len(here.calls) == 1, "one answer, one call: nothing was followed or asked again"
        here.answer(honest(kind))
        here.turn()
        assert here.texts() == SAID
        assert here.poll().outcome == "complete"


# Answers of which one item is odd: it is in, or set aside with why; those around it are in

LATER = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
HUGE = " ".join(f"woord{n}" for n in range(200_000))  # more than a text vector holds
ODD_TIMES = ["", "gisteren", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
             "9999-12-31T23:59:59.000Z", -1, 10**20, None, [], "2026-02-31T00:00:00Z"]  # fmt: skip
ODD_ITEMS: dict[str, Any] = {
    "null": None, "a text": "ok", "a number": 5, "a list": [1, 2], "an empty object": {},
    "nested very deep": {"id": "77_1", "text": deep(800), "message": deep(800)},
    "a text of NUL and halves": {"id": "77_2", "text": "a\x00b\ud83d", "message": "a\x00b\ud83d"},
    "a text without end": {"text": HUGE, "message": HUGE},
    "an id without end": {"id": "9" * 5000},
    "an id that is a number": {"id": 55_123},
    "an id of the day after the last": {"id": "9" * 25},
    "an id of next year": {"id": x_id(datetime.now(UTC) + timedelta(days=400))},
    "an id that is null": {"id": None},
    "an id that is an object": {"id": {"id": "5"}},
    "nobody": {"author_id": None, "from": None},
    "somebody who is a list": {"author_id": ["5"], "from": [[]]},
    "a time: next year": {"created_at": LATER, "created_time": LATER},
    **{f"a time: {told!r}": {"created_at": told, "created_time": told} for told in ODD_TIMES},
}  # fmt: skip


def odd_item(kind: str, oddity: Any) -> Any:
    if not isinstance(oddity, dict) or not oddity:
        return oddity
    return x_post("vreemd", minutes_ago=2) | oddity if kind == "x" else g_comment("vreemd", minutes_ago=2) | oddity


@pytest.mark.parametrize("kind", ["x", "facebook"])
@pytest.mark.parametrize("name", ODD_ITEMS)
def test_an_odd_item_is_kept_and_costs_its_neighbours_nothing(kind, name):
    odd = odd_item(kind, ODD_ITEMS[name])
    if kind == "x":
        body = x_page(x_post("eerder", minutes_ago=1), odd, x_post("later", minutes_ago=3))
    else:
        body = g_feed(g_comment("eerder", minutes_ago=1), odd, g_comment("later", minutes_ago=3))
    with stage(kind) as here:
        here.answer(lambda _: Reply(body))
        here.turn()
        texts, aside = here.texts(), here.aside()
        assert {"eerder", "later"} <= set(texts)
        assert len(texts) + len(aside) == 3, [item.error for item in aside]
        assert all(item.error for item in aside)
        poll = here.poll()
        assert (poll.outcome, poll.new, poll.set_aside) == ("complete", len(texts), len(aside))
        assert here.texts(here.neighbour) == ["van de buren"]
        here.turn()  # the same again
        assert (here.texts(), len(here.aside())) == (texts, len(aside))
        here.answer(honest(kind))
        here.turn()
        assert set(here.texts()) >= {"net", "nu"}, "whatever came, our place is not beyond it"


def test_the_same_id_twice_in_a_page_is_one_message():
    with stage("x") as here:
        twice = x_post("twee keer")
        here.answer(lambda _: Reply(x_page(twice, x_post("ander", minutes_ago=2), twice)))
        here.turn()
        assert here.texts() == ["ander", "twee keer"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_letters_are_read_whatever_the_charset_is_said_to_be(charset):
    with stage("x") as here:
        reply = Reply(encoded(x_page(x_post("café reünie")), charset), content_type="application/json; charset=koi8-r")
        here.answer(lambda _: reply)
        here.turn()
        assert here.texts() == ["café reünie"]


def test_a_page_of_ten_thousand_items_none_of_which_can_be_read_is_set_aside_whole():
    with stage("x") as here:
        here.answer(lambda _: Reply(x_page(*range(12_000), x_post("een goede"))))
        here.turn()
        assert here.texts() == ["een goede"]
        assert (len(here.aside()), here.poll().set_aside) == (12_000, 12_000)


def test_posts_without_any_that_belongs_beside_them_are_in():
    with stage("x") as here:
        for beside in ({}, None, [], "x", {"users": None, "tweets": 5, "media": {}}):
            body = x_page(x_post(f"naast {beside!r}"), includes=beside, errors=beside)
            here.answer(lambda _, body=body: Reply(body))
            here.turn()
        assert len(here.texts()) == 5


# Ways that lead nowhere


def trail_of(here, *replies: Reply) -> None:
    """These answers, over and over."""
    here.answer(lambda _: replies[(len(here.calls) - 1) % len(replies)])


def x_way(to: str, *posts: Any) -> Reply:
    return Reply(x_page(*posts, token=to))


def g_way(to: str, *comments: Any) -> Reply:
    paging = {"cursors": {"after": to}, "next": "https://graph.facebook.com/next"}
    return Reply({"data": [g_post({"data": list(comments), "paging": {}})] if comments else [], "paging": paging})


A, B = x_post("a", minutes_ago=1), x_post("b", minutes_ago=5)
G, H = g_comment("a", minutes_ago=1), g_comment("b", minutes_ago=5)
CIRCLES: dict[str, tuple[str, list[Reply]]] = {
    "x: to itself": ("x", [x_way("p2", A), x_way("p2", B), x_way("p2", B)]),
    "x: from one to another and back": ("x", [x_way("p2", A), x_way("p1", B)]),
    "x: empty for ever": ("x", [x_way(str(n), *([A, B] if n == 0 else [])) for n in range(300)]),
    "facebook: to itself": ("facebook", [g_way("p2", G, H)]),
    "facebook: from one to another and back": ("facebook", [g_way("p2", G), g_way("p1", H)]),
    "facebook: empty for ever": ("facebook", [g_way(str(n), *([G, H] if n == 0 else [])) for n in range(300)]),
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_walk_that_goes_round_ends_without_proof_and_begins_again(name):
    kind, replies = CIRCLES[name]
    with stage(kind) as here:
        trail_of(here, *replies)
        for _ in range(6):
            here.turn()
            if here.stream.backlog is None and here.poll().error_code:
                break
        assert here.poll().error_code == "no_end"
        assert len(here.calls) < 60
        assert here.stream.complete_until is None
        assert here.texts() == ["a", "b"]
        assert here.texts(here.neighbour) == ["van de buren"]
        stream = here.stream
        Stream.objects.filter(pk=stream.pk).update(created_at=stream.created_at - timedelta(hours=1))
        for _ in range(6):
            here.turn()
        assert [(gap.reason, gap.ends_at) for gap in Gap.objects.filter(stream=stream)] == [("no_end", None)]
        here.answer(honest(kind))
        for _ in range(3):
            here.turn()
        assert set(here.texts()) >= {"net", "nu", "gisteren"}
        assert here.stream.complete_until is not None
        assert not Gap.objects.filter(stream=stream, closed_at=None).exists()


def test_a_walk_that_begins_with_empty_pages_goes_on():
    with stage("x") as here:
        pages = {"": x_way("p2"), "p2": x_way("p3"), "p3": Reply(x_page(A, B))}
        here.answer(lambda call: pages[call.query.get("pagination_token", "")])
        here.turn()
        assert (here.texts(), here.poll().outcome) == (["a", "b"], "complete")


def test_one_post_whose_comments_cannot_be_read_costs_the_others_nothing():
    with stage("facebook") as here:
        odd = [g_post(comments, number) for number, comments in ((60, "x"), (61, {"data": None}), (62, 7))]
        feed = {
            "data": [odd[0], g_post({"data": [g_comment("a")]}, 58), *odd[1:], g_post({"data": [g_comment("b")]}, 59)]
        }
        here.answer(lambda call: Reply(feed if call.path.endswith("/feed") else {"data": "x"}))
        here.turn()
        assert here.texts() == ["a", "b"]
        assert len(here.aside()) == 3
        assert here.poll().error_code == "part_unread"
        assert here.stream.complete_until is None


def test_a_conversation_between_others_is_not_ours():
    with stage("x", "direct") as here:
        event = {"event_type": "MessageCreate", "created_at": g_time().replace("+0000", "Z"), "text": "privé"}
        ours = event | {
            "id": x_id(datetime.now(UTC)),
            "sender_id": "5",
            "dm_conversation_id": "5-99",
            "text": "voor ons",
        }
        theirs = event | {"id": x_id(datetime.now(UTC), 1), "sender_id": "5", "dm_conversation_id": "5-77"}
        here.answer(lambda _: Reply(x_page(ours, theirs)))
        here.turn()
        assert here.texts() == ["voor ons"]
        assert [item.error for item in here.aside()] == ["ValueError: a conversation between others"]


def test_an_event_without_an_id_is_no_place_where_a_walk_ends():
    with stage("x", "direct") as here:
        nameless = x_event("zonder", minutes_ago=9) | {"id": None}
        here.answer(lambda _: Reply(x_page(x_event("een", minutes_ago=10), nameless)))
        here.turn()
        pages = {
            "": x_page(x_event("vier", minutes_ago=1), nameless, token="p2"),
            "p2": x_page(x_event("drie", minutes_ago=2), x_event("twee", minutes_ago=3)),
        }
        here.answer(lambda call: Reply(pages[call.query.get("pagination_token", "")]))
        here.turn()
        assert here.texts() == ["drie", "een", "twee", "vier"]


X_OWN = x_post("van ons", minutes_ago=1) | {"author_id": US, "in_reply_to_user_id": "5"}
TRIED_AGAIN: dict[str, tuple[str, str, Any, str]] = {
    "a mention": ("x", "mentions", x_post("klacht"), "in"),
    "a post of our own": ("x", "own_posts", X_OWN, "out"),
    "a direct message": ("x", "direct", X_OWN | {"sender_id": "5", "dm_conversation_id": f"5-{US}"}, "in"),
    "a direct message of our own": ("x", "direct", X_OWN | {"sender_id": US, "dm_conversation_id": f"5-{US}"}, "out"),
    "a comment": ("facebook", "comments", g_comment("klacht"), "in"),
    "a comment of our own": ("facebook", "comments", g_comment("van ons", **{"from": {"id": PAGE}, "parent": {
        "id": "55_1", "from": {"id": "9001"}}}), "out"),
    "a private message": ("facebook", "direct", g_comment("klacht", id="m_5", to={"data": [{"id": PAGE}]}), "in"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRIED_AGAIN)
def test_what_was_set_aside_is_read_again_for_whom_and_by_which_stream_it_was(name):
    kind, what, payload, direction = TRIED_AGAIN[name]
    with stage(kind, what) as here:
        item = SetAside.objects.create(
            stream=here.stream, fingerprint="f", payload=payload, error="read by an older version"
        )
        assert retry_set_aside(item, agent=builders.agent(here.stream.account.brand, "lead"))
        message = Message.objects.get(stream=here.stream, placeholder=False)
        assert (message.direction, message.options["public_reply"]["reason"] == "not_summoned") == (direction, False)


# Real-shaped answers with any of their parts broken

STREAMS: dict[str, tuple[str, str, Any, Any]] = {
    "mentions": ("x", "mentions", x_post, x_page),
    "direct messages on X": ("x", "direct", x_event, x_page),
    "comments": ("facebook", "comments", g_comment, g_feed),
    "private messages": ("facebook", "direct", g_message, g_inbox),
    "reviews": ("facebook", "reviews", g_review, g_edge),
}
WAY_ON = {"meta": {"result_count": 2, "next_token": "p2"}, "paging": {"cursors": {"after": "p2"}, "next": "https://n"}}


@pytest.mark.parametrize("name", STREAMS)
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_after_any_broken_answer_an_honest_one_brings_everything(name, data):
    kind, what, item, whole = STREAMS[name]
    answer = whole(item("een"), item("twee", minutes_ago=2))
    answer |= {part: way for part, way in WAY_ON.items() if part in answer and data.draw(st.booleans())}
    body = data.draw(broken(answer))
    honest_one = whole(item("nu", minutes_ago=0), item("net", minutes_ago=0.5))
    with transaction.atomic(), stage(kind, what) as here:
        here.answer(lambda _: Reply(body))
        here.turn()
        assert here.texts(here.neighbour) == ["van de buren"]
        assert here.poll().outcome in {"complete", "more", "failed"}
        here.answer(HonestX(honest_one["data"]) if kind == "x" else lambda _: Reply(honest_one))
        for _ in range(3):
            here.turn()
        assert set(here.texts()) >= {"net", "nu"}, body
        transaction.set_rollback(True)
