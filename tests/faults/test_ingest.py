"""Nothing is lost, doubled or misplaced, and what we call complete is complete, whatever breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults.__main__ import NOTHING, NOTHING_EITHER
from tests.faults.replies_stage import ROOT


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_whatever_breaks_everything_that_people_wrote_is_in_once_and_where_it_belongs():
    seed = os.environ.get("SEED", "1")
    command = [sys.executable, "-m", "tests.faults", "--scenario", "ingest", "--seed", seed, "--seconds", "20"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    figures = json.loads(done.stdout[done.stdout.index("{") :])
    every = (*NOTHING, *NOTHING_EITHER)
    assert {name: figures[name] for name in every} == dict.fromkeys(every, 0), figures
    assert done.returncode == 0, done.stderr
    assert figures["published"] > 150
    assert figures["recovery_seconds"] <= 30
