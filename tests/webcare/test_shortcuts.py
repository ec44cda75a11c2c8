"""Ways that are quicker than the ordinary one answer as it does: kept pieces of pages, moments, a warm process."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy
from jinja2 import Environment, UndefinedError
from markupsafe import Markup

from inbox.apps import MOMENT, QuickMoments
from inbox.models import Label, Membership
from inbox.queries.counts import loads_of
from inbox.sessions import SessionStore
from tests import builders
from webcare import jinja

pytestmark = pytest.mark.django_db


def menus_of(client, talk):
    return "".join(client.get(f"/conversations/{talk.pk}/menus/{name}/").text for name in ("assign", "label"))


@pytest.fixture
def seen(client):
    """The long menus of a conversation as somebody opens them, again and again."""
    brand = builders.brand()
    talk = builders.conversation(builders.account(brand))
    client.force_login(builders.agent(brand))

    def page():
        return menus_of(client, talk)

    return brand, page


def test_a_kept_menu_says_what_is_true_now(seen):
    brand, page = seen
    label = Label.objects.create(brand=brand, name="Storing")
    colleague = builders.agent(brand, name="Zoë Later")
    assert "Storing" in page()
    assert "Zoë Later" in page()
    Label.objects.filter(pk=label.pk).update(name="Vertraging", meaning="te laat")
    colleague.name = "Zoë Eerder"
    colleague.save()
    renamed = page()
    assert "Vertraging" in renamed
    assert "te laat" in renamed
    assert "Storing" not in renamed
    assert "Zoë Eerder" in renamed
    assert "Zoë Later" not in renamed
    Membership.objects.filter(agent=colleague).delete()
    Label.objects.filter(pk=label.pk).delete()
    gone = page()
    assert "Vertraging" not in gone
    assert "Zoë" not in gone


def test_a_kept_menu_tells_what_each_minds_now(seen):
    brand, page = seen
    colleague = builders.agent(brand, name="Zoë Later")
    page()
    builders.conversation(builders.account(brand), assignee=colleague)
    loads_of(brand, age=0)
    line = re.search(rf'value="agent:{colleague.pk}".*?</button>', page(), re.DOTALL)
    assert line is not None
    assert re.search(r'class="count push"[^>]*>1<', line.group())


def test_a_kept_menu_posts_about_the_conversation_it_stands_at(client, seen):
    brand, page = seen
    page()
    other = builders.conversation(builders.account(brand))
    shown = menus_of(client, other)
    assert f"/conversations/{other.pk}/do/label/" not in shown  # there is none yet
    Label.objects.create(brand=brand, name="Storing")
    shown = menus_of(client, other)
    assert shown.count("/do/label/") == shown.count(f"/conversations/{other.pk}/do/label/") > 0
    assert f"/conversations/{other.pk}/do/assign/" in shown
    assert shown.count("/do/assign/") == shown.count(f"/conversations/{other.pk}/do/assign/")
    assert jinja.PLACE not in shown


def test_a_kept_piece_is_of_one_language_and_of_these_facts_alone():
    def made(word):
        return lambda at: Markup('<a href="{}">{}</a>').format(at, word)

    with translation.override("nl"):
        assert jinja.kept("/1/", "test", 1, caller=made("een")) == '<a href="/1/">een</a>'
        assert jinja.kept("/2/", "test", 1, caller=made("nooit")) == '<a href="/2/">een</a>'
        assert jinja.kept('"><b>', "test", 1, caller=made("nooit")) == '<a href="&#34;&gt;&lt;b&gt;">een</a>'
        assert jinja.kept("/1/", "test", 2, caller=made("twee")) == '<a href="/1/">twee</a>'
    with translation.override("en"):
        assert jinja.kept("/1/", "test", 1, caller=made("one")) == '<a href="/1/">one</a>'


def test_no_more_pieces_are_kept_than_there_is_room_for():
    pieces = jinja.Pieces(100)
    for n in (1, 2, 3):
        pieces.keep(n, "x" * 40)
    assert list(pieces.written) == [2, 3]  # the first made room for the third
    pieces.keep(2, "x" * 50)
    assert list(pieces.written) == [3, 2]
    pieces.keep(4, "x" * 101)  # more than there is room for
    assert (list(pieces.written), pieces.size) == ([], 0)


def test_no_piece_is_kept_for_longer_than_an_hour():
    pieces = jinja.Pieces(100)
    pieces.keep(1, "what somebody said")
    pieces.since -= jinja.HOUR - 60
    pieces.keep(2, "more")
    assert list(pieces.written) == [1, 2]
    pieces.since -= 61
    pieces.keep(3, "later")
    assert (list(pieces.written), pieces.size) == ([3], 5)


MOMENTS = ["2026-11-28 23:59:59.999999+00", "2026-03-29 03:30:00+02", "2026-01-01 00:00:00.1+05:45", "0001-01-01 00:00:00+00",
           "9999-12-31 23:59:59+00", "1890-01-01 00:00:00+00"]  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("text", MOMENTS[:3] + MOMENTS[5:])
def test_a_moment_is_the_drivers_own_whatever_zone_the_database_speaks(text, zone):
    with connection.cursor() as cursor:
        cursor.execute("select set_config('TimeZone', %s, true)", [zone])
        assert isinstance(connection.connection.adapters.get_loader(MOMENT, 0), type)
        assert issubclass(connection.connection.adapters.get_loader(MOMENT, 0), QuickMoments)
        cursor.execute("select %s::timestamptz, extract(epoch from %s::timestamptz)", [text, text])
        quick, epoch = cursor.fetchone()
    assert quick.utcoffset() is not None
    assert (quick - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() == pytest.approx(float(epoch), abs=1e-6)


@pytest.mark.parametrize("text", MOMENTS[3:5])
def test_the_first_and_the_last_moment_are_read(text):
    with connection.cursor() as cursor:
        cursor.execute("select %s::timestamptz", [text])
        assert cursor.fetchone()[0] == datetime.fromisoformat(text)


@pytest.mark.parametrize("text", ["infinity", "10000-01-01 00:00:00+00", "0044-03-15 12:00:00+00 BC"])
def test_a_moment_beyond_the_calendar_is_refused_as_the_driver_does(text):
    with connection.cursor() as cursor:
        cursor.execute("select %s::timestamptz", [text])
        with pytest.raises(DataError, match="timestamp"):
            cursor.fetchone()


WARMED = """
import gc, django
django.setup()
from django.template import engines
from webcare.warm import SCREENS, warm_up
warm_up()
known = {name for _, name in engines["jinja2"].env.cache.keys()}
print(len(set(SCREENS) - known), gc.get_freeze_count() > 50_000, gc.get_threshold()[0])
"""


def test_a_process_that_is_warm_has_read_the_screen_and_collects_seldom():
    made = subprocess.run([sys.executable, "-c", WARMED], capture_output=True, text=True, check=False)
    assert made.stdout.split() == ["0", "True", "20000"], made.stderr


class Word(str):
    """Says itself what it is in HTML, as Django's safe strings do."""

    __slots__ = ()

    def __html__(self):
        return "<b>" + self


@pytest.mark.parametrize("value", [
    "", "Jan", "a & b", "<script>", "a > b", 'zeg "ja"', "'s avonds", "\x00\u202e é 😀", "&amp;", 7, 2.5, None, True, Markup("<b>&</b>"),
    Word("&"), gettext_lazy("Public"), ["<i>"], datetime(2026, 1, 1, tzinfo=UTC),
])  # fmt: skip
def test_what_is_put_onto_a_page_is_escaped_as_jinja2_does(value):
    source = (
        "{{ v }}{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(v) }}{{ m(m(v)) }}{% set s %}{{ v }}{% endset %}{{ s }}"
        "{{ v ~ v }}{{ v if v }}<a title='{{ v }}'>{% call(y) m2() %}{{ y }}{{ v }}{% endcall %}"
    )
    source = "{% macro m2() %}{{ caller('<') }}{% endmacro %}" + source
    ordinary = Environment(autoescape=True)
    assert jinja.environment().from_string(source).render(v=value) == ordinary.from_string(source).render(v=value)


def test_what_is_undefined_is_an_error_there_too():
    with pytest.raises(UndefinedError):
        jinja.environment().from_string("{{ nothing }}").render()


def test_a_letter_is_not_escaped():
    source = "{% autoescape false %}{{ v }}{% endautoescape %}{{ v }}"
    assert jinja.environment().from_string(source).render(v="a & <b>") == "a & <b>a &amp; &lt;b&gt;"


def test_a_session_is_read_while_it_lasts_and_not_after(client):
    client.force_login(builders.agent(builders.brand()))
    assert type(client.session).__module__ == "inbox.sessions"
    assert client.get("/preferences/").status_code == 200
    client.session.model.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/preferences/").status_code == 302


@pytest.mark.parametrize("key", ["", "x", "verzonnen" * 3, "a\0b" * 8, "\ue0000\ue000"])
def test_a_session_that_is_not_there_is_an_empty_one(key):
    store = SessionStore(key)
    assert store.load() == {}
    assert store.session_key is None


@pytest.mark.parametrize(("name", "args"), [
    ("conversation", (7,)), ("conversation", (0,)), ("conversation", (2**63 - 1,)), ("conversation", (jinja.MARK + 1,)), ("home", ()),
    ("do", (12, "claim")), ("do", (13, "claim")), ("open", ("merk-1", "all", 2)), ("list", ("2000000000", "all")), ("account", ("5",)),
    ("open", (str(jinja.MARK), "all", 3)),
])  # fmt: skip
def test_an_address_is_the_one_that_the_addresses_say(name, args):
    for _ in range(2):
        assert jinja.url(name, *args) == reverse(name, args=args)


@pytest.mark.parametrize(
    ("name", "args"), [("conversation", (-7,)), ("conversation", ("x",)), ("nothing", ()), ("home", (1,))]
)
def test_an_address_that_is_none_is_an_error(name, args):
    with pytest.raises(NoReverseMatch):
        jinja.url(name, *args)
