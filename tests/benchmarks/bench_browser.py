"""What an agent waits for, in a real Chromium: a cold load of the screen, and a click on a row.

`python -m tests.benchmarks.bench_browser [--conversations N] [--messages M]`: the real server, on the database that
bench_screen keeps (a small one unless asked otherwise).
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from tests.benchmarks import bench_servers
from tests.benchmarks.bench_screen import filled_once, folder
from tests.benchmarks.web import web_server

LOADS, CLICKS = 8, 40
BUDGETS = {"cold_load_ms": 1500, "cold_kb": 250, "click_ms": 200}
# From the click until the conversation has been painted, as Interaction to Next Paint counts, and the whole answer.
# The first frame that begins with the conversation on the page paints it; the task after that frame comes when it has.
WATCH = """
() => {
  window.shown = []
  addEventListener("click", event => {
    const row = event.target.closest("[data-open]")
    if (!row) return
    const began = event.timeStamp, wanted = row.dataset.open
    const look = () => document.querySelector(`#talk [data-conversation="${wanted}"]`)
      ? setTimeout(() => window.shown.push(performance.now() - began))
      : requestAnimationFrame(look)
    requestAnimationFrame(look)
  }, true)
  window.next_paints = []
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (one.interactionId) window.next_paints.push(one.duration)
  }).observe({type: "event", durationThreshold: 16, buffered: false})
}
"""


def cold_load(browser: Any, address: str, cookie: dict[str, str]) -> tuple[float, float]:
    """Milliseconds until everything has loaded in a browser that knows nothing, and kilobytes over the wire."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([cookie])
    page, weight = context.new_page(), []
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: weight.append(event["encodedDataLength"]))
    page.goto(address, wait_until="load")
    page.wait_for_selector("#rows > li")
    took = page.evaluate("() => performance.getEntriesByType('navigation')[0].loadEventEnd")
    context.close()
    return took, sum(weight) / 1024


def clicks(browser: Any, address: str, cookie: dict[str, str]) -> dict[str, Any]:
    """Open one conversation after another."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.evaluate(WATCH)
    rows = page.locator("#rows a[data-open]")
    for n in range(CLICKS):
        rows.nth(n).click()
        page.wait_for_function(f"() => window.shown.length > {n}")
    shown, paints = page.evaluate("() => [window.shown, window.next_paints]")
    context.close()
    return {"click_ms": percentiles(shown), "next_paint_ms": percentiles(paints or [16.0])}


def percentiles(times: list[float]) -> dict[str, float]:
    """The middle, and what three in four stay under."""
    ordered = sorted(times)
    return {"p50": round(statistics.median(ordered), 1), "p75": round(ordered[int(len(ordered) * 0.75)], 1)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--conversations", type=int, default=10_000)
    arguments.add_argument("--messages", type=int, default=50_000)
    options = arguments.parse_args()
    with bench_servers.running(keep=folder(options.conversations, options.messages)):
        from playwright.sync_api import sync_playwright

        from tests.browser import ARGUMENTS, chromium, session_of

        crowd = filled_once(options.conversations, messages=options.messages)
        cookie = {"name": "sessionid", "value": session_of(crowd.agent)}
        with web_server() as (port, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            site = f"http://localhost:{port}"
            address, cookie = f"{site}/inbox/{crowd.brand.slug}/all/", {**cookie, "url": site}
            loads = [cold_load(browser, address, cookie) for _ in range(LOADS + 1)][1:]
            result = {
                "conversations": options.conversations,
                "cold_load_ms": percentiles([took for took, _ in loads]),
                "cold_kb": round(loads[-1][1], 1),
                **clicks(browser, address, cookie),
                "budgets": BUDGETS,
            }
            browser.close()
    print(result)
    path = Path("var/bench/browser.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
