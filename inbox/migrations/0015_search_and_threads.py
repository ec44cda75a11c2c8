"""How a person's name begins, and the open conversations of one thread: each one walk over an index."""

import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0014_app_checks")]

    operations = [
        AddIndexConcurrently(
            "conversation",
            models.Index(
                fields=["thread", "waiting_since", "id"], name="conv_thread_open", condition=models.Q(status="open")
            ),
        ),
        AddIndexConcurrently(
            "identity",
            models.Index(
                "brand",
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("handle"), "text_pattern_ops"
                ),
                name="identity_handle_start",
            ),
        ),
        AddIndexConcurrently(
            "identity",
            models.Index(
                "brand",
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower("name"), "text_pattern_ops"
                ),
                name="identity_name_start",
            ),
        ),
    ]
