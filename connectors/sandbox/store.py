"""Keeps the world in a file: one row per thing, written when it changed."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from connectors.sandbox.entities import Entry
from connectors.sandbox.world import TABLES, World

ORDER = tuple(TABLES)  # people before posts before what hangs under them


class Store:
    """A SQLite file. Losing power costs the last two seconds."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute("CREATE TABLE IF NOT EXISTS thing (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")
        self.written = 0  # lines of the ledger

    def load(self, world: World) -> bool:
        """Fill the world; False when the file was empty."""
        found = False
        for name in ORDER:
            for (body,) in self.db.execute("SELECT body FROM thing WHERE kind = ? ORDER BY rowid", (name,)):
                world.add(name, TABLES[name](**json.loads(body)))
                found = True
        rows = self.db.execute("SELECT body FROM thing WHERE kind = 'ledger' ORDER BY CAST(id AS INTEGER)")
        world.ledger = [Entry(**json.loads(body)) for (body,) in rows]
        self.written = len(world.ledger)
        world.ids.counter = self._counter() + 1_000_000
        world.dirty.clear()
        return found

    def _counter(self) -> int:
        row = self.db.execute("SELECT body FROM thing WHERE kind = 'counter'").fetchone()
        return int(row[0]) if row else 0

    def save(self, world: World) -> int:
        """Write what changed; answers how many rows."""
        rows: list[tuple[str, str, str]] = []
        for name, key in world.dirty:
            rows.append((name, key, _dump(getattr(world, name)[key])))
        rows += [("ledger", str(entry.n), _dump(entry)) for entry in world.ledger[self.written :]]
        if not rows:
            return 0
        rows.append(("counter", "1", str(world.ids.counter)))
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT INTO thing VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body", rows
        )
        self.db.execute("COMMIT")
        world.dirty.clear()
        self.written = len(world.ledger)
        return len(rows)

    def forget(self) -> None:
        """Empty the file."""
        self.db.execute("DELETE FROM thing")
        self.written = 0


def _dump(item: Any) -> str:
    return json.dumps(item.__dict__, ensure_ascii=False, separators=(",", ":"))
