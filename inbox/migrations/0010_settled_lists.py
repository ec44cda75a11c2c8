from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

NEWEST = ["last_message_at", "id"]


class Migration(migrations.Migration):
    """Rare things among millions of settled conversations are one walk over an index."""

    atomic = False
    dependencies = [("inbox", "0009_indexes_nobody_reads")]

    operations = [
        AddIndexConcurrently("conversation", models.Index(fields=["brand", "kind", *NEWEST], name="conv_kind_newest")),
        AddIndexConcurrently(
            "conversation", models.Index(fields=["brand", "feeling", *NEWEST], name="conv_feeling_newest")
        ),
        AddIndexConcurrently("conversation", models.Index(fields=["assignee", *NEWEST], name="conv_assignee_newest")),
        AddIndexConcurrently("conversation", models.Index(fields=["team", *NEWEST], name="conv_team_newest")),
        AddIndexConcurrently(
            "conversation",
            models.Index(
                fields=["brand", "status", *NEWEST], name="conv_nobody_newest", condition=models.Q(assignee=None)
            ),
        ),
    ]
