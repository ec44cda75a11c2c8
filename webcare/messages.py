"""`make messages`: collect the texts, update the Dutch catalogue, compile it. `--check` says what is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "nl" / "LC_MESSAGES" / "django.po"
KEYWORDS = ["-k", "_l", "-k", "gettext_lazy", "-k", "ngettext_lazy:1,2", "-k", "pgettext_lazy:1c,2"]


def babel(*arguments: str) -> None:
    """Run one of Babel's commands."""
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", "-q", *arguments], cwd=ROOT, check=True)


def collect(into: Path) -> None:
    """All texts of the code and the templates."""
    options = ["--no-location", "--sort-output", "--no-wrap", "--omit-header", *KEYWORDS]
    babel("extract", "-F", "babel.cfg", *options, "-o", str(into), ".")


def compile_catalogue() -> None:
    """Make what the programs read, unless it is there and newer than its source."""
    compiled = CATALOGUE.with_suffix(".mo")
    if compiled.exists() and compiled.stat().st_mtime > CATALOGUE.stat().st_mtime:
        return
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="nl")
    partial = compiled.with_suffix(f".{os.getpid()}.new")  # whoever reads meanwhile never sees half of it
    with partial.open("wb") as file:
        write_mo(file, catalogue)
    partial.rename(compiled)


def missing(template: Path) -> list[str]:
    """Texts without a Dutch translation that is there, whole and certain."""
    with CATALOGUE.open("rb") as file:
        known = read_po(file, locale="nl")
    with template.open("rb") as file:
        wanted = read_po(file)
    lacking = []
    for message in wanted:
        found = known.get(message.id, context=message.context) if message.id else message
        texts = found.string if found and isinstance(found.string, tuple) else [found.string if found else ""]
        if message.id and (found is None or found.fuzzy or not all(texts)):
            lacking.append(str(message.id))
    return lacking


def main() -> None:
    """Update and compile, only compile, or check."""
    if "--compile" in sys.argv:
        compile_catalogue()
        return
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "messages.pot"
        collect(template)
        if "--check" not in sys.argv:
            options = ["--no-wrap", "--ignore-obsolete", "--no-fuzzy-matching", "--ignore-pot-creation-date"]
            options += ["-D", "django", "-l", "nl", "-d", "locale"]
            if not CATALOGUE.exists():
                babel("init", "-i", str(template), "-D", "django", "-l", "nl", "-d", "locale")
            babel("update", "-i", str(template), *options)
            compile_catalogue()
        lacking = missing(template)
    for text in lacking:
        print(f"not translated: {text}")
    if lacking:
        raise SystemExit(f"{len(lacking)} texts lack a Dutch translation in {CATALOGUE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
