"""What can be written to X: posts, replies, private messages, media, hiding, liking, deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.sandbox import publish
from connectors.sandbox.clock import DAY
from connectors.sandbox.entities import XPost, XUser
from connectors.sandbox.x_errors import PROBLEMS, forbidden, invalid, problem

if TYPE_CHECKING:
    from connectors.sandbox.x_api import Call

Answer = tuple[int, Any]
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to."
)


def _body(call: Call) -> dict[str, Any]:
    try:
        body = call.request.json()
    except ValueError:
        raise problem(
            400, "Invalid Request", "Invalid JSON in request body", kind=PROBLEMS + "invalid-request"
        ) from None
    if not isinstance(body, dict):
        raise invalid("body", str(body), "$: array found, object expected")
    return body


def create(call: Call) -> Answer:
    """A post or reply by the caller."""
    me, body = call.who.person("tweet.write"), _body(call)
    text, reply = str(body.get("text") or ""), body.get("reply") or {}
    media = [str(key) for key in (body.get("media") or {}).get("media_ids", [])]
    if not text and not media:
        raise invalid("text", "", "$.text: is missing but it is required")
    parent_id = str(reply.get("in_reply_to_tweet_id") or "")
    parent = _parent(call, me, parent_id) if parent_id else None
    _check_text(call, me, text, parent)
    keys = [_own_media(call, me, media_id) for media_id in media]
    post = publish.x_post(
        call.world, author=me.id, text=text, reply_to=parent_id, quote=str(body.get("quote_tweet_id") or ""),
        media_ids=keys, kind="sent", call=call.name,
    )  # fmt: skip
    return 201, call.wire.answer({"edit_history_tweet_ids": post.edits, "id": post.id, "text": post.text})


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


def _own_media(call: Call, me: XUser, media_id: str) -> str:
    for key, media in call.world.x_media.items():
        if key.endswith(f"_{media_id}") and media.owner == me.id:
            return key
    raise invalid("media.media_ids", media_id, "Your media IDs are invalid.")


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
    me, hidden = call.who.person("tweet.moderate.write"), bool(_body(call).get("hidden"))
    post = call.world.x_posts.get(call.args[0])
    if post is None or post.deleted:
        raise problem(404, "Not Found Error", f"Could not find tweet with id: [{call.args[0]}].")
    root = call.world.x_posts.get(post.conversation_id)
    if root is None or root.author_id != me.id or post.id == root.id:
        raise forbidden("You are not allowed to hide this reply: it is not in a conversation you started.")
    post.hidden = hidden
    call.world.touch("x_posts", post)
    what = "hide" if hidden else "unhide"
    _note(call, what, post, me)
    return 200, {"data": {"hidden": hidden}}


def _note(call: Call, what: str, post: XPost, me: XUser) -> None:
    call.world.record(
        "sent", platform="x", what=what, id=post.id, thread_id=post.conversation_id, author_id=me.id,
        author=me.username, account_id=me.id, call=call.name,
    )  # fmt: skip


def like(call: Call) -> Answer:
    """Like a post; gone from the self-serve plans since 20 April 2026."""
    me = call.who.person("like.write")
    if call.world.settings["tier"] == "free":
        raise problem(
            403, "Client Forbidden", "This endpoint is not available on your plan.", kind=PROBLEMS + "client-forbidden"
        )
    post = publish.existing_post(call.world, str(_body(call).get("tweet_id")))
    publish.x_grow(call.world, post=post.id, like_count=1)
    _note(call, "like", post, me)
    return 200, {"data": {"liked": True}}


def unlike(call: Call) -> Answer:
    """Take a like back."""
    me = call.who.person("like.write")
    post = publish.existing_post(call.world, call.args[1])
    publish.x_grow(call.world, post=post.id, like_count=-1)
    _note(call, "unlike", post, me)
    return 200, {"data": {"liked": False}}


def send_to(call: Call) -> Answer:
    """A private message to a person."""
    return _send(call, call.args[0])


def send_in(call: Call) -> Answer:
    """A private message in a conversation."""
    me = call.who.person("dm.write")
    others = [user_id for user_id in call.args[0].split("-") if user_id != me.id]
    if len(others) != 1:
        raise forbidden("You are not permitted to send messages in this conversation.")
    return _send(call, others[0])


def _send(call: Call, other_id: str) -> Answer:
    me, body = call.who.person("dm.write"), _body(call)
    other = call.world.x_users.get(other_id)
    attachments = [str(item.get("media_id")) for item in body.get("attachments") or []]
    if not body.get("text") and not attachments:
        raise invalid("text", "", "$.text: is missing but it is required")
    if other is None:
        raise problem(404, "Not Found Error", f"Could not find user with id: [{other_id}].")
    if not other.dms_open and not _wrote_first(call, me, other):
        raise forbidden("You do not have permission to DM one or more participants.")
    keys = [_own_media(call, me, media_id) for media_id in attachments]
    event = publish.x_direct(
        call.world,
        sender=me.id,
        to=other.id,
        text=str(body.get("text") or ""),
        media_ids=keys,
        kind="sent",
        call=call.name,
    )
    return 201, {"data": {"dm_conversation_id": event.conversation_id, "dm_event_id": event.id}}


def _wrote_first(call: Call, me: XUser, other: XUser) -> bool:
    low, high = sorted((me.id, other.id), key=int)
    events = (call.world.x_directs[str(key)] for key in call.world.directs_of.get(f"{low}-{high}", []))
    return any(event.sender_id == other.id for event in events)


def upload(call: Call) -> Answer:
    """A picture in one go; a file of the multipart body or base64 in JSON."""
    me, form = call.who.person("media.write"), call.request.form()
    if not form.get("media_category"):
        raise invalid("media_category", "", "$.media_category: is missing but it is required")
    if not form.get("media"):
        raise invalid("media", "", "$.media: is missing but it is required")
    media = publish.x_media(call.world, {"type": "photo"}, owner=me.id)
    number = media.media_key.partition("_")[2]
    size = len(form["media"][2]) if isinstance(form["media"], tuple) else len(form["media"])
    return 200, {"data": {"id": number, "media_key": media.media_key, "size": size, "expires_after_secs": 86_400}}


def describe(call: Call) -> Answer:
    """Words for who cannot see the picture."""
    me, body = call.who.person("media.write"), _body(call)
    key = _own_media(call, me, str(body.get("id")))
    text = ((body.get("metadata") or {}).get("alt_text") or {}).get("text", "")
    call.world.x_media[key].alt_text = text
    call.world.touch("x_media", call.world.x_media[key])
    return 200, {"data": {"id": body.get("id"), "associated_metadata": {"alt_text": {"text": text}}}}
