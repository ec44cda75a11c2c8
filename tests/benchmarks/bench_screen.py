"""Server time of every page of the screen on a big database, its statements, and the ratio to the floor.

`python -m tests.benchmarks.bench_screen [--conversations N] [--messages M]` starts its own PostgreSQL and Valkey, on a
database that is made once and kept under var/bench/ until the migrations or the generator change.
The floor of a page is its own SQL run bare, plus its own template rendered with what was read before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.benchmarks import bench_servers

if TYPE_CHECKING:
    from tests.benchmarks.crowd import Crowd

RESULT = Path(__file__).resolve().parent.parent.parent / "var" / "bench" / "screen.json"
ROWS = {"HX-Request": "true", "HX-Target": "more"}
LIST = {"HX-Request": "true", "HX-Target": "list"}
TALK = {"HX-Request": "true", "HX-Target": "talk"}
HEAD = {"HX-Request": "true", "HX-Target": "head"}
BUDGETS = {"list": 15.0, "conversation": 20.0, "search": 80.0, "page": 40.0, "claim": 15.0, "counts": 50.0}
ROUNDS = 25


def measured(ask: Callable[[], Any], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Milliseconds: the middle and the slow end."""
    for _ in range(3):
        ask()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return {"p50": round(statistics.median(times), 2), "p95": round(times[int(len(times) * 0.95) - 1], 2)}


def floor(client: Any, path: str, headers: dict[str, str]) -> tuple[list[str], float]:
    """The statements of a page, and the milliseconds they and the template take by themselves."""
    from django.db import connection
    from django.template.backends import jinja2
    from django.test.utils import CaptureQueriesContext

    rendered: list[tuple[Any, dict[str, Any]]] = []
    original = jinja2.Template.render

    def remember(self: Any, context: Any = None, request: Any = None) -> Any:
        rendered.append((self, {"context": context, "request": request}))
        return original(self, context, request)

    jinja2.Template.render = remember
    try:
        with CaptureQueriesContext(connection) as captured:
            client.get(path, headers=headers)
    finally:
        jinja2.Template.render = original
    statements = [
        q["sql"] for q in captured.captured_queries if q["sql"].lstrip().lower().startswith(("select", "with"))
    ]

    def bare() -> None:
        with connection.cursor() as cursor:
            for sql in statements:
                cursor.execute(sql.replace("%", "%%"), ())
                cursor.fetchall()
        for template, what in rendered:
            original(template, what["context"], what["request"])

    return statements, measured(bare, rounds=9)["p50"]


def pages(crowd: Crowd, deep: str) -> dict[str, tuple[str, str, dict[str, str]]]:
    """What is measured: (budget, address, headers)."""
    slug = crowd.brand.slug
    queues = ("mine", "team", "unassigned", "mentioned", "snoozed", "compliments", "proactive", "all", "pending", "minded",
              "resolved")  # fmt: skip
    made = {f"list {q}": ("list", f"/inbox/{slug}/{q}/", ROWS) for q in queues}
    filters = {
        "complaints": "kind=complaint", "public": "visibility=public", "negative": "feeling=negative",
        "account": f"account={crowd.accounts[0].pk}", "label": f"label={crowd.labels[0].pk}", "nobody": "assignee=none",
        "growth": "sort=growth", "newest": "sort=newest", "compliments": "kind=compliment", "positive": "feeling=positive",
        "rare account": f"account={crowd.accounts[4].pk}", "rare label": f"label={crowd.labels[3].pk}",
        "no label": f"label={crowd.labels[-1].pk}", "idle team": f"team={crowd.teams[-1].pk}", "me": "assignee=me",
        "positive with a label": f"feeling=positive&label={crowd.labels[0].pk}", "one thread": "thread=1",
        "four at once": f"kind=complaint&feeling=negative&visibility=public&account={crowd.accounts[0].pk}",
    }  # fmt: skip
    for queue in ("all", "resolved"):
        for name, query in filters.items():
            if (queue, name) != ("resolved", "growth"):
                made[f"list {queue}, {name}"] = ("list", f"/inbox/{slug}/{queue}/?{query}", ROWS)
    made["list resolved, deep"] = ("list", f"/inbox/{slug}/resolved/?after={deep}", ROWS)
    talks = {
        "": crowd.ordinary,
        " with pictures": crowd.pictured,
        " of 200 labels": crowd.labelled,
        " of 5,000": crowd.long,
    }
    made |= {f"conversation{n}": ("conversation", f"/inbox/{slug}/all/{pk}/", TALK) for n, pk in talks.items()}
    words = {"in many": "trein", "in some": "rolstoel", "in few": "paraplu schoonmaak", "many, stemmed": "krasboom", "rare": "zeilkracht", "none": "qqqzzz",
             "two": "moeder lift", "prefix": "vertra", "quoted": '"geld terug"', "handle": "@reiziger777",
             "misspelt": "abonement", "name": "Persoon 4242", "two letters": "de"}  # fmt: skip
    made |= {f"search {n}": ("search", f"/inbox/{slug}/search/?{urlencode({'q': w})}", ROWS) for n, w in words.items()}
    within = {"many, mine": ("in many", "assignee=me"), "few, mine": ("in few", "assignee=me"),
              "many, resolved with a label": ("in many", f"label={crowd.labels[0].pk}"), "few, public": ("in few", "visibility=public"),
              "rare, complaints": ("rare", "kind=complaint"), "many, next page": ("in many", "after=2")}  # fmt: skip
    for name, (asked, filters) in within.items():
        queue = "resolved" if "resolved" in name else "search"
        address = f"/inbox/{slug}/{queue}/?{urlencode({'q': words[asked]})}&{filters}"
        made[f"search {name}"] = ("search", address, ROWS)
    for other in ("middling", "little"):  # their words are found among everybody's
        for name in ("in many", "in few", "rare", "none"):
            address = f"/inbox/{other}/search/?{urlencode({'q': words[name]})}"
            made[f"search {name}, {other} brand"] = ("search", address, ROWS)
    made["list, rows again"] = ("list", f"/inbox/{slug}/all/rows/?ids={','.join(map(str, range(92, 192)))}", ROWS)
    made["list, its menus"] = ("list", f"/inbox/{slug}/all/", LIST)
    made["whole page, list"] = ("page", f"/inbox/{slug}/all/", {})
    made["whole page, conversation"] = ("page", f"/inbox/{slug}/all/{crowd.ordinary}/", {})
    made["counts, counted"] = ("counts", f"/inbox/{slug}/figures/", {})
    return made


def folder(conversations: int, messages: int) -> Path:
    """Where a crowd of this size is kept: another generator makes another crowd, a new migration is applied to it."""
    digest = hashlib.sha256((Path(__file__).parent / "crowd.py").read_bytes()).hexdigest()[:8]
    return RESULT.parent / f"{conversations}-{messages}-{digest}"


def filled_once(conversations: int, *, messages: int) -> Crowd:
    """The crowd, made when it is not there yet: all of it or nothing."""
    from django.db import connection, transaction

    from inbox.models import Brand
    from inbox.operations.words import collect_words
    from tests.benchmarks.crowd import gather, known

    if not Brand.objects.filter(slug="bench").exists():
        with transaction.atomic():
            gather(conversations, messages=messages)
            collect_words()
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze")
    return known()


def run(conversations: int, messages: int) -> dict[str, Any]:
    """Fill, measure, write down."""
    from django.test import Client

    from inbox.events import valkey
    from inbox.models import Conversation
    from inbox.queries.lists import ListQuery, key_of
    from webcare.warm import warm_up

    warm_up()  # as the server does
    began = time.perf_counter()
    crowd = filled_once(conversations, messages=messages)
    filled = time.perf_counter() - began
    client = Client(SERVER_NAME="localhost")
    client.force_login(crowd.agent)
    middle = Conversation.objects.filter(status="resolved").order_by("-last_message_at")
    deep = key_of(middle[conversations // 2], ListQuery.read(crowd.brand, crowd.agent, "resolved", {}).sort)
    figures: dict[str, Any] = {}
    for name, (budget, path, headers) in pages(crowd, deep).items():

        def ask(path: str = path, headers: dict[str, str] = headers, fresh: bool = budget == "counts") -> None:
            if fresh:
                valkey().delete(f"webcare:counts:{crowd.brand.pk}", f"webcare:loads:{crowd.brand.pk}")
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.status_code)

        taken = measured(ask, rounds=ROUNDS)
        statements, least = floor(client, path, headers)
        within = taken["p95"] <= BUDGETS[budget]
        figures[name] = {**taken, "budget": BUDGETS[budget], "within": within, "statements": len(statements),
                         "floor": least, "ratio": round(taken["p50"] / max(least, 0.01), 2), "sql": statements}  # fmt: skip
        print(f"{name:28} p50 {taken['p50']:8.2f}  p95 {taken['p95']:8.2f} ms  {len(statements):2} statements"
              f"  {figures[name]['ratio']:5.2f} x floor{'' if within else '   OVER ' + str(BUDGETS[budget])}", flush=True)  # fmt: skip
    free = iter(Conversation.objects.filter(status="open", assignee=None).values_list("pk", flat=True)[:100])
    for name, headers in (("claim", HEAD), ("claim without JavaScript", {})):
        figures[name] = claims(client, free, headers)
        print(f"{name:28} p50 {figures[name]['p50']:8.2f}  p95 {figures[name]['p95']:8.2f} ms")
    return {"conversations": conversations, "messages": messages, "filled_seconds": round(filled, 1), "pages": figures}


def claims(client: Any, free: Iterator[int], headers: dict[str, str]) -> dict[str, Any]:
    """Claims by the button, each of another conversation."""

    def claim() -> None:
        client.cookies.pop("messages", None)  # as a browser does that shows what it was told
        client.post(f"/conversations/{next(free)}/do/claim/", {"next": "/"}, headers=headers)

    taken = measured(claim)
    return {**taken, "budget": BUDGETS["claim"], "within": taken["p95"] <= BUDGETS["claim"]}


def main() -> None:
    """Run it on servers of its own."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--conversations", type=int, default=1_000_000)
    arguments.add_argument("--messages", type=int, default=5_000_000)
    options = arguments.parse_args()
    with bench_servers.running(keep=folder(options.conversations, options.messages), TESTING="1"):
        result = run(options.conversations, options.messages)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1))
    over = [name for name, page in result["pages"].items() if not page["within"]]
    print(f"over budget: {', '.join(over) or 'none'}")


if __name__ == "__main__":
    main()
