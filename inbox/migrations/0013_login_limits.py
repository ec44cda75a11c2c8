"""Where tries to log in are counted, and codes that were used: in the database, so that it holds without Valkey."""

from django.db import migrations

CREATE = """
create unlogged table webcare_cache (
    cache_key varchar(255) primary key, value text not null, expires timestamptz not null);
create index webcare_cache_expires on webcare_cache (expires)"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0012_references_by_statement")]

    operations = [migrations.RunSQL(CREATE, "drop table webcare_cache")]
