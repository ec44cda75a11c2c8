"""What is not written again says the same as what is, whatever changed: facts, time, reader. Rows of a list, messages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import (
    Agent,
    Attachment,
    ChannelAccount,
    Contact,
    Conversation,
    ConversationLabel,
    Delivery,
    Identity,
    Label,
    Message,
    MessageVersion,
)
from inbox.operations import presence
from tests import builders
from webcare import jinja

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(hour=10, minute=0, second=5)
EVERY = "/inbox/{}/search/"  # whatever the state
CHANGES = {
    "preview": "Nog steeds niets gehoord", "kind": "complaint", "feeling": "negative", "visibility": "private",
    "proactive": True, "growth": 3, "reach": 12_000, "due_at": NOW - timedelta(minutes=1),
    "waiting_since": NOW - timedelta(minutes=50), "last_message_at": NOW - timedelta(days=40),
    "status": "resolved", "snoozed_until": NOW + timedelta(days=2), "assignee": None, "identity": None,
}  # fmt: skip


def put(talk, label):
    ConversationLabel.objects.create(conversation=talk, label=label, last_message_at=talk.last_message_at)


class Seen:
    """A list as somebody sees it: by a process that showed it before, and by one that did not."""

    def __init__(self, client, agent, brand):
        self.client, self.brand = client, brand
        client.force_login(agent)

    def again(self):
        page = self.client.get(
            EVERY.format(self.brand.slug), {"sort": "newest"}, headers={"HX-Target": "more", "HX-Request": "true"}
        )
        assert page.text.count("data-row=") == 1
        return page.text

    def afresh(self):
        jinja.pieces.clear()
        return self.again()

    def reads_otherwise_than(self, before):
        """Something else than before, and all of it true."""
        now = self.again()
        assert now == self.afresh()
        assert now != before
        return now


@pytest.fixture
def talk(time_machine):
    time_machine.move_to(NOW, tick=False)
    brand = builders.brand()
    account = builders.account(brand)
    who = builders.identity(account, handle="sanne", name="Sanne Visser")
    made = builders.conversation(account, identity=who, preview="Waar blijft mijn trein?")
    label = Label.objects.create(brand=brand, name="Vertraging", colour="amber")
    put(made, label)
    facts = {"waiting_since": NOW - timedelta(minutes=10), "due_at": NOW + timedelta(minutes=50)}
    Conversation.objects.filter(pk=made.pk).update(**facts, assignee=builders.agent(brand, name="Fatima Aziz"))
    made.refresh_from_db()
    return made


@pytest.fixture
def seen(client, talk):
    return Seen(client, builders.agent(talk.brand, name="Jan de Wit", language="nl"), talk.brand)


@pytest.mark.parametrize("column", CHANGES)
def test_what_changed_in_the_conversation(talk, seen, column):
    if column == "snoozed_until":
        Conversation.objects.filter(pk=talk.pk).update(status="snoozed", snoozed_until=NOW + timedelta(days=1))
    if column == "last_message_at":  # told when nobody waits
        Conversation.objects.filter(pk=talk.pk).update(waiting_since=None)
    before = seen.again()
    Conversation.objects.filter(pk=talk.pk).update(**{column: CHANGES[column]})
    seen.reads_otherwise_than(before)


def rename_identity(talk):
    Identity.objects.filter(pk=talk.identity_id).update(name="Sanne Bakker")


def lose_name(talk):
    Identity.objects.filter(pk=talk.identity_id).update(name="", handle="sanne_v")


def rename_contact(talk):
    Identity.objects.filter(pk=talk.identity_id).update(name="", handle="")
    Contact.objects.filter(pk=talk.contact_id).update(name="Mevrouw Visser")


def rename_owner(talk):
    Agent.objects.filter(pk=talk.assignee_id).update(name="Fatima Yilmaz")


def rename_label(talk):
    Label.objects.update(name="Te laat")


def colour_label(talk):
    Label.objects.update(colour="red")


def more_labels(talk):
    for n in range(4):
        label = Label.objects.create(brand=talk.brand, name=f"Label {n}")
        put(talk, label)


def take_label_off(talk):
    talk.labelled.all().delete()


def somebody_looks(talk):
    presence.arrive(talk, agent=talk.assignee)


def somebody_types(talk):
    presence.arrive(talk, agent=talk.assignee, typing=True)


AROUND = (rename_identity, lose_name, rename_contact, rename_owner, rename_label, colour_label, more_labels, take_label_off,
          somebody_looks, somebody_types)  # fmt: skip


@pytest.mark.parametrize("change", AROUND)
def test_what_changed_around_the_conversation(talk, seen, change):
    before = seen.again()
    change(talk)
    seen.reads_otherwise_than(before)


@pytest.mark.parametrize(
    "later", [timedelta(minutes=1), timedelta(minutes=45), timedelta(hours=2), timedelta(days=3), timedelta(days=9)]
)
def test_time_went_on(talk, seen, time_machine, later):
    before = seen.again()
    time_machine.move_to(NOW + later, tick=False)
    seen.reads_otherwise_than(before)


def test_a_time_of_today_is_of_yesterday_tomorrow(talk, seen, time_machine):
    Conversation.objects.filter(pk=talk.pk).update(waiting_since=None, last_message_at=NOW)
    before = seen.again()
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    seen.reads_otherwise_than(before)


@pytest.mark.parametrize("change", [{"language": "en"}, {"time_zone": "Asia/Kathmandu"}])
def test_another_reader_reads_it_their_way(client, talk, seen, change):
    Conversation.objects.filter(pk=talk.pk).update(waiting_since=None, last_message_at=NOW)
    before = seen.again()
    other = Seen(client, builders.agent(talk.brand, **{"language": "nl", **change}), talk.brand)
    other.reads_otherwise_than(before)


def test_whose_it_is_depends_on_who_reads(client, talk, seen):
    assert "Van jou" not in seen.again()
    mine = Seen(client, talk.assignee, talk.brand)
    now = mine.again()
    assert now == mine.afresh()
    assert "Fatima Aziz" not in now


def test_a_row_leads_to_where_it_is_opened_from(client, talk, seen):
    seen.again()
    fresh = client.get(f"/inbox/{talk.brand.slug}/search/rows/", {"ids": talk.pk})
    assert f'href="/inbox/{talk.brand.slug}/search/{talk.pk}/"' in fresh.text
    asked = client.get(EVERY.format(talk.brand.slug), {"visibility": "public"})
    assert f'href="/inbox/{talk.brand.slug}/search/{talk.pk}/?visibility=public"' in asked.text
    assert jinja.PLACE not in asked.text + fresh.text


class Opened(Seen):
    """A conversation as somebody sees it."""

    def __init__(self, client, agent, talk):
        super().__init__(client, agent, talk.brand)
        self.talk = talk

    def again(self):
        page = self.client.get(f"/conversations/{self.talk.pk}/timeline/")
        assert page.text.count('id="m-') == 2
        return re.sub('name="csrfmiddlewaretoken" value="[^"]+"', "", page.text)


@pytest.fixture
def opened(client, talk):
    ours = builders.delivery(talk, "We zoeken het uit.")
    Message.objects.filter(pk=ours.message_id).update(agent=talk.assignee)
    Message.objects.filter(conversation=talk, direction="in").update(identity=talk.identity)
    return Opened(client, builders.agent(talk.brand, language="nl"), talk)


SAID = {
    "text": "Nog niets https://ns.example/", "edited_at": NOW, "deleted_at": NOW, "erased_at": NOW, "placeholder": True,
    "rating": "negative", "reposts": 3, "replies": 1, "likes": 12_000, "sent_at": NOW - timedelta(days=2),
    "permalink": "https://x.com/i/2", "identity": None, "options": {"public_reply": {"allowed": False, "reason": "gone"}},
}  # fmt: skip


@pytest.mark.parametrize("column", SAID)
def test_what_changed_in_a_message(talk, opened, column):
    before = opened.again()
    Message.objects.filter(conversation=talk, direction="in").update(**{column: SAID[column]})
    opened.reads_otherwise_than(before)


def rename_account(talk):
    ChannelAccount.objects.filter(pk=talk.account_id).update(name="Noord Treinen hulp")


def picture(talk):
    message = talk.messages.get(direction="in")
    Attachment.objects.create(
        message=message, kind="image", url="https://pic.example/1.jpg", preview_url="https://pic.example/1s.jpg"
    )


def version(talk):
    message = talk.messages.get(direction="in")
    MessageVersion.objects.create(message=message, text="Waar blijft hij?", sent_at=NOW, replaced_at=NOW)


def deliver(state, **facts):
    def change(talk):
        Delivery.objects.filter(conversation=talk).update(state=state, **facts)

    change.__name__ = f"reply_{state}"
    return change


REPLIES = (deliver("sent"), deliver("sending"), deliver("failed", error_reason="gone"), deliver("uncertain"), deliver("cancelled"),
           deliver("approval"))  # fmt: skip


@pytest.mark.parametrize("change", [rename_identity, rename_owner, rename_account, picture, version, *REPLIES])
def test_what_changed_around_a_message(talk, opened, change):
    before = opened.again()
    change(talk)
    opened.reads_otherwise_than(before)


def test_a_sent_reply_gets_its_place_on_the_platform(talk, opened):
    deliver("sent")(talk)
    before = opened.again()
    Message.objects.filter(conversation=talk, direction="out").update(permalink="https://x.com/i/3")
    assert 'href="https://x.com/i/3"' in opened.reads_otherwise_than(before)


def test_only_a_lead_is_offered_to_hide_what_can_be_hidden(client, talk, opened):
    Message.objects.filter(conversation=talk, direction="in").update(options={"can_hide": True})
    before = opened.again()
    lead = Opened(client, builders.agent(talk.brand, role="lead", language="nl"), talk)
    now = lead.again()
    assert now == lead.afresh()
    assert "/hide/" in now
    assert "/hide/" not in before


def test_a_message_stands_under_its_own_sender_as_long_as_that_one_is_near(talk, opened):
    Delivery.objects.all().delete()
    Message.objects.filter(direction="out").delete()
    builders.message(talk, "Hallo?", sent_at=NOW)
    first = talk.messages.exclude(text="Hallo?")
    first.update(sent_at=NOW - timedelta(minutes=2))
    assert "said next" in opened.again()
    first.update(sent_at=NOW - timedelta(minutes=20))
    now = opened.again()
    assert now == opened.afresh()
    assert "said next" not in now


@pytest.mark.parametrize("change", [{"language": "en"}, {"time_zone": "Asia/Kathmandu"}])
def test_another_reader_reads_messages_their_way(client, talk, opened, change):
    before = opened.again()
    other = Opened(client, builders.agent(talk.brand, **{"language": "nl", **change}), talk)
    other.reads_otherwise_than(before)


def test_a_message_of_today_is_of_yesterday_tomorrow(talk, opened, time_machine):
    before = opened.again()
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    opened.reads_otherwise_than(before)


class Beside(Seen):
    """What stands beside the messages: the person with what they said before, and the composer."""

    def __init__(self, client, agent, talk):
        super().__init__(client, agent, talk.brand)
        self.talk = talk

    def again(self):
        talk = {"HX-Request": "true", "HX-Target": "talk"}
        page = self.client.get(f"/inbox/{self.brand.slug}/search/{self.talk.pk}/", headers=talk).text
        assert page.count("<option") == 2
        return re.sub('name="(csrfmiddlewaretoken|token)" value="[^"]+"', "", page)


@pytest.fixture
def beside(client, talk):
    before = builders.conversation(talk.account, identity=talk.identity, preview="Ik mis mijn tas")
    Conversation.objects.filter(pk=before.pk).update(feeling="negative", contact=talk.contact)
    Message.objects.filter(conversation=talk, direction="in").update(sent_at=NOW - timedelta(minutes=4))
    builders.message(talk, "Hallo?", sent_at=NOW)
    return Beside(client, builders.agent(talk.brand, language="nl"), talk)


def before_changes(talk):
    Conversation.objects.exclude(pk=talk.pk).update(preview="Tas is terecht")


def before_is_felt(talk):
    Conversation.objects.exclude(pk=talk.pk).update(feeling="positive")


def this_is_felt(talk):
    Conversation.objects.filter(pk=talk.pk).update(feeling="positive")


def message_changes(talk):
    talk.messages.filter(text="Hallo?").update(text="Is daar iemand?")


def another_time(talk):
    talk.messages.filter(text="Hallo?").update(sent_at=NOW - timedelta(days=1))


@pytest.mark.parametrize("change", [before_changes, before_is_felt, this_is_felt, message_changes, another_time])
def test_what_changed_beside_the_messages(talk, beside, change):
    before = beside.again()
    change(talk)
    beside.reads_otherwise_than(before)


@pytest.mark.parametrize("change", [{"language": "en"}, {"time_zone": "Asia/Kathmandu"}])
def test_another_reader_reads_what_stands_beside_their_way(client, talk, beside, change):
    before = beside.again()
    other = Beside(client, builders.agent(talk.brand, **{"language": "nl", **change}), talk)
    other.reads_otherwise_than(before)
