"""What can be written to Facebook: comments, messages, hiding, liking, deleting, subscribing."""

from __future__ import annotations

import json
from typing import Any

from connectors.sandbox import graph_files, publish
from connectors.sandbox.clock import DAY, HOUR
from connectors.sandbox.entities import FbActor, FbComment, FbPost
from connectors.sandbox.graph_errors import GraphRefusal, missing
from connectors.sandbox.graph_objects import PRIVATE_REPLY_DAYS, Viewer
from connectors.sandbox.world import World

TAGS = {"ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "CUSTOMER_FEEDBACK", "HUMAN_AGENT", "POST_PURCHASE_UPDATE"}
TYPES = {"RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"}


def write(viewer: Viewer, method: str, path: str, args: dict[str, Any], *, call: str) -> Any:
    """POST or DELETE on an object or its edge."""
    parts = path.split("/")
    item_id = viewer.token.owner if parts[0] == "me" else parts[0]
    edge = parts[1] if len(parts) > 1 else ""
    actor = viewer.world.actors.get(item_id)
    item = actor if actor is not None else publish.fb_find(viewer.world, item_id)[1]
    action = _ACTIONS.get((method, edge))
    if action is None:
        raise missing(item_id, method=method.lower())
    if action is _withdraw:
        return action(viewer, item, args, call)
    if not viewer.page_id:
        raise GraphRefusal(
            200,
            "(#200) If posting to a page, requires both pages_read_engagement and "
            "pages_manage_posts as an admin with sufficient administrative permission",
        )
    _check_mine(viewer, item)
    return action(viewer, item, args, call)


def _check_mine(viewer: Viewer, item: Any) -> None:
    world = viewer.world
    if isinstance(item, FbComment):
        page_id = world.fb_posts[item.post_id].page_id
    elif isinstance(item, FbActor):
        page_id = item.id
    else:
        page_id = getattr(item, "page_id", viewer.page_id)
    if page_id != viewer.page_id:
        raise GraphRefusal(200, "(#200) Permissions error")


def _comment(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    text, attachment = str(args.get("message") or ""), graph_files.of_comment(viewer, args)
    if not text and attachment is None:
        raise GraphRefusal(100, "(#100) A message, attachment_id, or attachment_url must be supplied")
    if len(text) > 8000:
        raise GraphRefusal(100, "(#100) The message is too long")
    _refuse_same(viewer.world, item, viewer.page_id, text)
    comment = publish.fb_comment(
        viewer.world, on=item.id, author=viewer.page_id, message=text, attachment=attachment, kind="sent", call=call
    )
    return {"id": comment.id}


def _refuse_same(world: World, item: Any, page_id: str, text: str) -> None:
    """The same words by the same Page in the same place within a minute are a repeat."""
    if not world.settings.get("refuse_duplicates"):
        return
    for comment_id in world.comments_of.get(item.id, []):
        other = world.fb_comments[comment_id]
        if other.author_id == page_id and other.message == text and not other.deleted:
            raise GraphRefusal(506, "(#506) Duplicate status message", subcode=1455006)


def _change(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    world = viewer.world
    if isinstance(item, FbActor):
        return {"success": True}  # a Page's own particulars are not kept here
    if "is_hidden" in args:
        item.hidden = str(args["is_hidden"]).lower() in {"true", "1"}
        world.touch("fb_comments" if isinstance(item, FbComment) else "fb_posts", item)
        _note(viewer, "hide" if item.hidden else "unhide", item.id, call)
    if "message" in args:
        if item.author_id != viewer.page_id:
            raise GraphRefusal(200, "(#200) Permissions error")
        publish.fb_edit(world, item=item.id, message=str(args["message"]), kind="sent", call=call)
    return {"success": True}


def _note(viewer: Viewer, what: str, item_id: str, call: str) -> None:
    viewer.world.record(
        "sent",
        platform="facebook",
        what=what,
        id=item_id,
        author_id=viewer.page_id,
        account_id=viewer.page_id,
        call=call,
    )


def _delete(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    publish.fb_delete(viewer.world, item=item.id, kind="sent", call=call)
    return {"success": True}


def _like(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    if viewer.page_id not in item.liked_by:
        item.liked_by.append(viewer.page_id)
    viewer.world.touch("fb_comments" if isinstance(item, FbComment) else "fb_posts", item)
    _note(viewer, "like", item.id, call)
    return {"success": True}


def _unlike(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    if viewer.page_id in item.liked_by:
        item.liked_by.remove(viewer.page_id)
    viewer.world.touch("fb_comments" if isinstance(item, FbComment) else "fb_posts", item)
    _note(viewer, "unlike", item.id, call)
    return {"success": True}


def _own_post(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    if not (args.get("message") or args.get("link")):
        raise GraphRefusal(100, "(#100) The parameter message is required")
    published = str(args.get("published", "true")).lower() not in {"false", "0"}
    post = publish.fb_post(
        viewer.world, page=item.id, message=str(args.get("message") or args["link"]), published=published, kind="sent",
        call=call,
    )  # fmt: skip
    return {"id": post.id}


def _subscribe(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    app = viewer.world.tokens[viewer.token.app]
    asked = args.get("subscribed_fields", "")
    fields = [str(name) for name in asked] if isinstance(asked, list) else str(asked).split(",")
    entry = {"category": "Business", "link": "", "name": "Webcare", "id": app.id, "subscribed_fields": fields}
    app.extra.setdefault("subscribed", {})[item.id] = [entry]
    viewer.world.touch("tokens", app)
    return {"success": True}


def _unsubscribe(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    viewer.world.tokens[viewer.token.app].extra.setdefault("subscribed", {}).pop(item.id, None)
    return {"success": True}


def _json_argument(args: dict[str, Any], name: str) -> dict[str, Any]:
    value = args.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise GraphRefusal(100, f"(#100) Param {name} must be a valid JSON object")
    return value


def _message(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    recipient = _json_argument(args, "recipient")
    if args.get("sender_action"):
        return {"recipient_id": _person(viewer, str(recipient.get("id", ""))).id}
    message = _json_argument(args, "message")
    text, attachments = str(message.get("text") or ""), graph_files.of_message(viewer, message, args)
    if not text and not attachments:
        raise GraphRefusal(100, "(#100) Message cannot be empty, must provide valid attachment or text")
    if len(text) > 2000:
        raise GraphRefusal(100, "(#100) Length of param message[text] must be less than or equal to 2000")
    if recipient.get("comment_id") or recipient.get("post_id"):
        person = _private_reply_to(viewer, str(recipient.get("comment_id") or recipient["post_id"]))
    else:
        person = _person(viewer, str(recipient.get("id", "")))
        _check_window(viewer, person, args)
    sent = publish.fb_message(
        viewer.world, page=viewer.page_id, person=person.id, text=text, from_page=True, attachments=attachments,
        tag=str(args.get("tag", "")), kind="sent", call=call,
    )  # fmt: skip
    if recipient.get("comment_id"):
        comment = viewer.world.fb_comments[str(recipient["comment_id"])]
        comment.private_reply = sent.conversation_id
        viewer.world.touch("fb_comments", comment)
    return {"recipient_id": person.id, "message_id": sent.id}


def _person(viewer: Viewer, person_id: str) -> FbActor:
    person = viewer.world.actors.get(person_id)
    if person is None or person.page:
        raise GraphRefusal(100, "(#100) No matching user found", subcode=2018001)
    if person.blocked:
        raise GraphRefusal(551, "(#551) This person isn't available right now.", subcode=1545041)
    return person


def _private_reply_to(viewer: Viewer, comment_id: str) -> FbActor:
    comment = viewer.world.fb_comments.get(comment_id) or viewer.world.fb_posts.get(comment_id)
    if comment is None or comment.deleted:
        raise missing(comment_id, method="post")
    if isinstance(comment, FbPost):
        return _person(viewer, comment.author_id)
    _check_mine(viewer, comment)
    if comment.private_reply:
        raise GraphRefusal(10900, "(#10900) Activity already replied to")
    if viewer.world.clock.now() - comment.at > PRIVATE_REPLY_DAYS * DAY:
        raise GraphRefusal(10901, "(#10901) Cannot reply privately to this activity: it is too old")
    return _person(viewer, comment.author_id)


def _check_window(viewer: Viewer, person: FbActor, args: dict[str, Any]) -> None:
    kind = str(args.get("messaging_type", "RESPONSE"))
    if kind not in TYPES:
        raise GraphRefusal(100, f'(#100) Param messaging_type must be one of {sorted(TYPES)} - got "{kind}".')
    tag = str(args.get("tag") or "")
    if kind == "MESSAGE_TAG" and tag not in TAGS:
        raise GraphRefusal(100, f'(#100) Param tag must be one of {sorted(TAGS)} - got "{tag}".')
    silent = viewer.world.clock.now() - _last_word(viewer, person)
    if silent <= 24 * HOUR:
        return
    human = kind == "MESSAGE_TAG" and args.get("tag") == "HUMAN_AGENT" and viewer.world.settings["human_agent"]
    if not (human and silent <= 7 * DAY):
        raise GraphRefusal(10, "(#10) This message is sent outside of allowed window.", subcode=2018278)


def _last_word(viewer: Viewer, person: FbActor) -> int:
    world = viewer.world
    found = world.conversation_with.get((viewer.page_id, person.id), "")
    said = (world.fb_messages[i] for i in reversed(world.messages_of.get(found, [])))
    return next((m.at for m in said if m.author_id == person.id), 0)


def _withdraw(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    """Take the app's permissions away: all of them, and every token of that grant dies."""
    world, person = viewer.world, viewer.token.extra.get("user", viewer.token.owner)
    if args.get("permission"):
        viewer.token.scopes = [scope for scope in viewer.token.scopes if scope != args["permission"]]
        world.touch("tokens", viewer.token)
        return {"success": True}
    for token in world.tokens.values():
        if token.app == viewer.token.app and person in {token.owner, token.extra.get("user")}:
            token.dead = "458"
            world.touch("tokens", token)
    return {"success": True}


def _file_for_messages(viewer: Viewer, item: Any, args: dict[str, Any], call: str) -> dict[str, Any]:
    return graph_files.reusable(viewer, item, args, _json_argument(args, "message"))


_ACTIONS: dict[tuple[str, str], Any] = {
    ("POST", "comments"): _comment,
    ("POST", ""): _change,
    ("DELETE", ""): _delete,
    ("POST", "likes"): _like,
    ("DELETE", "likes"): _unlike,
    ("POST", "feed"): _own_post,
    ("POST", "messages"): _message,
    ("POST", "message_attachments"): _file_for_messages,
    ("POST", "photos"): graph_files.photo,
    ("DELETE", "permissions"): _withdraw,
    ("POST", "subscribed_apps"): _subscribe,
    ("DELETE", "subscribed_apps"): _unsubscribe,
}
