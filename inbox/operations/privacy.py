"""What somebody may ask of us: everything we know about them, or that we forget them."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import combining, normalize

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox import events
from inbox.models import (
    Agent,
    Contact,
    ContactNote,
    Conversation,
    Delivery,
    DeliveryAttempt,
    Exposure,
    Identity,
    Message,
    MessagePayload,
    Note,
    Notification,
    SearchWord,
    SetAside,
    Thread,
    Tombstone,
    Vanished,
)
from inbox.operations import audit
from inbox.operations.changes import Refused
from inbox.operations.contacts import fingerprint
from inbox.operations.retention import empty_messages, remove_drafts

LEAVING = (Delivery.State.APPROVAL, Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.UNCERTAIN)
FORGOTTEN = {
    "handle": "", "name": "", "bio": "", "place": "", "language": "", "followers": None, "verified": False,
    "avatar_url": "", "profile_url": "",
}  # fmt: skip


@transaction.atomic
def erase(*, contact: Contact, actor: Agent) -> dict[str, int]:
    """Forget a person on all channels. Counts, times and states stay, and their messages never come in again.

    Refused "still_leaving" while a reply to them is on its way: take it back, or wait until it is certain.
    """
    contact = Contact.objects.select_for_update().select_related("brand").get(pk=contact.pk)
    if contact.erased_at is not None:
        raise Refused("erased")
    conversations = list(Conversation.objects.select_for_update(of=("self",)).filter(contact=contact))
    if Delivery.objects.filter(conversation__in=conversations, state__in=LEAVING).exists():
        raise Refused("still_leaving")
    identities = list(Identity.objects.select_for_update().filter(contact=contact))
    done = {"identities": len(identities), "conversations": len(conversations)}
    done["messages"] = _empty(conversations, identities)
    _forget_around(conversations, identities)
    for identity in identities:
        _bury(identity)
    Contact.objects.filter(pk=contact.pk).update(name="", erased_at=timezone.now())
    audit.record("person_erased", actor=actor, brand=contact.brand, target=f"#{contact.pk}", data=done)
    for conversation in conversations:
        events.publish("conversation", brand_id=contact.brand_id, id=conversation.pk)
    return done


def _empty(conversations: list[Conversation], identities: list[Identity]) -> int:
    """All that was said in their conversations, by them and to them, and by them elsewhere."""
    theirs = Message.objects.filter(Q(conversation__in=conversations) | Q(identity__in=identities))
    keys = list(theirs.values_list("pk", flat=True))
    empty_messages(keys)
    for message in theirs.filter(direction=Message.Direction.INBOUND).only("pk", "account", "external_id"):
        _forget_address(message)
    theirs.update(parent_external_id="")
    return len(keys)


def _forget_address(message: Message) -> None:
    """The id by which the platform knows it leads to the person."""
    Message.objects.filter(pk=message.pk).update(external_id=f"erased-{message.pk}")
    if message.external_id:
        Vanished.objects.filter(account=message.account_id, external_id=message.external_id).delete()
        Exposure.objects.filter(account=message.account_id, original_external_id=message.external_id).update(
            original_external_id=f"erased-{message.pk}"
        )


def _forget_around(conversations: list[Conversation], identities: list[Identity]) -> None:
    keys = [conversation.pk for conversation in conversations]
    Note.objects.filter(conversation__in=keys).delete()
    remove_drafts(keys)
    Notification.objects.filter(conversation__in=keys).delete()
    ContactNote.objects.filter(contact__identities__in=identities).delete()
    deliveries = Delivery.objects.filter(conversation__in=keys)
    DeliveryAttempt.objects.filter(delivery__in=deliveries).update(detail="")
    deliveries.update(recipient_id="", in_reply_to="", error_detail="")
    for conversation in conversations:
        Conversation.objects.filter(pk=conversation.pk).update(
            key=f"erased-{conversation.pk}", preview="", reach=0, version=conversation.version + 1
        )
        _forget_thread(conversation, identities)
    _forget_words(identities)


def _forget_words(identities: list[Identity]) -> None:
    """Names leave the words that a search suggests; they are collected anew within the hour."""
    names = " ".join(f"{identity.name} {identity.handle}" for identity in identities)
    plain = "".join(sign for sign in normalize("NFKD", names.lower()) if not combining(sign))
    SearchWord.objects.filter(word__in=set(re.split(r"[\W\d_]+", plain))).delete()


def _forget_thread(conversation: Conversation, identities: list[Identity]) -> None:
    """A private thread's id names its people; a public one's first post may be theirs."""
    thread = Thread.objects.filter(pk=conversation.thread_id)
    blank: dict[str, Any] = {"text": "", "author_name": "", "author_handle": "", "permalink": "", "attachments": []}
    if conversation.visibility == "private":
        thread.update(external_id=f"erased-{conversation.thread_id}", **blank)
    else:
        handles = [identity.handle for identity in identities if identity.handle]
        names = [identity.name for identity in identities if identity.name]
        thread.filter(Q(author_handle__in=handles) | Q(author_name__in=names), ours=False).update(**blank)
    for identity in identities:  # what others received in the same thread names whom they answered
        quoted = MessagePayload.objects.filter(message__conversation__thread=conversation.thread_id)
        quoted.filter(Q(body__icontains=identity.external_id) | Q(raw__icontains=identity.external_id)).delete()


def _bury(identity: Identity) -> None:
    """The id stays only as a keyed hash, against which every author that comes in is held."""
    mark = fingerprint(platform=identity.platform, external_id=identity.external_id)
    Tombstone.objects.get_or_create(brand_id=identity.brand_id, platform=identity.platform, fingerprint=mark)
    Exposure.objects.filter(
        account__brand_id=identity.brand_id, account__kind=identity.platform, author_external_id=identity.external_id
    ).update(author_external_id="")
    SetAside.objects.filter(
        stream__account__brand_id=identity.brand_id, payload__icontains=identity.external_id
    ).update(payload={}, external_id="", error="erased", resolved_at=timezone.now())
    Identity.objects.filter(pk=identity.pk).update(external_id=f"erased-{identity.pk}", **FORGOTTEN)
