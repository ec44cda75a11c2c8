"""Search over people, handles and texts of one brand: by time and a few hundred hits deep, no ranking of everything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from inbox.models import Brand, Message
from inbox.queries.rows import Row

ENOUGH, TRIGRAM = 25, 3  # people found by how they begin; letters that an index over parts of words needs
DEPTH = 120  # messages looked at for a page of conversations
SAMPLE = 4000  # newest messages that say how common the words are: 4 ms, and often the whole answer
# Microseconds; a hit by the index costs more as there are more, when its bitmap turns lossy; OWN is a conversation
WALK_ROW, INDEX_ROW, OWN_ROW = 0.9, 20, 15
LITTLE, OWN_FIRST = 0.2, 1000  # a brand's share of all that is said; conversations of such a one to begin with
WORD = re.compile(r"\w+", re.UNICODE)

# Two ways to the newest hits. A common word: walk back through time until enough are found. A rare one: take all hits
# from the word index and sort them. The planner cannot choose (it does not know how often a prefix occurs), so we do,
# by how often the newest messages answer (a list of known words cannot say: what is looked for are stems).
# A limit inside keeps the walk a walk, and sorting by an expression keeps the index an index.
WALK = """
select m.conversation_id, m.id from (
  select id, conversation_id, account_id, search, text, sent_at from inbox_message
  order by sent_at desc, id desc limit %(walk)s) m
where m.search @@ {query}{exactly} and m.account_id = any(%(accounts)s)
order by m.sent_at desc, m.id desc limit %(depth)s
"""
INDEX = """
select m.conversation_id, m.id from inbox_message m
where m.search @@ {query}{exactly} and m.account_id = any(%(accounts)s)
order by m.sent_at + interval '0' desc, m.id desc limit %(depth)s
"""
# Of a brand that says little among all: its own conversations, newest first.
OWN = """
select m.conversation_id, m.id from (
  select id from inbox_conversation where brand_id = %(brand)s
  order by last_message_at desc, id desc limit %(walk)s) c
cross join lateral (
  select id, conversation_id, sent_at, search, text from inbox_message where conversation_id = c.id offset 0) m
where m.search @@ {query}{exactly}
order by m.sent_at desc, m.id desc limit %(depth)s
"""
MORE = "select 1 from inbox_conversation where brand_id = %(brand)s offset %(walk)s limit 1"
COMMON = """
select count(*) filter (where m.search @@ {query}{exactly}), count(*) filter (where m.account_id = any(%(accounts)s)),
  (select reltuples from pg_class where relname = 'inbox_message')
from (select account_id, search, text from inbox_message order by sent_at desc, id desc limit %(sample)s) m
"""
# Names and handles that begin so; anywhere in a name is looked for only when those are few.
STARTING = """
select c.id from (
  (select contact_id from inbox_identity where brand_id = %(brand)s and lower(handle) like %(start)s limit 300)
  union
  (select contact_id from inbox_identity where brand_id = %(brand)s and lower(name) like %(start)s limit 300)) known
join inbox_conversation c on c.contact_id = known.contact_id order by c.last_message_at desc limit 100
"""
PEOPLE = """
select c.id from (
  select contact_id from inbox_identity
  where brand_id = %(brand)s and (handle ilike %(like)s or name ilike %(like)s) limit 300) known
join inbox_conversation c on c.contact_id = known.contact_id order by c.last_message_at desc limit 100
"""
NEARBY = """
select c.id from (
  select contact_id from inbox_identity
  where brand_id = %(brand)s and (handle %% %(text)s or name %% %(text)s)
  order by greatest(similarity(handle, %(text)s), similarity(name, %(text)s)) desc limit 20) near
join inbox_conversation c on c.contact_id = near.contact_id order by c.last_message_at desc limit 50
"""
MEANT = """
select word from inbox_searchword where brand_id = %(brand)s and word %% %(word)s
order by similarity(word, %(word)s) desc, hits desc limit 1
"""


@dataclass(frozen=True)
class Asked:
    """A search as typed, taken apart."""

    handle: str = ""
    phrases: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, text: str) -> Asked:
        phrases = [p for p in re.findall(r"[\"“”]([^\"“”]+)[\"“”]", text) if WORD.search(p)]
        rest = re.sub(r"[\"“”][^\"“”]*[\"“”]?", " ", text)
        handle = next(iter(re.findall(r"(?<!\w)@([\w.]+)", rest)), "")
        return cls(handle, phrases, WORD.findall(re.sub(r"(?<!\w)@[\w.]+", " ", rest))[:12])

    @property
    def plain(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Hits:
    """Conversations found, the message that made each a hit, and what was meant when it was misspelt."""

    ids: list[int]
    message_of: dict[int, int]
    meant: str = ""


def find(brand: Brand, text: str) -> Hits:
    """The newest conversations in which the words stand, or of people who are called so."""
    asked = Asked.read(text)
    accounts = list(brand.accounts.values_list("pk", flat=True))
    found = _people(brand, asked)
    hits = _texts(brand, accounts, asked)
    meant = ""
    if not found and not hits and asked.words:
        found = _ids(NEARBY, {"brand": brand.pk, "text": asked.plain})
        corrected = _meant(brand, asked)
        if corrected is not None:
            hits, meant = _texts(brand, accounts, corrected), corrected.plain
            meant = meant if hits else ""
    first: dict[int, int] = {}
    for conversation, message in hits:
        first.setdefault(conversation, message)
    return Hits(list(dict.fromkeys([*found, *first])), first, meant)


def _people(brand: Brand, asked: Asked) -> list[int]:
    text = asked.handle or (asked.plain if not asked.phrases else "")
    if len(text) < 2:
        return []
    like = _escaped(text)
    found = _ids(STARTING, {"brand": brand.pk, "start": f"{like.lower()}%"})
    if asked.handle or len(text) < TRIGRAM or len(found) >= ENOUGH:
        return found
    return list(dict.fromkeys([*found, *_ids(PEOPLE, {"brand": brand.pk, "like": f"%{like}%"})]))


def _texts(brand: Brand, accounts: list[int], asked: Asked) -> list[tuple[int, ...]]:
    if not asked.words and not asked.phrases:
        return []
    parts, exactly = [], ""
    values: dict[str, Any] = {"brand": brand.pk, "accounts": accounts, "depth": DEPTH}
    for n, phrase in enumerate(asked.phrases):
        parts.append(f"phraseto_tsquery('webcare', %(phrase{n})s)")
        exactly += f" and m.text ilike %(exactly{n})s"  # the dictionary drops little words; a quote keeps them
        values |= {f"phrase{n}": phrase, f"exactly{n}": f"%{_escaped(phrase)}%"}
    if asked.words:
        parts.append("to_tsquery('webcare', %(words)s)")
        values["words"] = " & ".join(f"{word}:*" for word in asked.words)
    query = "(" + " && ".join(parts) + ")"
    walk, by_index, little = _measured(COMMON.format(query=query, exactly=exactly), values)
    way, cost = (OWN, OWN_ROW) if little else (WALK, WALK_ROW)
    while walk * cost < by_index:
        found = _hits(way.format(query=query, exactly=exactly), {**values, "walk": walk})
        if len(found) >= DEPTH or (little and not _hits(MORE, {**values, "walk": walk})):
            return found
        walk *= min(16, max(2, round(1.2 * DEPTH / max(len(found), 1))))  # as far as will do, by what was found so far
    return _hits(INDEX.format(query=query, exactly=exactly), values)


def _hits(statement: str, values: dict[str, Any]) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _measured(statement: str, values: dict[str, Any]) -> tuple[int, float, bool]:
    """How far back to walk for enough hits, what the word index would cost, and whether the brand says little."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "sample": SAMPLE})
        hits, own, rows = cursor.fetchone()
    share, little = max(hits, 0.5) / SAMPLE, own < SAMPLE * LITTLE
    return OWN_FIRST if little else max(SAMPLE, int(DEPTH / share * 2)), share * rows * INDEX_ROW, little


def _meant(brand: Brand, asked: Asked) -> Asked | None:
    words = []
    with connection.cursor() as cursor:
        for word in asked.words:
            cursor.execute(MEANT, {"brand": brand.pk, "word": word.casefold()})
            row = cursor.fetchone()
            words.append(row[0] if row else word)
    return Asked(words=words) if [w.casefold() for w in asked.words] != words else None


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _ids(statement: str, values: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(dict.fromkeys(int(row[0]) for row in cursor.fetchall()))


def pieces(rows: list[Row], hits: Hits, text: str) -> None:
    """Give each row the words around its hit, in pieces: (words, is a hit)."""
    shown = [hits.message_of[row.pk] for row in rows if row.pk in hits.message_of]
    texts = dict(Message.objects.filter(pk__in=shown, deleted_at=None).values_list("conversation_id", "text"))
    asked = Asked.read(text if not hits.meant else hits.meant)
    stems = [w[:6].casefold() for w in asked.words] + [w for p in asked.phrases for w in WORD.findall(p.casefold())]
    for row in rows:
        row.pieces = list(_marked(texts.get(row.pk) or row.preview, stems))


def _marked(text: str, stems: list[str]) -> list[tuple[str, bool]]:
    if not stems:
        return [(text[:200], False)]
    pattern = re.compile(r"\b(?:" + "|".join(re.escape(s) for s in stems if s) + r")\w*", re.IGNORECASE)
    first = pattern.search(text)
    start = max(0, first.start() - 60) if first else 0
    text = ("…" if start else "") + text[start : start + 200]
    result, at = [], 0
    for found in pattern.finditer(text):
        result += [(text[at : found.start()], False), (found.group(), True)]
        at = found.end()
    return [piece for piece in [*result, (text[at:], False)] if piece[0]]
