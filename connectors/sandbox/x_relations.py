"""What an account on X does to people and posts: mute, block, follow, repost, keep, like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox import publish
from connectors.sandbox.entities import XUser
from connectors.sandbox.x_errors import PROBLEMS, forbidden, invalid, problem
from connectors.sandbox.x_lookup import people_page
from connectors.sandbox.x_reading import existing_user
from connectors.sandbox.x_writing import note

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
# the word in the path, the name in the body, the key in the answer
WORDS = {
    "muting": ("target_user_id", "muting"),
    "blocking": ("target_user_id", "blocking"),
    "following": ("target_user_id", "following"),
    "bookmarks": ("tweet_id", "bookmarked"),
    "retweets": ("tweet_id", "retweeted"),
}


def _myself(call: Call) -> XUser:
    me = call.who.person()
    if call.args[0] != me.id:
        raise forbidden("You are not permitted to perform this action.")
    return me


def add(call: Call) -> Answer:
    """Mute, block, follow or keep; a repost is a post of its own."""
    me, what = _myself(call), call.args[1]
    name, told = WORDS[what]
    target = str(call.body().get(name) or "")
    known = call.world.x_posts if name == "tweet_id" else call.world.x_users
    if target not in known:
        raise invalid(name, target, f"Could not find {name} [{target}]")
    kept = call.world.relations[me.id, what]
    if what == "retweets" and target not in kept:
        publish.x_post(call.world, author=me.id, repost=target, kind="sent", call=call.name)
    kept[target] = None
    return 200, {"data": {told: True, **({"pending_follow": False} if what == "following" else {})}}


def drop(call: Call) -> Answer:
    """Undo one of those."""
    me, what, target = _myself(call), call.args[1], call.args[2]
    if call.world.relations[me.id, what].pop(target, "") is None and what == "retweets":
        mine = [call.world.x_posts[str(key)] for key in call.world.reposted_by.get(target, [])]
        for post in [post for post in mine if post.author_id == me.id and not post.deleted]:
            publish.x_delete(call.world, post=post.id, kind="sent", call=call.name)
    return 200, {"data": {WORDS[what][1]: False}}


def people(call: Call) -> Answer:
    """Whom somebody mutes, blocks or follows, or who follows them."""
    user, what = existing_user(call, call.args[0]), call.args[1]
    if what in {"muting", "blocking"}:
        _myself(call)
    if what == "followers":
        following = (key[0] for key, kept in call.world.relations.items() if key[1] == "following" and user.id in kept)
        return 200, people_page(call, list(following))
    return 200, people_page(call, list(call.world.relations.get((user.id, what), {})))


def kept(call: Call) -> Answer:
    """The posts somebody keeps or likes."""
    me, what = _myself(call), call.args[1]
    ids = call.world.relations.get((me.id, what), {})
    posts = [post for post_id in ids if not (post := call.world.x_posts[post_id]).deleted]
    return 200, call.wire.answer(call.wire.all_posts(posts[:100]), meta={"result_count": len(posts[:100])})


def like(call: Call) -> Answer:
    """Like a post; gone from the self-serve plans since 20 April 2026."""
    me = call.who.person("like.write")
    if call.world.settings["tier"] == "free":
        raise problem(
            403, "Client Forbidden", "This endpoint is not available on your plan.", kind=PROBLEMS + "client-forbidden"
        )
    return 200, {"data": {"liked": _liked(call, me, str(call.body().get("tweet_id")), yes=True)}}


def unlike(call: Call) -> Answer:
    """Take a like back."""
    return 200, {"data": {"liked": _liked(call, call.who.person("like.write"), call.args[1], yes=False)}}


def _liked(call: Call, me: XUser, post_id: str, *, yes: bool) -> bool:
    post, mine = publish.existing_post(call.world, post_id), call.world.relations[me.id, "liked_tweets"]
    if yes != (post.id in mine):
        publish.x_grow(call.world, post=post.id, like_count=1 if yes else -1)
    if yes:
        mine[post.id] = None
    else:
        mine.pop(post.id, None)
    note(call, "like" if yes else "unlike", post, me)
    return yes
