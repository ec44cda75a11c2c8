"""Length as X counts it: https://docs.x.com/fundamentals/counting-characters."""

from __future__ import annotations

import pytest

from connectors.x.text import same_text, weighted_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("hallo", 5),
        ("e\u0301", 1),
        ("日本語", 6),
        ("한국", 4),
        ("€", 2),
        ("😀", 2),
        ("👩\u200d👩\u200d👧\u200d👦", 2),
        ("🇳🇱", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("1️⃣", 2),
        ("🙂\u200d↔️", 2),
        ("🧑\u200d🧑\u200d🧒", 2),
        ("https://example.com", 23),
        ("https://example.com/" + "lang" * 500, 23),
        ("zie http://a.nl.", 28),
        ("webcare.nl/x?y=1 ok", 26),
        ("jan@example.nl", 14),
        ("a\r\nb", 3),
        ("@ons hallo", 10),
    ],
)
def test_length_is_weighted(text, length):
    assert weighted_length(text) == length


@pytest.mark.parametrize("text", ["a." * 10_000, "http://" + "a." * 10_000, "." * 24_000, "a@" * 10_000, "x" * 90_000])
def test_a_text_that_stalls_patterns_is_counted_all_the_same(text):
    assert weighted_length(text) > 5_000


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("hallo", "@jan hallo"),
        ("a & b <3", "@jan @piet a &amp; b &lt;3"),
        ("regel een\nregel  twee", "@jan regel een\nregel twee"),
        ("zie https://a.nl/", "zie https://t.co/1"),
        ("zie a.nl", "zie https://t.co/1"),
        ("in de mail staat Ã©", "@jan in de mail staat Ã©"),
        ("met foto", "met foto https://t.co/2"),
    ],
)
def test_what_x_changes_on_the_way_makes_no_other_text(sent, found):
    urls = [
        {"url": "https://t.co/1", "expanded_url": "https://a.nl"},
        {"url": "https://t.co/2", "expanded_url": "https://x.com/p/1", "media_key": "3_1"},
    ]
    assert same_text(sent, found, {"urls": urls})
    assert not same_text(sent + " anders", found, {"urls": urls})
