"""What is said about a conversation: what happened to it, what a message says, why something was refused."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox.models import ActivityEntry, Agent, ClosingReason, Conversation, Message
from inbox.queries.outbox_words import sentence

SHOWN = {"image", "gif", "sticker", "photo", "picture"}
ICONS = {
    "claimed": "hand", "taken_over": "hand", "released": "inbox", "assigned": "arrow-right-left",
    "offered_back": "inbox", "labelled": "tag", "snoozed": "clock", "woke": "alarm-clock", "resolved": "check-check",
    "reopened": "inbox", "kind_set": "message-square-text", "feeling_set": "smile", "undone": "history",
    "approved": "check", "returned": "pencil", "not_sent": "circle-x", "handed_off": "lock", "loop_closed": "globe",
    "loop_open": "globe",
    "hidden": "eye-off", "shown": "eye", "hide_failed": "circle-x", "show_failed": "circle-x",
}  # fmt: skip


def activity_icon(verb: str) -> str:
    """A sign for what happened."""
    return ICONS.get(verb, "activity")


def happened(entry: ActivityEntry, me: Agent, reasons: dict[str, ClosingReason] | None = None) -> str:
    """What happened, as a sentence without its time."""
    who = _("You") if entry.actor_id == me.pk else str(entry.actor) if entry.actor else _("Webcare")
    made = _AS_SENTENCE.get(entry.verb)
    if made is not None:
        return made(entry, who, reasons or {})
    return _simple(who, entry).get(entry.verb) or _("%(who)s: %(what)s") % {"who": who, "what": entry.verb}


def _simple(who: str, entry: ActivityEntry) -> dict[str, str]:
    w = {"who": who}
    return {
        "claimed": _("%(who)s claimed this") % w,
        "taken_over": _("%(who)s took this over") % w,
        "released": _("%(who)s gave this back to everybody") % w,
        "offered_back": _("%(who)s offered this back to everybody") % w,
        "woke": _("The snooze is over"),
        "reopened": _("%(who)s reopened this") % w if entry.actor_id else _("They wrote again: open"),
        "undone": _("%(who)s took back the last change") % w,
        "approved": _("%(who)s approved the reply") % w,
        "returned": _("%(who)s returned the reply with a remark") % w,
        "taken_back": _("%(who)s took the reply back before it left") % w,
        "edited_again": _("%(who)s took the reply back to edit it") % w,
        "given_up": _("%(who)s gave up on the reply") % w,
        "sent_again": _("%(who)s sent the reply again") % w,
        "seen_by_hand": _("%(who)s saw the reply on the platform") % w,
        "not_sent": _("The reply did not leave"),
        "handed_off": _("%(who)s took this to a private conversation") % w,
        "loop_open": _("Solved in private: it deserves a last word in public"),
        "loop_closed": _("%(who)s closed this in public") % w,
        "hidden": _("%(who)s hid a message") % w,
        "shown": _("%(who)s showed a message again") % w,
        "hide_failed": _("A message could not be hidden"),
        "show_failed": _("A message could not be shown again"),
    }


def _assigned(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    names = entry.data.get("names", {})
    given = {"who": who, "to": names.get("assignee", ""), "team": names.get("team", "")}
    if given["to"] and given["team"]:
        return _("%(who)s gave this to %(to)s, team %(team)s") % given
    if given["to"]:
        return _("%(who)s gave this to %(to)s") % given
    if given["team"]:
        return _("%(who)s gave this to team %(team)s") % given
    return _("%(who)s gave this back to everybody") % given


def _labelled(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    names = entry.data.get("names", {})
    added, removed = ", ".join(names.get("added", [])), ", ".join(names.get("removed", []))
    if added and removed:
        return _("%(who)s put on %(added)s and took off %(removed)s") % {
            "who": who, "added": added, "removed": removed,
        }  # fmt: skip
    if added:
        return _("%(who)s put on %(added)s") % {"who": who, "added": added}
    return _("%(who)s took off %(removed)s") % {"who": who, "removed": removed}


def _snoozed(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    from inbox.templatetags.filters import moment  # filters import this module

    until = parse_datetime(str(entry.data.get("after", {}).get("snoozed_until") or ""))
    return _("%(who)s snoozed this until %(until)s") % {"who": who, "until": moment(until)}


def _resolved(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    why = outcome_words(str(entry.data.get("after", {}).get("outcome", "")), reasons)
    return _("%(who)s resolved this: %(why)s") % {"who": who, "why": why}


def _kind(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    return _("%(who)s set the kind: %(what)s") % {"who": who, "what": _choice(entry, "kind", Conversation.Kind)}


def _feeling(entry: ActivityEntry, who: str, reasons: dict[str, ClosingReason]) -> str:
    what = _choice(entry, "feeling", Conversation.Feeling)
    return _("%(who)s set the feeling: %(what)s") % {"who": who, "what": what}


def _choice(entry: ActivityEntry, name: str, choices: Any) -> str:
    value = entry.data.get("after", {}).get(name, "")
    return str(choices(value).label).lower() if value in choices.values else str(value)


_AS_SENTENCE = {"assigned": _assigned, "labelled": _labelled, "snoozed": _snoozed, "resolved": _resolved,
                "kind_set": _kind, "feeling_set": _feeling}  # fmt: skip


def outcome_words(outcome: str, reasons: dict[str, ClosingReason]) -> str:
    """How it ended."""
    if outcome == "answered":
        return _("answered")
    return reason_name(reasons[outcome]) if outcome in reasons else outcome


def reason_name(reason: ClosingReason) -> str:
    """Its name in the agent's language."""
    return reason.name_nl if (get_language() or "nl").startswith("nl") else reason.name_en


def shown_text(message: Message) -> str:
    """What it says, with short addresses replaced by where they lead."""
    text = message.text
    for row in message.attachment_rows:  # type: ignore[attr-defined]
        if row["kind"] == "link" and row["external_id"].startswith("http") and row["url"]:
            text = text.replace(row["external_id"], row["url"])
    return text


def loose_attachments(message: Message) -> list[dict[str, Any]]:
    """What is shown below the words: everything but links that stand in them already."""
    rows: list[dict[str, Any]] = message.attachment_rows  # type: ignore[attr-defined]
    return [
        row for row in rows if row["kind"] != "link" or not row["external_id"] or row["external_id"] not in message.text
    ]


def picture_of(row: dict[str, Any]) -> str:
    """The address of a picture that our pages may show; "" when it can only be linked to."""
    if row["file"]:
        return reverse("attachment", args=[row["pk"]]) if row["kind"] in SHOWN else ""
    address = str(row["preview_url"] or (row["url"] if row["kind"] in SHOWN else ""))
    own = settings.SANDBOX_URL
    return address if address.startswith("https://") or (own and address.startswith(f"{own}/")) else ""


def attachment_name(row: dict[str, Any]) -> str:
    """What it shows, as far as anybody said."""
    kinds = {"image": _("Picture without a description"), "gif": _("Animation without a description"),
             "sticker": _("Sticker"), "video": _("Video"), "audio": _("Sound"), "file": _("File"),
             "link": row["url"]}  # fmt: skip
    return str(row["alt_text"] or row["title"] or kinds.get(row["kind"]) or _("Attachment"))


def cannot_reply(message: Message) -> str:
    """Why this message cannot be answered from here; "" when some way is open."""
    options = message.options if isinstance(message.options, dict) else {}
    ways = [options.get(name) for name in ("public_reply", "private_reply")]
    known = [way for way in ways if isinstance(way, dict)]
    if message.direction != "in" or not known or any(way.get("allowed") for way in known):
        return ""
    return sentence(str(known[0].get("reason") or "option"))


GLOBALS: dict[str, Any] = {
    "happened": happened, "happened_icon": activity_icon, "shown_text": shown_text, "picture_of": picture_of,
    "loose_attachments": loose_attachments, "attachment_name": attachment_name, "cannot_reply": cannot_reply,
    "reason_name": reason_name,
}  # fmt: skip
