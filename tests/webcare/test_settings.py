"""A wrong setting stops the start with a sentence, not with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from webcare.settings import BASE_DIR


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"SECRET_KEY": "", "SECRET_KEY_FILE": ""}, "Set SECRET_KEY"),
        ({"SECRET_KEY_FILE": "/nowhere/key"}, "SECRET_KEY_FILE cannot be read"),
        ({"UNDO_SECONDS": "soon"}, "UNDO_SECONDS"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT"),
    ],
)
def test_a_wrong_setting_is_one_sentence(wrong, said):
    command = [sys.executable, "-c", "import webcare.settings"]
    ended = subprocess.run(
        command, check=False, cwd=BASE_DIR, env={**os.environ, **wrong}, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.startswith("webcare: ")
    assert "Traceback" not in ended.stderr
