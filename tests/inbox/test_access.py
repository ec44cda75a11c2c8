"""Every address, every role, every method: from a table, and an address that is not in it fails."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from inbox.models import (
    ActivityEntry,
    Attachment,
    BulkReply,
    CannedReply,
    ClosingReason,
    Conversation,
    ConversationLabel,
    Delivery,
    Invitation,
    Label,
    Membership,
    Message,
    SetAside,
    Team,
    View,
)
from inbox.operations import invitations
from inbox.queries.frame import Frame
from inbox.views.actions import ACTS
from tests import builders
from tests.inbox.access_rules import FOREIGN, LOOKED_AT, OPEN, RULES, Rule

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "outsider", "agent", "lead", "admin", "owner")
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "GET", "POST")
RANK = {"agent": 1, "lead": 2, "admin": 3, "owner": 3}


def named(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """The names of all addresses."""
    for one in patterns:
        if isinstance(one, URLResolver):
            inner = f"{prefix}{one.namespace}:" if one.namespace else prefix
            yield from named(one.url_patterns, inner)
        else:
            yield f"{prefix}{one.name or one.pattern}"


def addresses() -> list[str]:
    """All of them; the admin's two nameless ones hand on to the others."""
    return sorted({name for name in named(get_resolver().url_patterns) if not re.match(r"admin:.*[/$]$", name)})


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
        "action": "undo", "what": "reopen", "queue": "all", "menu": "assign",
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
    unknown = [name for name in addresses() if not {name} & (RULES.keys() | OPEN.keys() | FOREIGN.keys())]
    assert not unknown, "say in RULES who may come to these: " + ", ".join(unknown)


def test_no_rule_is_without_an_address():
    assert not [name for name in itertools.chain(RULES, OPEN, FOREIGN) if name not in addresses()]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(RULES))
def test_each_role_comes_where_it_may_and_nowhere_else(name, role, world):
    rule = RULES[name]
    client = client_of(world, role)
    address = reverse(name, args=[world["things"][one] for one in rule.arguments])
    for method in METHODS:
        status = client.generic(method, address).status_code
        assert expected(rule, role, method)(status), f"{role} {method} {address} gave {status}"


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_pages_of_libraries_open_to_whom_they_should(name, world):
    rule = FOREIGN[name]
    world["people"]["staff"] = builders.agent(is_staff=True, is_superuser=True)
    for role in (*ROLES, "staff"):
        client = client_of(world, role)
        for method in METHODS:
            answer = client.generic(method, filled(name, world))
            where = f"{role} {method} {name} gave {answer.status_code} {answer.get('Location', '')}"
            assert answer.status_code < 500, where
            if rule == "gone":
                assert answer.status_code == 404, where
            elif rule == "own" and role == "anonymous":
                assert answer.status_code == 405 or to_the_door(answer), where
            elif rule.startswith("staff") and role != "staff":
                assert answer.status_code in {403, 405} or to_the_door(answer), where


def filled(name: str, world: dict[str, Any]) -> str:
    """The address of a library's page, of something that is there."""
    if name == "admin:view_on_site":
        return reverse(name, args=[1, 1])
    if name == "admin:app_list":
        return reverse(name, args=["inbox"])
    if name == "account_reset_password_from_key":
        return reverse(name, args=["1", "x-y"])
    if name == "account_confirm_email":
        return reverse(name, args=["x"])
    needs_one = name.startswith("admin:inbox_") and not name.endswith(("changelist", "add"))
    return reverse(name, args=[world["things"]["account"]] if needs_one else [])


def to_the_door(answer: Any) -> bool:
    """Sent to log in; Django's own door only leads to ours."""
    return answer.status_code == 302 and urlsplit(answer["Location"]).path in {
        reverse("account_login"), reverse("admin:login"),
    }  # fmt: skip


def test_support_staff_come_in_by_our_own_door_and_only_look(world):
    staff = builders.agent(is_staff=True, is_superuser=True)
    guest, client = Client(), Client()
    door = guest.post(reverse("admin:login"), {"username": staff.email, "password": builders.PASSWORD})
    assert to_the_door(door)
    assert "_auth_user_id" not in guest.session
    client.force_login(staff)
    for one in LOOKED_AT:
        assert client.get(reverse(f"admin:inbox_{one}_changelist")).status_code == 200, one
        assert client.get(reverse(f"admin:inbox_{one}_add")).status_code == 403, one
    account = world["things"]["account"]
    page = client.get(reverse("admin:inbox_channelaccount_change", args=[account]))
    assert page.status_code == 200
    assert "geheim" not in page.content.decode()
    assert client.post(reverse("admin:inbox_channelaccount_delete", args=[account])).status_code == 403


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


@pytest.fixture
def strange(world) -> dict[str, Any]:
    """One of everything that belongs to the other brand."""
    other = world["elsewhere"]
    account = builders.account(other, name="GEHEIMVANELDERS")
    conversation = builders.conversation(account, text="GEHEIMVANELDERS", assignee=world["people"]["outsider"])
    entry = ActivityEntry.objects.create(
        conversation=conversation, verb="claimed", at=timezone.now(), data={"assignee_id": [None, 1]}
    )
    file = Attachment.objects.create(
        brand=other, kind="image", uploaded_by=world["people"]["outsider"], file=ContentFile(b"x", name="x.png")
    )
    return {
        "conversation": conversation.pk, "agent": world["people"]["outsider"].pk, "entry": entry.pk, "file": file.pk,
        "team": Team.objects.create(brand=other, name="GEHEIMVANELDERS").pk, "message": conversation.messages.get().pk,
        "label": Label.objects.create(brand=other, name="GEHEIMVANELDERS").pk,
    }  # fmt: skip


def state_of(world: dict[str, Any]) -> list[Any]:
    """All that a form could change of the other brand, and of ours by a thing of theirs."""
    ours_and_theirs = Conversation.objects.order_by("pk").values("pk", "assignee", "team", "status", "version")
    return [
        list(ours_and_theirs), list(ConversationLabel.objects.values()), list(Membership.teams.through.objects.values()),
        list(Attachment.objects.order_by("pk").values("pk", "message", "alt_text")), Delivery.objects.count(),
        Invitation.objects.count(), CannedReply.objects.count(),
    ]  # fmt: skip


def test_a_form_with_ids_of_another_brand_does_nothing_and_says_nothing(world, strange):
    client, slug, own = client_of(world, "admin"), world["brand"].slug, world["things"]["conversation"]
    member = world["things"]["member"]
    person = Membership.objects.get(pk=member)
    before = state_of(world)
    tried = [
        *((reverse("do_many", args=[slug, act]), {
            "ids": [strange["conversation"]], "to": f"agent:{world['people']['admin'].pk}", "kind": "question",
            "label": [world["things"]["label"]], "reason": "spam", "for": "hour"}) for act in ACTS),
        (reverse("do", args=[own, "assign"]), {"to": f"agent:{strange['agent']}"}),
        (reverse("do", args=[own, "assign"]), {"to": f"team:{strange['team']}"}),
        (reverse("do", args=[own, "label"]), {"label": [strange["label"]]}),
        (reverse("undo"), {"entries": str(strange["entry"])}),
        (reverse("member", args=[member]), {"role": person.role, "teams": [strange["team"]]}),
        (reverse("people", args=[slug]), {"email": "n@example.com", "role": "agent", "teams": [strange["team"]]}),
        (reverse("new_canned_reply", args=[slug]), {
            "title": "a", "shortcut": "a", "text": "a", "owner": strange["agent"]}),
        (reverse("bulk", args=[slug]), {"ids": [strange["conversation"]], "text": "Hoi", "send": "1"}),
        (reverse("attachment_change", args=[world["things"]["attachment"]]), {
            "conversation": strange["conversation"], "alt_text": "gekaapt"}),
        (reverse("attachment_change", args=[strange["file"]]), {"conversation": own, "alt_text": "gekaapt"}),
        (reverse("reply", args=[own]), {
            "text": "Hoi", "mode": "public", "parent": strange["message"], "in_reply_to": strange["message"],
            "message": strange["message"]}),
    ]  # fmt: skip
    for address, form in tried[:-1]:
        answer = client.post(address, form)
        assert answer.status_code < 500, address
        assert "GEHEIMVANELDERS" not in body_of(answer), address
        assert state_of(world) == before, (address, form)
    assert "GEHEIMVANELDERS" not in body_of(client.post(*tried[-1]))
    assert not Delivery.objects.filter(message__parent_external_id__in=Message.objects.filter(
        pk=strange["message"]).values("external_id")).exists()  # fmt: skip


def test_searches_and_counts_know_one_brand(world, strange):
    client, slug = client_of(world, "agent"), world["brand"].slug
    for name, arguments, query in (
        ("list", [slug, "search"], {"q": "GEHEIMVANELDERS"}),
        ("rows", [slug, "search"], {"q": "GEHEIMVANELDERS"}),
        ("palette", [slug], {"q": "GEHEIMVANELDERS"}),
        ("list", [slug, "all"], {"label": strange["label"], "team": strange["team"], "assignee": strange["agent"]}),
        ("figures", [slug], {}),
    ):
        body = body_of(client.get(reverse(name, args=arguments), query))
        assert reverse("conversation", args=[strange["conversation"]]) not in body, name
        assert f"/{strange['conversation']}/" not in body, name
        assert "GEHEIMVANELDERS" not in re.sub(
            r'(value|content|href|data-[a-z-]+)="[^"]*"|“GEHEIMVANELDERS”', "", body
        ), name
    counted = [frame.counts for frame in [Frame(world["people"]["agent"], world["brand"])]]
    builders.conversation(builders.account(world["elsewhere"]), text="Nog een")
    assert counted == [frame.counts for frame in [Frame(world["people"]["agent"], world["brand"])]]


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
