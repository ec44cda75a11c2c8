"""The words people use, for searches that are misspelt, and to know how to search."""

from __future__ import annotations

from django.db import connection, transaction

LATEST = 50_000  # messages
COLLECT = """
insert into inbox_searchword (word, hits)
select word, count(distinct id) from (
  select id, regexp_split_to_table(unaccent(lower(text)), '[^[:alpha:]]+') as word
  from (select id, text from inbox_message where erased_at is null and deleted_at is null
        order by sent_at desc, id desc limit %s) latest) words
where length(word) between 4 and 40 group by word having count(*) >= 3
"""


@transaction.atomic
def collect_words() -> int:
    """Count the words of the newest messages anew; how many are kept. A word that is rare stays out: it may be a name."""
    with connection.cursor() as cursor:
        cursor.execute("delete from inbox_searchword")
        cursor.execute(COLLECT, [LATEST])
        return int(cursor.rowcount)
