"""Why something could not be read is said in the admin's language, whatever reader said it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from inbox.queries.ledger_words import why_unread

READERS = Path(__file__).resolve().parent.parent.parent / "connectors"


def said(node: ast.expr) -> str | None:
    """The text of an error as the source has it, with something in place of each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "something" for part in node.values)
    return None


def errors() -> Iterator[str]:
    """What the readers can say."""
    for source in sorted([*READERS.glob("x/*.py"), *READERS.glob("facebook/*.py"), READERS / "payloads.py"]):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = {"UnreadableError": 0, "Unreadable": 1}.get(node.func.id)
                text = said(node.args[place]) if place is not None and len(node.args) > place else None
                if text and not text.startswith("something"):
                    yield text


def test_there_is_much_that_readers_say():
    assert len(set(errors())) > 15


@pytest.mark.parametrize("error", sorted(set(errors())))
def test_each_has_words_in_both_languages(error):
    told = [_in(language, f"UnreadableError: {error}") for language in ("en", "nl")]
    assert "UnreadableError" not in "".join(told)
    assert told[0] != told[1]


def test_another_is_told_as_it_was_said():
    assert _in("nl", "KeyError: 'text'") == "De lezer zei: KeyError: 'text'"


def _in(language: str, error: str) -> str:
    with translation.override(language):
        return why_unread(error)
