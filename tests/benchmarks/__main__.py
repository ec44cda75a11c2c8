"""`python -m tests.benchmarks [NAME...]`: every benchmark, or those named, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KNOWN = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main(wanted: list[str]) -> int:
    """How many did not run to their end."""
    unknown = set(wanted) - set(KNOWN)
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(sorted(unknown))}. Choose from: {', '.join(KNOWN)}.")
    failed = 0
    for name in wanted or KNOWN:
        print(f"== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"tests.benchmarks.bench_{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
