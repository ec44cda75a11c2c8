"""Five thousand open browsers on one process: memory of each, and how long until the last one hears of a change.

`python -m tests.benchmarks.bench_stream [--browsers N]`: the real server, on a PostgreSQL and Valkey of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import time
from pathlib import Path
from typing import Any

import uvloop

from tests.benchmarks import bench_servers
from tests.benchmarks.web import web_server

ROUNDS = 20
BUDGET_KB, BUDGET_MS = 20, 150
TOLD = re.compile(rb'event: conversation\ndata: {"id":(\d+)')


def memory(pid: int) -> int:
    """Kilobytes of a process that are its own, in memory now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def busy(pid: int) -> float:
    """Milliseconds that a process has worked: what a busy machine does not blur."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Browser(asyncio.Protocol):
    """An open stream. It only looks for the ids it is told: five thousand of them must not be what is measured."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.greeted = asyncio.get_running_loop().create_future()
        self.heard: dict[int, float] = {}  # id of a conversation -> when it was told

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if b"event: hello" in data and not self.greeted.done():
            self.greeted.set_result(None)
        for told in TOLD.findall(data):
            self.heard.setdefault(int(told), now)


async def opened_browser(port: int, path: str, cookie: str) -> Browser:
    """Connected and greeted."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nCookie: sessionid={cookie}\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    _, made = await loop.create_connection(lambda: Browser(request.encode()), "127.0.0.1", port)
    await asyncio.wait_for(made.greeted, 120)
    return made


async def measure(port: int, pid: int, *, browsers: int, brand: Any, cookie: str) -> dict[str, Any]:
    """Open them fifty at a time, and tell all of them of one change at a time."""
    from inbox import events

    path, opened = f"/stream/{brand.slug}/", list[Browser]()
    first = await opened_browser(port, path, cookie)  # what the first one loads is not the others' memory
    before = memory(pid)
    began = time.perf_counter()
    for n in range(0, browsers, 50):
        opened += await asyncio.gather(*(opened_browser(port, path, cookie) for _ in range(min(50, browsers - n))))
    opening, each = time.perf_counter() - began, (memory(pid) - before) / browsers
    last, worked = [], busy(pid)
    for n in range(1, ROUNDS + 1):
        told = time.perf_counter()
        await asyncio.to_thread(events.publish, "conversation", brand_id=brand.pk, id=n)
        while any(n not in one.heard for one in opened):
            await asyncio.sleep(0.005)
            if time.perf_counter() - told > 20:
                raise SystemExit("some browsers were never told")
        last.append((max(one.heard[n] for one in opened) - told) * 1000)
        await asyncio.sleep(1.5)  # a quiet moment: what follows at once is gathered for a quarter of a second
    worked = (busy(pid) - worked) / ROUNDS
    for one in [first, *opened]:
        one.transport.abort()
    last.sort()
    return {
        "browsers": browsers, "opened_in_seconds": round(opening, 1), "kb_each": round(each, 1),
        "last_browser_ms": {"p50": round(statistics.median(last), 1), "p95": round(last[int(ROUNDS * 0.95) - 1], 1)},
        "server_cpu_ms": round(worked, 1),
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
            result = uvloop.run(
                measure(port, pid, browsers=options.browsers, brand=brand, cookie=session_of(agent))
            )  # fmt: skip
    print(result)
    path = Path("var/bench/stream.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
