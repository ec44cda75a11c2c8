"""The newest messages that have the words.

Two ways lead there. A common word: walk back through time until enough are found. A rare one: take all hits from the
word index and sort them. The planner cannot choose (it does not know how often a prefix occurs), so we do, by how often
the newest messages answer (a list of known words cannot say: what is looked for are stems).
A limit inside keeps a walk a walk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inbox.queries.search_within import Within

SAMPLE = 4000  # newest messages that say how common the words are: 4 ms
# Microseconds of a message walked past, of a hit by the index, of a conversation
WALK_ROW, INDEX_ROW, OWN_ROW = 1.2, 10.0, 8.0
LITTLE = 0.2  # a share of all that is said, or of its hits
SAID = 2  # messages that a conversation adds to a walk, on the safe side
AMPLE = 2  # times as far as should do
LEAST, MOST_OWN = 200, 4000  # conversations of those that say little, to begin with

WALK = """
select m.conversation_id, m.id, m.sent_at from (
  select id, conversation_id, account_id, search, text, sent_at from inbox_message
  order by sent_at desc, id desc limit %(walk)s) m
where {match} and {mine}
"""
INDEX = """
select m.conversation_id, m.id, m.sent_at from inbox_message m where {match} and {mine}
"""
# Of those that say little among all: their own conversations, newest first. What is older than the oldest of these
# waits for a longer walk: another conversation may have something newer. A row of zeros: these were all.
OWN = """
with own(id, at) as materialized ({newest} limit %(walk)s),
reached as (select count(*) < %(walk)s as all, min(at) as until from own)
select m.conversation_id, m.id, m.sent_at from own cross join reached cross join lateral (
  select id, conversation_id, sent_at, search, text from inbox_message where conversation_id = own.id offset 0) m
where {match} and (reached.all or m.sent_at >= reached.until)
union all select 0, 0, '9999-01-01' from reached where reached.all
"""
NEWEST = """
select * from (
  select distinct on (conversation_id) conversation_id, id, sent_at from ({way}) hits
  order by conversation_id, sent_at desc, id desc) newest
order by sent_at desc, id desc limit %(most)s
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
    """The newest message of a conversation that has the words."""

    conversation: int
    message: int
    at: datetime


class Texts:
    """The hits within some conversations."""

    def __init__(self, within: Within, accounts: list[int], match: Match) -> None:
        # An expression keeps the index on accounts out of it: a brand's account may have half of all messages
        mine = f"m.account_id + 0 = any(%(accounts)s) and {within.holds('m.conversation_id')}"
        self.parts = {"match": match.condition, "mine": mine, "newest": within.newest()}
        self.values = {"accounts": accounts, "sample": SAMPLE, **match.values, **within.values}

    def newest(self, most: int) -> list[Hit]:
        """The newest hits of so many conversations, newest first; fewer when these are all."""
        ((hits, mine, own, rows),) = self._rows(COMMON)
        share, by_index = max(hits, 0.5) / SAMPLE, max(hits, 0.5) / SAMPLE * rows * INDEX_ROW
        if own < SAMPLE * LITTLE or mine < hits * LITTLE:
            way, cost, walk = OWN, OWN_ROW, max(LEAST, min(MOST_OWN, int(AMPLE * most / min(1, share * SAID))))
        else:
            way, cost, walk = WALK, WALK_ROW, max(LEAST * SAID, int(AMPLE * most * SAMPLE / max(mine, 0.5)))
        while walk * cost < by_index:
            rows = self._found(way, walk=walk, most=most + 1)
            found = [hit for hit in rows if hit.message]
            if len(found) >= most or len(found) < len(rows):
                return found[:most]
            walk *= min(16, max(2, round(AMPLE * most / max(len(found), 1))))  # by what was found so far
        return self._found(INDEX, most=most)

    def _found(self, way: str, **values: int) -> list[Hit]:
        return [Hit(*row) for row in self._rows(NEWEST.replace("{way}", way), **values)]

    def _rows(self, statement: str, **values: int) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**self.parts), {**self.values, **values})
            return list(cursor.fetchall())
