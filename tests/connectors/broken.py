"""Valid answers of both platforms, and ways to break any part of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from connectors.registry import connector_class
from connectors.types import Page
from tests.connectors import x_payloads
from tests.connectors.graph_payloads import a_comment, a_post, at

ODD = [
    None, "", " ", "0", 0, -1, 7, 2**31, 2**63, 10**30, 1.5, -0.0, True, False, [], {}, [None], [[]], {"id": None},
    {"data": None}, {"data": [None, 5, "x"]}, [{"id": 5}], "x" * 400, "\u20ac" * 3000, "a\x00b", "\ud83d", "\ud83d\ude00 \u202e",
    "1e9", "2026-02-31T00:00:00Z", "0001-01-01T00:00:00+0000", "9999-12-31T23:59:59Z", "&#0;&amp;#55357;", "null",
    "javascript:alert(1)", "<script>alert(1)</script>", "%s %(x)s {0} \\N \\",
]  # fmt: skip


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every part of a payload is."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*so_far, key)
        yield from paths(part, (*so_far, key))


@st.composite
def broken(draw: st.DrawFn, payload: Any) -> Any:
    """The payload with up to three of its parts left out, or something else in their place."""
    payload = copy.deepcopy(payload)
    for _ in range(draw(st.integers(1, 3))):
        known = list(paths(payload))
        if not known:
            break
        *above, last = draw(st.sampled_from(known))
        holder = payload
        for key in above:
            holder = holder[key]
        if draw(st.booleans()):
            holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        else:
            del holder[last]
    return payload


def a_busy_post(position: int) -> dict[str, Any]:
    """A post with everything that a post can have."""
    return x_payloads.post(
        position, created_at="2026-11-01T10:00:00.000Z", in_reply_to_user_id=x_payloads.US,
        referenced_tweets=[{"type": "replied_to", "id": x_payloads.number(0)}, {"type": "quoted", "id": "3"}],
        attachments={"media_keys": ["3_1", "7_2"], "poll_ids": ["8"]}, context_annotations=[{"domain": {"id": "1"}}],
        entities={"mentions": [{"username": "ons", "id": x_payloads.US, "start": 0}], "hashtags": [{"tag": "trein"}],
                  "urls": [{"url": "https://t.co/1", "expanded_url": "https://a.nl/x", "title": "A"}]},
        public_metrics={"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4},
        note_tweet={"text": "een lange tekst \U0001f600", "entities": {"urls": []}}, withheld={"country_codes": ["NL"]},
        edit_history_tweet_ids=[x_payloads.number(position), x_payloads.number(position + 50)],
    )  # fmt: skip


INCLUDES = {
    "users": x_payloads.USERS, "tweets": [{"id": x_payloads.number(0), "text": "wij", "author_id": x_payloads.US}],
    "media": [{"media_key": "3_1", "type": "photo", "url": "https://p/1"}, {"media_key": "7_2", "type": "video",
              "variants": [{"content_type": "video/mp4", "bit_rate": 1, "url": "https://v/low"}]}],
}  # fmt: skip
GONE = {"resource_type": "tweet", "parameter": "ids", "resource_id": "4", "title": "Not Found Error",
        "type": "https://api.twitter.com/2/problems/resource-not-found"}  # fmt: skip
ANN = {"from": {"id": "9001", "name": "Ann"}}
PHOTO = {"type": "photo", "media": {"image": {"src": "https://cdn/a.jpg", "height": 5}}, "target": {"id": "3"}}
NESTED = a_comment(8, **{"from": {"id": "100", "name": "Wij"}})
COMMENT = a_comment(
    7, parent={"id": "55_6", "from": {"id": "5", "name": "Bo"}, "message": "m", "created_time": at()}, attachment=PHOTO,
    comments={"data": [NESTED]}, like_count=3, comment_count=1, message_tags=[{"id": "100", "type": "page"}],
    can_reply_privately=True, can_hide=True, is_hidden=False, permalink_url="https://www.facebook.com/100/posts/55?comment_id=7",
)  # fmt: skip
DIRECT = {
    "id": "m_7", "message": "Hallo", "created_time": at(), "from": {"id": "9", "name": "Ann"}, "sticker": "https://s/1",
    "to": {"data": [{"id": "100"}]}, "shares": {"data": [{"link": "https://a.nl", "name": "n"}]},
    "attachments": {"data": [{"id": "1", "mime_type": "image/gif", "image_data": {"url": "https://i/1"}}]},
}  # fmt: skip
RATING = {
    "created_time": at(), "recommendation_type": "negative", "review_text": "Nooit meer", "reviewer": {"id": "9"},
    "open_graph_story": {"id": "77", "message": "m"}, "has_review": True,
}  # fmt: skip
GRAPH = {
    "100_55/comments": (COMMENT, a_comment(1), a_comment(2)),
    "100/feed": (a_post({"data": [COMMENT]}, shares={"count": 2}, attachments={"data": [PHOTO]}), a_post(number=1, **ANN), a_post(number=2, **ANN)),
    "t_1/messages": (DIRECT, DIRECT | {"id": "m_1"}, DIRECT | {"id": "m_2"}),
    "100/ratings": (RATING, RATING | {"open_graph_story": {"id": "1"}}, RATING | {"open_graph_story": {"id": "2"}}),
}  # fmt: skip


def answered(kind: str, uri: str, body: Any) -> Page:
    """What polling makes of this answer."""
    return connector_class(kind).read_recorded(
        {"method": "GET", "uri": uri, "status": 200, "headers": {}, "body": body}
    )


FINE = [x_payloads.post(n, created_at="2026-11-01T10:00:00.000Z") for n in (2, 3)]
MENTIONS, DIRECTS = "/2/users/99/mentions", "/2/dm_events"
X = {x_payloads.number(n) for n in (2, 3)}


@st.composite
def posts(draw: st.DrawFn) -> tuple[Page, set[str]]:
    """A broken post between two that are fine: what is made of them, and the ids that must be in it."""
    body = x_payloads.page(FINE[0], draw(broken(a_busy_post(1))), FINE[1], includes=INCLUDES, errors=[GONE])
    return answered("x", MENTIONS, body), X


@st.composite
def companions(draw: st.DrawFn) -> tuple[Page, set[str]]:
    """Fine posts, beside which anything may be broken."""
    beside = draw(broken({"includes": INCLUDES, "errors": [GONE], "meta": {"next_token": "t", "newest_id": "5"}}))
    return answered("x", MENTIONS, beside | {"data": [a_busy_post(1), a_busy_post(2), a_busy_post(3)]}), X


@st.composite
def directs(draw: st.DrawFn) -> tuple[Page, set[str]]:
    whole = x_payloads.event(1, attachments={"media_keys": ["3_1"]}, entities={"urls": [{"url": "u"}]})
    body = x_payloads.page(x_payloads.event(2), draw(broken(whole)), x_payloads.event(3), includes=INCLUDES)
    return answered("x", DIRECTS, body), X


@st.composite
def items(draw: st.DrawFn, uri: str) -> tuple[Page, set[str]]:
    """A broken item of an edge of Graph between two that are fine."""
    whole, *fine = GRAPH[uri]
    page = answered("facebook", uri, {"data": [fine[0], draw(broken(whole)), fine[1]], "paging": {}})
    return page, {message.external_id for message in answered("facebook", uri, {"data": fine}).messages}


ANSWERS = {
    "posts": ("x", posts()), "beside posts": ("x", companions()), "direct messages": ("x", directs()),
    **{uri: ("facebook", items(uri)) for uri in GRAPH},
}  # fmt: skip
