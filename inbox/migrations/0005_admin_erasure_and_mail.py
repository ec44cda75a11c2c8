from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_outbox_order")]

    operations = [
        migrations.AddField("message", "erased_at", models.DateTimeField(null=True)),
        migrations.AddField("notification", "mailed_at", models.DateTimeField(null=True)),
    ]
