"""The conversations that a search looks at, as pieces of SQL: those of one list, or all of a brand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BigIntegerField, Func, QuerySet
from django.db.models.functions import Lower

from inbox.models import Brand, Conversation, Identity

CROWD = 300  # people looked up; of more than these, the newest are found among the newest conversations


@dataclass(frozen=True)
class Within:
    """One brand's conversations; `narrow` are those that the list's filters leave, newest first, None for all.

    Raises EmptyResultSet from its pieces when the filters can leave nothing.
    """

    brand: Brand
    narrow: QuerySet[Conversation] | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def of_people(self, handle: str) -> Within:
        """Those of people whose handle begins so."""
        named = Identity.objects.filter(brand=self.brand).annotate(small=Lower("handle"))
        people = named.filter(small__startswith=handle.lower()).values("contact_id")[:CROWD]
        return Within(self.brand, self._found().filter(contact_id__in=people))

    def holds(self, column: str) -> str:
        """A condition: the id in this column of the statement around it is one of theirs.

        Looked up for each row: an offset keeps it from becoming a join.
        """
        if self.narrow is None:
            return "true"
        one = self.narrow.order_by().filter(pk=Func(template=column, output_field=BigIntegerField()))
        return f"exists ({self._text(one.values('pk'))} offset 0)"

    def newest(self) -> str:
        """Their ids and last moments, newest first."""
        return self._text(self._found().values_list("pk", "last_message_at"))

    def _found(self) -> QuerySet[Conversation]:
        if self.narrow is not None:
            return self.narrow
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
