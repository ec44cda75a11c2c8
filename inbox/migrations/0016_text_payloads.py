"""Payloads as the text that came, in their own row; and rows of our own transaction are not locked against ourselves.

A payload of three kilobytes was read into `jsonb`, compressed and cut in two beside the table: half of all that a
message cost the database. Rows of the old form stay readable, and go with their term.
"""

from django.db import migrations, models

REFERENCES = {
    "contact": {"brand": "brand"},
    "identity": {"brand": "brand", "contact": "contact"},
    "thread": {"account": "channelaccount"},
    "conversation": {
        "brand": "brand", "account": "channelaccount", "thread": "thread", "contact": "contact", "identity": "identity",
    },
    "message": {
        "conversation": "conversation", "account": "channelaccount", "identity": "identity", "stream": "stream",
    },
    "messagepayload": {"message": "message"},
    "metricwatch": {"message": "message", "account": "channelaccount"},
}  # fmt: skip
CHECK = """
        ids := array(select distinct {column} from fresh where {column} is not null);
        {ours}
        if cardinality(ids) > (select count(*) from (select from {parent} where id = any (ids) for key share) found) then
            perform webcare_refuse('{child}', '{column}', '{parent}');
        end if;"""
# What this transaction wrote itself nobody else can remove before it commits
OURS = """ids := array(select unnest(ids) except select id from {parent} where id = any (ids) and xmin = us);"""
CHILD = """
    create or replace function webcare_inbox_{child}_refers() returns trigger language plpgsql set enable_seqscan = off as $$
    declare ids bigint[]; us xid := pg_current_xact_id()::xid;
    begin{checks}
        return null;
    end $$;
"""


def _child(child: str, ours: str) -> str:
    checks = [
        CHECK.format(child=f"inbox_{child}", column=f"{name}_id", parent=f"inbox_{parent}",
                     ours=ours.format(parent=f"inbox_{parent}"))
        for name, parent in REFERENCES[child].items()
    ]  # fmt: skip
    return CHILD.format(child=child, checks="".join(checks))


class Migration(migrations.Migration):
    dependencies = [("inbox", "0015_search_and_threads")]

    operations = [
        migrations.RunSQL([_child(child, OURS) for child in REFERENCES], [_child(child, "") for child in REFERENCES]),
        migrations.AddField("messagepayload", "body", models.TextField(db_default="")),
        migrations.AlterField("messagepayload", "raw", models.JSONField(null=True)),
        migrations.RunSQL(
            "alter table inbox_messagepayload set (toast_tuple_target = 8160)",
            "alter table inbox_messagepayload reset (toast_tuple_target)",
        ),
    ]
