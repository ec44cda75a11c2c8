"""From public to private in one action: the private message first, the public line once that has arrived."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from inbox.models import Agent, Conversation, Delivery, Draft
from inbox.operations import outbox_rules
from inbox.operations.changes import Refused, change, lock, record
from inbox.operations.drafts import save_draft
from inbox.operations.replies import parent_of, send_reply

JOIN = """
    WITH joined AS (
        UPDATE inbox_conversation c SET linked_id = asked.public_id, version = c.version + 1
        FROM (SELECT DISTINCT ON (d.id) d.id, p.id AS public_id
              FROM inbox_conversation d JOIN inbox_conversation p ON p.contact_id = d.contact_id
                  AND p.account_id = d.account_id AND p.visibility = 'public' AND p.close_loop
              WHERE d.id = ANY(%(ids)s) AND d.visibility = 'private'
                  AND NOT EXISTS (SELECT FROM inbox_conversation o WHERE o.id = d.linked_id AND o.close_loop)
              ORDER BY d.id, p.last_message_at DESC) asked
        WHERE c.id = asked.id RETURNING asked.public_id)
    SELECT public_id FROM joined
    UNION SELECT linked_id FROM inbox_conversation WHERE id = ANY(%(ids)s) AND linked_id IS NOT NULL
    UNION SELECT id FROM inbox_conversation WHERE linked_id = ANY(%(ids)s)"""


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
    record(conversation, actor=agent, verb="handed_off", data={"delivery": private.pk})
    return private, public


def invitation(conversation: Conversation) -> str:
    """The public line that asks somebody whom we cannot write to in private to write to us; "" without such a way."""
    link = outbox_rules.message_link(conversation.account)
    if not link or conversation.visibility != "public":
        return ""
    with override(conversation.brand.language):
        return _("Could you send us a private message? That is possible here: %(link)s") % {"link": link}


def draft_invitation(*, conversation: Conversation, agent: Agent) -> None:
    """Put it behind what the agent was writing in public."""
    words = invitation(conversation)
    if not words:
        raise Refused("mode_unavailable")
    draft = Draft.objects.filter(agent=agent, conversation=conversation, mode=outbox_rules.PUBLIC).first()
    written = draft.text.strip() if draft else ""
    if words not in written:
        save_draft(conversation=conversation, agent=agent, mode=outbox_rules.PUBLIC, text=f"{written} {words}".strip())


def join_legs(conversation_ids: Iterable[int]) -> set[int]:
    """Who writes in private after we asked them to in public: both are one case. The other legs of all of these."""
    ids = sorted(conversation_ids)
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(JOIN, {"ids": ids})
        return {row[0] for row in cursor.fetchall()}


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
