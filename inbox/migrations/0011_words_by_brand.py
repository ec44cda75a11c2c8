"""Suggested words belong to a brand; the old ones, of no brand, go when words are next collected (every hour)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0010_settled_lists")]

    operations = [
        migrations.AddField(
            model_name="searchword",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="inbox.brand",
            ),
        ),
        migrations.AlterField(model_name="searchword", name="word", field=models.CharField(max_length=60)),
        migrations.AddConstraint(
            model_name="searchword",
            constraint=models.UniqueConstraint(fields=("brand", "word"), name="search_word_once"),
        ),
    ]
