"""`python -m tests.faults --scenario NAME --seed N`: break things on purpose, write var/faults/NAME.json.

Exits with 1 when anything is amiss, and says what.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.faults import RECOVERED

NOTHING = ("lost", "doubled", "misplaced", "false_sent")  # of every scenario; the rest where a scenario counts it
NOTHING_EITHER = ("broken_proofs", "miscounted", "hours_miscounted", "gaps_open")


def amiss(figures: dict[str, Any]) -> list[str]:
    """What should not have happened. A figure that is missing was not counted, and proves nothing."""
    wrong = [f"{name}: {figures.get(name)}" for name in NOTHING if figures.get(name) != 0]
    wrong += [f"{name}: {figures[name]}" for name in NOTHING_EITHER if figures.get(name, 0) != 0]
    if figures.get("settled") is False:
        wrong.append("not settled: a stream stayed behind, or something published is not in")
    if "recovery_seconds" in figures and figures["recovery_seconds"] is None:
        wrong.append("not recovered: what was said after the last fault did not come in")
    elif figures.get("recovery_seconds", 0) > RECOVERED:
        wrong.append(f"recovered late: after {figures['recovery_seconds']} of {RECOVERED:.0f} seconds")
    return wrong


def main() -> None:
    """Run one scenario, print its figures and judge them."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--scenario", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="how long things break (scenarios that can be longer)")
    asked = parser.parse_args()
    more = {} if asked.seconds is None else {"seconds": asked.seconds}
    figures = import_module(f"tests.faults.{asked.scenario}").run(asked.seed, **more)
    out = Path("var/faults") / f"{asked.scenario}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    wrong = amiss(figures)
    if wrong:
        sys.exit("Amiss: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
