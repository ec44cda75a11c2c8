"""What can be looked up on X: people and posts by id or name, who liked or reposted, how much was used."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from connectors.sandbox.clock import DAY, HOUR, MINUTE, iso
from connectors.sandbox.entities import XPost, XUser
from connectors.sandbox.world import X_EPOCH
from connectors.sandbox.x_errors import PROBLEMS, invalid, missing, not_authorized, problem
from connectors.sandbox.x_reading import found_by_search

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
NAME = re.compile(r"[A-Za-z0-9_]{1,15}")
GRAINS = {"minute": MINUTE, "hour": HOUR, "day": DAY}


def me(call: Call) -> Answer:
    """Who the token belongs to."""
    user = call.who.person("users.read")
    return 200, call.wire.answer(call.wire.user(user))


def users(call: Call) -> Answer:
    """People by id or by name."""
    by_name = call.request.path.endswith("/by")
    parameter = "usernames" if by_name else "ids"
    keys = _list(call, parameter)
    for key in keys if by_name else ():
        if not NAME.fullmatch(key):
            message = f"The `usernames` query parameter value [{key}] does not match ^[A-Za-z0-9_]{{1,15}}$"
            raise invalid(parameter, key, message)
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
    if found.suspended:
        why = f"User has been suspended: [{call.args[0]}]."
        call.wire.errors.append(not_authorized(call.args[0], parameter=parameter, resource="user", why=why))
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
    if not post_id.isdecimal():
        raise invalid(parameter, post_id, f"The `{parameter}` query parameter value [{post_id}] is not valid")
    found = call.world.x_posts.get(post_id)
    if found is None or found.deleted:
        call.wire.errors.append(missing(post_id, parameter=parameter))
        return None
    author = call.world.x_users[found.author_id]
    if author.protected or author.suspended:
        call.wire.errors.append(not_authorized(post_id, parameter=parameter, resource="tweet"))
        return None
    return found


def engaged(call: Call) -> Answer:
    """Who reposted or liked this post."""
    post_id, what = call.args
    if what == "liking_users":
        liked = (key[0] for key, kept in call.world.relations.items() if key[1] == "liked_tweets" and post_id in kept)
        return 200, people_page(call, list(liked))
    ids = call.world.reposted_by.get(post_id, [])
    return 200, people_page(call, [call.world.x_posts[str(key)].author_id for key in reversed(ids)])


def people_page(call: Call, ids: list[str]) -> dict[str, Any]:
    """A page of people."""
    shown = [call.wire.user(call.world.x_users[user_id]) for user_id in ids[:100]]
    return call.wire.answer(shown, meta={"result_count": len(shown)})


def counts(call: Call) -> Answer:
    """How many posts match a query, in minutes, hours or days."""
    name = call.query.get("granularity", "hour")
    if name not in GRAINS:
        message = f"The `granularity` query parameter value [{name}] is not one of [minute,hour,day]"
        raise invalid("granularity", name, message)
    grain, now = GRAINS[name], call.world.clock.now()
    tally = Counter(((int(post.id) >> 22) + X_EPOCH) // grain for post in found_by_search(call))
    first = (now - 7 * DAY) // grain
    rows = [
        {"start": iso(max(at * grain, now - 7 * DAY)), "end": iso(min((at + 1) * grain, now)), "tweet_count": tally[at]}
        for at in range(first, now // grain + 1)
    ]
    return 200, call.wire.answer(rows, meta={"total_tweet_count": tally.total()})


def usage(call: Call) -> Answer:
    """Posts read in this month, of the cap."""
    used = sum(len(entry.ids) for entry in call.world.ledger if entry.kind == "read" and entry.platform == "x")
    data = {
        "cap_reset_day": 1, "project_cap": "3000000", "project_id": "1398212205531070466", "project_usage": str(used),
        "daily_project_usage": {
            "project_id": "1398212205531070466",
            "usage": [{"date": iso(call.world.clock.now())[:10] + "T00:00:00.000Z", "usage": str(used)}],
        },
    }  # fmt: skip
    return 200, {"data": data}


def not_on_this_plan(call: Call) -> Answer:
    """The whole archive is for other plans."""
    raise problem(
        403, "Client Forbidden", "This endpoint is not available on your plan.", kind=PROBLEMS + "client-forbidden",
        reason="client-not-enrolled", registration_url="https://developer.x.com/en/docs/projects/overview",
    )  # fmt: skip
