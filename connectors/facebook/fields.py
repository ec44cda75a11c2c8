"""What we ask Graph for. Names as in Meta's own field lists for v24.0 (November 2026)."""

from __future__ import annotations

COMMENT = (
    "id,message,created_time,from,parent{id,from,message,created_time},attachment,message_tags,permalink_url,"
    "like_count,comment_count,can_hide,can_remove,can_reply_privately,is_hidden,is_private,"
    "private_reply_conversation{id}"
)
# reactions and comments: only their number
POST = (
    "id,message,story,created_time,updated_time,from,permalink_url,status_type,is_hidden,is_published,attachments,"
    "message_tags,parent_id,shares,reactions.summary(true).limit(0)"
)
POST_METRICS = f"{POST},comments.summary(true).limit(0)"
MESSAGE = "id,created_time,from,to,message,attachments,shares,sticker,tags"
CONVERSATION = "id,link,updated_time,message_count,unread_count,can_reply,participants"
RATING = "created_time,has_rating,has_review,open_graph_story,rating,recommendation_type,review_text,reviewer"
PAGE = "id,name,username,link,picture{url}"


def post_with_comments(newest: int) -> str:
    """Posts, each with its newest comments and their replies (`stream`), in one call."""
    edge = f"comments.filter(stream).order(reverse_chronological).summary(true).limit({newest})"
    return f"{POST},{edge}{{{COMMENT}}}"


def conversation_with_messages(newest: int) -> str:
    """Conversations, each with its newest messages, in one call."""
    return f"{CONVERSATION},messages.limit({newest}){{{MESSAGE}}}"
