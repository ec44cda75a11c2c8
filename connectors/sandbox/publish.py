"""What people and accounts do: the verbs that scenarios, the control API and the platforms' writes share."""

from __future__ import annotations

from typing import Any

from connectors.sandbox.entities import (
    FbActor,
    FbComment,
    FbConversation,
    FbMessage,
    FbPost,
    FbReview,
    XDirect,
    XMedia,
    XPost,
    XUser,
)
from connectors.sandbox.world import World

METRICS = ("retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count")


class NotThere(LookupError):
    """What was named does not exist in the sandbox."""


def x_user(world: World, who: str | dict[str, Any]) -> XUser:
    """The user of this id or handle; a description of an unknown one makes them."""
    details = who if isinstance(who, dict) else {}
    key = str(details.get("id") or details.get("username") or details.get("handle") or who)
    user = world.x_users.get(key) or world.user_by_handle(key)
    if user is None:
        handle = key.lstrip("@")
        at = world.clock.now() - 86_400_000 * 700
        user = XUser(world.ids.snowflake(at + len(world.x_users) * 7_919_000), handle, handle, at, followers=120)
        user.image = "https://pbs.twimg.com/profile_images/0/default_normal.png"
        world.add("x_users", user)
    for name, value in details.items():
        if name in user.__dataclass_fields__ and name not in {"id", "username"}:
            setattr(user, name, value)
    world.touch("x_users", user)
    return user


def x_post(
    world: World,
    *,
    author: str | dict[str, Any],
    text: str = "",
    reply_to: str = "",
    quote: str = "",
    repost: str = "",
    at: int | None = None,
    lang: str = "nl",
    media: list[dict[str, Any]] | None = None,
    media_ids: list[str] | None = None,
    poll: dict[str, Any] | None = None,
    visible_after: float = 0.0,
    kind: str = "published",
    what: str = "",
    call: str = "",
) -> XPost:
    """Put a post on X, as a reply, quote or repost where one is named. `visible_after`: seconds until it is listed."""
    user, moment = x_user(world, author), at or world.clock.now()
    post = XPost(world.ids.snowflake(moment), user.id, text, moment, "", lang=lang, edits=[])
    post.edits, post.conversation_id, post.poll = [post.id], post.id, poll or {}
    post.metrics = dict.fromkeys(METRICS, 0)
    post.visible_from = moment + int(visible_after * 1000) if visible_after else 0
    post.media = list(media_ids or []) + [x_media(world, item, owner=user.id).media_key for item in media or []]
    _refer(world, post, reply_to=reply_to, quote=quote, repost=repost)
    post.mentions = world.mentioned_in(post.text)
    user.posts += 1
    world.add("x_posts", post)
    what = what or ("repost" if repost else "reply" if reply_to else "quote" if quote else "post")
    _record(world, post, kind=kind, what=what, call=call, asked=text)
    return post


def _refer(world: World, post: XPost, *, reply_to: str, quote: str, repost: str) -> None:
    if reply_to:
        parent = existing_post(world, reply_to)
        post.refs.append({"type": "replied_to", "id": parent.id})
        post.conversation_id, post.in_reply_to_user_id = parent.conversation_id, parent.author_id
        _carry_mention(world, post, parent)
        _grow(world, parent, "reply_count")
    if quote:
        quoted = existing_post(world, quote)
        post.refs.append({"type": "quoted", "id": quoted.id})
        post.text = f"{post.text} https://t.co/{quoted.id[-10:]}".strip()
        _grow(world, quoted, "quote_count")
    if repost:
        original = existing_post(world, repost)
        post.refs.append({"type": "retweeted", "id": original.id})
        post.text = f"RT @{world.x_users[original.author_id].username}: {original.text}"
        _grow(world, original, "retweet_count")


def _carry_mention(world: World, post: XPost, parent: XPost) -> None:
    """A reply begins with the handle of whom it answers, as X's own app and API put it there."""
    parent_author = world.x_users[parent.author_id]
    prefix = f"@{parent_author.username}"
    if parent.author_id != post.author_id and not post.text.lower().startswith(prefix.lower()):
        post.text, post.prefix = f"{prefix} {post.text}", len(prefix) + 1


def existing_post(world: World, post_id: str) -> XPost:
    """The newest version of this post; NotThere when it is unknown or gone."""
    post = world.x_posts.get(str(post_id))
    if post is None or post.deleted:
        raise NotThere(f"no post {post_id}")
    return post


def _grow(world: World, post: XPost, metric: str, *, by: int = 1) -> None:
    post.metrics[metric] = post.metrics.get(metric, 0) + by
    world.touch("x_posts", post)


def x_media(world: World, item: dict[str, Any], *, owner: str) -> XMedia:
    """A picture or film belonging to somebody."""
    number = world.ids.snowflake(world.clock.now() + len(world.x_media) + 1)
    url = item.get("url") or f"https://pbs.twimg.com/media/{number[-12:]}.jpg"
    kind = item.get("type", "photo")
    media = XMedia(item.get("media_key") or f"3_{number}", kind, url, item.get("alt_text", ""), owner)
    return world.add("x_media", media)  # type: ignore[no-any-return]


def x_edit(world: World, *, post: str, text: str, at: int | None = None) -> XPost:
    """Edit a post: a new id, the old ones in its history."""
    old, moment = existing_post(world, post), at or world.clock.now()
    new = XPost(**{**old.__dict__, "id": world.ids.snowflake(moment), "text": text, "refs": list(old.refs)})
    new.edits, new.metrics, new.superseded = [*old.edits, new.id], dict(old.metrics), False
    new.mentions = world.mentioned_in(text)
    old.superseded = True
    world.touch("x_posts", old)
    world.add("x_posts", new)
    _record(world, new, kind="published", what="edit")
    return new


def x_delete(world: World, *, post: str, kind: str = "published", call: str = "") -> XPost:
    """Delete a post in all its versions."""
    gone = existing_post(world, post)
    for version in gone.edits:
        world.x_posts[version].deleted = True
        world.touch("x_posts", world.x_posts[version])
    _record(world, gone, kind=kind, what="delete", call=call)
    return gone


def x_grow(world: World, *, post: str, **metrics: int) -> XPost:
    """Let a post's numbers rise (likes, reposts, views...)."""
    item = existing_post(world, post)
    for name, by in metrics.items():
        _grow(world, item, name if name in METRICS else f"{name}_count", by=int(by))
    return item


def x_direct(
    world: World,
    *,
    sender: str | dict[str, Any],
    to: str | dict[str, Any] | list[str],
    text: str,
    at: int | None = None,
    media: list[dict[str, Any]] | None = None,
    media_ids: list[str] | None = None,
    conversation_id: str = "",
    kind: str = "published",
    call: str = "",
) -> XDirect:
    """A private message on X; in a group when `to` holds several people."""
    one, moment = x_user(world, sender), at or world.clock.now()
    others = [x_user(world, who) for who in (to if isinstance(to, list) else [to]) if who != one.id]
    members = [one.id, *(other.id for other in others)]
    group = conversation_id if "-" not in conversation_id else ""
    if len(members) > 2 and not group:
        group = world.ids.snowflake(moment)
    pair = "-".join(sorted((members * 2)[:2], key=int))
    event = XDirect(world.ids.snowflake(moment), group or pair, one.id, text, moment)
    event.participants = members if group else []
    event.media = list(media_ids or []) + [x_media(world, item, owner=one.id).media_key for item in media or []]
    world.add("x_directs", event)
    account = next((other.id for other in others if other.brand), one.id)
    world.record(
        kind, platform="x", what="direct", id=event.id, thread_id=event.conversation_id, author_id=one.id,
        author=one.username, account_id=account, text=text, at=moment, call=call,
    )  # fmt: skip
    return event


def _record(world: World, post: XPost, *, kind: str, what: str, call: str = "", asked: str = "") -> None:
    author = world.x_users[post.author_id]
    named = [user_id for user_id in post.mentions if world.x_users[user_id].brand]
    if kind == "published" and what == "post" and named:
        what = "mention"
    world.record(
        kind, platform="x", what=what, id=post.id, thread_id=post.conversation_id,
        parent_id=post.ref("replied_to") or post.ref("quoted") or post.ref("retweeted"), author_id=author.id,
        author=author.username, account_id=author.id if author.brand else next(iter(named), ""),
        text=asked or post.text, at=post.at if what != "delete" else None, ids=list(post.edits), call=call,
    )  # fmt: skip


def actor(world: World, who: str | dict[str, Any]) -> FbActor:
    """The person or Page of this id or name; an unknown one comes into being."""
    details = who if isinstance(who, dict) else {}
    key = str(details.get("id") or details.get("name") or who)
    found = world.actors.get(key) or world.actors.get(world.actor_names.get(key, ""))
    if found is None:
        number = f"{7_000_000_000_000_000 + len(world.actors) * 104_729_131_071 % 10**15:016d}"
        found = world.add("actors", FbActor(number, key))
    for name, value in details.items():
        if name in found.__dataclass_fields__ and name != "id":
            setattr(found, name, value)
    world.touch("actors", found)
    return found


def fb_post(
    world: World,
    *,
    page: str,
    message: str,
    author: str | dict[str, Any] = "",
    tagged: bool = False,
    published: bool = True,
    at: int | None = None,
    attachments: list[dict[str, Any]] | None = None,
    kind: str = "published",
    call: str = "",
) -> FbPost:
    """A post by a Page, by a visitor on it, or by somebody who tags it."""
    owner, moment = actor(world, page), at or world.clock.now()
    by = actor(world, author) if author else owner
    home = by.id if tagged else owner.id
    sort = "tagged" if tagged else "own" if by is owner else "visitor"
    post = FbPost(f"{home}_{world.ids.graph(moment)}", owner.id, by.id, message, moment, sort, moment)
    post.attachments, post.published = attachments or [], published
    world.add("fb_posts", post)
    what = {"own": "post", "visitor": "visitor_post", "tagged": "tagged"}[sort]
    _fb_record(world, post, what=what, kind=kind, thread=post.id, page=owner.id, text=message, call=call)
    return post


def fb_comment(
    world: World,
    *,
    on: str,
    author: str | dict[str, Any],
    message: str = "",
    at: int | None = None,
    attachment: dict[str, Any] | None = None,
    kind: str = "published",
    call: str = "",
) -> FbComment:
    """A comment on a post, or on a comment; a reply to a reply is filed under the top comment."""
    by, moment = actor(world, author), at or world.clock.now()
    parent = world.fb_comments.get(on)
    post = world.fb_posts.get(parent.post_id if parent else on)
    if post is None or post.deleted or (parent and parent.deleted):
        raise NotThere(f"nothing to comment on: {on}")
    number = world.ids.graph(moment)
    comment = FbComment(f"{post.id.split('_')[1]}_{number}", post.id, by.id, message, moment)
    comment.parent_id = (parent.parent_id or parent.id) if parent else ""
    comment.attachment = attachment
    world.add("fb_comments", comment)
    what = "reply" if parent else "comment"
    _fb_record(world, comment, what=what, kind=kind, thread=post.id, page=post.page_id, text=message, call=call)
    return comment


def fb_message(
    world: World,
    *,
    page: str,
    person: str | dict[str, Any],
    text: str = "",
    from_page: bool = False,
    at: int | None = None,
    attachments: list[dict[str, Any]] | None = None,
    tag: str = "",
    kind: str = "published",
    call: str = "",
) -> FbMessage:
    """A Messenger message between a Page and a person."""
    owner, other, moment = actor(world, page), actor(world, person), at or world.clock.now()
    conversation = conversation_between(world, page=owner.id, person=other.id, at=moment)
    sender = owner if from_page else other
    message = FbMessage(world.ids.opaque("m_", length=64), conversation.id, sender.id, text, moment)
    message.attachments, message.tag = attachments or [], tag
    world.add("fb_messages", message)
    world.renew(conversation, at=moment)
    conversation.unread = 0 if from_page else conversation.unread + 1
    _fb_record(world, message, what="message", kind=kind, thread=conversation.id, page=owner.id, text=text, call=call)
    return message


def conversation_between(world: World, *, page: str, person: str, at: int) -> FbConversation:
    """The one conversation of a Page with a person."""
    known = world.conversation_with.get((page, person))
    if known:
        return world.fb_conversations[known]
    conversation = FbConversation(f"t_{world.ids.graph(at)}", page, person, at)
    return world.add("fb_conversations", conversation)  # type: ignore[no-any-return]


def fb_review(
    world: World,
    *,
    page: str,
    author: str | dict[str, Any],
    text: str = "",
    positive: bool = True,
    at: int | None = None,
) -> FbReview:
    """A recommendation of a Page, or the opposite."""
    owner, by, moment = actor(world, page), actor(world, author), at or world.clock.now()
    review = world.add("reviews", FbReview(world.ids.graph(moment), owner.id, by.id, text, moment, positive))
    _fb_record(world, review, what="review", kind="published", thread=review.id, page=owner.id, text=text)
    return review  # type: ignore[no-any-return]


def _fb_record(
    world: World, item: Any, *, what: str, kind: str, thread: str, page: str, text: str, call: str = ""
) -> None:
    world.record(
        kind, platform="facebook", what=what, id=item.id, thread_id=thread,
        parent_id=getattr(item, "parent_id", "") or (thread if thread != item.id else ""),
        author_id=item.author_id, author=world.actors[item.author_id].name, account_id=page, text=text,
        at=item.at if what not in {"delete", "edit"} else None, call=call,
    )  # fmt: skip


def fb_find(world: World, item_id: str) -> tuple[str, Any]:
    """The table and the object of this id; NotThere when there is none."""
    for table in ("fb_comments", "fb_posts", "fb_messages", "reviews", "fb_conversations"):
        item = getattr(world, table).get(item_id)
        if item is not None:
            if getattr(item, "deleted", False):
                break
            return table, item
    raise NotThere(f"no object {item_id}")


def fb_edit(world: World, *, item: str, message: str, kind: str = "published", call: str = "") -> Any:
    """Change the words of a post, comment or message; the id stays."""
    table, thing = fb_find(world, item)
    if table in {"fb_messages", "reviews"}:
        thing.text = message
    else:
        thing.message = message
    if table == "fb_posts":
        thing.updated = world.clock.now()
    world.touch(table, thing)
    thread, page = _home(world, thing)
    _fb_record(world, thing, what="edit", kind=kind, thread=thread, page=page, text=message, call=call)
    return thing


def fb_delete(world: World, *, item: str, kind: str = "published", call: str = "") -> Any:
    """Take a post, comment, message or review away, with everything under it."""
    table, thing = fb_find(world, item)
    for comment_id in world.comments_of.get(item, []):
        world.fb_comments[comment_id].deleted = True
        world.touch("fb_comments", world.fb_comments[comment_id])
    thing.deleted = True
    world.touch(table, thing)
    thread, page = _home(world, thing)
    _fb_record(world, thing, what="delete", kind=kind, thread=thread, page=page, text="", call=call)
    return thing


def _home(world: World, thing: Any) -> tuple[str, str]:
    if isinstance(thing, FbComment):
        return thing.post_id, world.fb_posts[thing.post_id].page_id
    if isinstance(thing, FbMessage):
        return thing.conversation_id, world.fb_conversations[thing.conversation_id].page_id
    return thing.id, thing.page_id
