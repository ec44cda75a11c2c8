"""Walks through X's newest-first pages: nothing lost, whatever happens between two of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.exceptions import RateLimited
from connectors.types import Credentials, StreamRef
from connectors.x.connector import XConnector, query_of
from connectors.x.wire import before, born
from tests.connectors.loopback import Loopback, answer
from tests.connectors.x_payloads import US, event, number, page, post, problem

MENTIONS, SEARCH, DIRECT = StreamRef("mentions"), StreamRef("search", query="trein"), StreamRef("direct")
TOO_OLD = "Invalid 'since_id':'1'. 'since_id' must be a tweet id created after 2026-11-17T00:00Z."


@pytest.fixture
def server():
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def x(server):
    with XConnector(Credentials(US, server.url, {"access_token": "token-token"})) as connector:
        yield connector


def ids(page_):
    return [message.external_id for message in page_.messages]


def walk(x, stream, cursor):
    pages = []
    while True:
        pages.append(x.poll(stream, cursor))
        cursor = pages[-1].cursor
        if not pages[-1].has_more:
            return pages, cursor


def test_a_walk_goes_back_page_by_page_and_moves_its_place_only_at_the_end(server, x):
    server.then(answer(page(post(9), post(8), token="p2")), answer(page(post(7), post(6))))
    first = x.poll(MENTIONS, {})
    assert (ids(first), first.has_more, first.complete_until) == ([number(9), number(8)], True, None)
    assert "since" not in first.cursor
    second = x.poll(MENTIONS, first.cursor)
    assert (ids(second), second.has_more) == ([number(7), number(6)], False)
    assert second.cursor["since"] == number(9)
    assert second.complete_until is not None
    assert server.asked[1].query["pagination_token"] == "p2"


def test_a_crash_on_the_third_page_loses_nothing(server, x):
    server.then(
        answer(page(post(9), token="p2")),
        answer(page(post(8), token="p3")),
        answer(problem(429, "Too Many Requests", "x"), status=429),
        answer(page(post(7))),
    )
    second = x.poll(MENTIONS, x.poll(MENTIONS, {}).cursor)
    with pytest.raises(RateLimited):
        x.poll(MENTIONS, second.cursor)
    third = x.poll(MENTIONS, second.cursor)
    assert ids(third) == [number(7)]
    assert third.cursor["since"] == number(9)
    assert server.asked[3].query["pagination_token"] == "p3"


def test_an_empty_page_in_the_middle_is_no_end(server, x):
    server.then(answer(page(post(9), token="p2")), answer(page(token="p3")), answer(page(post(8))))
    pages, cursor = walk(x, MENTIONS, {})
    assert [ids(page_) for page_ in pages] == [[number(9)], [], [number(8)]]
    assert cursor["since"] == number(9)


def test_every_poll_reads_a_little_below_the_newest(server, x):
    server.then(answer(page(post(20))), answer(page(post(21), post(20), post(19))))
    _, cursor = walk(x, MENTIONS, {})
    late = x.poll(MENTIONS, cursor)
    asked = server.asked[1].query["since_id"]
    assert asked == before(number(20), 600)
    assert born(number(20)) - born(asked) == timedelta(minutes=10)
    assert ids(late) == [number(21), number(20), number(19)]


def test_what_was_read_before_today_costs_nothing_again(server, x):
    server.then(answer(page(post(20))), answer(page(post(21), post(20))))
    first = x.poll(MENTIONS, {})
    second = x.poll(MENTIONS, first.cursor)
    assert (first.cost.post_reads, first.cost.user_reads) == (1, 2)
    assert first.cost.money == Decimal("0.005") + 2 * Decimal("0.010")
    assert (second.cost.post_reads, second.cost.user_reads, second.cost.calls) == (1, 0, 1)


def test_an_account_that_owns_the_app_reads_its_mentions_cheaply(server):
    server.then(answer(page(post(20), includes={})))
    data = {"access_token": "token-token", "owns_app": "yes"}
    with XConnector(Credentials(US, server.url, data)) as owner:
        assert owner.poll(MENTIONS, {}).cost.money == Decimal("0.001")


def test_a_quiet_poll_keeps_its_place(server, x):
    server.then(answer(page(post(20))), answer(page()))
    _, cursor = walk(x, MENTIONS, {})
    quiet = x.poll(MENTIONS, cursor)
    assert quiet.cursor["since"] == number(20)
    assert not quiet.messages
    assert quiet.gap_from is None


def test_more_than_the_ceiling_is_a_certain_gap(server, x):
    server.then(answer(page(post(1))))
    _, cursor = walk(x, MENTIONS, {})
    pages = [[post(2000 - 100 * n - i) for i in range(100)] for n in range(8)]
    server.answers = [answer(page(*posts, token=f"p{n}" if n < 7 else "")) for n, posts in enumerate(pages)]
    walked, after = walk(x, MENTIONS, cursor)
    assert len(walked) == 8
    assert walked[-1].gap_reason == "ceiling"
    assert walked[-1].gap_from == born(number(1))
    assert walked[-1].gap_until == born(number(1201))
    assert after["since"] == number(2000)


def test_meeting_our_place_again_proves_there_is_no_gap(server, x):
    server.then(answer(page(post(1))))
    _, cursor = walk(x, MENTIONS, {})
    server.answers = [answer(page(*[post(900 - i) for i in range(899)], post(1)))]
    assert x.poll(MENTIONS, cursor).gap_from is None


def test_a_place_older_than_the_window_is_a_certain_gap_and_the_rest_is_read(server, x):
    server.then(answer(page(post(1))))
    _, cursor = walk(x, SEARCH, {})
    server.answers = [
        answer(problem(400, "Invalid Request", TOO_OLD, errors=[{"parameters": {"since_id": ["1"]}}]), status=400),
        answer(page(post(30000))),
    ]
    found = x.poll(SEARCH, cursor)
    assert ids(found) == [number(30000)]
    assert found.gap_reason == "window"
    assert found.gap_from == born(number(1))
    assert found.gap_until is not None
    assert "since_id" not in server.asked[-1].query
    assert found.cursor["since"] == number(30000)


def test_a_page_token_that_expired_starts_the_walk_again(server, x):
    server.then(
        answer(page(post(9), token="p2")),
        answer(problem(400, "Invalid Request", "x", errors=[{"parameters": {"pagination_token": ["p2"]}}]), status=400),
        answer(page(post(10), post(9), post(8))),
    )
    first = x.poll(MENTIONS, {})
    again = x.poll(MENTIONS, first.cursor)
    assert ids(again) == [number(10), number(9), number(8)]
    assert again.cursor["since"] == number(10)


def test_the_same_page_for_ever_ends_the_poll_but_moves_nothing(server, x):
    server.then(answer(page(post(9), token="p2")))
    first = x.poll(MENTIONS, {})
    second = x.poll(MENTIONS, first.cursor)
    assert not second.has_more
    assert second.complete_until is None
    assert "since" not in second.cursor


def test_pages_below_what_was_asked_end_the_walk(server, x):
    server.then(answer(page(post(100))))
    _, cursor = walk(x, MENTIONS, {})
    server.answers = [answer(page(post(101), token="p2")), answer(page(post(3), post(2), token="p3"))]
    pages, _ = walk(x, MENTIONS, cursor)
    assert len(pages) == 2


def test_a_first_poll_looks_back_as_far_as_asked(server, x):
    server.then(answer(page()))
    x.poll(MENTIONS, {}, since=datetime(2026, 11, 1, tzinfo=UTC))
    assert server.asked[0].query["start_time"] == "2026-11-01T00:00:00Z"
    x.poll(SEARCH, {}, since=datetime(2020, 1, 1, tzinfo=UTC))
    assert datetime.fromisoformat(server.asked[1].query["start_time"]) > datetime.now(UTC) - timedelta(days=8)


@pytest.mark.parametrize("junk", [{"since": []}, {"token": 3}, {"since": "x", "walked": "y"}, {"paid": []}])
def test_a_damaged_cursor_is_a_new_beginning(server, x, junk):
    server.then(answer(page(post(9))))
    assert ids(x.poll(MENTIONS, junk)) == [number(9)]


def test_a_query_is_asked_with_its_language_and_without_reposts(server, x):
    server.then(answer(page()))
    stream = StreamRef("search", query="trein OR bus", language="nl", exclude=("reclame", "win een"))
    x.poll(stream, {})
    wanted = '(trein OR bus) lang:nl -reclame -"win een" -is:retweet'
    assert server.asked[0].query["query"] == query_of(stream) == wanted


def test_one_search_hit_in_a_thousand_forms_of_nonsense_still_comes_through(server, x):
    server.then(answer(page(None, 3, post(5), {"id": "z"})))
    found = x.poll(SEARCH, {})
    assert ids(found) == [number(5)]
    assert len(found.unreadable) == 3
    assert found.fetched == 4


# Direct messages


def test_direct_messages_stop_at_the_first_known(server, x):
    server.then(answer(page(event(2), event(1))), answer(page(event(3), event(2), event(1), token="p2")))
    first = x.poll(DIRECT, {})
    second = x.poll(DIRECT, first.cursor)
    assert ids(second) == [number(3), number(2), number(1)]
    assert not second.has_more
    assert second.gap_from is None
    assert server.asked[1].query["max_results"] == "20"
    assert second.cost.message_reads == 1


def test_direct_messages_walk_until_the_known_one(server, x):
    server.then(
        answer(page(event(1))),
        answer(page(event(9), token="p2")),
        answer(page(event(8), event(1), token="p3")),
    )
    first = x.poll(DIRECT, {})
    pages, cursor = walk(x, DIRECT, first.cursor)
    assert [ids(page_) for page_ in pages] == [[number(9)], [number(8), number(1)]]
    assert {number(9), number(8), number(1)} <= set(cursor["known"])


def test_direct_messages_after_a_month_of_silence_are_a_certain_gap(server, x):
    server.then(answer(page(event(1))), answer(page(event(900_000))))
    first = x.poll(DIRECT, {})
    after = x.poll(DIRECT, first.cursor)
    assert after.gap_from == born(number(1))
    assert after.gap_until > after.gap_from


def test_a_first_look_at_direct_messages_stops_where_asked(server, x):
    server.then(answer(page(event(9), event(1), token="p2")))
    found = x.poll(DIRECT, {}, since=born(number(5)))
    assert ids(found) == [number(9)]
    assert not found.has_more


def test_an_empty_box_is_empty(server, x):
    server.then(answer({"meta": {"result_count": 0}}))
    found = x.poll(DIRECT, {})
    assert (found.messages, found.has_more, found.unreadable) == ((), False, ())
