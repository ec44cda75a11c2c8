"""Where a message belongs: one contact x one thread x one account is one conversation.

The key of a conversation, unique per account:
- private: `dm:<thread>`;
- public: `pub:<thread>:<the person's external id>`, so that 300 commenters under one post are 300 conversations;
- public, author not given by the platform: `pub:<thread>:?<top message>`, the comment that such replies are filed under.

Our own message belongs to the person it answers: the partner, the author of what it replies to, or the conversation
of the message it replies to. When that message was never seen, a placeholder stands for it in
`pub:<thread>:?<that message>`; the moment it is seen, it takes our replies along to its own conversation.
A post of ours that answers nobody, or only goes on from another of ours, is a thread, not a conversation.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.types import Author, Direction, InboundMessage, Visibility


@dataclass(slots=True)
class Place:
    """The conversation a message goes to, and who is its person."""

    key: str
    person: Author | None = None
    placeholder: str = ""  # the external id of the unseen message that our own message answers


def partner_of(message: InboundMessage) -> Author | None:
    """The outside person, as far as the message itself tells."""
    if message.direction == Direction.INBOUND:
        return message.author or (message.partner if message.visibility == Visibility.PRIVATE else None)
    if message.partner is not None:
        return message.partner
    for post in (message.parent, message.root):
        if post and not post.ours and post.author and message.parent_id == post.external_id:
            return post.author
    return None


def place(message: InboundMessage, *, known: dict[str, str]) -> Place | None:
    """Where it belongs; `known` gives the conversation keys of messages seen before. None: it answers nobody."""
    person = partner_of(message)
    if message.visibility == Visibility.PRIVATE:
        return Place(f"dm:{message.thread_id}", person)
    if person is not None:
        return Place(f"pub:{message.thread_id}:{person.external_id}", person)
    if message.direction == Direction.INBOUND:
        return Place(f"pub:{message.thread_id}:?{_top(message)}")
    return _place_ours(message, known)


def _top(message: InboundMessage) -> str:
    parent = message.parent_id
    return parent if parent and parent != message.thread_id else message.external_id


def _place_ours(message: InboundMessage, known: dict[str, str]) -> Place | None:
    parent = message.parent_id
    if not parent:
        return None
    if parent in known:
        return Place(known[parent])
    if any(post and post.ours and post.external_id == parent for post in (message.parent, message.root)):
        return None
    return Place(f"pub:{message.thread_id}:?{parent}", placeholder=parent)
