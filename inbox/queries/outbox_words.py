"""What is said about a reply: its state, what went wrong and what to do, in the agent's language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import agents_of, may
from inbox.models import Agent, Brand, ChannelAccount, Conversation, Delivery, Membership, Message
from inbox.operations import outbox_rules
from inbox.operations.handoff import invitation

State = Delivery.State
COUNTED_DOWN = 120  # seconds; what leaves later says at which time


def sentence(code: str, **facts: Any) -> str:
    """Why a reply cannot leave, or did not."""
    known = _of_the_text(facts) | _of_the_place(facts) | _of_the_sending() | _of_the_platform() | _of_hiding()
    if code == "option":
        code = str(facts.get("reason") or code)
        return known.get(code) or known["option"]
    return known.get(code) or known["rejected"]


def _of_the_text(facts: dict[str, Any]) -> dict[str, str]:
    number = {"length": facts.get("length", 0), "limit": facts.get("limit", 0)}
    return {
        "empty": _("There is nothing in it yet."),
        "too_long": _("It is too long: %(length)s of %(limit)s.") % number,
        "cannot_split": _("It cannot be cut into parts between words. Make it shorter."),
        "too_many_files": ngettext("At most %(limit)s file.", "At most %(limit)s files.", int(number["limit"] or 0))
        % number,
        "file_type": _("The platform does not take this kind of file."),
        "file_too_big": _("The file is too big."),
        "file_broken": _("The picture cannot be read."),
        "file_missing": _("A file is not there any more."),
    }


def _of_the_place(facts: dict[str, Any]) -> dict[str, str]:
    return {
        "mode_unavailable": _("This channel has no such way to reply."),
        "account_lost": _("The account is not connected. Ask an admin to reconnect it."),
        "account_paused": _("The account is paused."),
        "account_removed": _("The account was removed."),
        "nothing_to_reply_to": _("There is no message to reply to."),
        "message_gone": _("The message is gone."),
        "window_closed": _("The time in which the platform lets us answer is over."),
        "window_never_opened": _(
            "This person has not written to us in private yet, so the platform keeps that closed."
        ),
        "private_reply_used": _("A private reply to this message has been used; the platform allows one."),
        "nobody_to_write_to": _("The platform does not say who this is, so nobody can be written to."),
        "option": _("The platform does not let us reply to this message."),
        "not_offered": _("The platform does not let us reply to this message."),
        "placeholder": _("Something between { and } is not filled in."),
        "stopped": _("Stopped before it was its turn."),
        "wrote_meanwhile": _("They wrote again while you typed."),
        "you_answered": _("You replied yourself meanwhile, in another window."),
        "answered_meanwhile": _("%(who)s replied while you typed.") % {"who": facts.get("who") or _("A colleague")},
    }


def _of_the_sending() -> dict[str, str]:
    return {
        "too_late": _("Too late: it has left already."),
        "not_yours": _("This is not yours to decide."),
        "authorization_lost": _(
            "The platform no longer accepts our authorization. Reconnect the account, then send again."
        ),
        "permission_missing": _("We have no permission for this at the platform."),
        "duplicate": _("The platform refuses it because the same text was posted before. Change the words."),
        "temporary": _("The platform had a failure, again and again."),
        "earlier_failed": _("The part before it did not leave, so neither did this one."),
        "no_answer": _("The platform gave no answer."),
        "already_done": _("The platform says it is there already."),
        "worker_died": _("Our side stopped in the middle of sending."),
        "look_alike": _("Another reply of ours with the same words stands there, so we cannot tell."),
        "cannot_look": _("We are not allowed to look whether it is there."),
        "unsupported": _("The platform cannot do this."),
    }


def _of_the_platform() -> dict[str, str]:
    return {
        "not_summoned": _("The platform lets us reply only to who mentions us. Answer on the platform itself."),
        "not_permitted": _("The platform does not allow this here. Answer on the platform itself."),
        "already_replied": _("A private reply to this message has been used; the platform allows one."),
        "dm_closed": _("This person does not accept messages from us."),
        "person_unavailable": _("This person does not accept messages from us."),
        "encrypted": _("This conversation is encrypted: it can be answered on the platform only."),
        "attachment_failed": _("The platform did not take the file. Choose another."),
        "too_large": _("The file is too big."),
        "too_many_attachments": _("The platform takes fewer files with this. Leave some out."),
        "partly_sent": _("The file was sent, the text was not. Send the text alone."),
        "gone": _("The message is gone."),
        "blocked_by_person": _("This person does not accept messages from us."),
        "rejected": _("The platform refused it."),
    }


def _of_hiding() -> dict[str, str]:
    return {
        "cannot_hide": _("The platform does not let us hide this message."),
        "hiding_now": _("The platform is being asked right now. Try again in a minute."),
        "reason_needed": _("Hiding needs a reason."),
        "explanation_needed": _("Say in a few words why."),
    }


@dataclass(frozen=True, slots=True)
class Action:
    """A next step: its name in the address, its words, its icon."""

    name: str
    label: str
    icon: str
    quiet: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """One delivery as the timeline shows it."""

    css: str
    icon: str
    title: str
    text: str
    actions: tuple[Action, ...] = ()
    undo_seconds: int | None = None
    platform_words: str = ""
    place: str = ""  # where it would stand on the platform
    history: tuple[str, ...] = ()
    reconnect: str = ""  # where this agent gives the account its access again
    invite: bool = False  # whether the person can be asked in public to write to us


def delivery_words(delivery: Delivery, agent: Agent) -> Words:
    """The state, what we know, and the next steps of this agent."""
    words = {
        State.APPROVAL: _approval, State.PENDING: _pending, State.SENDING: _sending, State.SENT: _sent,
        State.UNCERTAIN: _uncertain, State.FAILED: _failed, State.CANCELLED: _cancelled,
    }[State(delivery.state)](delivery)  # fmt: skip
    if delivery.state == State.FAILED:
        words = _remedied(words, delivery, agent)
    if delivery.state in {State.FAILED, State.UNCERTAIN} or (delivery.state == State.PENDING and delivery.attempts):
        return replace(words, place=_place(delivery), history=history_of(delivery))
    return words


def _remedied(words: Words, delivery: Delivery, agent: Agent) -> Words:
    """What stands in the way, and who can take it away."""
    account = delivery.account
    if delivery.error_reason == "authorization_lost" and not delivery.handled_at:
        if account.state == ChannelAccount.State.CONNECTED:
            return replace(words, text=_("The account is connected again: send it again. Nothing was sent."))
        if may(agent, account.brand, Membership.Role.ADMIN):
            return replace(words, reconnect=reverse("account", args=[account.pk]))
        return replace(words, text=f"{words.text} {_whom_to_ask(account.brand)}".strip())
    if delivery.error_reason in outbox_rules.UNREACHABLE and not delivery.handled_at:
        return replace(words, invite=bool(invitation(delivery.conversation)))
    return words


def _whom_to_ask(brand: Brand) -> str:
    """Those who may reconnect, by name."""
    admins = agents_of(brand).filter(memberships__role=Membership.Role.ADMIN, memberships__brand=brand).distinct()
    names = [admin.name for admin in admins[:3]]
    return _("Ask %(names)s.") % {"names": ", ".join(names)} if names else ""


def _place(delivery: Delivery) -> str:
    """The message it answers, on the platform: to look for it there, or to answer there by hand."""
    answered = Message.objects.filter(account=delivery.account_id, external_id=delivery.in_reply_to or None)
    return answered.values_list("permalink", flat=True).first() or ""


def history_of(delivery: Delivery) -> tuple[str, ...]:
    """Every attempt, every look, and what people decided: one line each."""
    known = {
        "sent": _("sent"), "no_answer": _("no answer"), "temporary": _("the platform had a failure"),
        "rate_limited": _("the platform asked us to wait"), "absent": _("not there"), "found": _("found there"),
        "not_found": _("not seen there"), "again": _("sent again by hand"), "seen_by_hand": _("seen there by hand"),
        "given_up": _("left at that"), "worker_died": _("our side stopped"), "already_done": _("refused: it is there"),
        "asked_instead": _("asked in public instead"),
    }  # fmt: skip
    lines = []
    for row in delivery.history.order_by("pk"):
        at = date_format(timezone.localtime(row.finished_at or row.started_at), "j N H:i:s")
        what = _("attempt %(n)s") % {"n": row.number} if row.number else ""
        came = known.get(row.outcome) or (sentence(row.outcome) if row.outcome else _("under way"))
        who = (
            f"({row.detail})"
            if row.detail and row.outcome in {"again", "seen_by_hand", "given_up", "asked_instead"}
            else ""
        )
        lines.append(" ".join(filter(None, (f"{at}:", what, came, who))))
    return tuple(lines)


def _undo() -> Action:
    return Action("undo", _("Undo"), "undo-2", quiet=False)


def _approval(delivery: Delivery) -> Words:
    return Words("", "hourglass", _("Waits for approval"), "", (_undo(),))


def _pending(delivery: Delivery) -> Words:
    if held := _held(delivery):
        return Words("", "hourglass", _("Waits"), held, (_undo(),))
    if delivery.attempts:
        at = date_format(timezone.localtime(delivery.due_at), "H:i")
        why = sentence(delivery.error_reason) if delivery.error_reason in {"temporary", "no_answer"} else ""
        text = _("attempt %(n)s after %(at)s. Nothing has been sent.") % {"n": delivery.attempts + 1, "at": at}
        return Words("", "clock", _("In the queue"), f"{text} {why}".strip(), (_undo(),))
    left = int(max(0, (delivery.due_at - timezone.now()).total_seconds()))
    if delivery.waits_for_id and delivery.part > 1:
        return Words("", "clock", _("In the queue"), _("leaves after the part before it"), (_undo(),))
    if left > COUNTED_DOWN:
        at = date_format(timezone.localtime(delivery.due_at), "H:i")
        return Words("", "clock", _("In the queue"), _("leaves at %(at)s") % {"at": at}, (_undo(),))
    text = (
        ngettext("leaves in %(n)s second", "leaves in %(n)s seconds", left) % {"n": left} if left else _("leaves now")
    )
    return Words("", "clock", _("In the queue"), text, (_undo(),), undo_seconds=left)


def _held(delivery: Delivery) -> str:
    """Why it does not leave though its time has come: nothing waits without saying for what."""
    if delivery.due_at > timezone.now():
        return ""
    if delivery.account.state != ChannelAccount.State.CONNECTED:
        return sentence(f"account_{delivery.account.state}")
    uncertain = _first_uncertain(delivery.conversation)
    if uncertain is not None and uncertain < delivery.pk:
        return _("for the reply before it, which is uncertain: replies keep their order.")
    return ""


def _first_uncertain(conversation: Conversation) -> int | None:
    """Asked once for all that wait in it."""
    if "first_uncertain" not in conversation.__dict__:
        rows = conversation.deliveries.filter(state=State.UNCERTAIN, handled_at=None)
        conversation.__dict__["first_uncertain"] = rows.order_by("pk").values_list("pk", flat=True).first()
    found: int | None = conversation.__dict__["first_uncertain"]
    return found


def _sending(delivery: Delivery) -> Words:
    text = _("first attempt") if delivery.attempts <= 1 else _("attempt %(n)s") % {"n": delivery.attempts}
    return Words("", "loader-circle", _("Sending"), text)


def _sent(delivery: Delivery) -> Words:
    return Words("sent", "check-check", _("Sent"), "")


def _uncertain(delivery: Delivery) -> Words:
    there = Action("there", _("It is there"), "check")
    again = Action("again", _("It is not there, send again"), "send")
    why = sentence(delivery.error_reason)
    if delivery.handled_at:
        return Words(
            "unsure", "circle-question-mark", _("Uncertain."), _("Left at that. %(why)s") % {"why": why}, (there, again)
        )
    looking = _("We look whether it is there and send nothing twice.")
    if delivery.look_at is None:
        looking = _("Looking told us nothing. Please look on the platform and decide.")
    actions = (Action("look", _("Look now"), "search", quiet=False), there, again,
               Action("give-up", _("Leave it at that"), "x-close"))  # fmt: skip
    return Words("unsure", "circle-question-mark", _("Uncertain."), f"{why} {looking}", actions)


def _failed(delivery: Delivery) -> Words:
    nothing = "" if delivery.error_reason == "partly_sent" else _("Nothing was sent.")
    text = f"{sentence(delivery.error_reason)} {nothing}".strip()
    actions = (Action("edit", _("Edit and send"), "pencil", quiet=False), Action("again", _("Send again"), "send"),
               Action("give-up", _("Give up"), "x-close"))  # fmt: skip
    shown = actions if not delivery.handled_at else ()
    return Words("failed", "circle-x", _("Failed."), text, shown, platform_words=delivery.error_detail)


def _cancelled(delivery: Delivery) -> Words:
    return Words("", "undo-2", _("Taken back"), _("nothing was sent"))
