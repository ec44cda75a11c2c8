"""Nothing is lost, doubled or misplaced, and what we call complete is complete, whatever breaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults.replies_stage import ROOT

NOTHING = ("lost", "doubled", "misplaced", "false_sent", "broken_proofs", "miscounted", "hours_miscounted", "gaps_open")


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_whatever_breaks_everything_that_people_wrote_is_in_once_and_where_it_belongs():
    seed = os.environ.get("SEED", "1")
    command = [sys.executable, "-m", "tests.faults", "--scenario", "ingest", "--seed", seed, "--seconds", "20"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout[done.stdout.index("{") :])
    assert {name: figures[name] for name in NOTHING} == dict.fromkeys(NOTHING, 0)
    assert figures["published"] > 150
    assert figures["recovery_seconds"] <= 30
