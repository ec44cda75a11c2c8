"""A sandbox in a process of its own, for tests: `with SandboxProcess() as sandbox: sandbox.client...`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.sandbox.client import SandboxClient

ROOT = Path(__file__).resolve().parents[2]


class SandboxProcess:
    """Starts on a free port, stops with its context. `options` are those of the command line, as keywords."""

    def __init__(self, **options: str | float | Path) -> None:
        given = {"port": 0, "scenario": "none", "limits": 0, **options}
        self.command = [sys.executable, "-m", "connectors.sandbox"]
        for name, value in given.items():
            self.command += [f"--{name.replace('_', '-')}", str(value)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.process = subprocess.Popen(self.command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "http://" not in line:
            self.stop()
            raise RuntimeError(f"the sandbox did not start: {line!r}")
        self.url = line.strip().rpartition(" ")[2]
        self.client = SandboxClient(self.url)

    def stop(self) -> int:
        """End it as an operator would; answers its exit code."""
        self.process.terminate()
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code
