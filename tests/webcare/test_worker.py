"""A worker starts only in a shape that it can keep."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.browser import REPOSITORY


@pytest.mark.parametrize("pool", [(), ("--pool", "prefork")], ids=["celery's own choice", "prefork"])
def test_a_worker_of_replies_that_would_fork_does_not_start_and_says_what_it_needs(pool):
    command = [sys.executable, "-m", "celery", "--app", "webcare", "worker", "--queues", "replies", *pool]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "--pool threads" in done.stderr
