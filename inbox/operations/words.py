"""The words people use, for searches that are misspelt, and to know how to search."""

from __future__ import annotations

from django.db import connection, transaction

LATEST = 50_000  # messages
COLLECT = """
insert into inbox_searchword (brand_id, word, hits)
select brand_id, word, count(distinct id) from (
  select latest.id, account.brand_id, regexp_split_to_table(unaccent(lower(text)), '[^[:alpha:]]+') as word
  from (select id, account_id, text from inbox_message where erased_at is null and deleted_at is null
        order by sent_at desc, id desc limit %s) latest
  join inbox_channelaccount account on account.id = latest.account_id) words
where length(word) between 4 and 40 group by brand_id, word having count(*) >= 3
"""


@transaction.atomic
def collect_words() -> int:
    """Count each brand's words in the newest messages anew; how many are kept. A rare one stays out: it may be a name."""
    with connection.cursor() as cursor:
        cursor.execute("delete from inbox_searchword")
        cursor.execute(COLLECT, [LATEST])
        return int(cursor.rowcount)
