"""What can be read from X: timelines, search, lookups, private messages."""

from __future__ import annotations

import base64
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from connectors.sandbox.clock import DAY, iso, parse
from connectors.sandbox.entities import XDirect, XPost, XUser
from connectors.sandbox.world import X_EPOCH
from connectors.sandbox.x_errors import forbidden, invalid, missing, not_authorized, problem
from connectors.sandbox.x_search import Query

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

WEEK = 7 * DAY
Answer = tuple[int, Any]


def mentions(call: Call) -> Answer:
    """Posts that name somebody, newest first, the newest 800 at most."""
    user = _existing_user(call, call.args[0])
    ids = call.world.by_mention.get(user.id, [])
    ceiling = int(call.world.settings["mention_ceiling"])
    return _timeline(call, ids[-ceiling:], what="mentions", account=user.id, lowest=5)


def user_posts(call: Call) -> Answer:
    """Somebody's own posts, newest first."""
    user = _existing_user(call, call.args[0])
    excluded = set(call.query.get("exclude", "").split(","))
    unwanted = {"replies": "replied_to", "retweets": "retweeted"}

    def wanted(post: XPost) -> bool:
        return not any(post.ref(unwanted[name]) for name in excluded & unwanted.keys())

    ids = call.world.by_author.get(user.id, [])[-3200:]
    return _timeline(call, ids, what="user_posts", account=user.id, lowest=5, test=wanted)


def search(call: Call) -> Answer:
    """Posts of the last seven days that match a query."""
    text = call.query.get("query", "")
    if not text or len(text) > 512:
        raise invalid("query", text, f"The `query` query parameter length [{len(text)}] is not between 1 and 512")
    query = Query(call.world, text)
    oldest = call.world.clock.now() - WEEK
    _check_window(call, oldest)
    account = call.who.token.owner
    ids = query.candidates()
    return _timeline(call, ids, what="search", account=account, lowest=10, default=10, test=query.test, oldest=oldest)


def _check_window(call: Call, oldest: int) -> None:
    since_id, start = call.query.get("since_id", ""), call.query.get("start_time", "")
    lowest = (oldest - X_EPOCH) << 22
    if since_id.isdigit() and int(since_id) < lowest:
        message = (
            f"'since_id' must be a tweet id created after {iso(oldest)[:16]}Z. "
            f"Please use a 'since_id' that is larger than {lowest}"
        )
        raise invalid("since_id", since_id, message)
    for name, value in (("start_time", start), ("end_time", call.query.get("end_time", ""))):
        if value and _time(name, value) < oldest - 60_000:
            message = (
                f"Invalid '{name}':'{value[:16]}Z'. '{name}' must be on or after {iso(oldest)[:16]}Z, "
                "for the recent search endpoint"
            )
            raise invalid(name, value, message)


def _time(name: str, value: str) -> int:
    try:
        if "T" not in value:
            raise ValueError
        return parse(value)
    except ValueError:
        raise invalid(
            name, value, f"The `{name}` query parameter value [{value}] is not a valid RFC3339 date"
        ) from None


def _timeline(
    call: Call,
    ids: list[int],
    *,
    what: str,
    account: str,
    lowest: int,
    default: int = 10,
    test: Callable[[XPost], bool] | None = None,
    oldest: int = 0,
) -> Answer:
    size = _size(call, lowest=lowest, default=default)
    before, page = _place(call)
    found = list(_newest(call, ids, size + 1, before=before, test=test, oldest=oldest))
    more = len(found) > size
    if more and page == 1 and call.world.settings["empty_pages"]:
        # A page in the middle of a walk can hold nothing and still have a successor
        return 200, call.wire.answer(None, meta={"result_count": 0, "next_token": _token(before, 2)})
    shown = found[:size]
    meta: dict[str, Any] = {"result_count": len(shown)}
    if shown:
        meta = {"newest_id": shown[0].id, "oldest_id": shown[-1].id, **meta}
    if more:
        meta["next_token"] = _token(int(shown[-1].id), page + 1)
    call.read(what, [post.id for post in shown], account=account)
    return 200, call.wire.answer(call.wire.all_posts(shown), meta=meta)


def _size(call: Call, *, lowest: int, default: int) -> int:
    raw = call.query.get("max_results", str(default))
    if not raw.isdigit() or not lowest <= int(raw) <= 100:
        message = f"The `max_results` query parameter value [{raw}] is not between {lowest} and 100"
        raise invalid("max_results", raw, message)
    return int(raw)


def _place(call: Call) -> tuple[int, int]:
    raw = call.query.get("pagination_token") or call.query.get("next_token") or ""
    if not raw:
        return 0, 0
    try:
        before, _, page = base64.b32decode(raw.upper() + "=" * (-len(raw) % 8)).decode().partition(".")
        return int(before), int(page)
    except ValueError:
        raise invalid("next_token", raw, f"The `next_token` query parameter value [{raw}] is not valid") from None


def _token(before: int, page: int) -> str:
    return base64.b32encode(f"{before}.{page}".encode()).decode().rstrip("=").lower()


def _newest(
    call: Call, ids: list[int], count: int, *, before: int, test: Callable[[XPost], bool] | None, oldest: int
) -> Iterator[XPost]:
    low, high = _bounds(call, oldest)
    start, end = bisect_right(ids, low), bisect_left(ids, min(before or high, high))
    posts, now = call.world.x_posts, call.world.clock.now()
    for index in range(end - 1, start - 1, -1):
        post = posts[str(ids[index])]
        if post.superseded or post.deleted or post.visible_from > now or post.at > now:
            continue
        author = call.world.x_users[post.author_id]
        if author.suspended or author.protected or (test is not None and not test(post)):
            continue
        yield post
        count -= 1
        if not count:
            return


def _bounds(call: Call, oldest: int) -> tuple[int, int]:
    query = call.query
    low, high = (oldest - X_EPOCH) << 22 if oldest else 0, 1 << 63
    for name in ("since_id", "until_id"):
        if name in query and not query[name].isdigit():
            raise invalid(name, query[name], f"The `{name}` query parameter value [{query[name]}] is not valid")
    if "since_id" in query:
        low = max(low, int(query["since_id"]))
    if "until_id" in query:
        high = int(query["until_id"])
    if "start_time" in query:
        low = max(low, ((_time("start_time", query["start_time"]) - X_EPOCH) << 22) - 1)
    if "end_time" in query:
        high = min(high, (_time("end_time", query["end_time"]) - X_EPOCH) << 22)
    return low, high


def _existing_user(call: Call, user_id: str) -> XUser:
    user = call.world.x_users.get(user_id)
    if user is None:
        error = missing(user_id, resource="user")
        raise problem(404, "Not Found Error", error["detail"], kind=error["type"], errors=[error])
    return user


def me(call: Call) -> Answer:
    """Who the token belongs to."""
    user = call.who.person("users.read")
    return 200, call.wire.answer(call.wire.user(user))


def users(call: Call) -> Answer:
    """People by id or by name."""
    by_name = call.request.path.endswith("/by")
    parameter = "usernames" if by_name else "ids"
    keys = _list(call, parameter)
    found = []
    for key in keys:
        user = call.world.user_by_handle(key) if by_name else call.world.x_users.get(key)
        if user is None:
            call.wire.errors.append(missing(key, parameter=parameter, resource="user"))
        elif user.suspended:
            why = f"User has been suspended: [{key}]."
            call.wire.errors.append(not_authorized(key, parameter=parameter, resource="user", why=why))
        else:
            found.append(call.wire.user(user))
    return 200, call.wire.answer(found)


def user(call: Call) -> Answer:
    """One person by id."""
    return _one_user(call, call.world.x_users.get(call.args[0]), "id")


def user_by_name(call: Call) -> Answer:
    """One person by handle."""
    return _one_user(call, call.world.user_by_handle(call.args[0]), "username")


def _one_user(call: Call, found: XUser | None, parameter: str) -> Answer:
    if found is None:
        call.wire.errors.append(missing(call.args[0], parameter=parameter, resource="user"))
        return 200, call.wire.answer(None)
    return 200, call.wire.answer(call.wire.user(found))


def _list(call: Call, parameter: str) -> list[str]:
    raw = call.query.get(parameter, "")
    items = [item for item in raw.split(",") if item]
    if not 1 <= len(items) <= 100:
        message = (
            f"The number of values in the `{parameter}` query parameter list [{len(items)}] is not between 1 and 100"
        )
        raise invalid(parameter, raw, message)
    return items


def posts(call: Call) -> Answer:
    """Posts by id; the deleted ones as errors beside them."""
    shown = [post for post in (_lookup(call, post_id, "ids") for post_id in _list(call, "ids")) if post]
    call.read("posts", [post.id for post in shown], account=call.who.token.owner)
    return 200, call.wire.answer(call.wire.all_posts(shown))


def post(call: Call) -> Answer:
    """One post by id."""
    found = _lookup(call, call.args[0], "id")
    call.read("posts", [found.id] if found else [], account=call.who.token.owner)
    return 200, call.wire.answer(call.wire.with_expansions(found) if found else None)


def _lookup(call: Call, post_id: str, parameter: str) -> XPost | None:
    found = call.world.x_posts.get(post_id)
    if found is None or found.deleted:
        call.wire.errors.append(missing(post_id, parameter=parameter))
        return None
    author = call.world.x_users[found.author_id]
    if author.protected or author.suspended:
        call.wire.errors.append(not_authorized(post_id, parameter=parameter, resource="tweet"))
        return None
    return found


def quotes(call: Call) -> Answer:
    """Posts that quote this one."""
    wanted = call.args[0]
    everything = call.world.all_posts
    return _timeline(
        call, everything, what="quotes", account=call.who.token.owner, lowest=10,
        test=lambda item: item.ref("quoted") == wanted,
    )  # fmt: skip


def retweeted_by(call: Call) -> Answer:
    """Who reposted this post."""
    ids = call.world.reposted_by.get(call.args[0], [])
    authors = [call.world.x_posts[str(key)].author_id for key in reversed(ids)]
    people = [call.wire.user(call.world.x_users[author]) for author in authors[:100]]
    return 200, call.wire.answer(people, meta={"result_count": len(people)})


def directs(call: Call) -> Answer:
    """All private messages of the caller, newest first, 30 days."""
    return _directs(call, call.who.person("dm.read").id)


def directs_with(call: Call) -> Answer:
    """Those with one person."""
    me_id = call.who.person("dm.read").id
    low, high = sorted((me_id, call.args[0]), key=int)
    return _directs(call, f"{low}-{high}")


def directs_in(call: Call) -> Answer:
    """Those of one conversation, which must be the caller's."""
    me_id = call.who.person("dm.read").id
    if me_id not in call.args[0].split("-"):
        raise forbidden("You are not permitted to access this conversation.")
    return _directs(call, call.args[0])


def direct(call: Call) -> Answer:
    """One private message."""
    me_id = call.who.person("dm.read").id
    event = call.world.x_directs.get(call.args[0])
    if event is None or event.deleted or me_id not in event.conversation_id.split("-"):
        call.wire.errors.append(missing(call.args[0], resource="dm_event"))
        return 200, call.wire.answer(None)
    return 200, call.wire.answer(call.wire.direct(event))


def _directs(call: Call, key: str) -> Answer:
    if "since_id" in call.query:
        raise invalid("since_id", call.query["since_id"], "The query parameter [since_id] is not one of the known ones")
    size, (before, page) = _size(call, lowest=1, default=100), _place(call)
    oldest = (call.world.clock.now() - 30 * DAY - X_EPOCH) << 22
    ids = call.world.directs_of.get(key, [])
    wanted = set(filter(None, call.query.get("event_types", "").split(",")))
    found: list[XDirect] = []
    for index in range((bisect_left(ids, before) if before else len(ids)) - 1, bisect_right(ids, oldest) - 1, -1):
        event = call.world.x_directs[str(ids[index])]
        if not event.deleted and (not wanted or event.event_type in wanted):
            found.append(event)
        if len(found) > size:
            break
    meta: dict[str, Any] = {"result_count": len(found[:size])}
    if len(found) > size:
        meta["next_token"] = _token(int(found[size - 1].id), page + 1)
    call.read("dm_events", [event.id for event in found[:size]], account=call.who.token.owner)
    return 200, call.wire.answer([call.wire.direct(event) for event in found[:size]], meta=meta)
