"""What a launcher that was killed has left running: found by a mark in the environment, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from webcare.embedded import Valkey

MARK = "WEBCARE_RUN"  # holds this checkout's var folder in the environment of everything that `make run` starts


def ours(var: Path) -> dict[int, str]:
    """Running processes of this checkout: pid -> command line. Other checkouts have another mark."""
    mark = f"{MARK}={var}".encode()
    cluster = os.fsencode(var / "pg")
    title = b"unixsocket:" + os.fsencode(Valkey(var).socket)  # Valkey writes its title over its environment
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # not ours to read, or gone
            continue
        database = command[0].endswith(b"postgres") and cluster in command
        if marked or database or (b"valkey-server" in command[0] and command[0].endswith(title)):
            found[int(folder.name)] = b" ".join(command).rstrip(b" ").decode(errors="replace")
    return found


def end(var: Path) -> int:
    """End them in order: the supervisor first, so that it restarts nothing; what does not listen is killed."""
    found = ours(var)
    for chosen, seconds in ((_is_supervisor, 8.0), (_is_program, 4.0), (lambda _: True, 10.0)):
        _stop({pid: command for pid, command in ours(var).items() if chosen(command)}, seconds=seconds)
    return len(found)


def _is_supervisor(command: str) -> bool:
    return "supervisor.supervisord" in command


def _is_program(command: str) -> bool:
    return "postgres" not in command and "valkey-server" not in command


def _stop(processes: dict[int, str], *, seconds: float) -> None:
    for pid, command in processes.items():
        _send(pid, signal.SIGINT if "postgres" in command else signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while (alive := [pid for pid in processes if _lives(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in alive:
        _send(pid, signal.SIGKILL)


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
