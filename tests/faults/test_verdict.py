"""A run that lost something does not end as if all were well: whoever only looks at its exit code is told."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.faults import __main__ as faults

FINE = {"lost": 0, "doubled": 0, "misplaced": 0, "false_sent": 0}
INGEST = FINE | {"broken_proofs": 0, "miscounted": 0, "hours_miscounted": 0, "gaps_open": 0, "settled": True,
                 "recovery_seconds": 1.2}  # fmt: skip
UNCOUNTED = {name: value for name, value in FINE.items() if name != "lost"}


@pytest.fixture
def run(monkeypatch, tmp_path):
    """The command itself, with a scenario that only tells these figures."""

    def command(figures: dict[str, Any]) -> Any:
        scenario = ModuleType("tests.faults.told")
        monkeypatch.setattr(scenario, "run", lambda _seed: figures, raising=False)
        monkeypatch.setitem(sys.modules, scenario.__name__, scenario)
        monkeypatch.setattr(sys, "argv", ["faults", "--scenario", "told"])
        monkeypatch.chdir(tmp_path)
        code = None
        try:
            faults.main()
        except SystemExit as ended:
            code = ended.code
        assert json.loads((tmp_path / "var/faults/told.json").read_text()) == figures
        return code

    return command


@pytest.mark.parametrize("figures", [FINE, INGEST, FINE | {"settled_seconds": 3.0}])
def test_a_run_in_which_nothing_was_lost_ends_well(run, figures):
    assert run(figures) is None


@pytest.mark.parametrize("name", [*faults.NOTHING, *faults.NOTHING_EITHER])
def test_anything_lost_doubled_or_misplaced_is_told_and_its_figures_are_kept(run, name):
    assert run(INGEST | {name: 2}) == f"Amiss: {name}: 2"


@pytest.mark.parametrize(
    ("figures", "told"),
    [(INGEST | {"settled": False}, "not settled"), (INGEST | {"recovery_seconds": None}, "not recovered"),
     (INGEST | {"recovery_seconds": 31.1}, "recovered late: after 31.1 of 30 seconds"),
     (UNCOUNTED, "lost: None")],
)  # fmt: skip
def test_what_did_not_come_in_or_was_not_counted_is_no_success(run, figures, told):
    assert told in run(figures)
