"""`make run`: everything on this machine, for looking around and for developing. A supervisor keeps it running."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from webcare import leftovers
from webcare.embedded import Postgres, Valkey
from webcare.programs import VAR

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 120  # seconds
DATA = ("pg", "valkey", "s", "files", "sandbox", "beat-schedule", "migrated")  # what RESET=1 takes away
PROGRAM = """
[program:{name}]
command={command}
priority={priority}
stopsignal={stopsignal}
stopwaitsecs={patience}
killasgroup=true
autorestart=true
startsecs=1
startretries=20
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
"""
HEAD = """; written by `make run`
[supervisord]
nodaemon=true
logfile={folder}/log/supervisor.log
logfile_maxbytes=1MB
pidfile={folder}/supervisor.pid
childlogdir={folder}/log
loglevel=warn
minfds=256
minprocs=20
{user}
[group:data]
programs={data}
priority=1

[group:programs]
programs=sandbox,web,worker,beat,colleagues
priority=2
"""


class Stop(Exception):
    """Somebody asked us to end."""


def fail(sentence: str) -> NoReturn:
    """End with a sentence that says what to do."""
    raise SystemExit(f"webcare: {sentence}")


def main() -> None:
    """Start, say where it is, and stay until asked to end."""
    port = _port()
    try:
        (VAR / "log").mkdir(parents=True, exist_ok=True)
        lock = (VAR / "run.lock").open("a+")
    except OSError as error:
        fail(f"cannot write in {VAR}: {error.strerror}. Give yourself the rights, or move the checkout.")
    with lock:
        _take(lock)
        if leftovers.end(VAR):
            print("webcare: ended what an earlier run had left behind", flush=True)
        if os.environ.get("RESET", "") not in {"", "0"}:
            reset()
        _check_port(port)
        try:
            environment = prepare(port)
        except (OSError, RuntimeError) as error:
            fail(str(error))
        supervise(environment, port=port)


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65535:
        fail(f"PORT is {text!r}; it must be a number between 1 and 65534.")
    return int(text)


def _take(lock: object) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except OSError:
        fail("it already runs in this folder. Stop it there with Ctrl-C, or use another checkout.")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST", "127.0.0.1"), port))
        except OSError as error:
            if error.errno == errno.EACCES:
                fail(f"port {port} may only be used by root. Try: make run PORT=8000")
            return False
        return True


def _check_port(port: int) -> None:
    if not _free(port):
        other = next((p for p in range(port + 10, min(port + 1000, 65534), 10) if _free(p)), 0)
        fail(f"port {port} is in use by another program. Try: make run PORT={other}")


def reset() -> None:
    """Forget everything that was stored here; the keys stay, they may protect another database's data."""
    for name in DATA:
        path = VAR / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if os.environ.get("DATABASE_URL"):
        print("webcare: RESET leaves the database of DATABASE_URL alone: empty it yourself if you mean it")


def prepare(port: int) -> dict[str, str]:
    """Keys, database cluster and supervisor configuration: the environment of everything that is started."""
    postgres, valkey = Postgres(VAR), Valkey(VAR)
    sandbox_port = next(p for p in range(port + 1, port + 100) if _free(p))
    own_database, own_valkey = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    environment = {
        **os.environ,
        **secret_files(),
        leftovers.MARK: str(VAR),
        "VAR_DIR": str(VAR),
        "PORT": str(port),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL") or f"http://localhost:{port}",
        "SANDBOX_PORT": str(sandbox_port),
        "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "DATABASE_URL": os.environ.get("DATABASE_URL") or postgres.url,
        "REDIS_URL": os.environ.get("REDIS_URL") or valkey.url,
        "NO_PROXY": "localhost,127.0.0.1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if own_database:
        postgres.prepare()
    (VAR / "migrated").unlink(missing_ok=True)
    write_configuration([name for name, own in (("postgres", own_database), ("valkey", own_valkey)) if own])
    return environment


def secret_files() -> dict[str, str]:
    """The installation's own keys, made on the first start, readable by nobody else."""
    folder = VAR / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    makers: dict[str, Callable[[], str]] = {
        "SECRET_KEY": lambda: secrets.token_urlsafe(50),
        "ENCRYPTION_KEYS": lambda: urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "METRICS_TOKEN": lambda: secrets.token_urlsafe(24),
        "DEMO_PASSWORD": lambda: f"webcare-{secrets.token_hex(4)}",
    }
    named = {}
    for name, make in makers.items():
        path = folder / name.lower()
        if not path.exists():
            partial = path.with_suffix(".new")
            partial.touch(mode=0o600)
            partial.write_text(make())
            partial.rename(path)
        if name not in os.environ and f"{name}_FILE" not in os.environ:
            named[f"{name}_FILE"] = str(path)
    return named


def write_configuration(data: list[str]) -> None:
    """The supervisor's file. Paths in it are relative to the checkout: they need no quoting but their own."""
    folder = _quoted(os.path.relpath(VAR, ROOT))
    text = HEAD.format(folder=folder, data=",".join(data), user="user=root" if os.getuid() == 0 else "")
    if not data:
        text = text.replace("[group:data]\nprograms=\npriority=1\n", "")
    python = os.path.relpath(sys.executable, ROOT)
    python = python if "/" in python else f"./{python}"
    for priority, name in enumerate([*data, "sandbox", "web", "worker", "beat", "colleagues"], start=1):
        command = shlex.join([python, "-m", "webcare", name])
        stopsignal = "INT" if name == "postgres" else "TERM"  # to PostgreSQL, TERM means "when all clients left"
        text += PROGRAM.format(
            name=name, command=_quoted(command), priority=priority, stopsignal=stopsignal,
            patience=20 if name in {"postgres", "valkey"} else 3, log=f"{folder}/log/{name}.log",
        )  # fmt: skip
    (VAR / "supervisord.conf").write_text(text)


def _quoted(text: str) -> str:
    return text.replace("%", "%%")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed launcher takes the supervisor along


def supervise(environment: dict[str, str], *, port: int) -> None:
    """Run the supervisor, migrate, say where everything is; end all of it on a signal."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    configuration = os.path.relpath(VAR / "supervisord.conf", ROOT)
    output = (VAR / "log" / "supervisor.out").open("wb")
    print("webcare: starting", flush=True)
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", configuration], cwd=ROOT, env=environment,
        stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        preexec_fn=_die_with_parent,
    )  # fmt: skip
    try:
        if not os.environ.get("DATABASE_URL"):
            Postgres(VAR).wait()  # and makes the database itself
        migrate(environment)
        await_pages(supervisor, port=port)
        announce(environment)
        supervisor.wait()
        fail(f"the supervisor ended; see {VAR}/log/supervisor.log")
    except Stop:
        print("\nwebcare: stopping", flush=True)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if supervisor.poll() is None:
            supervisor.terminate()
            supervisor.wait()
        leftovers.end(VAR)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise Stop


def migrate(environment: dict[str, str]) -> None:
    """Tables and demo first; the programs wait for the mark that this sets."""
    done = subprocess.run(
        [sys.executable, "-m", "webcare", "migrate"], cwd=ROOT, env=environment, check=False, start_new_session=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        (VAR / "log" / "migrate.log").write_text(done.stderr)
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        fail(f"the database could not be prepared: {last[0]} (more in {VAR}/log/)")
    (VAR / "migrated").touch()


def await_pages(supervisor: subprocess.Popen[bytes], *, port: int) -> None:
    """Return when the login page is there."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            with opener.open(f"http://localhost:{port}/account/login/", timeout=10):
                return
        except OSError as error:
            if supervisor.poll() is not None or time.monotonic() > deadline:
                fail(f"the pages do not come up ({error}); see {VAR}/log/web.log")
            time.sleep(0.1)


def announce(environment: dict[str, str]) -> None:
    """Where to look, and as whom."""
    path = environment.get("DEMO_PASSWORD_FILE")
    password = environment.get("DEMO_PASSWORD") or (Path(path).read_text().strip() if path else "")
    print(f"""
  Webcare is at      {environment["PUBLIC_URL"]}/

  log in as          agent@webcare.example    an agent
                     lead@webcare.example     a team lead
                     admin@webcare.example    an admin
  with password      {password}

  what the public sees (the platforms' sandbox): {environment["PUBLIC_URL"]}/public/
  logs: {os.path.relpath(VAR / "log")}    stop: Ctrl-C
""", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
