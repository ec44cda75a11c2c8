"""Claims read an account's oldest first; replies to many are one form, and keep whom they could not reach."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0007_checked_at")]

    operations = [
        AddIndexConcurrently(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "pending")), fields=["account", "due_at", "id"], name="delivery_due_here"
            ),
        ),
        migrations.AddField("bulkreply", "token", models.UUIDField(null=True, unique=True)),
        migrations.AddField("bulkreply", "refused", models.JSONField(default=dict)),
    ]
