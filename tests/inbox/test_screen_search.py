"""Search: stems, accents, prefixes, handles, quotes, typing errors; only one's own brand."""

from __future__ import annotations

import pytest

from inbox.models import Conversation, Message
from inbox.operations import words
from inbox.operations.words import collect_words
from inbox.queries import rows, search
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return builders.account()


@pytest.fixture
def said(account):
    """Finds by words, in the brand of the account."""

    def find(text):
        return search.find(account.brand, text).ids

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


def test_a_misspelt_word_finds_the_word_people_use_here_and_never_one_said_only_elsewhere(account, said):
    made = {builders.conversation(account, "Mijn abonnement is opgezegd").pk for _ in range(3)}
    for other in (builders.account(), builders.account()):
        for _ in range(3):
            builders.conversation(other, "Het abonementje van Geheimgenoot")
    collect_words()
    hits = search.find(account.brand, "abonementj")
    assert hits.meant == "abonnement"  # the other brands' word is nearer
    assert set(hits.ids) == made
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
    assert search.find(busy.brand, "vertragin").ids


def test_another_brand_stays_out_of_sight(account, said):
    builders.conversation(builders.account(), "pakje")
    assert said("pakje") == []


def test_hits_are_marked_in_pieces(account):
    made = builders.conversation(account, "Waar <b>blijven</b> de pakjes toch?")
    hits = search.find(account.brand, "pakje")
    (row,) = rows.read(Conversation.objects.filter(pk=made.pk), most=1)
    search.pieces([row], hits, "pakje")
    assert ("pakjes", True) in row.pieces
    assert "".join(piece for piece, _ in row.pieces) == Message.objects.get(conversation=made).text
