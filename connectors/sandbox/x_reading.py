"""X's lists of posts: mentions, somebody's own, search, quotes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from connectors.sandbox.clock import DAY, SECOND, iso
from connectors.sandbox.entities import XPost, XUser
from connectors.sandbox.world import X_EPOCH
from connectors.sandbox.x_errors import invalid, missing, problem
from connectors.sandbox.x_paging import Place, bounds, moment, place, size, turned, walk
from connectors.sandbox.x_search import Query

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

WEEK = 7 * DAY
Answer = tuple[int, Any]
Test = Callable[[XPost], bool]


def mentions(call: Call) -> Answer:
    """Posts that name somebody, newest first, the newest 800 at most."""
    user = existing_user(call, call.args[0])
    ids = call.world.by_mention.get(user.id, [])
    ceiling = int(call.world.settings["mention_ceiling"])
    return _timeline(call, ids[-ceiling:], what="mentions", account=user.id)


def user_posts(call: Call) -> Answer:
    """Somebody's own posts, newest first."""
    user = existing_user(call, call.args[0])
    ids = call.world.by_author.get(user.id, [])[-3200:]
    return _timeline(call, ids, what="user_posts", account=user.id, test=_without_excluded(call))


def home(call: Call) -> Answer:
    """What the caller and those they follow wrote."""
    me = call.who.person("tweet.read")
    authors = {me.id, *call.world.relations.get((me.id, "following"), ())}
    ids = sorted({key for author in authors for key in call.world.by_author.get(author, [])})[-3200:]
    return _timeline(call, ids, what="home", account=me.id, lowest=1, default=100, test=_without_excluded(call))


def _without_excluded(call: Call) -> Test:
    kinds = {"replies": "replied_to", "retweets": "retweeted"}
    unwanted = [kinds[name] for name in call.query.get("exclude", "").split(",") if name in kinds]
    return lambda post: not any(post.ref(kind) for kind in unwanted)


def search(call: Call) -> Answer:
    """Posts of the last seven days that match a query."""
    query, oldest = _query(call)
    account = call.who.token.owner
    return _timeline(
        call, query.candidates(), what="search", account=account, lowest=10, test=query.test, oldest=oldest,
        both_ways=False,
    )  # fmt: skip


def found_by_search(call: Call) -> Iterator[XPost]:
    """Everything that a search would give, page after page."""
    query, oldest = _query(call)
    return _listed(call, query.candidates(), Place(), test=query.test, oldest=oldest)


def _query(call: Call) -> tuple[Query, int]:
    text = call.query.get("query", "")
    if not text:
        raise invalid("query", text, "The `query` query parameter can not be empty")
    if len(text) > 512:
        raise invalid("query", text, f"The `query` query parameter length [{len(text)}] is not between 1 and 512")
    if (order := call.query.get("sort_order", "recency")) not in {"recency", "relevancy"}:
        raise invalid(
            "sort_order", order, f"The `sort_order` query parameter value [{order}] is not one of [recency,relevancy]"
        )
    oldest = call.world.clock.now() - WEEK
    _check_window(call, oldest)
    return Query(call.world, text), oldest


def _check_window(call: Call, oldest: int) -> None:
    since_id, latest = call.query.get("since_id", ""), call.world.clock.now() - 10 * SECOND
    lowest = (oldest - X_EPOCH) << 22
    if since_id.isdecimal() and int(since_id) < lowest:
        message = (
            f"'since_id' must be a tweet id created after {iso(oldest)[:16]}Z. "
            f"Please use a 'since_id' that is larger than {lowest}"
        )
        raise invalid("since_id", since_id, message)
    for name in ("start_time", "end_time"):
        value = call.query.get(name, "")
        if value and moment(name, value) < oldest - 60_000:
            message = (
                f"Invalid '{name}':'{value[:16]}Z'. '{name}' must be on or after {iso(oldest)[:16]}Z, "
                "for the recent search endpoint"
            )
            raise invalid(name, value, message)
        if value and moment(name, value) > latest:
            message = (
                f"Invalid '{name}':'{value[:16]}Z'. '{name}' must be a minimum of 10 seconds prior to the request time."
            )
            raise invalid(name, value, message)


def _timeline(
    call: Call,
    ids: list[int],
    *,
    what: str,
    account: str,
    lowest: int = 5,
    default: int = 10,
    test: Test | None = None,
    oldest: int = 0,
    both_ways: bool = True,
) -> Answer:
    count, at = size(call, lowest=lowest, default=default), place(call)
    found = list(islice(_listed(call, ids, at, test=test, oldest=oldest), count + 1))
    if len(found) > count and at.page == 1 and not at.back and call.world.settings["empty_pages"]:
        # A page in the middle of a walk can hold nothing and still have a successor
        return 200, call.wire.answer(None, meta={"result_count": 0, "next_token": Place(at.key, 2).token()})
    shown, meta = turned(found, at, count=count)
    if not both_ways:
        meta.pop("previous_token", None)
    if shown:
        meta = {"newest_id": shown[0].id, "oldest_id": shown[-1].id, **meta}
    call.read(what, [post.id for post in shown], account=account)
    return 200, call.wire.answer(call.wire.all_posts(shown), meta=meta)


def _listed(call: Call, ids: list[int], at: Place, *, test: Test | None, oldest: int) -> Iterator[XPost]:
    low, high = bounds(call, oldest)
    posts, users, now = call.world.x_posts, call.world.x_users, call.world.clock.now()
    for key in walk(ids, at, low=low, high=high):
        post = posts[str(key)]
        if post.superseded or post.deleted or post.visible_from > now or post.at > now:
            continue
        author = users[post.author_id]
        if not (author.suspended or author.protected) and (test is None or test(post)):
            yield post


def existing_user(call: Call, user_id: str) -> XUser:
    """Somebody by id; 404 when there is nobody."""
    user = call.world.x_users.get(user_id)
    if user is None:
        error = missing(user_id, resource="user")
        raise problem(404, "Not Found Error", error["detail"], kind=error["type"], errors=[error])
    return user


def quotes(call: Call) -> Answer:
    """Posts that quote this one."""
    wanted = call.args[0]
    return _timeline(
        call, call.world.all_posts, what="quotes", account=call.who.token.owner, lowest=10,
        test=lambda item: item.ref("quoted") == wanted,
    )  # fmt: skip


def reposts(call: Call) -> Answer:
    """The reposts of this one."""
    ids = call.world.reposted_by.get(call.args[0], [])
    return _timeline(call, ids, what="reposts", account=call.who.token.owner, lowest=1, default=100)
