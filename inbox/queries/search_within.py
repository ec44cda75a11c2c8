"""The conversations that a search looks at, as pieces of SQL: those of one list, or all of a brand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from inbox.models import Brand, Conversation


@dataclass(frozen=True)
class Within:
    """One brand's conversations; `narrow` are those that the list's filters leave, newest first, None for all.

    Raises EmptyResultSet from its pieces when the filters can leave nothing.
    """

    brand: Brand
    narrow: QuerySet[Conversation] | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def of_people(self, start: str) -> Within:
        """Those of people whose handle begins so; `start` is a pattern in small letters."""
        found = self.narrow if self.narrow is not None else self._all()
        these = "select contact_id from inbox_identity where brand_id = %s and lower(handle) like %s limit 300"
        return Within(self.brand, found.filter(contact_id__in=RawSQL(these, (self.brand.pk, start))))  # noqa: S611 - ours

    def holds(self, column: str) -> str:
        """A condition: this id is one of theirs. Looked up for each row (an offset keeps it from becoming a join)."""
        if self.narrow is None:
            return "true"
        one = self.narrow.order_by().filter(pk=RawSQL(column, ()))  # noqa: S611 - a column's name, of ours
        return f"exists ({self._text(one.values('pk'))} offset 0)"

    def newest(self) -> str:
        """Their ids and last moments, newest first."""
        found = self.narrow if self.narrow is not None else self._all()
        return self._text(found.values_list("pk", "last_message_at"))

    def _all(self) -> QuerySet[Conversation]:
        return Conversation.objects.filter(brand=self.brand).order_by("-last_message_at", "-pk")

    def _text(self, found: QuerySet[Conversation, Any]) -> str:
        """The statement with a name for each value, so that it can stand in another."""
        text, params = found.query.sql_with_params()
        remaining = iter(params)

        def named(mark: re.Match[str]) -> str:
            if mark.group() == "%%":
                return "%%"
            name = f"within{len(self.values)}"
            self.values[name] = next(remaining)
            return f"%({name})s"

        return re.sub("%[%s]", named, text)
