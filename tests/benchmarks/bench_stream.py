"""Five thousand open browsers on one process: memory of each, and how long until the last one hears of a change.

`python -m tests.benchmarks.bench_stream [--browsers N]`: the real server, on a PostgreSQL and Valkey of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_servers
from tests.benchmarks.web import web_server

ROUNDS = 20
BUDGET_KB, BUDGET_MS = 20, 150


def memory(pid: int) -> int:
    """Kilobytes of a process that are its own, in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


class Browser:
    """An open stream, read until the connection ends."""

    def __init__(self) -> None:
        self.heard: dict[int, float] = {}  # id of a conversation -> when it was told
        self.greeted = asyncio.Event()

    async def open(self, port: int, path: str, cookie: str) -> None:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: sessionid={cookie}\r\n\r\n"
        )
        self.writer.write(request.encode())
        self.reading = asyncio.create_task(self.read(reader))
        await asyncio.wait_for(self.greeted.wait(), 120)

    async def read(self, reader: asyncio.StreamReader) -> None:
        kind = ""
        while line := await reader.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
                if kind == "hello":
                    self.greeted.set()
            elif line.startswith(b"data: ") and kind == "conversation":
                self.heard[json.loads(line[6:])["id"]] = time.perf_counter()


async def measure(port: int, pid: int, *, browsers: int, brand: Any, cookie: str) -> dict[str, Any]:
    """Open them fifty at a time, and tell all of them of one change at a time."""
    from inbox import events

    path, opened = f"/stream/{brand.slug}/", [Browser() for _ in range(browsers)]
    first = Browser()
    await first.open(port, path, cookie)  # what the first one loads is not the others' memory
    before = memory(pid)
    began = time.perf_counter()
    for n in range(0, browsers, 50):
        await asyncio.gather(*(one.open(port, path, cookie) for one in opened[n : n + 50]))
    opening, each = time.perf_counter() - began, (memory(pid) - before) / browsers
    last = []
    for n in range(1, ROUNDS + 1):
        told = time.perf_counter()
        await asyncio.to_thread(events.publish, "conversation", brand_id=brand.pk, id=n)
        while any(n not in one.heard for one in opened):
            await asyncio.sleep(0.005)
            if time.perf_counter() - told > 20:
                raise SystemExit("some browsers were never told")
        last.append((max(one.heard[n] for one in opened) - told) * 1000)
        await asyncio.sleep(1.5)  # a quiet moment: what follows at once is gathered for a quarter of a second
    for one in [first, *opened]:
        one.reading.cancel()
        one.writer.close()
    last.sort()
    return {
        "browsers": browsers, "opened_in_seconds": round(opening, 1), "kb_each": round(each, 1),
        "last_browser_ms": {"p50": round(statistics.median(last), 1), "p95": round(last[int(ROUNDS * 0.95) - 1], 1)},
        "within": each <= BUDGET_KB and last[int(ROUNDS * 0.95) - 1] <= BUDGET_MS,
    }  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--browsers", type=int, default=5000)
    options = arguments.parse_args()
    with bench_servers.running():
        from tests import builders
        from tests.browser import session_of

        brand = builders.brand()
        agent = builders.agent(brand)
        with web_server() as (port, pid):
            result = asyncio.run(
                measure(port, pid, browsers=options.browsers, brand=brand, cookie=session_of(agent))
            )  # fmt: skip
    print(result)
    path = Path("var/bench/stream.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
