"""What the platform allows: known while typing, checked when sending, and checked again at the last moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connectors.registry import connector_class
from connectors.types import AttachmentRules, ModeRules
from inbox.models import Agent, Attachment, ChannelAccount, Conversation, Delivery, Message
from inbox.operations.changes import Refused

DIRECT = "direct_message"
PUBLIC = "public_reply"
PRIVATE_REPLY = "private_reply"
UNREACHABLE = frozenset({"dm_closed", "person_unavailable", "blocked_by_person", "already_replied",
                         "private_reply_used", "window_closed", "not_permitted"})  # fmt: skip
MODES = (PUBLIC, DIRECT, PRIVATE_REPLY)
SPENT = (Delivery.State.APPROVAL, Delivery.State.PENDING, Delivery.State.SENDING, Delivery.State.SENT,
         Delivery.State.UNCERTAIN)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Allowed:
    """It can leave; `until` says how long that stays so, `human_agent` that it takes the longer window."""

    human_agent: bool = False
    until: datetime | None = None


def check(
    *, conversation: Conversation, mode: str, text: str, parent: Message | None,
    attachments: Iterable[Attachment] = (), own: Delivery | None = None,
) -> Allowed:  # fmt: skip
    """Everything at once; `Refused` says what stands in the way."""
    rules = mode_rules(conversation.account, mode)
    check_account(conversation.account)
    files = list(attachments)
    check_text(conversation.account, rules, text, has_files=bool(files))
    check_files(rules.attachments, files)
    return opening(conversation=conversation, mode=mode, parent=parent, own=own)


def mode_rules(account: ChannelAccount, mode: str) -> ModeRules:
    """The platform's limits for this way of replying."""
    rules = account.capabilities.mode(mode)
    if rules is None:
        raise Refused("mode_unavailable")
    return rules


def check_account(account: ChannelAccount) -> None:
    """Nothing can leave through an account that is not connected."""
    if account.state != ChannelAccount.State.CONNECTED:
        raise Refused(f"account_{account.state}")


def message_link(account: ChannelAccount) -> str:
    """Where a person can begin a private conversation with this account; "" when the platform has no such address."""
    return account.capabilities.message_url.format(id=account.external_id)


def moves_to_private(delivery: Delivery) -> bool:
    """A public line that says we wrote in private, or asks to: the conversation goes on there."""
    link = message_link(delivery.account)
    announces = delivery.waits_for_id is not None and delivery.part == 1
    return delivery.mode == PUBLIC and (announces or bool(link and link in delivery.message.text))


def length(account: ChannelAccount, text: str) -> int:
    """As the platform counts."""
    return connector_class(account.kind).length(text)


def sign_off(conversation: Conversation, agent: Agent) -> str:
    """The initials that this agent's replies end with; "" where the brand does not sign."""
    return f"^{agent.initials}" if conversation.brand.sign_off and agent.initials else ""


def signed(text: str, *, conversation: Conversation, agent: Agent) -> str:
    """The text as it leaves: with the initials under it, once."""
    mark, bare = sign_off(conversation, agent), text.rstrip()
    return text if not mark or not bare or bare.endswith(mark) else f"{bare} {mark}"


def check_text(account: ChannelAccount, rules: ModeRules, text: str, *, has_files: bool) -> None:
    """Something to say, and not too much of it."""
    if not text.strip() and not has_files:
        raise Refused("empty")
    used = length(account, text)
    if rules.max_length and used > rules.max_length:
        raise Refused("too_long", length=used, limit=rules.max_length)


def check_files(rules: AttachmentRules, files: list[Attachment]) -> None:
    """Number, type and size, as the platform takes them."""
    if len(files) > rules.max_count:
        raise Refused("too_many_files", limit=rules.max_count)
    for file in files:
        if file.content_type not in rules.content_types:
            raise Refused("file_type", title=file.title)
        if file.size > rules.max_bytes:
            raise Refused("file_too_big", title=file.title, limit=rules.max_bytes)


def opening(
    *, conversation: Conversation, mode: str, parent: Message | None, own: Delivery | None = None
) -> Allowed:  # fmt: skip
    """Whether the platform lets this kind of reply through now, whatever its text."""
    rules = mode_rules(conversation.account, mode)
    if mode == DIRECT:
        return _direct(conversation, rules)
    if parent is None or not parent.external_id:
        raise Refused("nothing_to_reply_to")
    if parent.deleted_at is not None:
        raise Refused("message_gone")
    until = _option(parent, mode)
    if mode == PRIVATE_REPLY:
        until = _private_reply(parent, rules, own=own, until=until)
    return Allowed(until=until)


def _option(parent: Message, mode: str) -> datetime | None:
    option = (parent.options or {}).get(mode) or {}
    if option and not option.get("allowed", True):
        raise Refused("option", reason=option.get("reason") or "not_offered")
    until = parse_datetime(option.get("until") or "") if option else None
    if until is not None and until <= timezone.now():
        raise Refused("window_closed", until=until)
    return until


def _private_reply(
    parent: Message, rules: ModeRules, *, own: Delivery | None, until: datetime | None
) -> datetime | None:  # fmt: skip
    if rules.window_hours:
        ends = parent.sent_at + timedelta(hours=rules.window_hours)
        until = min(until, ends) if until else ends
        if ends <= timezone.now():
            raise Refused("window_closed", until=ends)
    if rules.once_per_message:
        same = Delivery.objects.filter(
            account_id=parent.account_id, conversation_id=parent.conversation_id, mode=PRIVATE_REPLY,
            in_reply_to=parent.external_id or "", state__in=SPENT,
        )  # fmt: skip
        if same.exclude(pk=own.pk if own else 0).exists():
            raise Refused("private_reply_used")
    return until


def _direct(conversation: Conversation, rules: ModeRules) -> Allowed:
    if conversation.visibility != "private" and conversation.identity is None:
        raise Refused("nobody_to_write_to")
    if not rules.window_hours:
        return Allowed()
    last, now = last_private_word(conversation), timezone.now()
    if last is None:
        raise Refused("window_never_opened")
    normal = last + timedelta(hours=rules.window_hours)
    if normal > now:
        return Allowed(until=normal)
    longer = last + timedelta(hours=rules.human_agent_hours or 0)
    if longer > now:
        return Allowed(human_agent=True, until=longer)
    raise Refused("window_closed", until=max(normal, longer))


def last_private_word(conversation: Conversation) -> datetime | None:
    """When the person last wrote to us in private: what opens the window."""
    theirs = Message.objects.filter(account_id=conversation.account_id, direction="in", visibility="private")
    if conversation.visibility == "private":
        theirs = theirs.filter(conversation=conversation)
    else:
        theirs = theirs.filter(conversation__in=conversation.legs.all()) | theirs.filter(
            conversation=conversation.linked_id
        )
    return theirs.order_by("-sent_at").values_list("sent_at", flat=True).first()
