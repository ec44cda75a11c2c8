"""Who may come to each address: the table that tests/inbox/test_access.py walks."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.views.actions import ACTS


@dataclass(frozen=True)
class Rule:
    """Who may come: from this role up, within the brand the thing belongs to.

    `methods` are those the view knows; any other is 405 for those who may come. `post` is the role for POST when it
    is another one. `arguments` names what fills the address. "GET-" is GET without HEAD.
    """

    role: str
    methods: str = "GET"
    arguments: tuple[str, ...] = ()
    post: str = ""


def brand_page(role: str, methods: str = "GET", **more: str) -> Rule:
    return Rule(role, methods, ("slug",), **more)


# Name -> rule. A new address needs a line here; take the nearest one as an example.
RULES: dict[str, Rule] = {
    "brands": Rule("owner", "GET POST"),
    "brand_settings": brand_page("admin", "GET POST"),
    "accounts": brand_page("admin"),
    "account": Rule("admin", "GET POST", ("account",)),
    "pause_account": Rule("admin", "POST", ("account",)),
    "resume_account": Rule("admin", "POST", ("account",)),
    "remove_account": Rule("admin", "GET POST", ("account",)),
    "reconnect_account": Rule("admin", "GET", ("account",)),
    "new_search": Rule("admin", "GET POST", ("account",)),
    "search_stream": Rule("admin", "GET POST", ("stream",)),
    "switch_stream": Rule("admin", "POST", ("stream",)),
    "connect": brand_page("admin"),
    "platform": Rule("admin", "GET POST", ("slug", "kind")),
    "authorize": Rule("admin", "GET", ("slug", "kind")),
    "choose": Rule("admin", "GET POST", ("slug", "kind")),
    "own_keys": Rule("admin", "GET POST", ("slug", "kind")),
    "people": brand_page("lead", "GET POST", post="admin"),
    "new_team": brand_page("admin", "POST"),
    "team": Rule("admin", "POST", ("team",)),
    "member": Rule("admin", "GET POST", ("member",)),
    "remove_member": Rule("admin", "POST", ("member",)),
    "sign_out_member": Rule("admin", "POST", ("member",)),
    "switch_agent": Rule("owner", "POST", ("other_agent",)),
    "change_invitation": Rule("admin", "POST", ("invitation",)),
    "library": brand_page("lead"),
    "new_label": brand_page("lead", "POST"),
    "label": Rule("lead", "GET POST", ("label",)),
    "new_reason": brand_page("lead", "POST"),
    "reason": Rule("lead", "GET POST", ("reason",)),
    "canned_replies": brand_page("agent"),
    "new_canned_reply": brand_page("lead", "GET POST"),
    "canned_reply": Rule("lead", "GET POST", ("canned_reply",)),
    "privacy": brand_page("admin"),
    "person": Rule("admin", "GET POST", ("contact",)),
    "export_person": Rule("admin", "POST", ("contact",)),
    "audit": brand_page("admin"),
    "export_audit": brand_page("admin", "POST"),
    "ledger": brand_page("lead"),
    "ledger_export": brand_page("lead"),
    "retry_set_aside": Rule("lead", "POST", ("set_aside",)),
    "put_away_set_aside": Rule("lead", "POST", ("set_aside",)),
    # The screen: what is everybody's own is "anyone"
    "home": Rule("anyone", "GET"),
    "brand_home": brand_page("agent"),
    "palette": brand_page("agent"),
    "figures": brand_page("agent"),
    "colleagues": brand_page("agent"),
    "offer_back": Rule("lead", "POST", ("slug", "other_agent")),
    "views": brand_page("agent", "GET POST"),
    "view_counts": brand_page("agent"),
    "do_many": Rule("agent", "POST", ("slug", "what")),
    "list": Rule("agent", "GET", ("slug", "queue")),
    "rows": Rule("agent", "GET", ("slug", "queue")),
    "open": Rule("agent", "GET", ("slug", "queue", "conversation")),
    "list_menu": Rule("agent", "GET", ("slug", "queue", "menu")),
    "view": Rule("agent", "GET", ("view",)),
    "change_view": Rule("agent", "POST", ("view",)),
    "delete_view": Rule("agent", "POST", ("view",)),
    "conversation": Rule("agent", "GET", ("conversation",)),
    "timeline": Rule("agent", "GET", ("conversation",)),
    "menu": Rule("agent", "GET", ("conversation", "menu")),
    "head": Rule("agent", "GET", ("conversation",)),
    "present": Rule("agent", "POST", ("conversation",)),
    "note_person": Rule("agent", "POST", ("conversation",)),
    "do": Rule("agent", "POST", ("conversation", "what")),
    "undo": Rule("anyone", "POST"),
    "notifications": Rule("anyone", "GET"),
    "notifications_read": Rule("anyone", "POST"),
    "preferences": Rule("anyone", "GET POST"),
    "logged_in_again": Rule("anyone", "GET"),
    "theme": Rule("anyone", "POST"),
    "shift": Rule("anyone", "POST"),
    # Writing and sending
    "composer": Rule("agent", "GET-", ("conversation",)),
    "reply": Rule("agent", "POST", ("conversation",)),
    "draft": Rule("agent", "POST", ("conversation",)),
    "hand_off": Rule("agent", "POST", ("conversation",)),
    "invite": Rule("agent", "POST", ("conversation",)),
    "close_loop": Rule("agent", "POST", ("conversation",)),
    "upload": Rule("agent", "POST", ("conversation",)),
    "delivery": Rule("agent", "GET-", ("delivery",)),
    "delivery_action": Rule("agent", "POST", ("delivery", "action")),
    "minded": Rule("agent", "GET-", ("slug",)),
    "approvals": Rule("agent", "GET-", ("slug",)),
    "bulk": Rule("agent", "GET- POST", ("slug",)),
    "bulk_result": Rule("agent", "GET-", ("slug", "bulk")),
    "bulk_stop": Rule("agent", "POST", ("slug", "bulk")),
    "attachment": Rule("agent", "GET-", ("attachment",)),
    "hide": Rule("lead", "GET POST", ("message",)),
    "show": Rule("lead", "POST", ("message",)),
}
# Addresses with a rule of their own, each with the test or the reason that covers it.
OPEN: dict[str, str] = {
    "connect_callback": "test_an_answer_that_was_not_begun_here_connects_nothing",
    "accept_invitation": "tests/inbox/test_people.py",
    "language": "open: the language of the login page; it stores a cookie and changes nothing else",
    "attachment_change": "tests/inbox/test_composer.py: it takes the conversation from the form",
    "healthz": "open: says that the process lives, nothing else",
    "readyz": "open: says whether its servers answer, nothing else",
    "metrics": "its token; tests/webcare",
    "gone": "answers 404: FOREIGN has the addresses it stands before",
    "support_logout": "open: leads to the page on which one logs out",
}
# Pages of libraries: "open" to everybody, "own" to who is logged in, "staff" to support staff, "gone": not offered.
FOREIGN: dict[str, str] = {
    "account_login": "open", "account_logout": "open", "account_inactive": "open", "account_signup": "open",
    "account_reset_password": "open", "account_reset_password_done": "open",
    "account_reset_password_from_key": "open", "account_reset_password_from_key_done": "open",
    "account_reauthenticate": "own", "account_change_password": "own", "account_set_password": "own",
    "account_email": "gone", "account_email_verification_sent": "gone", "account_confirm_email": "gone",
    "account_confirm_login_code": "gone",
    "mfa_index": "own", "mfa_authenticate": "own", "mfa_reauthenticate": "own", "mfa_activate_totp": "own",
    "mfa_deactivate_totp": "own", "mfa_view_recovery_codes": "own", "mfa_generate_recovery_codes": "own",
    "mfa_download_recovery_codes": "own", "usersessions_list": "own",
    "admin:password_change": "gone", "admin:password_change_done": "gone", "admin:login": "staff door",
    "admin:logout": "open", "admin:index": "staff", "admin:autocomplete": "staff", "admin:jsi18n": "staff",
    "admin:view_on_site": "staff", "admin:app_list": "staff",
}  # fmt: skip
LOOKED_AT = ("agent", "brand", "channelaccount", "stream", "delivery")  # what support staff may look at
FOREIGN |= {f"admin:inbox_{one}_{page}": "staff" for one in LOOKED_AT for page in (
    "changelist", "add", "history", "delete", "change")}  # fmt: skip
