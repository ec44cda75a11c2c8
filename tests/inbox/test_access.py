"""Every address, every role, every method: from a table, and an address that is not in it fails."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from inbox.models import (
    Attachment,
    BulkReply,
    CannedReply,
    ClosingReason,
    Invitation,
    Label,
    Membership,
    SetAside,
    Team,
    View,
)
from inbox.operations import invitations
from tests import builders

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "outsider", "agent", "lead", "admin", "owner")
RANK = {"agent": 1, "lead": 2, "admin": 3, "owner": 3}


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
    "view": Rule("agent", "GET", ("view",)),
    "change_view": Rule("agent", "POST", ("view",)),
    "delete_view": Rule("agent", "POST", ("view",)),
    "conversation": Rule("agent", "GET", ("conversation",)),
    "timeline": Rule("agent", "GET", ("conversation",)),
    "head": Rule("agent", "GET", ("conversation",)),
    "present": Rule("agent", "POST", ("conversation",)),
    "note_person": Rule("agent", "POST", ("conversation",)),
    "do": Rule("agent", "POST", ("conversation", "what")),
    "undo": Rule("anyone", "POST"),
    "notifications": Rule("anyone", "GET"),
    "notifications_read": Rule("anyone", "POST"),
    "preferences": Rule("anyone", "GET POST"),
    "theme": Rule("anyone", "POST"),
    "shift": Rule("anyone", "POST"),
    # Writing and sending
    "composer": Rule("agent", "GET-", ("conversation",)),
    "reply": Rule("agent", "POST", ("conversation",)),
    "draft": Rule("agent", "POST", ("conversation",)),
    "hand_off": Rule("agent", "POST", ("conversation",)),
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
}
# Whole areas of others: allauth's own pages are tested by allauth, /support/ needs is_staff.
FOREIGN = ("account_", "mfa_", "usersessions_", "admin:")


def named(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """The names of all addresses."""
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{prefix}{one.namespace}:" if one.namespace else prefix
            yield from named(one.url_patterns, inner)
        else:
            yield f"{prefix}{one.name or one.pattern}"


def ours() -> list[str]:
    return sorted({name for name in named(get_resolver().url_patterns) if not name.startswith(FOREIGN)})


@pytest.fixture
def world() -> dict[str, Any]:
    """A brand with one of everything, and somebody of every role; an outsider works for another brand."""
    brand, elsewhere = builders.brand(name="Hier"), builders.brand(name="Elders")
    account = builders.account(brand, credentials={"access_token": "geheim"})
    conversation = builders.conversation(account)
    member = builders.agent(brand)
    delivery = builders.delivery(conversation)
    attachment = Attachment.objects.create(
        brand=brand,
        kind="image",
        content_type="image/png",
        uploaded_by=member,
        message=delivery.message,
        file=ContentFile(b"x", name="x.png"),
    )
    things: dict[str, Any] = {
        "slug": brand.slug, "kind": "x", "account": account.pk,
        "stream": builders.stream(account, kind="search", query="trein", proactive=True).pk,
        "team": Team.objects.create(brand=brand, name="Avond").pk, "other_agent": builders.agent(brand).pk,
        "member": Membership.objects.get(agent=member).pk,
        "label": Label.objects.create(brand=brand, name="fiets").pk,
        "reason": ClosingReason.objects.create(brand=brand, code="spam", name_nl="Spam", name_en="Spam").pk,
        "canned_reply": CannedReply.objects.create(brand=brand, shortcut="hoi", title="Hoi", text="Hoi!").pk,
        "contact": conversation.contact_id, "conversation": conversation.pk, "delivery": delivery.pk,
        "message": conversation.messages.order_by("pk").first().pk, "token": uuid.uuid4(),
        "action": "undo", "what": "reopen", "queue": "all",
        "view": View.objects.create(brand=brand, name="Fietsen", query="q=fiets").pk, "attachment": attachment.pk,
        "bulk": BulkReply.objects.create(brand=brand, agent=member, text="Storing").pk,
        "invitation": Invitation.objects.create(
            brand=brand, email="nieuw@example.com", token_hash="x" * 64, expires_at=timezone.now()).pk,
    }  # fmt: skip
    people = {
        "outsider": builders.agent(elsewhere, "admin"), "agent": builders.agent(brand, "agent"),
        "lead": builders.agent(brand, "lead"), "admin": builders.agent(brand, "admin"),
        "owner": builders.agent(is_owner=True),
    }  # fmt: skip
    kept = builders.stream(builders.account(brand), kind="mentions")
    item = SetAside.objects.create(stream=kept, fingerprint="f", payload={"id": "1"}, error="unreadable")
    things["set_aside"] = item.pk
    return {"brand": brand, "elsewhere": elsewhere, "things": things, "people": people}


def client_of(world: dict[str, Any], role: str) -> Client:
    client = Client(raise_request_exception=True)
    if role != "anonymous":
        client.force_login(world["people"][role])
    return client


def expected(rule: Rule, role: str, method: str) -> Callable[[int], bool]:
    """Which answers are right."""
    if role == "anonymous":
        return lambda status: status == (302 if method in known(rule) else 405) or status == 302
    if method not in known(rule):
        return lambda status: status == 405
    needed = rule.post or rule.role if method == "POST" else rule.role
    if needed == "owner":
        return lambda status: (status < 400 or status in {422}) if role == "owner" else status == 403
    if needed == "anyone":
        return lambda status: status < 400 or status in {400, 422}
    if role == "outsider":
        return lambda status: status == 404
    if RANK[role] < RANK[needed]:
        return lambda status: status == 403
    return lambda status: status < 400 or status in {409, 422}


def body_of(answer: Any) -> str:
    """What the browser gets, streamed or not."""
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def known(rule: Rule) -> set[str]:
    methods = {one.rstrip("-") for one in rule.methods.split()}
    return methods | ({"HEAD"} if "GET" in rule.methods.split() else set())


def test_no_address_is_without_a_rule():
    unknown = [name for name in ours() if name not in RULES and name not in OPEN]
    assert not unknown, "say in RULES who may come to these: " + ", ".join(unknown)


def test_no_rule_is_without_an_address():
    assert not [name for name in itertools.chain(RULES, OPEN) if name not in ours()]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(RULES))
def test_each_role_comes_where_it_may_and_nowhere_else(name, role, world):
    rule = RULES[name]
    client = client_of(world, role)
    address = reverse(name, args=[world["things"][one] for one in rule.arguments])
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "GET", "POST"):
        status = client.generic(method, address).status_code
        assert expected(rule, role, method)(status), f"{role} {method} {address} gave {status}"


def test_what_does_not_exist_looks_like_what_is_not_yours(world):
    client = client_of(world, "outsider")
    for name, rule in RULES.items():
        if rule.role in {"owner", "anyone"} or not rule.arguments:
            continue
        numbers = [999_999 if isinstance(world["things"][one], int) else "geen" for one in rule.arguments]
        absent = (
            client.get(reverse(name, args=numbers))
            if "GET" in rule.methods
            else client.post(reverse(name, args=numbers))
        )
        there = [world["things"][one] for one in rule.arguments]
        address = reverse(name, args=there)
        present = client.get(address) if "GET" in rule.methods else client.post(address)
        assert absent.status_code == present.status_code == 404, name


def test_pages_of_one_brand_say_nothing_of_another(world):
    secret = "GEHEIMVANELDERS"
    other = world["elsewhere"]
    strange = builders.account(other, name=secret, handle=secret)
    builders.conversation(strange, text=secret, identity=builders.identity(strange, name=secret, handle=secret))
    Team.objects.create(brand=other, name=secret)
    Label.objects.create(brand=other, name=secret, meaning=secret)
    CannedReply.objects.create(brand=other, shortcut="x", title=secret, text=secret)
    ClosingReason.objects.create(brand=other, code="x", name_nl=secret, name_en=secret)
    builders.agent(other, name=secret)
    client = client_of(world, "admin")
    for name, rule in RULES.items():
        if rule.role == "owner" or "GET" not in rule.methods or name == "attachment":
            continue
        address = reverse(name, args=[world["things"][one] for one in rule.arguments])
        answer = client.get(address, {"words": secret} if name == "privacy" else {})
        body = body_of(answer).replace(f'value="{secret}"', "")
        assert secret not in body, name


def test_exports_of_one_brand_say_nothing_of_another(world):
    from inbox.operations import audit

    audit.record("brand_changed", brand=world["elsewhere"], target="GEHEIMVANELDERS")
    audit.record("brand_changed", brand=world["brand"], target="VANHIER")
    text = b"".join(client_of(world, "admin").post(reverse("export_audit", args=[world["brand"].slug]))).decode()
    assert "VANHIER" in text
    assert "GEHEIMVANELDERS" not in text


def test_a_trainee_link_cannot_be_guessed():
    with pytest.raises(NoReverseMatch):
        reverse("accept_invitation", args=[])
    assert invitations.open_invitation("geraden") is None


def test_an_answer_that_was_not_begun_here_connects_nothing(world):
    client = client_of(world, "admin")
    answer = client.get(reverse("connect_callback", args=["x"]), {"state": "verzonnen", "code": "verzonnen"})
    assert answer.status_code == 400
    assert client_of(world, "anonymous").get(reverse("connect_callback", args=["x"])).status_code == 302


def test_without_the_second_factor_a_brand_is_not_there(world):
    world["brand"].require_second_factor = True
    world["brand"].save(update_fields=["require_second_factor"])
    client = client_of(world, "admin")
    for name, rule in RULES.items():
        if rule.role in {"owner", "anyone"}:
            continue
        address = reverse(name, args=[world["things"][one] for one in rule.arguments])
        answer = client.get(address) if "GET" in rule.methods else client.post(address)
        assert answer.status_code == 302, name
        assert answer.url == reverse("mfa_activate_totp"), name


def test_a_second_factor_opens_the_brand(world):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    world["brand"].require_second_factor = True
    world["brand"].save(update_fields=["require_second_factor"])
    TOTP.activate(world["people"]["admin"], generate_totp_secret())
    answer = client_of(world, "admin").get(reverse("accounts", args=[world["brand"].slug]))
    assert answer.status_code == 200
