"""From "published on the platform" to "row in PostgreSQL", at the intervals of life: quiet, and in a disruption.

`python -m tests.benchmarks.bench_freshness [--seconds S]`: real workers, the sandbox over HTTP, nothing hurried.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.faults.ingest_stage import IngestStage


def _seconds(stage: IngestStage, published: dict[str, str]) -> list[float]:
    from inbox.models import Message

    rows = Message.objects.filter(external_id__in=list(published)).values_list("external_id", "created_at")
    return sorted(
        (at - datetime.fromisoformat(published[pk].replace("Z", "+00:00"))).total_seconds() for pk, at in rows
    )


def _figures(stage: IngestStage, handle: str, *, pause: float, burst: int, seconds: float, name: str) -> dict[str, Any]:
    begun, number, published = time.monotonic(), 0, {}
    while time.monotonic() - begun < seconds:
        items = [{"verb": "x/post", "author": {"handle": f"{name}{number + n}", "name": "P"},
                  "text": f"@{handle} {name} {number + n}"} for n in range(burst)]  # fmt: skip
        stage.sandbox.client.publish_many(items)
        number += burst
        time.sleep(pause)
    time.sleep(30)
    for entry in stage.sandbox.client.ledger("published"):
        if f" {name} " in entry["text"]:
            published[entry["id"]] = entry["at"]
    took = _seconds(stage, published)
    return {"published": len(published), "stored": len(took), "median": round(statistics.median(took), 1),
            "p95": round(took[int(len(took) * 0.95) - 1], 1), "longest": round(took[-1], 1)}  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=float, default=60)
    asked = options.parse_args()
    with IngestStage() as stage:
        from django.utils import timezone

        from inbox.models import Stream

        stage.connect_all(since=timezone.now())
        for stream in Stream.objects.select_related("account"):
            spec = stream.account.capabilities.stream(stream.kind)
            Stream.objects.filter(pk=stream.pk).update(interval=float(spec.default_interval if spec else 60))
        stage.start_poller(beat=True)
        handle = stage.sandbox.client.accounts("x")[0]["handle"]
        result = {
            "quiet": _figures(stage, handle, pause=7, burst=1, seconds=asked.seconds, name="rustig"),
            "disruption": _figures(stage, handle, pause=1, burst=20, seconds=asked.seconds, name="storing"),
        }
    for name, figures in result.items():
        print(name, figures)
    path = Path("var/bench/freshness.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
