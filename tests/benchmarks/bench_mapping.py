"""How many messages a second the mapping turns into ours: `python -m tests.benchmarks.bench_mapping`.

A full page as it comes over the wire, parsed and mapped; one core. Written to var/bench/mapping.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from connectors.payloads import parse_json
from connectors.registry import PLATFORMS, connector_class
from connectors.x.mapping import Reader, read
from tests.connectors.x_payloads import US, page, post

SECONDS = 2.0


def x_page() -> bytes:
    """A hundred mentions with authors, links and a parent each."""
    posts = [
        post(
            position,
            text="@ons waar blijft de trein van 8:04 naar Waterdam? &amp; ook morgen https://t.co/abc " * 2,
            created_at="2026-11-01T10:00:00.000Z",
            author_id=str(1000 + position),
            conversation_id="1",
            referenced_tweets=[{"type": "replied_to", "id": "1"}],
            public_metrics={"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 0},
        )
        for position in range(100)
    ]
    users = [{"id": str(1000 + n), "name": f"Naam {n}", "username": f"naam{n}"} for n in range(100)]
    root = {"id": "1", "text": "Onze post", "author_id": US, "created_at": "2026-11-01T09:00:00.000Z"}
    return json.dumps(page(*posts, includes={"users": users, "tweets": [root]})).encode()


def facebook_page() -> dict[str, Any]:
    """A hundred comments."""
    comments = [
        {
            "id": f"1_{number}",
            "message": "Waar blijft mijn pakket? Al vier dagen onderweg.",
            "created_time": "2026-11-01T10:00:00+0000",
            "from": {"id": str(number), "name": f"Naam {number}"},
            "like_count": 1,
            "permalink_url": f"https://www.facebook.com/1/posts/1?comment_id={number}",
        }
        for number in range(100)
    ]
    address = "https://graph.facebook.com/v24.0/9_1/comments"
    return {"method": "GET", "uri": address, "status": 200, "headers": {}, "body": json.dumps({"data": comments})}


def per_second(work: Callable[[], int]) -> int:
    """Messages a second; `work` tells how many it made."""
    done, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < SECONDS:
        done += work()
    return round(done / spent)


def main() -> None:
    """Measure, print, keep."""
    x_body, facebook = x_page(), facebook_page()
    reader = Reader(US, "mentions")
    found = {"x": per_second(lambda: len(read(parse_json(x_body), reader).messages))}
    if "facebook" in PLATFORMS:
        connector = connector_class("facebook")
        found["facebook"] = per_second(lambda: len(connector.read_recorded(facebook).messages))
    for kind, rate in found.items():
        print(f"{kind:<10} {rate:>9,} messages a second")
    file = Path("var/bench/mapping.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"messages_per_second": found, "page": 100, "cores": 1}, indent=2) + "\n")


if __name__ == "__main__":
    main()
