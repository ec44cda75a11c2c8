"""`make run`, without starting it: what it writes, what it refuses, and whom it ends."""

from __future__ import annotations

import configparser
import os
import shlex
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from webcare import leftovers, run
from webcare.embedded import Valkey

ROOT = Path(__file__).resolve().parent.parent


def test_the_keys_are_made_once_and_are_readable_by_nobody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "VAR", tmp_path)
    run.secret_files()
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    run.secret_files()
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == made
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "secrets").iterdir()} == {0o600}


def test_the_supervisor_reads_back_a_path_with_a_percent_sign_and_a_space(tmp_path, monkeypatch):
    var = tmp_path / "100% mine" / "var"
    var.mkdir(parents=True)
    monkeypatch.setattr(run, "VAR", var)
    run.write_configuration(["postgres", "valkey"])
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parser.read(var / "supervisord.conf")
    log = parser["program:web"]["stdout_logfile"].replace("%%", "%")
    assert (ROOT / log).resolve() == var / "log" / "web.log"
    assert shlex.split(parser["program:web"]["command"].replace("%%", "%"))[1:] == ["-m", "webcare", "web"]


def test_with_servers_of_ones_own_the_embedded_ones_are_not_configured(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "VAR", tmp_path)
    run.write_configuration([])
    text = (tmp_path / "supervisord.conf").read_text()
    assert "postgres" not in text
    assert "group:data" not in text


def test_a_taken_port_is_named_and_another_one_is_offered():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"port {port} is in use .* make run PORT=\d+"):
            run._check_port(port)


@pytest.mark.parametrize("text", ["eighty", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(SystemExit, match="PORT is"):
        run._port()


def test_what_an_earlier_run_left_is_ended_and_a_neighbours_is_left_alone(tmp_path):
    mine, neighbours = tmp_path / "mine", tmp_path / "neighbour"
    sleeping = [sys.executable, "-c", "print(1, flush=True); import time; time.sleep(60)"]
    processes = {
        var: subprocess.Popen(sleeping, env={**os.environ, leftovers.MARK: str(var)}, stdout=subprocess.PIPE)
        for var in (mine, neighbours)
    }
    for process in processes.values():
        assert process.stdout is not None
        process.stdout.readline()
    assert leftovers.end(mine) == 1
    assert processes[mine].wait(10) != 0
    assert processes[neighbours].poll() is None
    processes[neighbours].kill()
    for process in processes.values():
        process.communicate()


def test_an_environment_that_is_linked_in_is_never_changed(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setup").write_text((ROOT / "bin" / "setup").read_text())
    environment = tmp_path / "theirs" / "bin"
    environment.mkdir(parents=True)
    (environment / "python").symlink_to(sys.executable)
    (tmp_path / ".venv").symlink_to(tmp_path / "theirs")
    before = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*"))
    for what in ("run", "dev"):
        subprocess.run(["sh", str(tmp_path / "bin" / "setup"), what], check=True, timeout=30)
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")) == before


def test_valkey_is_found_although_its_title_hides_the_mark(tmp_path):
    server = Valkey(tmp_path / "var")
    process = subprocess.Popen(server.command(), stdout=subprocess.DEVNULL)
    server.wait()
    assert leftovers.ours(tmp_path / "neighbour") == {}
    assert list(leftovers.ours(tmp_path / "var")) == [process.pid]
    assert leftovers.end(tmp_path / "var") == 1
    assert process.wait(10) == 0
