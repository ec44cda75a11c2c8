"""`fields=a,b{c,d.limit(3)}`: Graph's field language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connectors.sandbox.graph_errors import GraphRefusal

TOKEN = re.compile(r"\s*([\w-]+|[{}(),.])")


@dataclass(slots=True)
class Field:
    """One asked field, its arguments and what is asked under it."""

    name: str
    args: dict[str, str] = field(default_factory=dict)
    sub: list[Field] | None = None


def parse_fields(text: str) -> list[Field]:
    """The fields a request asks for; error 2500 when the syntax is wrong."""
    reader = _Reader(text)
    fields = reader.fields()
    if reader.position < len(reader.text):
        raise reader.bad()
    return fields


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.position = text.strip(), 0

    def bad(self) -> GraphRefusal:
        return GraphRefusal(
            2500,
            f'Syntax error "Expected end of string instead of "{self.peek()}"." '
            f"at character {self.position}: {self.text}",
        )

    def peek(self) -> str:
        found = TOKEN.match(self.text, self.position)
        return found[1] if found else ""

    def take(self) -> str:
        found = TOKEN.match(self.text, self.position)
        if not found:
            raise self.bad()
        self.position = found.end()
        return found[1]

    def fields(self) -> list[Field]:
        out = []
        while self.peek() not in {"", "}"}:
            out.append(self.one())
            if self.peek() == ",":
                self.take()
        return out

    def one(self) -> Field:
        item = Field(self.take())
        if not re.fullmatch(r"[\w-]+", item.name):
            raise self.bad()
        while self.peek() == ".":
            self.take()
            name = self.take()
            item.args[name] = self.argument()
        if self.peek() == "{":
            self.take()
            item.sub = self.fields()
            if self.take() != "}":
                raise self.bad()
        return item

    def argument(self) -> str:
        if self.take() != "(":
            raise self.bad()
        end = self.text.find(")", self.position)
        if end < 0:
            raise self.bad()
        value, self.position = self.text[self.position : end], end + 1
        return value.strip("\"'")
