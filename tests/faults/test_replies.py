"""Nothing is lost, doubled, misplaced or falsely called sent, whatever is killed and cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.faults.replies_stage import ROOT


@pytest.mark.faults
@pytest.mark.timeout(500)
def test_a_thousand_replies_under_faults_leave_exactly_once():
    command = [sys.executable, "-m", "tests.faults", "--scenario", "replies", "--seed", os.environ.get("SEED", "1")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    figures = json.loads(done.stdout[done.stdout.index("{") :])
    assert {name: figures[name] for name in ("lost", "doubled", "misplaced", "false_sent")} == {
        "lost": 0, "doubled": 0, "misplaced": 0, "false_sent": 0,
    }  # fmt: skip
    assert figures["states"] == {"sent": figures["replies"]}
    assert done.returncode == 0, done.stderr


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_a_database_that_restarts_during_a_call_is_waited_for():
    command = [sys.executable, "-m", "tests.faults", "--scenario", "replies_restart"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    figures = json.loads(done.stdout[done.stdout.index("{") :])
    assert figures["states"] == {"sent": figures["replies"]}, figures
    assert (figures["in_flight"], figures["doubled"], figures["looked_for"]) == (True, 0, 0), figures
    assert done.returncode == 0, done.stderr
