"""The audit trail of a brand: its own entries, and logins of the people who work for it or own all."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inbox.models import Agent, AuditEntry, Brand

PAGE = 100
VERBS: dict[str, Any] = {
    "logged_in": _("logged in"), "login_failed": _("failed to log in"), "logged_out": _("logged out"),
    "second_factor_failed": _("gave a wrong code"), "password_set": _("chose a first password"),
    "password_changed": _("changed the password"), "password_reset": _("reset the password"),
    "totp_activated": _("set up a second factor"), "totp_deactivated": _("removed the second factor"),
    "recovery_codes_generated": _("made recovery codes"),
    "account_connected": _("connected an account"), "account_reconnected": _("reconnected an account"),
    "account_lost": _("lost access to an account"), "account_paused": _("paused an account"),
    "account_resumed": _("resumed an account"), "account_removed": _("removed an account"),
    "account_settings_changed": _("changed an account’s settings"), "platform_app_saved": _("saved a platform app"),
    "stream_on": _("switched a stream on"), "stream_off": _("switched a stream off"),
    "search_saved": _("saved a search"),
    "search_previewed": _("tried out a search"),
    "invited": _("invited"), "invitation_resent": _("sent an invitation again"),
    "invitation_withdrawn": _("withdrew an invitation"), "joined": _("joined"),
    "rights_changed": _("changed rights"),
    "member_removed": _("removed a member"), "agent_deactivated": _("deactivated"),
    "agent_reactivated": _("reactivated"), "signed_out_everywhere": _("signed out everywhere"),
    "brand_created": _("created a brand"), "brand_changed": _("changed brand settings"),
    "team_saved": _("saved a team"),
    "team_deleted": _("deleted a team"), "label_saved": _("saved a label"), "label_archived": _("archived a label"),
    "label_restored": _("restored a label"), "cannedreply_saved": _("saved a canned reply"),
    "cannedreply_deleted": _("deleted a canned reply"), "closingreason_saved": _("saved a reason for closing"),
    "closingreason_archived": _("archived a reason for closing"),
    "closingreason_restored": _("restored a reason for closing"), "audit_exported": _("exported the audit trail"),
    "person_exported": _("exported a person’s data"), "person_erased": _("erased a person"),
    "retention_run": _("removed what was past its term"),
    "ledger_exported": _("exported the ledger"),
    "account_rights_changed": _("learned that the platform changed our permissions"),
    "hidden": _("hid a message"), "shown": _("showed a message again"),
    "hide_failed": _("could not hide a message"), "show_failed": _("could not show a message again"),
}  # fmt: skip


def entries(brand: Brand, *, verb: str = "", before: int | None = None) -> QuerySet[AuditEntry]:
    """The newest first; `before` is the id of the last one seen."""
    people = Agent.objects.filter(Q(memberships__brand=brand) | Q(is_owner=True)).values("pk")
    found = AuditEntry.objects.filter(Q(brand=brand) | Q(brand=None, actor__in=people))
    if verb:
        found = found.filter(verb=verb)
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-pk")


def verbs(brand: Brand) -> list[str]:
    """What ever happened, to choose from."""
    return sorted(entries(brand).order_by().values_list("verb", flat=True).distinct())


def words(verb: str) -> str:
    """A verb as people say it; an unknown one as it is."""
    return str(VERBS.get(verb, verb))
