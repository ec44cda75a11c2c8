"""A wrong setting stops the start with a sentence, not with a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection

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


@pytest.mark.django_db
def test_postgresql_plans_for_drives_that_do_not_turn_and_compiles_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('random_page_cost'), current_setting('jit')")
        assert cursor.fetchone() == ("1.1", "off")
