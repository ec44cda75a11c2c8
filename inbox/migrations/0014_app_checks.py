"""What is proved of a platform app: its secret, its callback address, its permissions. Nothing is known of old ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0013_login_limits")]

    operations = [
        migrations.AddField("platformapp", "checked_at", models.DateTimeField(null=True)),
        migrations.AddField("platformapp", "came_back_at", models.DateTimeField(null=True)),
        migrations.AddField("platformapp", "missing_scopes", models.JSONField(null=True)),
    ]
