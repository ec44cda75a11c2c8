"""Search over people, handles and texts of one brand, within the list's filters: newest first, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from inbox.models import Brand, Conversation, Message
from inbox.queries.lists import PAGE
from inbox.queries.rows import Row
from inbox.queries.search_texts import Hit, Match, Texts
from inbox.queries.search_within import CROWD, Within

MOST_PAGES = 20  # who looks for more than a thousand conversations, looks for too little
ENOUGH, TRIGRAM = 25, 3  # people found by how they begin; letters that an index over parts of words needs
WORD = re.compile(r"\w+", re.UNICODE)

# Names and handles that begin so; anywhere in a name is looked for only when those are few.
STARTING = """
select c.id, c.last_message_at from (
  (select contact_id from inbox_identity where brand_id = %(brand)s and lower(handle) like %(start)s limit %(crowd)s)
  union
  (select contact_id from inbox_identity where brand_id = %(brand)s and lower(name) like %(start)s limit %(crowd)s)
) known
join inbox_conversation c on c.contact_id = known.contact_id where {mine}
order by c.last_message_at desc, c.id desc limit %(most)s
"""
# When many are called so, those were some of them: the newest stand among the newest conversations.
RECENT = """
select c.id, c.last_message_at from ({newest} limit 5000) own(id, at)
join inbox_conversation c on c.id = own.id join inbox_identity i on i.id = c.identity_id
where lower(i.handle) like %(start)s or lower(i.name) like %(start)s
order by c.last_message_at desc, c.id desc limit %(most)s
"""
PEOPLE = """
select c.id, c.last_message_at from (
  select contact_id from inbox_identity
  where brand_id = %(brand)s and (handle ilike %(like)s or name ilike %(like)s) limit %(crowd)s) known
join inbox_conversation c on c.contact_id = known.contact_id where {mine}
order by c.last_message_at desc, c.id desc limit %(most)s
"""
NEARBY = """
select c.id, c.last_message_at from (
  select contact_id from inbox_identity
  where brand_id = %(brand)s and (handle %% %(text)s or name %% %(text)s)
  order by greatest(similarity(handle, %(text)s), similarity(name, %(text)s)) desc limit 20) near
join inbox_conversation c on c.contact_id = near.contact_id where {mine}
order by c.last_message_at desc, c.id desc limit %(most)s
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
    """Conversations found and since when, newest first; the message with the words; what was meant by a slip."""

    found: dict[int, datetime]
    message_of: dict[int, int]
    meant: str = ""
    more: bool = False


def find(
    brand: Brand, text: str, *, narrow: QuerySet[Conversation] | None = None, page: int = 1, size: int | None = None
) -> Hits:
    """A page of the newest conversations in which the words stand, or of people who are called so.

    `narrow`: the conversations that the list's filters leave, newest first; all of the brand without it.
    """
    within = Within(brand, narrow)
    try:
        return _page(within, Asked.read(text), min(max(page, 1), MOST_PAGES), size or PAGE)
    except EmptyResultSet:  # the filters leave nothing
        return Hits({}, {})


def _page(within: Within, asked: Asked, page: int, size: int) -> Hits:
    most, meant = size * page + 1, ""
    if asked.handle and (asked.words or asked.phrases):  # what somebody said; or a text that begins with a handle
        said = _texts(within.of_people(asked.handle), asked, most)
        if said:
            return _hits([], said, page, size)
    people = _people(within, asked, most)
    hits = _texts(within, asked, most)
    if not people and not hits and asked.words:
        people = _ids(within, NEARBY, most, text=asked.plain)
        corrected = _meant(within.brand, asked)
        if corrected is not None:
            hits = _texts(within, corrected, most)
            meant = corrected.plain if hits else ""
    return _hits(people, hits, page, size, meant)


def _hits(people: list[tuple[datetime, int]], hits: list[Hit], page: int, size: int, meant: str = "") -> Hits:
    """One page of both, newest first."""
    found: dict[int, datetime] = {}
    for at, pk in sorted([*people, *((hit.at, hit.conversation) for hit in hits)], reverse=True):
        found.setdefault(pk, at)
    shown = dict(list(found.items())[size * (page - 1) : size * page])
    more = len(found) > size * page and page < MOST_PAGES
    return Hits(shown, {hit.conversation: hit.message for hit in hits}, meant, more)


def _people(within: Within, asked: Asked, most: int) -> list[tuple[datetime, int]]:
    """(last moment, id) of the conversations of people who are called so."""
    text = asked.handle or (asked.plain if not asked.phrases else "")
    if len(text) < 2:
        return []
    like = _escaped(text)
    found = _ids(within, STARTING, most, start=f"{like.lower()}%")
    if len(found) == most:
        found += _ids(within, RECENT, most, start=f"{like.lower()}%")
    if asked.handle or len(text) < TRIGRAM or len(found) >= ENOUGH:
        return found
    return [*found, *_ids(within, PEOPLE, most, like=f"%{like}%")]


def _texts(within: Within, asked: Asked, most: int) -> list[Hit]:
    """Of so many conversations; fewer when these are all."""
    if not asked.words and not asked.phrases:
        return []
    accounts = list(within.brand.accounts.values_list("pk", flat=True))
    return Texts(within, accounts, _match(asked)).newest(most)


def _match(asked: Asked) -> Match:
    """What a message must have."""
    parts, exactly, values = [], "", dict[str, Any]()
    for n, phrase in enumerate(asked.phrases):
        parts.append(f"phraseto_tsquery('webcare', %(phrase{n})s)")
        exactly += f" and m.text ilike %(exactly{n})s"  # the dictionary drops little words; a quote keeps them
        values |= {f"phrase{n}": phrase, f"exactly{n}": f"%{_escaped(phrase)}%"}
    if asked.words:
        parts.append("to_tsquery('webcare', %(words)s)")
        values["words"] = " & ".join(f"{word}:*" for word in asked.words)
    return Match(f"m.search @@ ({' && '.join(parts)}){exactly}", values)


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


def _ids(within: Within, statement: str, most: int, **values: Any) -> list[tuple[datetime, int]]:
    """(last moment, id) of conversations, newest first."""
    text = statement.format(mine=within.holds("c.id"), newest=within.newest())
    with connection.cursor() as cursor:
        cursor.execute(text, {**within.values, "brand": within.brand.pk, "most": most, "crowd": CROWD, **values})
        return [(at, int(pk)) for pk, at in cursor.fetchall()]


def pieces(rows: list[Row], hits: Hits, text: str) -> None:
    """Give each row the time and the words of its hit, in pieces: (words, is a hit)."""
    shown = [hits.message_of[row.pk] for row in rows if row.pk in hits.message_of]
    texts = dict(Message.objects.filter(pk__in=shown, deleted_at=None).values_list("conversation_id", "text"))
    asked = Asked.read(text if not hits.meant else hits.meant)
    stems = [w[:6].casefold() for w in asked.words] + [w for p in asked.phrases for w in WORD.findall(p.casefold())]
    for row in rows:
        row.last_message_at = hits.found[row.pk]  # by which they stand in this order
        row.pieces = list(_marked(texts.get(row.pk) or row.preview, stems))


def _marked(text: str, stems: list[str]) -> list[tuple[str, bool]]:
    if not stems:
        return [(text[:200], False)]
    pattern = re.compile(r"\b(?:" + "|".join(re.escape(s) for s in stems if s) + r")\w*", re.IGNORECASE)
    first = pattern.search(text)
    start = max(0, first.start() - 60) if first else 0
    if start:  # at a word's beginning, unless that word is endless
        start = text.find(" ", start, start + 20) + 1 or start
    text = ("…" if start else "") + text[start : start + 200]
    result, at = [], 0
    for found in pattern.finditer(text):
        result += [(text[at : found.start()], False), (found.group(), True)]
        at = found.end()
    return [piece for piece in [*result, (text[at:], False)] if piece[0]]
