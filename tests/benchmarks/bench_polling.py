"""Dispatcher, leases and polls with 10,000 streams due every minute, on one core, at a platform of 50 ms.

`python -m tests.benchmarks.bench_polling [--streams N] [--latency S]` starts its own durable PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks import bench_servers

PER_ACCOUNT = 4


def connect(streams: int, *, latency: float) -> None:
    """Accounts with four streams each; one stream in ten has something new."""
    from django.utils import timezone

    from inbox.models import ChannelAccount, Stream
    from tests import builders
    from tests.inbox import feed
    from tests.inbox.pages import said

    feed.install()
    brand, now = builders.brand(), timezone.now()
    accounts = ChannelAccount.objects.bulk_create(
        ChannelAccount(brand=brand, kind=feed.KIND, external_id=f"a{n}", name=f"A{n}")
        for n in range(streams // PER_ACCOUNT)
    )
    Stream.objects.bulk_create(
        Stream(account=account, kind="search", query=f"q{n}", next_poll_at=now, since=now - timedelta(hours=1))
        for account in accounts
        for n in range(PER_ACCOUNT)
    )
    for n, account in enumerate(accounts):
        timeline = feed.Timeline.accounts[account.external_id] = feed.Timeline()
        timeline.delay = latency
        if n % 10 == 0:
            message = said(f"m{n}", f"p{n}", thread_id=f"t{n}")
            timeline.messages = [message.__class__(**{**_fields(message), "sent_at": datetime.now(UTC)})]


def _fields(message: object) -> dict[str, object]:
    from dataclasses import fields

    return {f.name: getattr(message, f.name) for f in fields(message)}  # type: ignore[arg-type]


def one_round() -> dict[str, float]:
    """Lease everything that is due and poll it, in one process on one core."""
    from django.utils import timezone

    from inbox.models import Poll, Stream
    from inbox.operations import polling, polling_leases

    Stream.objects.update(next_poll_at=timezone.now(), lease=None, leased_until=None)
    before, began, cpu, leasing, polled = Poll.objects.count(), time.perf_counter(), time.process_time(), 0.0, 0
    while True:
        start = time.perf_counter()
        lease, pks = polling_leases.lease_due(now=timezone.now())
        leasing += time.perf_counter() - start
        if not pks:
            break
        for batch in polling_leases.batches(pks):
            polled += polling.poll_streams(batch, lease=lease)
    seconds = time.perf_counter() - began
    assert Poll.objects.count() - before >= polled
    return {"streams": polled, "seconds": round(seconds, 2), "leasing_seconds": round(leasing, 3),
            "cpu_seconds": round(time.process_time() - cpu, 2), "streams_a_minute": round(polled / seconds * 60)}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--streams", type=int, default=10_000)
    options.add_argument("--latency", type=float, default=0.05)
    asked = options.parse_args()
    with bench_servers.running():
        os.sched_setaffinity(0, {0})  # this process; PostgreSQL, started before, keeps the other core
        connect(asked.streams, latency=asked.latency)
        rounds = [one_round() for _ in range(2)]
        for name in rounds[0]:
            print(f"{name:20}" + "".join(f"{made[name]:>14}" for made in rounds))
        path = Path("var/bench/polling.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"latency": asked.latency, "rounds": rounds}, indent=1))


if __name__ == "__main__":
    main()
