"""How rows become objects, of those tables of which a page reads dozens."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models.base import ModelState


class Loaded(models.Model):
    """A row's values go in as they are. Django's own way asks of every column what a form might have left out."""

    class Meta:
        abstract = True

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **_options: Any) -> Self:
        """As a `Model`'s own: a column that was not read is fetched when asked for."""
        made = cls.__new__(cls)
        made.__dict__.update(zip(field_names, values, strict=True), _state=ModelState())
        made._state.adding, made._state.db = False, db
        return made
