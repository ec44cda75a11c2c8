"""The newest messages that have the words.

Two ways lead there. A common word: walk back through time until enough are found. A rare one: take all hits from the
word index and sort them. The planner cannot choose (it does not know how often a prefix occurs), so we do, by how often
the newest messages answer (a list of known words cannot say: what is looked for are stems).
A limit inside keeps a walk a walk, and sorting by an expression keeps the index an index.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inbox.queries.search_within import Within

SAMPLE = 4000  # newest messages that say how common the words are: 4 ms, and often the whole answer
# Microseconds; a hit by the index costs more as there are more, when its bitmap turns lossy; OWN is a conversation
WALK_ROW, INDEX_ROW, OWN_ROW = 0.9, 20, 15
LITTLE, OWN_FIRST = 0.2, 1000  # a share of all that is said, or of its hits; conversations of such a one to begin with

WALK = """
select m.conversation_id, m.id, m.sent_at from (
  select id, conversation_id, account_id, search, text, sent_at from inbox_message
  order by sent_at desc, id desc limit %(walk)s) m
where {match} and {mine} order by m.sent_at desc, m.id desc limit %(depth)s
"""
INDEX = """
select m.conversation_id, m.id, m.sent_at from inbox_message m
where {match} and {mine} order by m.sent_at + interval '0' desc, m.id desc limit %(depth)s
"""
# Of those that say little among all: their own conversations, newest first. What is older than the oldest of these
# waits for a longer walk: another conversation may have something newer. A row of zeros: these were all.
OWN = """
with own(id, at) as materialized ({newest} limit %(walk)s),
reached as (select count(*) < %(walk)s as all, min(at) as until from own)
(select m.conversation_id, m.id, m.sent_at from own cross join reached cross join lateral (
  select id, conversation_id, sent_at, search, text from inbox_message where conversation_id = own.id offset 0) m
where {match} and (reached.all or m.sent_at >= reached.until) order by m.sent_at desc, m.id desc limit %(depth)s)
union all select 0, 0, now() from reached where reached.all
"""
COMMON = """
select count(*) filter (where m.hit), count(*) filter (where m.hit and {mine}),
  count(*) filter (where m.account_id = any(%(accounts)s)),
  (select reltuples from pg_class where relname = 'inbox_message')
from (select m.conversation_id, m.account_id, {match} as hit from (
  select conversation_id, account_id, search, text from inbox_message order by sent_at desc, id desc limit %(sample)s) m
) m
"""


@dataclass(frozen=True)
class Match:
    """A condition on a message `m`, and its values."""

    condition: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Hit:
    """A message that has the words."""

    conversation: int
    message: int
    at: datetime


class Texts:
    """The hits within some conversations. How common the words are is measured once, however deep one looks."""

    def __init__(self, within: Within, accounts: list[int], match: Match) -> None:
        self.parts = {"match": match.condition, "mine": "m.account_id = any(%(accounts)s)", "newest": within.newest()}
        self.parts["mine"] += f" and {within.holds('m.conversation_id')}"
        self.values = {"accounts": accounts, "sample": SAMPLE, **match.values, **within.values}
        hits, mine, own, rows = self._rows(COMMON)[0]
        self.share, self.by_index = max(mine, 0.5) / SAMPLE, max(hits, 0.5) / SAMPLE * rows * INDEX_ROW
        self.little = own < SAMPLE * LITTLE or mine < hits * LITTLE

    def newest(self, depth: int) -> list[Hit]:
        """So many hits; fewer when these are all."""
        way, cost = (OWN, OWN_ROW) if self.little else (WALK, WALK_ROW)
        walk = OWN_FIRST if self.little else max(SAMPLE, int(depth / self.share * 2))
        while walk * cost < self.by_index:
            rows = self._rows(way, walk=walk, depth=depth)
            found = [Hit(*row) for row in rows if row[0]]
            if len(found) >= depth or len(found) < len(rows):
                return found
            walk *= min(16, max(2, round(1.2 * depth / max(len(found), 1))))  # as far as will do, by what was found
        return [Hit(*row) for row in self._rows(INDEX, depth=depth)]

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**self.parts), {**self.values, **values})
            return list(cursor.fetchall())
