"""Search: stems, accents, prefixes, handles, quotes, typing errors; only one's own brand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from inbox.models import Conversation, Label, Message
from inbox.operations import words
from inbox.operations.words import collect_words
from inbox.queries import rows, search, search_texts
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return builders.account()


@pytest.fixture
def said(account):
    """Finds by words, in the brand of the account."""

    def find(text):
        return list(search.find(account.brand, text).found)

    return find


@pytest.mark.parametrize(
    ("text", "words"),
    [("De leveringen zijn te laat", "levering"), ("Naar de coördinator", "coordinator"), ("Vertraagde treinen", "vertr"),
     ("Wéér een defecte lift", "weer lift"), ("Waar is mijn pakje nu", '"mijn pakje"')],
)  # fmt: skip
def test_words_find_what_was_meant(account, said, text, words):
    made = builders.conversation(account, text)
    builders.conversation(account, "Iets heel anders")
    assert said(words) == [made.pk]


def test_a_phrase_stands_together(account, said):
    builders.conversation(account, "pakje dat mijn buurman kreeg")
    assert said('"mijn pakje"') == []


def test_people_are_found_by_handle_and_name(account, said):
    jan = builders.conversation(account, identity=builders.identity(account, handle="jandevries", name="Jan de Vries"))
    assert said("@jandev") == [jan.pk]
    assert said("de vries") == [jan.pk]
    assert said("jandevrees") == [jan.pk]  # a typing error


def test_a_handle_with_words_finds_what_they_said_and_else_the_words(account, said):
    jan = builders.identity(account, handle="jandevries")
    lift = builders.conversation(account, "De lift is stuk", identity=jan)
    trein = builders.conversation(account, "Mijn trein is te laat", identity=jan)
    others = builders.conversation(account, "Weer die lift")
    assert said("@jandev lift") == [lift.pk]
    assert set(said('"die lift" @jandev')) == {lift.pk, trein.pk, others.pk}  # Jan did not say that
    assert set(said("@onszelf lift")) == {lift.pk, others.pk}  # a text that was pasted


def test_of_many_who_are_called_so_the_newest_come_first(account, said, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 2)
    monkeypatch.setattr(search, "CROWD", 3)
    now = timezone.now()
    made = [
        builders.conversation(account, "Dag", at=now - timedelta(hours=9 - n),
                              identity=builders.identity(account, handle=f"h{n}", name=f"Jan {n}")) for n in range(8)
    ]  # fmt: skip
    assert said("jan") == [made[7].pk, made[6].pk]


def test_a_misspelt_word_finds_the_word_people_use_here_and_never_one_said_only_elsewhere(account, said):
    made = {builders.conversation(account, "Mijn abonnement is opgezegd").pk for _ in range(3)}
    for other in (builders.account(), builders.account()):
        for _ in range(3):
            builders.conversation(other, "Het abonementje van Geheimgenoot")
    collect_words()
    hits = search.find(account.brand, "abonementj")
    assert hits.meant == "abonnement"  # the other brands' word is nearer
    assert set(hits.found) == made
    builders.conversation(account, "Geheimgenootschap")  # found by its beginning, but rare here
    assert search.find(account.brand, "geheimgnoot").meant == ""
    assert search.find(other.brand, "geheimgnoot").meant == "geheimgenoot"


def test_a_small_brand_has_its_words_beside_a_busy_one(account, monkeypatch):
    monkeypatch.setattr(words, "LATEST", 3)
    for _ in range(3):
        builders.conversation(account, "Het abonnement van vorige maand")
    busy = builders.account()
    for _ in range(9):
        builders.conversation(busy, "Alweer vertraging bij Meppel")
    collect_words()
    assert search.find(account.brand, "abonnemnt").meant == "abonnement"
    assert search.find(busy.brand, "vertragin").found


def test_another_brand_stays_out_of_sight(account, said):
    builders.conversation(builders.account(), "pakje")
    assert said("pakje") == []


def test_hits_are_marked_in_pieces(account):
    made = builders.conversation(account, "Waar <b>blijven</b> de pakjes toch?")
    hits = search.find(account.brand, "pakje")
    row = rows.Row(*rows.shown(Conversation.objects.filter(pk=made.pk)).get())
    search.pieces([row], hits, "pakje")
    assert ("pakjes", True) in row.pieces
    assert row.last_message_at == made.last_message_at
    assert "".join(piece for piece, _ in row.pieces) == Message.objects.get(conversation=made).text


WAYS = {"index": {"INDEX_ROW": 0}, "walk": {"INDEX_ROW": 1e9, "LITTLE": 0, "LEAST": 1, "AMPLE": 0.1},
        "own": {"INDEX_ROW": 1e9, "LITTLE": 2, "LEAST": 3, "MOST_OWN": 3}}  # fmt: skip


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Each way to the hits, with pages of four."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(search_texts, name, value)
    monkeypatch.setattr(search, "PAGE", 4)


def listed(answer):
    """The conversations in the list of a page, in its order."""
    return [int(pk) for pk in re.findall(r'data-row="(\d+)"', answer.text)]


def analyzed():
    with connection.cursor() as cursor:
        cursor.execute("analyze inbox_message")


def test_a_search_has_pages_newest_hit_first_each_conversation_once(account, way):
    now, made = timezone.now(), []
    for n in range(11):
        made.append(builders.conversation(account, "De lift is stuk", at=now - timedelta(hours=n)))
        builders.conversation(account, "Iets anders", at=now - timedelta(hours=n, minutes=30))
    for n in range(40):  # one that has the words often, and went on about something else
        builders.message(made[2], "Weer die lift", sent_at=now - timedelta(hours=2, seconds=n + 1))
    builders.message(made[10], "Iets anders", sent_at=now)
    Conversation.objects.filter(pk=made[10].pk).update(last_message_at=now)
    analyzed()
    pages = [search.find(account.brand, "lift", page=n) for n in (1, 2, 3)]
    assert [list(page.found) for page in pages] == [[c.pk for c in made[at : at + 4]] for at in (0, 4, 8)]
    assert [page.more for page in pages] == [True, True, False]


def test_a_search_within_a_list_finds_what_stands_there_however_much_is_newer_elsewhere(client, account, way):
    agent = builders.agent(account.brand)
    label = Label.objects.create(brand=account.brand, name="Liften")
    long_ago = timezone.now() - timedelta(days=400)
    mine = builders.conversation(account, "De lift is stuk", at=long_ago, assignee=agent, status="resolved")
    mine.labelled.create(label=label, last_message_at=long_ago)
    person = builders.identity(account, handle="liftkenner", name="")
    theirs = builders.conversation(account, "Dag", at=long_ago, assignee=agent, identity=person)
    for n in range(20):
        builders.conversation(account, "De lift is stuk", at=timezone.now() - timedelta(minutes=n))
    analyzed()
    client.force_login(agent)

    def shown(address):
        return listed(client.get(f"/inbox/{account.brand.slug}/{address}"))

    assert shown("search/?q=lift&assignee=me") == [theirs.pk, mine.pk]
    assert shown("mine/?q=lift") == [theirs.pk]
    assert shown("resolved/?q=lift") == [mine.pk]
    assert shown(f"search/?q=lift&label={label.pk}") == [mine.pk]
    assert shown("search/?q=lift&kind=complaint") == []
    assert shown("team/?q=lift") == []
    assert len(shown("search/?q=lift&after=6")) == 2


def test_more_of_what_was_found_comes_at_the_end_of_the_list(client, account, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 4)
    made = [builders.conversation(account, f"Lift {n}", at=timezone.now() - timedelta(minutes=n)) for n in range(6)]
    client.force_login(builders.agent(account.brand))
    address = f"/inbox/{account.brand.slug}/search/"
    first = client.get(address, {"q": "lift"}).text
    assert 'hx-get="' + address + '?q=lift&amp;after=2"' in first
    following = client.get(address, {"q": "lift", "after": "2"})
    assert listed(following) == [c.pk for c in made[4:]]
    assert 'id="more"' not in following.text


def test_what_is_shown_of_a_long_text_begins_with_a_word_and_the_time_is_that_of_the_hit(account):
    said_at = timezone.now() - timedelta(days=3)
    made = builders.conversation(account, "Vanmorgen vroeg " * 9 + "stond de lift stil", at=said_at)
    builders.message(made, "En verder niets")
    Conversation.objects.filter(pk=made.pk).update(last_message_at=timezone.now())
    row = rows.Row(*rows.shown(Conversation.objects.filter(pk=made.pk)).get())
    search.pieces([row], search.find(account.brand, "lift"), "lift")
    assert row.last_message_at == said_at
    assert row.pieces[0][0].startswith("…Vanmorgen vroeg")
    assert row.pieces[1] == ("lift", True)


def test_rows_of_a_search_that_changed_are_those_with_the_words_marked(client, account):
    lift, other = builders.conversation(account, "De lift is stuk"), builders.conversation(account, "Iets anders")
    client.force_login(builders.agent(account.brand))
    address = f"/inbox/{account.brand.slug}/search/rows/"
    answer = client.get(address, {"q": "lift", "ids": f"{lift.pk},{other.pk}"})
    assert listed(answer) == [lift.pk]
    assert "<mark>lift</mark>" in answer.text
    assert listed(client.get(address, {"q": "lift", "ids": str(other.pk)})) == []
    assert listed(client.get(address, {"ids": f"{lift.pk},{other.pk}"})) == [lift.pk, other.pk]
