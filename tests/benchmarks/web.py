"""The real web server as a process of a benchmark's own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser import free_port


@contextmanager
def web_server() -> Iterator[tuple[int, int]]:
    """Its port and process id; as in production: compressed files under names that change with their content."""
    port = free_port()
    environment = {**os.environ, "PORT": str(port), "PUBLIC_URL": f"http://localhost:{port}", "TESTING": "0"}
    subprocess.run([sys.executable, "-m", "webcare", "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    log = Path(os.environ["VAR_DIR"]) / "web.log"
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-m", "webcare", "web"], env=environment, stdout=out, stderr=out)
    try:
        _wait_for(f"http://localhost:{port}/healthz", process)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The web server did not start: see web.log.") from None
            time.sleep(0.1)
