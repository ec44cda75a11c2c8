"""The words people use, for searches that are misspelt, and to know how to search."""

from __future__ import annotations

from django.db import connection, transaction

LATEST = 10_000  # conversations of each brand: a small one has words of its own, however busy its neighbours are
COLLECT = """
insert into inbox_searchword (brand_id, word, hits)
select brand_id, word, count(distinct id) from (
  select message.id, brand.id as brand_id, regexp_split_to_table(unaccent(lower(text)), '[^[:alpha:]]+') as word
  from inbox_brand brand
  cross join lateral (select id from inbox_conversation where brand_id = brand.id
                      order by last_message_at desc, id desc limit %s) latest
  join inbox_message message on message.conversation_id = latest.id
  where message.erased_at is null and message.deleted_at is null) words
where length(word) between 4 and 40 group by brand_id, word having count(*) >= 3
"""


@transaction.atomic
def collect_words() -> int:
    """Count each brand's words in its newest conversations anew; how many are kept. A rare one stays out: it may be a name."""
    with connection.cursor() as cursor:
        cursor.execute("delete from inbox_searchword")
        cursor.execute(COLLECT, [LATEST])
        return int(cursor.rowcount)
