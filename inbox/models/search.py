"""What search leans on besides the messages themselves."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class SearchWord(models.Model):
    """A word people used lately and how often, so that a misspelt search finds what was meant."""

    word = models.CharField(max_length=60, unique=True)
    hits = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [GinIndex(fields=["word"], opclasses=["gin_trgm_ops"], name="search_word_near")]

    def __str__(self) -> str:
        return self.word
