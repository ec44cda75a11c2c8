"""`python -m webcare web|worker|beat|migrate`: becomes that program."""

from __future__ import annotations

import os
import sys
import time

from webcare.leftovers import MARK
from webcare.programs import NEED_TABLES, PROGRAMS, VAR


def main() -> None:
    """Replace this process, so that signals reach the program itself."""
    if len(sys.argv) < 2 or sys.argv[1] not in PROGRAMS:
        raise SystemExit(f"usage: python -m webcare {'|'.join(PROGRAMS)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")
    if sys.argv[1] in NEED_TABLES and MARK in os.environ:  # under `make run`, whose migration sets this mark
        while not (VAR / "migrated").exists():
            time.sleep(0.05)
    command = [*PROGRAMS[sys.argv[1]](), *sys.argv[2:]]
    sys.stdout.flush()
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
