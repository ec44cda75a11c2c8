"""Every action that the audit trail is for: done as people do it, and found there with who did it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from connectors.exceptions import AuthorizationLost, Rejected
from connectors.types import AccountInfo, Credentials
from inbox.models import (
    AuditEntry,
    Brand,
    CannedReply,
    ClosingReason,
    Hiding,
    Invitation,
    Label,
    Membership,
    MessagePayload,
    Team,
)
from inbox.operations import accounts, hiding, retention
from inbox.queries import audit as queries
from tests import builders

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
NEW_PASSWORD = "vier andere willekeurige woorden"
Scene = SimpleNamespace


@pytest.fixture
def scene() -> Scene:
    """An owner at a browser, in a brand with one of everything."""
    brand = builders.brand()
    owner = builders.agent(brand, "admin", is_owner=True, language="nl")
    colleague = builders.agent(brand)
    client, guest = Client(), Client()
    client.force_login(owner)
    account = builders.account(brand)
    return Scene(
        brand=brand, owner=owner, colleague=colleague, client=client, guest=guest, account=account,
        member=Membership.objects.get(agent=colleague), stream=builders.stream(account),
        conversation=builders.conversation(account), label=Label.objects.create(brand=brand, name="fiets"),
        reason=ClosingReason.objects.create(brand=brand, code="x", name_nl="X", name_en="X"),
        reply=CannedReply.objects.create(brand=brand, shortcut="hoi", title="Hoi", text="Hoi!"),
        team=Team.objects.create(brand=brand, name="Avond"),
        invitation=Invitation.objects.create(
            brand=brand, email="a@example.com", token_hash="x", expires_at=timezone.now() + timedelta(days=1)),
    )  # fmt: skip


def post(scene: Scene, address: str, /, *args: Any, who: str = "client", **form: Any) -> Any:
    answer = getattr(scene, who).post(reverse(address, args=args), form)
    assert answer.status_code in {200, 302}, (answer.status_code, answer.content.decode()[:2000])
    return answer


def log_in(scene: Scene, password: str = builders.PASSWORD) -> None:
    post(scene, "account_login", who="guest", login=scene.owner.email, password=password)


def prove(scene: Scene) -> None:
    """What changes how one logs in asks for the password once more."""
    post(scene, "account_reauthenticate", password=builders.PASSWORD)


def wrong_code(scene: Scene) -> None:
    TOTP.activate(scene.owner, generate_totp_secret())
    log_in(scene)
    again = post(scene, "mfa_authenticate", who="guest", code="000000").content.decode()
    assert 'value="000000"' not in again  # the next code is not typed before it


def set_up_factor(scene: Scene) -> None:
    prove(scene)
    page = scene.client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'id="secret" value="([A-Z2-7]+)"', page).group(1)
    assert 'value="000000"' not in post(scene, "mfa_activate_totp", code="000000").content.decode()
    post(scene, "mfa_activate_totp", code=builders.code(secret))


def drop_factor(scene: Scene) -> None:
    set_up_factor(scene)
    post(scene, "mfa_deactivate_totp")


def make_codes(scene: Scene) -> None:
    set_up_factor(scene)
    post(scene, "mfa_generate_recovery_codes")


def reset_password(scene: Scene) -> None:
    post(scene, "account_reset_password", who="guest", email=scene.owner.email)
    path = re.search(r"/account/password/reset/key/\S+", mail.outbox[-1].body).group()
    form = scene.guest.get(path, follow=True)
    scene.guest.post(form.redirect_chain[-1][0], {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})


def first_password(scene: Scene) -> None:
    scene.owner.set_unusable_password()
    scene.owner.save(update_fields=["password"])
    scene.client.force_login(scene.owner)
    post(scene, "account_set_password", password1=NEW_PASSWORD, password2=NEW_PASSWORD)


def connect(scene: Scene) -> None:
    accounts.connect(brand=scene.brand, agent=scene.owner, kind="x", credentials=Credentials("9"),
                     info=AccountInfo("9", "Nieuw"))  # fmt: skip


def lose(scene: Scene) -> None:
    accounts.authorization_lost(scene.account, AuthorizationLost("weg"))


def reconnect(scene: Scene) -> None:
    info = AccountInfo(scene.account.external_id, "Weer terug")
    accounts.reconnect(account=scene.account, agent=scene.owner, credentials=Credentials(""), info=info)


def learn(scene: Scene) -> None:
    info = AccountInfo(scene.account.external_id, "X", scopes=("a",), missing=("dm.read",))
    accounts.learn(account=scene.account, info=info)


def resume(scene: Scene) -> None:
    post(scene, "pause_account", scene.account.pk)
    post(scene, "resume_account", scene.account.pk)


def reactivate(scene: Scene) -> None:
    for active in ("0", "1"):
        post(scene, "switch_agent", scene.colleague.pk, active=active)


def restored(name: str, thing: str) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        for archived in ("1", "0"):
            post(scene, name, getattr(scene, thing).pk, archived=archived)

    return act


def join(scene: Scene) -> None:
    from inbox.operations import invitations

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(invitations.secrets, "token_urlsafe", lambda _: "gekend")
        invitations.invite(brand=scene.brand, actor=scene.owner, email="nieuw@example.com", role="agent")
    post(scene, "accept_invitation", "gekend", who="guest", name="Nieuw", password=NEW_PASSWORD)


def keep_no_longer(scene: Scene) -> None:
    payload = MessagePayload.objects.create(message=scene.conversation.messages.get(), raw={})
    MessagePayload.objects.filter(pk=payload.pk).update(created_at=timezone.now() - timedelta(days=99))
    retention.run()


def hide(scene: Scene) -> Any:
    message = scene.conversation.messages.get()
    message.options = {"can_hide": True}
    message.save(update_fields=["options"])
    post(scene, "hide", message.pk, reason="other", explanation="beledigend")
    return message


def show(scene: Scene) -> None:
    message = hide(scene)
    post(scene, "show", message.pk)


def fail(scene: Scene) -> None:
    hide(scene)
    wish = Hiding.objects.select_related("account", "message").get()
    hiding._record(wish, Rejected("nee"))


def fail_to_show(scene: Scene) -> None:
    show(scene)
    wish = Hiding.objects.select_related("account", "message").get()
    hiding._record(wish, Rejected("nee"))


def end_sessions(scene: Scene) -> None:
    log_in(scene)
    scene.client = Client()
    post(scene, "account_login", login=scene.owner.email, password=builders.PASSWORD)
    assert UserSession.objects.filter(user=scene.owner).count() == 2
    post(scene, "usersessions_list")


def at(name: str, thing: str, /, **form: Any) -> Callable[[Scene], Any]:
    """A form of a page, filled in for this thing."""

    def act(scene: Scene) -> Any:
        found = getattr(scene, thing)
        return post(scene, name, found.slug if isinstance(found, Brand) else found.pk, **form)

    return act


WEBCARE_ITSELF = {"account_lost", "account_rights_changed", "retention_run"}
ELSEWHERE = {  # they call a platform: tests/inbox/test_platform_app.py
    "platform_app_saved", "search_previewed",
}  # fmt: skip
DONE: dict[str, Callable[[Scene], Any]] = {
    "logged_in": log_in,
    "login_failed": lambda scene: log_in(scene, "fout"),
    "logged_out": lambda scene: post(scene, "account_logout"),
    "second_factor_failed": wrong_code,
    "password_set": first_password,
    "password_changed": lambda scene: post(
        scene, "account_change_password", oldpassword=builders.PASSWORD, password1=NEW_PASSWORD, password2=NEW_PASSWORD
    ),
    "password_reset": reset_password,
    "totp_activated": set_up_factor,
    "totp_deactivated": drop_factor,
    "recovery_codes_generated": make_codes,
    "account_connected": connect,
    "account_reconnected": reconnect,
    "account_lost": lose,
    "account_rights_changed": learn,
    "account_paused": at("pause_account", "account"),
    "account_resumed": resume,
    "account_removed": at("remove_account", "account"),
    "account_settings_changed": at(
        "account", "account", at_most_minutes_old="9", public_target_minutes="9", private_target_minutes="9",
        daily_calls="0", daily_money="0",
    ),
    "stream_on": lambda scene: [post(scene, "switch_stream", scene.stream.pk, on=on) for on in "01"],
    "stream_off": at("switch_stream", "stream", on="0"),
    "search_saved": at("new_search", "account", query="trein", join_days="0"),
    "invited": at("people", "brand", email="b@example.com", role="agent"),
    "invitation_resent": at("change_invitation", "invitation", resend="1"),
    "invitation_withdrawn": at("change_invitation", "invitation", withdraw="1"),
    "joined": join,
    "rights_changed": at("member", "member", role="lead"),
    "member_removed": at("remove_member", "member"),
    "agent_deactivated": at("switch_agent", "colleague", active="0"),
    "agent_reactivated": reactivate,
    "signed_out_everywhere": end_sessions,
    "brand_created": lambda scene: post(scene, "brands", name="Nieuw merk"),
    "brand_changed": at("brand_settings", "brand", name="Anders", language="nl", keep_payload_days="7",
                        keep_message_days="0", keep_attachment_days="0"),
    "team_saved": at("new_team", "brand", name="Nacht"),
    "team_deleted": at("team", "team", delete="1"),
    "label_saved": at("new_label", "brand", name="bus", colour="blue"),
    "label_archived": at("label", "label", archived="1"),
    "label_restored": restored("label", "label"),
    "cannedreply_saved": at("canned_reply", "reply", title="Dag", shortcut="dag", text="Dag!"),
    "cannedreply_deleted": at("canned_reply", "reply", delete="1"),
    "closingreason_saved": at("new_reason", "brand", name_nl="Grap", name_en="Joke"),
    "closingreason_archived": at("reason", "reason", archived="1"),
    "closingreason_restored": restored("reason", "reason"),
    "audit_exported": at("export_audit", "brand"),
    "ledger_exported": lambda scene: scene.client.get(reverse("ledger_export", args=[scene.brand.slug])),
    "person_exported": lambda scene: post(scene, "export_person", scene.conversation.contact_id),
    "person_erased": lambda scene: post(scene, "person", scene.conversation.contact_id, confirmation="WIS"),
    "retention_run": keep_no_longer,
    "hidden": hide,
    "shown": show,
    "hide_failed": fail,
    "show_failed": fail_to_show,
}  # fmt: skip


@pytest.mark.parametrize("verb", sorted(DONE))
def test_what_is_done_is_in_the_trail_with_who_did_it(verb, scene, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        DONE[verb](scene)
    entry = AuditEntry.objects.filter(verb=verb).order_by("-pk")[0]
    if verb in WEBCARE_ITSELF:
        assert entry.actor is None
    else:
        assert entry.actor.email == ("nieuw@example.com" if verb == "joined" else scene.owner.email)
        assert entry.actor_name == str(entry.actor)
    assert entry.target
    for secret in (NEW_PASSWORD, builders.PASSWORD):
        assert secret not in str(AuditEntry.objects.values())
    if entry.brand in {None, scene.brand}:
        with translation.override("nl"):
            page = scene.client.get(reverse("audit", args=[scene.brand.slug])) if verb != "logged_out" else None
            assert page is None or page.status_code == 302 or str(queries.VERBS[verb]) in page.content.decode()


def recorded() -> set[str]:
    """Every verb that the code writes down, wherever it stands: what `audit.record` or a module's `_tell` is given."""
    found: set[str] = set()
    for path in (ROOT / "inbox").rglob("*.py"):
        text = path.read_text()
        if "audit.record(" not in text:
            continue
        for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            if name == "audit.record" or name == "_tell":
                at_most = call.args[:1] if name == "audit.record" else call.args[1:2]
                found |= {one.value for arg in at_most for one in ast.walk(arg) if isinstance(one, ast.Constant)}
    return {verb for verb in found if isinstance(verb, str)}


def test_every_verb_has_a_test_and_words_in_both_languages():
    assert DONE.keys() | ELSEWHERE == queries.VERBS.keys()
    pieces = {"saved", "archived", "restored", "deleted", "lost", "/", "_"}  # of the library's verbs, and no verbs
    assert {verb for verb in recorded() if len(verb) > 1} - pieces <= queries.VERBS.keys()
    for verb, words in queries.VERBS.items():
        with translation.override("nl"):
            dutch = str(words)
        with translation.override("en"):
            english = str(words)
        assert dutch != english or verb == "", verb


def test_an_owner_is_seen_in_the_trail_of_every_brand():
    brand = builders.brand()
    owner, stranger = builders.agent(is_owner=True), builders.agent(builders.brand())
    for agent in (owner, stranger):
        Client().post(reverse("account_login"), {"login": agent.email, "password": builders.PASSWORD})
    assert [entry.actor for entry in queries.entries(brand)] == [owner]
