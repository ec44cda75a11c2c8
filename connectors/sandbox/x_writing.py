"""What can be written to X: posts, replies, private messages, media, hiding, liking, deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox import publish
from connectors.sandbox.clock import DAY
from connectors.sandbox.entities import XPost, XUser
from connectors.sandbox.x_errors import forbidden, invalid, problem
from connectors.sandbox.x_media import own_media

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to."
)


def create(call: Call) -> Answer:
    """A post or reply by the caller."""
    me, body = call.who.person("tweet.write"), call.body()
    text, reply = call.part(body, "text", str), call.part(body, "reply", dict)
    media = [str(key) for key in call.part(call.part(body, "media", dict), "media_ids", list)]
    if not text and not media:
        raise invalid("text", "", "$.text: is missing but it is required")
    poll = _poll(body.get("poll"))
    parent_id = str(reply.get("in_reply_to_tweet_id") or "")
    parent = _parent(call, me, parent_id) if parent_id else None
    _check_text(call, me, text, parent)
    keys = [own_media(call, me, media_id) for media_id in media]
    post = publish.x_post(
        call.world, author=me.id, text=text, reply_to=parent_id, quote=str(body.get("quote_tweet_id") or ""),
        media_ids=keys, poll=poll, kind="sent", call=call.name,
    )  # fmt: skip
    return 201, call.wire.answer({"edit_history_tweet_ids": post.edits, "id": post.id, "text": post.text})


def _poll(asked: Any) -> dict[str, Any] | None:
    if not asked:
        return None
    options = asked.get("options") if isinstance(asked, dict) else None
    if not isinstance(options, list) or not 2 <= len(options) <= 4:
        raise invalid("poll.options", str(options), "$.poll.options: must be between 2 and 4 options")
    minutes = asked.get("duration_minutes")
    if not isinstance(minutes, int) or not 5 <= minutes <= 10_080:
        raise invalid("poll.duration_minutes", str(minutes), "$.poll.duration_minutes: must be between 5 and 10080")
    return {"options": [str(option) for option in options], "minutes": minutes}


def _parent(call: Call, me: XUser, parent_id: str) -> XPost:
    parent = call.world.x_posts.get(parent_id)
    if parent is None or parent.deleted:
        raise forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if call.world.settings["reply_policy"] == "summoned" and not _summoned(call, me, parent):
        raise forbidden(NOT_SUMMONED)
    return parent


def _summoned(call: Call, me: XUser, parent: XPost) -> bool:
    """Since 23 February 2026 an API client answers only who named or quoted it."""
    if parent.author_id == me.id:
        return True
    for key in call.world.by_thread[parent.conversation_id]:
        post = call.world.x_posts[str(key)]
        quoted = call.world.x_posts.get(post.ref("quoted"))
        if post.author_id == parent.author_id and (me.id in post.mentions or (quoted and quoted.author_id == me.id)):
            return True
    return False


def _check_text(call: Call, me: XUser, text: str, parent: XPost | None) -> None:
    if _weight(text) > (25_000 if me.verified else 280):
        raise forbidden("Your Tweet text is too long. For more information, please refer to docs.")
    recent = call.world.clock.now() - DAY
    for key in reversed(call.world.by_author.get(me.id, [])):
        post = call.world.x_posts[str(key)]
        if post.at < recent:
            return
        same_place = (parent.author_id if parent else "") == post.in_reply_to_user_id
        if not post.deleted and same_place and post.text[post.prefix :] == text and text:
            raise forbidden(DUPLICATE)


def _weight(text: str) -> int:
    from twitter_text import parse_tweet  # the whole library takes a while to load and only writes need it

    return int(parse_tweet(text).weightedLength)


def delete(call: Call) -> Answer:
    """Take an own post away."""
    me = call.who.person("tweet.write")
    post = call.world.x_posts.get(call.args[0])
    if post is None or post.deleted:
        raise problem(404, "Not Found Error", f"Could not find tweet with id: [{call.args[0]}].")
    if post.author_id != me.id:
        raise forbidden("You are not permitted to delete this Tweet.")
    publish.x_delete(call.world, post=post.id, kind="sent", call=call.name)
    return 200, {"data": {"deleted": True}}


def hide(call: Call) -> Answer:
    """Hide a reply under an own post, or show it again."""
    me, hidden = call.who.person("tweet.moderate.write"), bool(call.body().get("hidden"))
    post = call.world.x_posts.get(call.args[0])
    if post is None or post.deleted:
        raise problem(404, "Not Found Error", f"Could not find tweet with id: [{call.args[0]}].")
    root = call.world.x_posts.get(post.conversation_id)
    if root is None or root.author_id != me.id or post.id == root.id:
        raise forbidden("You are not allowed to hide this reply: it is not in a conversation you started.")
    post.hidden = hidden
    call.world.touch("x_posts", post)
    what = "hide" if hidden else "unhide"
    note(call, what, post, me)
    return 200, {"data": {"hidden": hidden}}


def note(call: Call, what: str, post: XPost, me: XUser) -> None:
    """Put in the ledger what was done to a post."""
    call.world.record(
        "sent", platform="x", what=what, id=post.id, thread_id=post.conversation_id, author_id=me.id,
        author=me.username, account_id=me.id, call=call.name,
    )  # fmt: skip
