"""Graph's objects: which fields and edges each has (Meta's own field lists, v24), and how they are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.sandbox.clock import DAY, graph_time
from connectors.sandbox.entities import FbActor, FbComment, FbConversation, FbMessage, FbPost, FbReview, Token
from connectors.sandbox.world import World

PRIVATE_REPLY_DAYS = 7


class Viewer:
    """Who looks: a Page token sees names that others do not."""

    def __init__(self, world: World, token: Token, *, version: str = "v24.0") -> None:
        self.world, self.token, self.version = world, token, version
        self.page_id = token.owner if token.kind == "page" else ""

    def person(self, actor_id: str, *, page_id: str) -> dict[str, Any] | None:
        """`from`: missing without that Page's token, and for people who hide."""
        actor = self.world.actors[actor_id]
        if not actor.page and (self.page_id != page_id or actor.anonymous):
            return None
        return {"name": actor.name, "id": actor.id}


Getter = Callable[[Viewer, Any], Any]


def _post_from(viewer: Viewer, post: FbPost) -> Any:
    return viewer.person(post.author_id, page_id=post.page_id)


def _tail(item_id: str) -> str:
    return item_id.rpartition("_")[2]


def _comment_link(viewer: Viewer, comment: FbComment) -> str:
    return f"https://www.facebook.com/{comment.post_id}?comment_id={_tail(comment.id)}"


def _page_of(viewer: Viewer, comment: FbComment) -> str:
    return viewer.world.fb_posts[comment.post_id].page_id


def _moderates(viewer: Viewer, comment: FbComment) -> bool:
    return viewer.page_id == _page_of(viewer, comment)


def _can_reply_privately(viewer: Viewer, comment: FbComment) -> bool:
    young = viewer.world.clock.now() - comment.at < PRIVATE_REPLY_DAYS * DAY
    outside = not viewer.world.actors[comment.author_id].page
    return _moderates(viewer, comment) and young and outside and not comment.private_reply


def _parent(viewer: Viewer, comment: FbComment) -> Any:
    parent = viewer.world.fb_comments.get(comment.parent_id)
    if parent is None:
        return None
    who = viewer.person(parent.author_id, page_id=_page_of(viewer, parent))
    return {
        "created_time": graph_time(parent.at),
        **({"from": who} if who else {}),
        "message": parent.message,
        "id": parent.id,
    }


def _tags(viewer: Viewer, text: str) -> Any:
    found = []
    for actor in viewer.world.pages.values():
        place = text.find(actor.name)
        if place >= 0:
            found.append(
                {"id": actor.id, "name": actor.name, "type": "page", "offset": place, "length": len(actor.name)}
            )
    return found or None


def _message_from(viewer: Viewer, message: FbMessage) -> dict[str, Any]:
    actor = viewer.world.actors[message.author_id]
    return {"name": actor.name, "email": f"{actor.id}@facebook.com", "id": actor.id}


def _message_to(viewer: Viewer, message: FbMessage) -> dict[str, Any]:
    conversation = viewer.world.fb_conversations[message.conversation_id]
    other = conversation.person_id if message.author_id == conversation.page_id else conversation.page_id
    actor = viewer.world.actors[other]
    return {"data": [{"name": actor.name, "email": f"{actor.id}@facebook.com", "id": actor.id}]}


def _participants(viewer: Viewer, conversation: FbConversation) -> dict[str, Any]:
    people = [viewer.world.actors[conversation.person_id], viewer.world.actors[conversation.page_id]]
    return {"data": [{"name": a.name, "email": f"{a.id}@facebook.com", "id": a.id} for a in people]}


def _last(viewer: Viewer, conversation: FbConversation) -> FbMessage | None:
    ids = viewer.world.messages_of[conversation.id]
    return viewer.world.fb_messages[ids[-1]] if ids else None


def _snippet(viewer: Viewer, conversation: FbConversation) -> str:
    last = _last(viewer, conversation)
    return last.text[:80] if last else ""


def _can_reply(viewer: Viewer, conversation: FbConversation) -> bool:
    return not viewer.world.actors[conversation.person_id].blocked


def _reviewer(viewer: Viewer, review: FbReview) -> Any:
    return viewer.person(review.author_id, page_id=review.page_id)


def _story(viewer: Viewer, review: FbReview) -> dict[str, Any]:
    return {
        "id": review.id,
        "start_time": graph_time(review.at),
        "type": "recommends",
        "publish_time": graph_time(review.at),
    }


FIELDS: dict[type, dict[str, Getter]] = {
    FbPost: {
        "id": lambda v, p: p.id,
        "message": lambda v, p: p.message or None,
        "story": lambda v, p: None,
        "created_time": lambda v, p: graph_time(p.at),
        "updated_time": lambda v, p: graph_time(p.updated or p.at),
        "from": _post_from,
        "to": lambda v, p: (
            {"data": [{"name": v.world.actors[p.page_id].name, "id": p.page_id}]} if p.kind != "own" else None
        ),
        "permalink_url": lambda v, p: f"https://www.facebook.com/{p.id.split('_')[0]}/posts/{_tail(p.id)}",
        "status_type": lambda v, p: {
            "own": "mobile_status_update",
            "visitor": "wall_post",
            "tagged": "mobile_status_update",
        }[p.kind],
        "is_hidden": lambda v, p: p.hidden,
        "is_published": lambda v, p: True,
        "is_spherical": lambda v, p: False,
        "attachments": lambda v, p: {"data": p.attachments} if p.attachments else None,
        "full_picture": lambda v, p: next((a["media"]["image"]["src"] for a in p.attachments if a.get("media")), None),
        "message_tags": lambda v, p: _tags(v, p.message),
        "parent_id": lambda v, p: None,
        "shares": lambda v, p: {"count": p.shares} if p.shares else None,
    },
    FbComment: {
        "id": lambda v, c: c.id,
        "message": lambda v, c: c.message,
        "created_time": lambda v, c: graph_time(c.at),
        "from": lambda v, c: v.person(c.author_id, page_id=_page_of(v, c)),
        "parent": _parent,
        "attachment": lambda v, c: c.attachment,
        "message_tags": lambda v, c: _tags(v, c.message),
        "permalink_url": _comment_link,
        "like_count": lambda v, c: c.likes + len(c.liked_by),
        "comment_count": lambda v, c: sum(
            not v.world.fb_comments[i].deleted for i in v.world.comments_of.get(c.id, [])
        ),
        "can_hide": _moderates,
        "can_remove": _moderates,
        "can_comment": lambda v, c: True,
        "can_like": lambda v, c: True,
        "can_reply_privately": _can_reply_privately,
        "is_hidden": lambda v, c: c.hidden,
        "is_private": lambda v, c: False,
        "object": lambda v, c: {"id": c.post_id},
        "private_reply_conversation": lambda v, c: {"id": c.private_reply} if c.private_reply else None,
        "user_likes": lambda v, c: v.page_id in c.liked_by,
    },
    FbConversation: {
        "id": lambda v, c: c.id,
        "link": lambda v, c: f"/{c.page_id}/inbox/{c.id[2:]}/",
        "updated_time": lambda v, c: graph_time(c.updated),
        "message_count": lambda v, c: len(v.world.messages_of[c.id]),
        "unread_count": lambda v, c: c.unread,
        "snippet": _snippet,
        "can_reply": _can_reply,
        "is_subscribed": lambda v, c: True,
        "participants": _participants,
        "senders": _participants,
    },
    FbMessage: {
        "id": lambda v, m: m.id,
        "created_time": lambda v, m: graph_time(m.at),
        "from": _message_from,
        "to": _message_to,
        "message": lambda v, m: m.text,
        "attachments": lambda v, m: {"data": m.attachments} if m.attachments else None,
        "shares": lambda v, m: None,
        "sticker": lambda v, m: None,
        "tags": lambda v, m: {"data": [{"name": "inbox"}, {"name": "source:chat"}]},
        "thread_id": lambda v, m: m.conversation_id,
    },
    FbReview: {
        "created_time": lambda v, r: graph_time(r.at),
        "has_rating": lambda v, r: False,
        "has_review": lambda v, r: bool(r.text),
        "open_graph_story": _story,
        "rating": lambda v, r: None,
        "recommendation_type": lambda v, r: "positive" if r.positive else "negative",
        "review_text": lambda v, r: r.text or None,
        "reviewer": _reviewer,
    },
    FbActor: {
        "id": lambda v, a: a.id,
        "name": lambda v, a: a.name,
        "first_name": lambda v, a: a.name.split()[0] if not a.page else None,
        "last_name": lambda v, a: a.name.rpartition(" ")[2] if not a.page else None,
        "username": lambda v, a: a.username or None,
        "category": lambda v, a: a.category or None,
        "about": lambda v, a: a.about or None,
        "link": lambda v, a: f"https://www.facebook.com/{a.username or a.id}",
        "fan_count": lambda v, a: a.followers if a.page else None,
        "followers_count": lambda v, a: a.followers if a.page else None,
        "picture": lambda v, a: {
            "data": {
                "height": 50,
                "width": 50,
                "is_silhouette": True,
                "url": f"https://scontent.xx.fbcdn.net/v/{a.id}.jpg",
            }
        },
        "profile_pic": lambda v, a: f"https://scontent.xx.fbcdn.net/v/{a.id}.jpg",
        "access_token": lambda v, a: v.token.id if v.page_id == a.id else None,
        "tasks": lambda v, a: None,
    },
}
DEFAULTS: dict[type, str] = {
    FbPost: "created_time,message,story,id",
    FbComment: "created_time,from,message,id",
    FbConversation: "id,link,updated_time",
    FbMessage: "id,created_time",
    FbReview: "created_time,recommendation_type,review_text,reviewer",
    FbActor: "name,id",
}
NODE_TYPES = {
    FbPost: "Post", FbComment: "Comment", FbConversation: "UnifiedThread", FbMessage: "Message",
    FbReview: "Recommendation", FbActor: "Page",
}  # fmt: skip
