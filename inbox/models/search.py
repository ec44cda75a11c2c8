"""What search leans on besides the messages themselves."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchWord(models.Model):
    """A word people lately used to a brand and how often, so that a misspelt search there finds what was meant."""

    # Null only on rows that a version before this column collected: nobody is suggested those
    brand = models.ForeignKey("inbox.Brand", models.CASCADE, null=True, related_name="+", db_index=False)
    word = models.CharField(max_length=60)
    hits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "word"], name="search_word_once")]
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_near")]

    def __str__(self) -> str:
        return self.word
