"""Invitations, roles, leaving; and what the audit trail says of it."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.models import Agent, AuditEntry, Brand, CannedReply, ClosingReason, Invitation, Label, Membership, Team
from inbox.models.teams import monogram
from inbox.operations import invitations, members, notifications, people
from inbox.operations.changes import Refused
from inbox.queries.frame import Frame
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    brand = builders.brand()
    client = Client()
    client.agent, client.brand = builders.agent(brand, "admin"), brand
    client.force_login(client.agent)
    return client


@pytest.fixture
def invite(admin, django_capture_on_commit_callbacks):
    def send(email: str = "nieuw@example.com", **fields: object) -> str:
        """Invite by the page; the address in the letter."""
        with django_capture_on_commit_callbacks(execute=True):
            answer = admin.post(reverse("people", args=[admin.brand.slug]), {"email": email, "role": "lead", **fields})
        assert answer.status_code == 302, answer.content.decode()
        return re.search(r"https?://[^/]+(/join/\S+)", mail.outbox[-1].body).group(1)

    return send


NEW = {"name": "Nieuwe Collega", "password": "vier willekeurige woorden"}


def test_an_invitation_makes_a_member(admin, invite):
    team = Team.objects.create(brand=admin.brand, name="Avond")
    address = invite(is_trainee="on", teams=[team.pk])
    guest = Client()
    assert guest.get(address).status_code == 200
    assert guest.post(address, NEW).status_code == 302
    membership = Membership.objects.get(agent__email="nieuw@example.com")
    assert (membership.brand, membership.role, membership.is_trainee) == (admin.brand, "lead", True)
    assert list(membership.teams.all()) == [team]
    assert guest.session["_auth_user_id"] == str(membership.agent_id)
    assert {"invited", "joined"} <= set(AuditEntry.objects.values_list("verb", flat=True))


def test_a_guest_can_type_at_once_and_reads_in_their_language_what_is_wrong(invite):
    address, guest = invite(), Client(headers={"Accept-Language": "nl"})
    focus = r"<input[^>]*name=\"(\w+)\"[^>]*autofocus"
    assert re.findall(focus, guest.get(address).text) == ["name"]
    answer = guest.post(address, {**NEW, "password": "kort"})
    assert "Te kort: een wachtwoord heeft minstens 12 tekens." in answer.text
    assert re.findall(focus, answer.text) == ["password"]


def test_after_a_mistake_one_goes_on_where_it_was_made(admin):
    answer = admin.post(reverse("people", args=[admin.brand.slug]), {"email": "geen adres", "role": "agent"})
    assert re.findall(r"<input[^>]*name=\"(\w+)\"[^>]*autofocus", answer.text) == ["email"]


def test_a_link_works_once(invite):
    address = invite()
    assert Client().post(address, NEW).status_code == 302
    assert Client().get(address).status_code == 410
    assert Client().post(address, NEW).status_code == 410
    assert Agent.objects.filter(email="nieuw@example.com").count() == 1


def test_a_link_is_good_for_a_week(invite, time_machine):
    address = invite()
    time_machine.move_to(timezone.now() + timedelta(days=7, minutes=1))
    assert Client().get(address).status_code == 410


def test_a_link_sent_again_kills_the_former(admin, invite, django_capture_on_commit_callbacks):
    former = invite()
    one = reverse("change_invitation", args=[Invitation.objects.get().pk])
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(one, {"resend": "1"})
    assert Client().get(former).status_code == 410
    assert len(mail.outbox) == 2


@pytest.mark.django_db(transaction=True)
def test_who_sends_a_link_again_hears_that_the_mail_server_is_away(admin, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    sent = invitations.VALID + timezone.now()
    one = Invitation.objects.create(brand=admin.brand, email="nieuw@example.com", token_hash="x", expires_at=sent)
    page = admin.post(reverse("change_invitation", args=[one.pk]), {"resend": "1"}, follow=True)
    assert "mailserver" in page.content.decode()
    assert page.redirect_chain[-1][0] == reverse("people", args=[admin.brand.slug])


def test_a_withdrawn_link_is_dead(admin, invite):
    address = invite()
    admin.post(reverse("change_invitation", args=[Invitation.objects.get().pk]), {"withdraw": "1"})
    assert Client().get(address).status_code == 410


def test_only_a_hash_of_the_link_is_kept(invite):
    token = invite().split("/")[2]
    assert token not in str(Invitation.objects.values().get())


def test_who_has_an_account_joins_by_logging_in(admin, invite):
    known = builders.agent(email="bekend@example.com")
    address = invite("Bekend@Example.com")
    stranger = Client()
    stranger.force_login(builders.agent())
    stranger.post(address, NEW)
    assert not known.memberships.exists()
    client = Client()
    client.force_login(known)
    client.post(address)
    assert known.memberships.get().brand == admin.brand


def test_a_weak_password_is_refused_with_the_reason(invite):
    answer = Client().post(invite(), {"name": "Kort", "password": "kort"})
    assert answer.status_code == 422
    assert "12" in answer.content.decode()


def test_a_member_is_not_invited_again(admin):
    member = builders.agent(admin.brand)
    answer = admin.post(reverse("people", args=[admin.brand.slug]), {"email": member.email.upper(), "role": "agent"})
    assert answer.status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_one_link_one_joins(invite):
    token = invite().split("/")[2]
    agents = [builders.agent(), builders.agent()]
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def join(agent: Agent) -> None:
        barrier.wait()
        try:
            invitations.accept(token=token, agent=agent)
            outcomes.append("joined")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=[agent]) for agent in agents]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(outcomes) == ["joined", "used"]


def test_a_change_of_role_is_in_the_trail(admin):
    member = Membership.objects.get(agent=builders.agent(admin.brand))
    admin.post(reverse("member", args=[member.pk]), {"role": "lead"})
    member.refresh_from_db()
    assert member.role == "lead"
    assert AuditEntry.objects.get(verb="rights_changed").data["changed"]["role"] == ["agent", "lead"]


def test_the_last_admin_cannot_leave_or_step_down(admin):
    own = admin.agent.memberships.get()
    assert admin.post(reverse("member", args=[own.pk]), {"role": "agent"}).status_code == 422
    admin.post(reverse("remove_member", args=[own.pk]))
    assert admin.agent.memberships.get().role == "admin"


@pytest.mark.django_db(transaction=True)
def test_two_admins_cannot_remove_each_other():
    brand = builders.brand()
    first, second = builders.agent(brand, "admin"), builders.agent(brand, "admin")
    barrier = threading.Barrier(2)

    def remove(actor: Agent, target: Agent) -> None:
        membership = target.memberships.get()
        barrier.wait()
        try:
            members.remove(membership=membership, actor=actor)
        except Refused:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((first, second), (second, first))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Membership.objects.filter(brand=brand, role="admin").count() == 1


def test_who_was_made_admin_meanwhile_is_not_removed_as_an_agent(admin):
    brand = admin.brand
    read_before = Membership.objects.get(agent=builders.agent(brand))
    Membership.objects.filter(pk=read_before.pk).update(role="admin")
    Membership.objects.filter(agent=admin.agent).update(role="agent")
    with pytest.raises(Refused, match="last_admin"):
        members.remove(membership=read_before, actor=admin.agent)


def test_who_is_removed_twice_is_so_once_in_the_trail(admin):
    pk = builders.agent(admin.brand).memberships.get().pk
    twice = [Membership.objects.get(pk=pk) for _ in range(2)]
    members.remove(membership=twice[0], actor=admin.agent)
    with pytest.raises(Refused, match="gone"):
        members.remove(membership=twice[1], actor=admin.agent)
    assert AuditEntry.objects.filter(verb="member_removed").count() == 1


def test_who_leaves_gives_open_work_back(admin):
    leaver = builders.agent(admin.brand)
    conversation = builders.conversation(builders.account(admin.brand), assignee=leaver)
    admin.post(reverse("remove_member", args=[leaver.memberships.get().pk]))
    conversation.refresh_from_db()
    assert conversation.assignee is None
    assert AuditEntry.objects.get(verb="member_removed").data == {"offered_back": 1}
    assert list(conversation.activity.values_list("verb", flat=True)) == ["offered_back"]


def test_who_leaves_keeps_no_unread_bell_of_that_brand(admin):
    stays = builders.brand()
    leaver = builders.agent(stays)
    leaving = Membership.objects.create(brand=admin.brand, agent=leaver, role="agent")
    for brand in (stays, admin.brand):
        notifications.tell([leaver.pk], kind="assigned", key=f"told:{brand.pk}", brand_id=brand.pk)
    assert Frame(leaver, stays).unread == 2
    members.remove(membership=leaving, actor=admin.agent)
    assert Frame(leaver, stays).unread == 1
    notifications.mark_read(agent=leaver)
    assert Frame(leaver, stays).unread == 0
    Membership.objects.create(brand=admin.brand, agent=leaver, role="agent")
    assert Frame(leaver, stays).unread == 1  # nobody read it meanwhile


def test_who_joins_a_brand_that_asks_for_a_second_factor_is_led_to_it(admin, invite):
    address = invite()
    Brand.objects.filter(pk=admin.brand.pk).update(require_second_factor=True)
    guest = Client()
    assert guest.post(address, NEW).url == "/"
    assert guest.get("/").url == reverse("mfa_activate_totp")


def test_signing_somebody_out_ends_every_session(admin):
    member = builders.agent(admin.brand)
    devices = [Client(), Client()]
    for device in devices:
        device.post(reverse("account_login"), {"login": member.email, "password": builders.PASSWORD})
        assert device.get("/preferences/").status_code == 200
    admin.post(reverse("sign_out_member", args=[member.memberships.get().pk]))
    assert [device.get("/preferences/").status_code for device in devices] == [302, 302]


def test_deactivating_shuts_out_and_gives_work_back():
    owner, brand = builders.agent(is_owner=True), builders.brand()
    leaver = builders.agent(brand)
    conversation = builders.conversation(builders.account(brand), assignee=leaver)
    client = Client()
    client.force_login(owner)
    client.post(reverse("switch_agent", args=[leaver.pk]), {"active": "0"})
    conversation.refresh_from_db()
    leaver.refresh_from_db()
    assert (leaver.is_active, conversation.assignee) == (False, None)
    client.post(reverse("switch_agent", args=[owner.pk]), {"active": "0"})
    owner.refresh_from_db()
    assert owner.is_active


def test_logins_are_in_the_trail_and_typed_passwords_are_not():
    agent = builders.agent(builders.brand())
    guest = Client()
    guest.post(reverse("account_login"), {"login": agent.email, "password": "fout wachtwoord hier"})
    guest.post(reverse("account_login"), {"login": "perongeluk-mijn-wachtwoord@example.com", "password": "x"})
    guest.post(reverse("account_login"), {"login": agent.email, "password": builders.PASSWORD})
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "login_failed", "login_failed", "logged_in"]  # fmt: skip
    assert "perongeluk" not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get(verb="logged_in").address == "127.0.0.1"


def test_a_new_brand_knows_why_things_are_closed():
    owner = builders.agent(is_owner=True)
    client = Client()
    client.force_login(owner)
    client.post(reverse("brands"), {"name": "Noord Treinen"})
    brand = Brand.objects.get(slug="noord-treinen")
    assert brand.closing_reasons.count() == len(people.REASONS)


def test_settings_of_a_brand_are_in_the_trail(admin):
    values = {"name": "Anders", "language": "en", "keep_payload_days": "7", "keep_message_days": "0",
              "keep_attachment_days": "0"}  # fmt: skip
    assert admin.post(reverse("brand_settings", args=[admin.brand.slug]), values).status_code == 302
    changed = AuditEntry.objects.get(verb="brand_changed").data["changed"]
    assert changed["keep_payload_days"] == [30, 7]


def test_the_library_is_kept(admin):
    slug = admin.brand.slug
    admin.post(reverse("new_label", args=[slug]), {"name": "fiets", "colour": "blue", "meaning": "Fiets mee"})
    again = admin.post(reverse("new_label", args=[slug]), {"name": "fiets", "colour": "blue"})
    assert 'role="alert" tabindex="-1" autofocus' in again.text
    admin.post(reverse("new_reason", args=[slug]), {"name_nl": "Grapje", "name_en": "A joke"})
    reply = {"title": "Hoi", "shortcut": "hoi", "text": "Hoi {name}!", "language": "nl", "channel": "x",
             "owner": admin.agent.pk, "expires_on": "2030-01-01"}  # fmt: skip
    assert admin.post(reverse("new_canned_reply", args=[slug]), reply).status_code == 302
    assert Label.objects.get(name="fiets").meaning == "Fiets mee"
    assert ClosingReason.objects.get(code="a-joke").name_nl == "Grapje"
    assert CannedReply.objects.get().owner == admin.agent
    assert admin.post(reverse("new_label", args=[slug]), {"name": "fiets", "colour": "red"}).status_code == 422
    label = Label.objects.get()
    admin.post(reverse("label", args=[label.pk]), {"archived": "1"})
    label.refresh_from_db()
    assert label.archived_at is not None


def test_too_many_invitations_are_held_back(admin, monkeypatch):
    from inbox import limits

    monkeypatch.setitem(limits.RATES, "invitation", (1, 3600))
    codes = [
        admin.post(
            reverse("people", args=[admin.brand.slug]), {"email": f"n{n}@example.com", "role": "agent"}
        ).status_code
        for n in range(2)
    ]
    assert codes == [302, 429]


def test_who_tries_the_door_too_often_reads_so_in_their_own_language():
    guest = Client(headers={"Accept-Language": "nl"})
    answers = [guest.post(reverse("account_login"), {"login": f"{n}@example.com", "password": "x"}) for n in range(31)]
    assert answers[-1].status_code == 429
    assert "Wacht even en probeer het dan opnieuw" in answers[-1].content.decode()


@pytest.mark.parametrize(("name", "letters"), [
    ("Anna de Vries", "AV"), ("Thijs ☕", "TH"), ("☕ Thijs ☕ Bos ☕", "TB"), ("jan_de_boer", "JB"), ("X", "X"), ("J. ", "J"),
    ("☕", "☕"), ("👩‍👧 🌷", "👩"), ("Al-Amin", "AL"), ("O'Neil", "O"), ("李雷", "李雷"), ("3voor12", "3V"), ("", "?"), (" @ ", "?"),
])  # fmt: skip
def test_an_avatar_has_letters_where_the_name_has_them(name, letters):
    assert monogram(name) == letters
