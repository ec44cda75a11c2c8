"""From public to private in one action: the private message first, the public line once that has arrived."""

from __future__ import annotations

from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import override

from inbox.models import Agent, Conversation, Delivery
from inbox.operations import outbox_rules
from inbox.operations.changes import Refused, change, lock, record
from inbox.operations.replies import parent_of, send_reply


def private_mode(conversation: Conversation) -> str:
    """How we can write to this person in private from here; Refused when the platform has no way."""
    parent, refused = parent_of(conversation), Refused("mode_unavailable")
    for mode in (outbox_rules.PRIVATE_REPLY, outbox_rules.DIRECT):
        try:
            outbox_rules.opening(conversation=conversation, mode=mode, parent=parent)
        except Refused as error:
            refused = error if error.code != "mode_unavailable" else refused
        else:
            return mode
    raise refused


def public_line(conversation: Conversation) -> str:
    """The brand's own words, or ours in the brand's language."""
    with override(conversation.brand.language):
        return conversation.brand.handoff_text or _("We have sent you a private message.")


@transaction.atomic
def to_private(
    *, conversation: Conversation, agent: Agent, private_text: str, token: UUID, public_text: str = ""
) -> tuple[Delivery, Delivery]:
    """Queue both legs. The public line claims that we wrote, so it leaves only after that is true."""
    private = send_reply(conversation=conversation, agent=agent, mode=private_mode(conversation), text=private_text,
                         token=token)  # fmt: skip
    public = send_reply(conversation=conversation, agent=agent, mode=outbox_rules.PUBLIC, token=uuid5(token, "public"),
                        text=public_text.strip() or public_line(conversation), waits_for=private)  # fmt: skip
    Conversation.objects.filter(pk=conversation.pk).update(close_loop=True, version=F("version") + 1)
    record(conversation, actor=agent, verb="handed_off", data={"delivery": private.pk})
    return private, public


def loop_to_close(conversation: Conversation) -> Conversation | None:
    """The public leg of a private conversation that still deserves its last word."""
    public = conversation.linked
    return public if public is not None and public.close_loop else None


def remind(conversation: Conversation, *, agent: Agent) -> None:
    """The private leg is resolved: its public leg is on the agent's list again until it has had its last word."""
    public = conversation.linked
    if public is None or not public.close_loop or conversation.visibility != "private":
        return
    locked_public = lock(public.pk)
    if locked_public.close_loop and locked_public.status != Conversation.Status.OPEN:
        change(locked_public, actor=agent, verb="loop_open", status=Conversation.Status.OPEN, assignee_id=agent.pk,
               resolved_at=None, snoozed_until=None, outcome="")  # fmt: skip


def close_loop(*, conversation: Conversation, agent: Agent) -> None:
    """It has had its last word, or needs none."""
    if Conversation.objects.filter(pk=conversation.pk, close_loop=True).update(close_loop=False):
        record(conversation, actor=agent, verb="loop_closed")
