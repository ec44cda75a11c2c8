"""Indexes that every new message paid for and nobody read: two are the start of a longer one, one has no reader."""

import django.db.models.deletion
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models


def _dropped(name: str, table: str, column: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({column})",
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0008_outbox_claims")]

    operations = [
        RemoveIndexConcurrently(model_name="conversation", name="conv_of_account"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                _dropped("inbox_contact_brand_id_326836e2", "inbox_contact", "brand_id"),
                _dropped("inbox_conversation_contact_id_4878e8e1", "inbox_conversation", "contact_id"),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="contact",
                    name="brand",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contacts",
                        to="inbox.brand",
                    ),
                ),
                migrations.AlterField(
                    model_name="conversation",
                    name="contact",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="inbox.contact",
                    ),
                ),
            ],
        ),
    ]
