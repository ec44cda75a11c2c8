"""Recorded answers of a platform through the mapping of production: `python -m connectors.replay --help`."""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from connectors.base import Connector
from connectors.payloads import parse_json
from connectors.recordings import exchange_of, unwrap
from connectors.registry import PLATFORMS, connector_class
from connectors.types import Page, Unreadable

_YAML = {".yaml", ".yml"}


def main(arguments: list[str] | None = None) -> int:
    """Read what is named on the command line; 0 unless this program itself is broken."""
    asked = _parser().parse_args(arguments)
    replay(connector_class(asked.platform), [Path(path) for path in asked.path], sys.stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.replay",
        description="Reads recorded API answers and prints, as JSON Lines, the messages in them, then reposts"
        ' and reactions ({"exposure": ...}), deletions ({"deletion": ...}), and what could not be read with'
        ' why ({"unreadable": why, "payload": ...}).',
        epilog="PATH is a JSON, JSON Lines, HAR or YAML (VCR) file, gzipped or not, or a folder of them. An item is"
        " an exchange (method, uri, status, headers, body; body as JSON, text or base64), an entry of a HAR or VCR"
        " recording, of a mock or a collection, or a bare answer; any of them may stand under names of one's own.",
    )
    parser.add_argument("platform", choices=sorted(PLATFORMS))
    parser.add_argument("path", nargs="+", metavar="PATH")
    return parser


def replay(connector: type[Connector], paths: list[Path], out: TextIO) -> None:
    """Print everything in these files: messages first, what could not be read last."""
    later: list[dict[str, Any]] = []
    for source, item in _items(paths):
        page = item if isinstance(item, Page) else _read(connector, item)
        for message in page.messages:
            _print({**_plain(message), "source": source}, out)
        later += [{"exposure": _plain(e), "source": source} for e in page.exposures]
        later += [{"deletion": _plain(d), "source": source} for d in page.deletions]
        later += [_unreadable(u, source) for u in page.unreadable]
    for line in sorted(later, key=lambda line: "unreadable" in line):
        _print(line, out)


def _read(connector: type[Connector], item: Any) -> Page:
    try:
        return connector.read_recorded(exchange_of(item))
    except Exception as error:
        return _failed(item, f"{type(error).__name__}: {error}")


def _failed(payload: Any, why: str) -> Page:
    return Page(unreadable=(Unreadable(payload, why[:500]),))


def _unreadable(item: Unreadable, source: str) -> dict[str, Any]:
    line = {"unreadable": item.error, "payload": item.payload, "source": source}
    return line | ({"external_id": item.external_id} if item.external_id else {})


def _print(line: dict[str, Any], out: TextIO) -> None:
    out.write(json.dumps(line, default=_told) + "\n")  # ASCII: a terminal's encoding cannot break it


def _plain(thing: Any) -> dict[str, Any]:
    return {field.name: _part(getattr(thing, field.name)) for field in dataclasses.fields(thing)}


def _part(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _plain(value)
    return [_part(item) for item in value] if isinstance(value, tuple) else value


def _told(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else repr(value)


# Files into items


def _items(paths: list[Path]) -> Iterator[tuple[str, Any]]:
    for path in paths:
        for file in _files(path):
            for position, item in enumerate(_parsed(file), 1):
                for exchange in unwrap(item):
                    yield f"{file}:{position}", exchange


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    endings = {".json", ".jsonl", ".ndjson", ".har", *_YAML}
    return sorted(file for file in path.rglob("*") if _ending(file) in endings and file.is_file())


def _ending(file: Path) -> str:
    """What kind of file it is; `.gz` says nothing about that."""
    return file.with_suffix("").suffix.lower() if file.suffix.lower() == ".gz" else file.suffix.lower()


def _parsed(file: Path) -> list[Any]:
    """The JSON values of a file: one, or one a line; a line that is none comes out as a page that says so."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return [_failed(str(file), f"cannot be opened: {error.strerror}")]
    try:
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        return [_failed(str(file), f"not a whole gzip file: {error}")]
    text = _text(content)
    if _ending(file) in _YAML:
        return [_yaml(text)]
    try:
        return [parse_json(text)]
    except ValueError as error:
        whole = str(error)
    lines = [line for line in text.splitlines() if line.strip()]
    values = [_line(line) for line in lines]
    if not lines or (len(lines) > 1 and all(isinstance(value, Page) for value in values)):
        return [_failed(text[:100_000], f"not JSON: {whole}" if lines else "an empty file")]
    return values


def _text(content: bytes) -> str:
    """UTF-8, with or without its mark, or UTF-16 as Windows saves it; a byte that is neither costs itself."""
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if utf16 else "utf-8-sig", "replace")


def _yaml(text: str) -> Any:
    """A VCR cassette. Plain data only: a tag that names a class is passed over."""
    try:
        import yaml
    except ImportError:
        return _failed(text[:100_000], "YAML needs the package PyYAML")
    loader: Any = type("Plain", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
    loader.add_multi_constructor("tag:yaml.org,2002:python/", _untagged)
    try:
        return yaml.load(text, Loader=loader)  # noqa: S506 - a subclass of the safe one
    except yaml.YAMLError as error:
        return _failed(text[:100_000], f"not YAML: {error}")


def _untagged(loader: Any, _: str, node: Any) -> Any:
    """What stands under such a tag, as the mapping, list or text that it is."""
    match node.id:
        case "mapping":
            return loader.construct_mapping(node, deep=True)
        case "sequence":
            return loader.construct_sequence(node, deep=True)
        case _:
            return loader.construct_scalar(node)


def _line(line: str) -> Any:
    try:
        return parse_json(line)
    except ValueError as error:
        return _failed(line, f"not JSON: {error}")


if __name__ == "__main__":
    sys.exit(main())
