"""`python -m webcare web|worker|beat|migrate|sandbox`: becomes that program."""

from __future__ import annotations

import os
import sys

from webcare.programs import PROGRAMS


def main() -> None:
    """Replace this process, so that signals reach the program itself."""
    if len(sys.argv) < 2 or sys.argv[1] not in PROGRAMS:
        raise SystemExit(f"usage: python -m webcare {'|'.join(PROGRAMS)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")
    command = [*PROGRAMS[sys.argv[1]](), *sys.argv[2:]]
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - our own commands, no shell wanted


if __name__ == "__main__":
    main()
