"""Messages a second, new and already seen, beside COPY in the same run: of text and payload alone, and of all rows.

`COPY` is one bare table with what the platform gave. `all rows` is everything that a message becomes (its conversation,
person, payload, watch ...) into tables without an index, a trigger or a search column, as many pages and commits.

`python -m tests.benchmarks.bench_ingest [--messages N] [--fill M ...] [--page N]` starts its own durable PostgreSQL.
`--fill 10000 5000000` shows whether it slows down as the tables grow: each is measured with that many messages there.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_servers

PAYLOAD_BYTES = 2900
WORDS = [
    "de",
    "trein",
    "naar",
    "zwolle",
    "staat",
    "stil",
    "en",
    "niemand",
    "zegt",
    "waarom",
    "kunnen",
    "jullie",
    "helpen",
    "met",
    "mijn",
    "reis",
    "bedankt",
    "groet",
]


def messages(count: int, *, start: int) -> Iterator[Any]:
    """A busy day: half of the people write for the first time, threads hold some seven messages."""
    from connectors.types import Author, InboundMessage, Metrics, Visibility

    now = datetime.now(UTC)
    for n in range(start, start + count):
        text = " ".join(WORDS[(n * 7 + i * i) % len(WORDS)] for i in range(28)) + f" {n}"
        person = n if n % 2 else n // 20
        raw = _raw(n, text)
        who = Author(f"u{person}", f"user{person}", f"User {person}", followers=n % 5000)
        yield InboundMessage(f"m{n}", who, now - timedelta(seconds=count - n + start), text, Visibility.PUBLIC, f"t{n // 7}",
                             metrics=Metrics(1, 2, 3), permalink=f"https://example.com/m/{n}", language="nl", raw=raw)  # fmt: skip


def _raw(n: int, text: str) -> dict[str, Any]:
    """2.9 kB, as little alike from one to the next as a platform's: addresses and ids that hardly compress."""
    links = [{"url": f"https://t.co/{mark[:10]}", "expanded_url": f"https://example.com/reis/{mark}", "start": n % 97,
              "media_key": f"3_{int(mark[:15], 16)}"} for mark in (sha256(b"%d-%d" % (n, i)).hexdigest() for i in range(14))]  # fmt: skip
    return {"id": str(n), "text": text, "entities": {"urls": links}}


def pages(items: list[Any], size: int) -> Iterator[Any]:
    from connectors.types import Page

    for start in range(0, len(items), size):
        part = tuple(items[start : start + size])
        yield Page(part, fetched=len(part), cursor={"since": part[-1].external_id})


def ingest_all(stream: Any, items: list[Any], *, size: int) -> float:
    """Messages a second."""
    from inbox.operations.ingest import ingest_page, prepare

    waiting = list(pages(items, size))
    _set_apart()
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as fetching:  # as in polling: the thread that fetched a page also prepares it
        prepared = fetching.submit(prepare, waiting[0])
        for page, coming in itertools.zip_longest(waiting, waiting[1:]):
            ready = prepared.result()
            if coming is not None:
                prepared = fetching.submit(prepare, coming)
            ingest_page(stream=stream, page=page, now=datetime.now(UTC), lease=None, ready=ready)
    return len(items) / (time.perf_counter() - began)


def _set_apart() -> None:
    """The benchmark's own thousands of messages are not the garbage collector's business."""
    gc.collect()
    gc.freeze()


def copy_all(items: list[Any], *, size: int, table: str = "bare") -> float:
    """The same rows, text and payload, into a table without any index, with as many commits."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(
            f"""CREATE TABLE {table} (id bigint, external_id text, author text, handle text, name text, followers bigint,
               sent_at timestamptz, text text, thread text, permalink text, language text, raw text)"""
        )
    _set_apart()
    began = time.perf_counter()
    for start in range(0, len(items), size):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for n, m in enumerate(items[start : start + size]):
                a = m.author
                copy.write_row((n, m.external_id, a.external_id, a.handle, a.name, a.followers, m.sent_at, m.text,
                                m.thread_id, m.permalink, m.language, json.dumps(m.raw)))  # fmt: skip
    return len(items) / (time.perf_counter() - began)


TABLES = ("contact", "identity", "thread", "conversation", "message", "messagepayload", "metricwatch")


def newest_ids() -> dict[str, int]:
    """Where each table ends."""
    from django.db import connection

    with connection.cursor() as cursor:
        ends = (f"(SELECT coalesce(max({_key(name)}), 0) FROM inbox_{name})" for name in TABLES)
        cursor.execute(f"SELECT {', '.join(ends)}")
        return dict(zip(TABLES, cursor.fetchone(), strict=True))


def _key(table: str) -> str:
    return "message_id" if table in {"messagepayload", "metricwatch"} else "id"


def copy_rows_of(ends: dict[str, int], count: int, *, size: int) -> float:
    """The rows that came since, again, bare and written out beforehand; messages a second."""
    from django.db import connection, transaction

    pages_, kept = count // size, {}
    with connection.cursor() as cursor:
        for name, end in ends.items():
            cursor.execute(
                "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) FROM information_schema.columns"
                " WHERE table_name = %s AND is_generated = 'NEVER'", [f"inbox_{name}"],
            )  # fmt: skip
            columns = cursor.fetchone()[0]
            cursor.execute(f"DROP TABLE IF EXISTS bare_{name}")
            cursor.execute(f"CREATE TABLE bare_{name} AS SELECT {columns} FROM inbox_{name} LIMIT 0")
            with cursor.copy(f"COPY (SELECT {columns} FROM inbox_{name} WHERE {_key(name)} > {end}) TO STDOUT") as out:
                rows = b"".join(bytes(part) for part in out).splitlines(keepends=True)
            step = -(-len(rows) // pages_)
            kept[name] = [b"".join(rows[n : n + step]) for n in range(0, len(rows), step)]
        began = time.perf_counter()
        for page in itertools.zip_longest(*kept.values(), fillvalue=b""):
            with transaction.atomic():
                for name, rows in zip(kept, page, strict=True):
                    with cursor.copy(f"COPY bare_{name} FROM STDIN") as copy:
                        copy.write(rows)
    return count / (time.perf_counter() - began)


def measure(stream: Any, *, count: int, start: int, size: int, rounds: int = 3) -> dict[str, float]:
    """Medians of interleaved rounds."""
    figures: dict[str, list[float]] = {"new": [], "seen": [], "copy": [], "ratio": [], "rows": [], "rows_ratio": []}
    for number in range(rounds):
        items = list(messages(count, start=start + number * count))
        bare = copy_all(items, size=size)
        ends = newest_ids()
        new = ingest_all(stream, items, size=size)
        rows = copy_rows_of(ends, count, size=size)
        figures["rows"].append(rows)
        figures["rows_ratio"].append(new / rows)
        figures["copy"].append(bare)
        figures["new"].append(new)
        figures["ratio"].append(new / bare)
        figures["seen"].append(ingest_all(stream, items, size=size))
    return {name: round(statistics.median(values), 3) for name, values in figures.items()}


def two_workers(streams: list[Any], *, count: int, start: int, size: int, rounds: int = 3) -> dict[str, float]:
    """Both cores: two workers with a stream each, beside two that COPY. Medians of interleaved rounds."""
    figures: dict[str, list[float]] = {"copy": [], "new": [], "seen": []}
    many = len(streams) * count
    for number in range(rounds):
        begin = start + number * many
        parts = [list(messages(count, start=begin + n * count)) for n in range(len(streams))]
        _set_apart()
        for name, work in (("copy", _copy_part), ("new", ingest_all), ("seen", ingest_all)):
            began = time.perf_counter()
            children = [_forked(work, stream, part, size) for stream, part in zip(streams, parts, strict=True)]
            ended = [os.waitpid(pid, 0)[1] for pid in children]
            if any(ended):
                raise RuntimeError("a worker failed")
            figures[name].append(many / (time.perf_counter() - began))
    ratios = [new / bare for new, bare in zip(figures["new"], figures["copy"], strict=True)]
    found = {name: round(statistics.median(values), 3) for name, values in figures.items()}
    return {**found, "ratio": round(statistics.median(ratios), 3)}


def _copy_part(stream: Any, items: list[Any], *, size: int) -> float:
    return copy_all(items, size=size, table=f"bare{stream.pk}")


def _forked(work: Any, stream: Any, items: list[Any], size: int) -> int:
    from django.db import connections

    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work(stream, items, size=size)
        status = 0
    finally:
        os._exit(status)


def fill(count: int, *, there: int) -> None:
    """Make the tables large, in SQL: rows like those that ingest writes, beside those already `there`."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FILL, {"n": count - there, "there": there})
        cursor.execute("ANALYZE")


def look_up_plan(stream: Any, *, size: int) -> list[str]:
    """How PostgreSQL finds the messages of a page that it has: the scans, outermost first."""
    from django.db import connection

    from inbox.operations.ingest_edits import KNOWN

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {KNOWN}", [stream.account_id, [f"m{n}" for n in range(size)]])
        lines = [row[0].strip() for row in cursor.fetchall()]
    return [line.removeprefix("->").split("(cost")[0].strip() for line in lines if "Scan" in line]


FILL = """
    WITH brand AS (SELECT brand_id AS b, id AS a FROM inbox_channelaccount LIMIT 1),
    c AS (INSERT INTO inbox_contact (id, brand_id, name, created_at)
        SELECT nextval('inbox_contact_id_seq'), b, 'F ' || g, now() FROM brand, generate_series(1, %(n)s / 5) g RETURNING id),
    t AS (INSERT INTO inbox_thread (account_id, external_id, visibility, ours, text, author_name, author_handle, permalink,
            attachments) SELECT a, 'f' || g + %(there)s, 'public', false, '', '', '', '', '[]' FROM brand,
            generate_series(1, %(n)s / 5) g RETURNING id),
    ct AS (SELECT row_number() OVER () AS r, id FROM c), tt AS (SELECT row_number() OVER () AS r, id FROM t),
    v AS (INSERT INTO inbox_conversation (brand_id, account_id, thread_id, contact_id, key, visibility, proactive, status,
            outcome, kind, feeling, language, first_message_at, last_message_at, preview, message_count, reach, growth,
            close_loop, version)
        SELECT b, a, tt.id, ct.id, 'pub:f' || ct.r + %(there)s || ':x', 'public', false, CASE WHEN ct.r %% 12 = 0 THEN 'open' ELSE
            'resolved' END, '', '', '', '', now() - ct.r * interval '10 second', now() - ct.r * interval '10 second',
            'preview', 5, 0, 0, false, 1 FROM brand, ct JOIN tt USING (r) RETURNING id, account_id)
    INSERT INTO inbox_message (conversation_id, account_id, external_id, direction, visibility, parent_external_id, mode,
        text, language, permalink, rating, version_id, sent_at, created_at, placeholder, reposts, replies, likes, options)
    SELECT v.id, v.account_id, 'f' || v.id || '-' || k, 'in', 'public', '', '', 'Waarom rijdt mijn trein ' || v.id || ' niet, en '
        || 'wanneer dan wel naar station ' || k, 'nl', '', '', '', now() - v.id * interval '2 second',
        now(), false, 0, 0, 0, '{}' FROM v, generate_series(1, 5) k"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--messages", type=int, default=6000)
    options.add_argument("--page", type=int, default=500)
    options.add_argument("--fill", type=int, nargs="*", default=[500_000])
    asked = options.parse_args()
    with bench_servers.running():
        from django.db import connection

        from tests import builders

        stream = builders.stream()
        ingest_all(stream, list(messages(2000, start=10**9)), size=100)  # warm
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum does within a minute of the first messages
        result: dict[str, Any] = {"page": asked.page, "payload_bytes": PAYLOAD_BYTES}
        result["small"] = measure(stream, count=asked.messages, start=0, size=asked.page)
        result["pages of 100"] = measure(stream, count=2000, start=10**7, size=100)
        others = [stream, builders.stream()]
        result["two workers"] = two_workers(others, count=asked.messages, start=10**8, size=asked.page)
        for there, count in itertools.pairwise([0, *sorted(asked.fill)]):
            fill(count, there=there)
            result[f"with {count} more"] = measure(
                stream, count=asked.messages, start=2 * 10**9 + 100 * count, size=asked.page
            )
            result[f"look-up with {count} more"] = look_up_plan(stream, size=asked.page)
        report(result)


def report(result: dict[str, Any]) -> None:
    """The table, and the file."""
    columns = {"new": 0, "seen": 0, "copy": 0, "ratio": 2, "rows": 0, "rows_ratio": 2}
    titles = ("new", "seen", "COPY", "new/COPY", "all rows", "new/all")
    print(f"{'messages a second':24}" + "".join(f"{title:>10}" for title in titles))
    for name, figures in result.items():
        if isinstance(figures, dict):
            cells = (f"{figures[key]:>10.{digits}f}" for key, digits in columns.items() if key in figures)
            print(f"{name:24}" + "".join(cells))
    path = Path("var/bench/ingest.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
