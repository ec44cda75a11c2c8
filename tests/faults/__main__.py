"""`python -m tests.faults --scenario NAME --seed N`: break things on purpose, write var/faults/NAME.json."""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Run one scenario and print its figures."""
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


if __name__ == "__main__":
    main()
