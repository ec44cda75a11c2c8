"""Counts walk over indexes of their own: the loads, and what is over the norm."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

OPEN = models.Q(status="open")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0017_smaller_indexes")]

    operations = [
        AddIndexConcurrently(
            "conversation", models.Index(fields=["brand", "assignee"], name="conv_loads", condition=OPEN)
        ),
        AddIndexConcurrently(
            "conversation", models.Index(fields=["brand", "due_at"], name="conv_overdue", condition=OPEN)
        ),
        RemoveIndexConcurrently("conversation", "conv_open_counts"),
    ]
