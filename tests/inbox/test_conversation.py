"""Reading a conversation: complete, in order, safe, and as cheap for a long one as for a short one."""

from __future__ import annotations

import re
import zoneinfo
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inbox import events
from inbox.models import (
    ActivityEntry,
    Attachment,
    ClosingReason,
    ContactNote,
    Label,
    MessageVersion,
    Note,
    Thread,
)
from inbox.operations import assignments, presence, triage
from inbox.queries import conversation as queries
from inbox.queries.conversation_times import asked_moment, feelings_of, presets
from tests import builders

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "talk"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def talk():
    return builders.conversation(builders.account())


@pytest.fixture
def agent(talk):
    return builders.agent(talk.brand, name="Daan Visser", language="en")


@pytest.fixture
def page(client, agent):
    client.force_login(agent)
    return client


def screen_of(talk, queue="all"):
    return reverse("open", args=[talk.brand.slug, queue, talk.pk])


def read(page, talk, **query):
    answer = page.get(screen_of(talk), query, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


class Tags(HTMLParser):
    """What a browser would make of a page: its words, and the elements that should not be there."""

    def __init__(self):
        super().__init__()
        self.words, self.wrong = [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        own = tag != "script" or (given.get("src") or "").startswith("/static/")
        links = [given.get(name) or "" for name in ("href", "src", "action")]
        safe = not any(link.startswith(("javascript:", "data:")) for link in links)
        quiet = not any(name.startswith("on") or name == "style" for name in given)
        if not (own and safe and quiet) or given.get("src") == "x":
            self.wrong.append((tag, attrs))

    def handle_data(self, data):
        self.words.append(data)


def fill(talk, n):
    start = timezone.now() - timedelta(days=30)
    for i in range(n):
        builders.message(talk, text=f"woord-{i:03}", sent_at=start + timedelta(minutes=i))


def test_the_pane_shows_who_what_and_both_panes(page, talk):
    html = read(page, talk)
    assert "Waar blijft mijn pakje?" in html
    assert talk.identity.name in html
    assert 'id="person"' in html
    assert 'id="composer"' in html
    assert f'data-conversation="{talk.pk}"' in html


def test_without_script_the_whole_page_comes(page, talk):
    answer = page.get(reverse("conversation", args=[talk.pk]), follow=True)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<!doctype html>" in html
    assert "Waar blijft mijn pakje?" in html


def test_the_root_of_the_thread_is_not_shown_twice(page, talk):
    Thread.objects.filter(pk=talk.thread_id).update(text="Wij rijden weer volgens plan.")
    assert "Wij rijden weer volgens plan." in read(page, talk)
    own = talk.messages.get()
    Thread.objects.filter(pk=talk.thread_id).update(external_id=own.external_id, text=own.text)
    assert read(page, talk).count('class="quoted"') == 0


def test_an_open_conversation_costs_the_same_however_long_it_is(page, talk, agent):
    def cost():
        for kept in ("counts", "loads"):  # kept for a while: always pay for them here
            events.valkey().delete(f"webcare:{kept}:{talk.brand_id}")
        with CaptureQueriesContext(connection) as asked:
            read(page, talk)
        return len(asked)

    def own():
        with CaptureQueriesContext(connection) as asked:
            found = queries.opened(agent, talk.pk)
            queries.timeline(found)
            queries.earlier_of(found)
        return len(asked)

    def grow(messages, others):
        fill(talk, messages)
        for n in range(others):
            Note.objects.create(conversation=talk, author=agent, text=f"n{n}")
            builders.conversation(talk.account, identity=talk.identity)
            builders.conversation(talk.account, thread=talk.thread)
            builders.delivery(talk, text=f"antwoord {n}")

    grow(3, 1)
    short, short_own = cost(), own()
    grow(300, 30)
    assert (cost(), own()) == (short, short_own)
    assert short_own <= 8


@pytest.mark.parametrize("name", ["head", "timeline"])
def test_a_refresh_never_brings_the_composer(page, talk, name):
    html = page.get(reverse(name, args=[talk.pk]), headers=HTMX).content.decode()
    assert "<textarea" not in html
    assert 'id="person"' not in html


def test_messages_notes_and_activity_stand_in_the_order_they_happened(page, talk, agent):
    at = timezone.now() - timedelta(minutes=4)
    builders.message(talk, text="tweede", sent_at=at)
    Note.objects.create(conversation=talk, author=agent, text="derde")
    assignments.claim(conversation_id=talk.pk, agent=agent)
    html = read(page, talk)
    places = [html.index(word) for word in ("Waar blijft mijn pakje?", "tweede", "derde", "You claimed this")]
    assert places == sorted(places)


def test_every_message_is_reached_by_going_back_exactly_once(talk, agent):
    fill(talk, 130)
    same = timezone.now() - timedelta(days=40)
    for n in range(70):
        builders.message(talk, text=f"tegelijk-{n}", sent_at=same)
    Note.objects.create(conversation=talk, author=agent, text="nu")
    Note.objects.filter(text="nu").update(created_at=same)
    found, seen, notes, before = queries.opened(agent, talk.pk), [], 0, ""
    while True:
        part = queries.timeline(found, before=before)
        seen += [item.what.pk for item in part.items if item.kind == "message"]
        notes += sum(item.kind == "note" for item in part.items)
        before = part.earlier
        if not before:
            break
    assert sorted(seen) == sorted(talk.messages.values_list("pk", flat=True))
    assert len(seen) == 201
    assert notes == 1


@pytest.mark.parametrize("key", ["", "x", "1", "1.", ".1", "-1.2", "9" * 40 + ".1.1", "².³.1"])
def test_what_is_no_place_is_the_newest(page, talk, key):
    assert "Waar blijft mijn pakje?" in page.get(reverse("timeline", args=[talk.pk]), {"before": key}).content.decode()


def test_earlier_messages_come_as_lines_and_as_a_page(page, talk, agent):
    fill(talk, 80)
    html = read(page, talk)
    address = re.search(r'hx-get="([^"]*/timeline/[^"]*)"', html).group(1).replace("&amp;", "&")
    lines = page.get(address, headers=HTMX).content.decode()
    assert "woord-005" in lines
    assert "<html" not in lines
    without_script = re.search(r'<a href="(\?before=[^"]*)"', html).group(1)
    whole = page.get(screen_of(talk) + without_script).content.decode()
    assert "woord-005" in whole
    assert "<html" in whole


def test_nothing_a_platform_says_becomes_markup(page, agent):
    account = builders.account()
    who = builders.identity(
        account, name=HOSTILE, handle=HOSTILE[:100], bio=HOSTILE, place=HOSTILE, language="<b>", avatar_url="",
        profile_url="javascript:alert(1)",
    )  # fmt: skip
    who.contact.name = HOSTILE
    who.contact.save(update_fields=["name"])
    thread = Thread.objects.create(
        account=account, external_id="t", visibility="public", text=HOSTILE, author_name=HOSTILE,
        author_handle=HOSTILE[:100], permalink="javascript:alert(2)", posted_at=timezone.now(),
    )  # fmt: skip
    talk = builders.conversation(account, identity=who, text=HOSTILE, thread=thread)
    builders.conversation(account, text=HOSTILE, thread=thread)
    builders.conversation(account, text=HOSTILE, identity=who)
    said = builders.message(
        talk, text=HOSTILE, permalink="javascript:alert(3)", rating="positive", edited_at=timezone.now(),
        options={"public_reply": {"allowed": False, "reason": HOSTILE}, "private_reply": {"allowed": False}},
    )  # fmt: skip
    MessageVersion.objects.create(message=said, text=HOSTILE, sent_at=said.sent_at, replaced_at=timezone.now())
    for kind in ("image", "video", "file", "link", "sticker", HOSTILE[:10]):
        Attachment.objects.create(message=said, kind=kind, url="javascript:alert(4)", title=HOSTILE, alt_text=HOSTILE,
                                  preview_url="javascript:alert(5)", external_id=HOSTILE)  # fmt: skip
        Attachment.objects.create(message=said, kind=kind, url='https://x.example/"><script>', alt_text=HOSTILE)
    mate = builders.agent(account.brand, name=HOSTILE[:100])
    Note.objects.create(conversation=talk, author=mate, text=HOSTILE)
    ContactNote.objects.create(contact=who.contact, author=mate, text=HOSTILE)
    label = Label.objects.create(brand=account.brand, name=HOSTILE[:50], meaning=HOSTILE)
    triage.add_labels(conversation_ids=[talk.pk], actor=mate, labels=[label])
    ActivityEntry.objects.create(conversation=talk, verb=HOSTILE[:30], at=timezone.now())
    ClosingReason.objects.create(brand=account.brand, code="kwaad", name_nl=HOSTILE[:60], name_en=HOSTILE[:60])
    presence.arrive(talk, agent=mate, typing=True)
    member = builders.agent(account.brand, language="en")
    page.force_login(member)
    pages = [page.get(screen_of(talk)), page.get(screen_of(talk), headers=HTMX)]
    for answer in pages:
        assert answer.status_code == 200
        tags = Tags()
        tags.feed(answer.content.decode())
        assert "".join(tags.words).count("alert(1)") >= 10
        assert not tags.wrong


def test_an_unknown_platform_reason_and_verb_are_still_shown(page, talk):
    ActivityEntry.objects.create(conversation=talk, verb="from_the_future", at=timezone.now())
    assert "from_the_future" in read(page, talk)


def test_edits_deletions_hidings_and_gaps_are_told(page, talk):
    now = timezone.now()
    edited = builders.message(talk, text="netjes", edited_at=now)
    MessageVersion.objects.create(message=edited, text="prutsers", sent_at=now, replaced_at=now)
    builders.message(talk, text="weggehaald", deleted_at=now)
    builders.message(talk, text="verborgen", hidden_at=now)
    builders.message(talk, text="", placeholder=True)
    builders.message(talk, text="", erased_at=now)
    html = read(page, talk)
    for words in ("prutsers", "1 earlier version", "Removed by its author", "<b>Hidden</b>",
                  "have not seen the message itself", "These words were erased"):  # fmt: skip
        assert words in html, words


def test_a_short_address_is_shown_as_where_it_leads(page, talk):
    said = builders.message(talk, text="Kijk https://t.co/abc en https://elders.example/x.")
    Attachment.objects.create(
        message=said, kind="link", url="https://nieuws.example/lang", external_id="https://t.co/abc"
    )
    html = page.get(reverse("timeline", args=[talk.pk])).content.decode()
    assert 'href="https://nieuws.example/lang"' in html
    assert "t.co/abc" not in html
    assert 'href="https://elders.example/x"' in html


def test_pictures_are_lazy_send_no_referrer_and_are_described(page, talk):
    said = builders.message(talk, text="Zie foto")
    Attachment.objects.create(message=said, kind="image", url="https://cdn.example/a.jpg", alt_text="liftdeur")
    Attachment.objects.create(message=said, kind="image", url="http://cdn.example/b.jpg", alt_text="onveilig")
    html = page.get(reverse("timeline", args=[talk.pk])).content.decode()
    picture = re.search(r'<img src="https://cdn.example/a.jpg"[^>]*>', html).group()
    for part in ('alt="liftdeur"', 'loading="lazy"', 'referrerpolicy="no-referrer"'):
        assert part in picture
    assert 'src="http://cdn.example' not in html
    assert 'href="http://cdn.example/b.jpg"' in html


def test_a_very_long_message_is_cut_and_nothing_of_it_is_lost(page, talk):
    builders.message(talk, text="woord " * 5000 + "einde-van-alles")
    html = read(page, talk)
    assert "einde-van-alles" in html
    assert html.index("Show all") < html.index("einde-van-alles")


def test_why_a_message_cannot_be_answered_is_said_with_the_way_to_the_platform(page, talk):
    closed = {"allowed": False, "reason": "window_closed"}
    builders.message(talk, text="oud", permalink="https://platform.example/1",
                     options={"public_reply": closed, "private_reply": closed})  # fmt: skip
    html = read(page, talk)
    assert "No reply from here" in html
    assert 'href="https://platform.example/1"' in html


def test_others_in_the_thread_are_counted_up_to_a_hundred_and_led_to(page, talk):
    for n in range(3):
        builders.conversation(talk.account, thread=talk.thread, text=f"ander {n}")
    html = read(page, talk)
    assert "3 others in this thread" in html
    assert f"?thread={talk.thread_id}" in html


def test_the_person_is_shown_with_what_came_before(page, talk, agent):
    old = timezone.now() - timedelta(days=70)
    builders.conversation(talk.account, identity=talk.identity, at=old, feeling="negative", text="vroeger")
    builders.conversation(talk.account, identity=talk.identity, feeling="positive", text="laatst")
    past = queries.earlier_of(queries.opened(agent, talk.pk))
    assert [one.preview for one in past] == ["laatst", "vroeger"]
    assert [bar.css for bar in feelings_of(past)] == ["down", "up"]
    html = read(page, talk)
    assert html.index("laatst") < html.index("vroeger")


def test_a_month_of_both_is_a_neutral_month(talk):
    for feeling in ("negative", "positive"):
        builders.conversation(talk.account, identity=talk.identity, feeling=feeling)
    assert [bar.css for bar in feelings_of(talk.contact.conversations.all())] == ["flat"]


def test_a_leg_of_the_same_case_is_one_click_away(page, talk):
    private = builders.conversation(talk.account, identity=talk.identity, visibility="private", linked=talk)
    assert reverse("conversation", args=[private.pk]) in read(page, talk)
    assert reverse("conversation", args=[talk.pk]) in read(page, private)


def test_colleagues_see_who_is_looking_and_who_writes(page, talk):
    mate = builders.agent(talk.brand, name="Bram Reitsma")
    presence.arrive(talk, agent=mate, typing=True)
    assert "Bram is writing" in read(page, talk)
    assert page.post(reverse("present", args=[talk.pk]), {"typing": "1"}).status_code == 204
    assert len(presence.present(talk.brand_id, [talk.pk])[talk.pk]) == 2
    assert page.post(reverse("present", args=[talk.pk]), {"gone": "1"}).status_code == 204
    assert [one.agent_id for one in presence.present(talk.brand_id, [talk.pk])[talk.pk]] == [mate.pk]


def test_the_assign_menu_says_who_is_how_busy(page, talk):
    busy = builders.agent(talk.brand, name="Anna Kuiper")
    builders.conversation(talk.account, assignee=busy)
    html = page.get(reverse("head", args=[talk.pk])).content.decode()
    assert re.search(r"Anna Kuiper</span><span class=\"count push\"[^>]*>1<", html)


def test_a_queue_or_brand_in_the_address_that_does_not_fit_leads_to_where_it_does(page, talk):
    other = builders.brand()
    for brand, queue in ((other.slug, "all"), (talk.brand.slug, "verzonnen")):
        answer = page.get(reverse("open", args=[brand, queue, talk.pk]), follow=True)
        assert answer.status_code == 200
        assert "Waar blijft mijn pakje?" in answer.content.decode()


@pytest.mark.parametrize(("hour", "names"), [
    (9, ["hour", "afternoon", "tomorrow", "monday"]), (15, ["hour", "evening", "tomorrow", "monday"]),
    (22, ["hour", "tomorrow", "monday"]),
])  # fmt: skip
def test_snooze_moments_are_on_the_agents_own_clock(hour, names):
    with timezone.override(zoneinfo.ZoneInfo("America/New_York")):
        wednesday = datetime(2026, 3, 4, hour, tzinfo=timezone.get_current_timezone())
        made = presets(wednesday)
        assert [one.name for one in made] == names
        assert timezone.localtime(made[-1].at).strftime("%a %H:%M") == "Mon 09:00"


def test_tomorrow_is_nine_o_clock_also_over_the_change_of_the_clocks():
    with timezone.override(zoneinfo.ZoneInfo("Europe/Amsterdam")):
        saturday = datetime(2026, 3, 28, 20, tzinfo=timezone.get_current_timezone())
        tomorrow = next(one for one in presets(saturday) if one.name == "tomorrow")
        assert timezone.localtime(tomorrow.at).strftime("%d %H:%M %z") == "29 09:00 +0200"


@pytest.mark.parametrize("text", ["", "morgen", "2026-02-31T10:00", "0001-01-01T00:00", "9999-12-31T23:59+14:00"])
def test_no_moment_is_no_moment(text):
    assert asked_moment(text) is None


@pytest.mark.parametrize("name", ["conversation", "head", "timeline"])
def test_a_page_of_another_brand_is_not_there_and_is_only_read(client, page, talk, name):
    address = reverse(name, args=[talk.pk])
    assert page.post(address).status_code == 405
    client.force_login(builders.agent(builders.brand()))
    assert client.get(address).status_code == 404
    assert client.get(reverse(name, args=[999_999_999])).status_code == 404
    assert client.get(screen_of(talk)).status_code == 404


def test_who_is_not_logged_in_is_sent_to_the_door(client, talk):
    answer = client.get(reverse("conversation", args=[talk.pk]))
    assert answer.status_code == 302
    assert reverse("account_login") in answer.headers["Location"]
