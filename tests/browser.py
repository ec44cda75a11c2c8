"""Real-browser journeys: Chromium, and the whole web server as users reach it, on the test database.

A journey takes `page` (a fresh browser window that fails its test on any console error, script error or breach of
the content security policy), `live` (the server's address) and `enter` (log an agent in, and go to an address).
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from inbox.models import Agent

# What Playwright turns off (a second list takes the place of the first), and pages of the address bar's own, which cost
# every window more than a test does.
FEATURES_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,"
    "LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    f"--disable-features={FEATURES_OFF}",
]  # fmt: skip
REPOSITORY = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A port that nobody uses right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium() -> str | None:
    """The system's Chromium, or None for Playwright's own."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Program:
    """A program of ours as a child process, on the test database; its output is shown when it fails to start."""

    def __init__(self, name: str, log: Path, **environment: str) -> None:
        from django.conf import settings
        from django.db import connection

        database = settings.DATABASES["default"]
        url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + str(connection.settings_dict["NAME"])
        assert database["ENGINE"] == "django.db.backends.postgresql"
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "webcare", name], cwd=REPOSITORY, stdout=log.open("ab"), stderr=subprocess.STDOUT,
            env={**os.environ, "DATABASE_URL": url, **environment}, start_new_session=True,
        )  # fmt: skip

    def wait_for(self, url: str, *, seconds: float = 30) -> None:
        """Return when this address answers."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return
            except urllib.error.HTTPError:
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the server did not start:\n{self.log.read_text()[-4000:]}")
                time.sleep(0.05)

    def stop(self) -> None:
        """End it as a supervisor would."""
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def web_server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server (pages and event stream), once a session: its address."""
    port = str(free_port())
    url = f"http://localhost:{port}"
    server = Program("web", tmp_path_factory.mktemp("web") / "log", PORT=port, PUBLIC_URL=url)
    server.wait_for(f"{url}/account/login/")
    yield url
    server.stop()


@pytest.fixture
def live(web_server: str, transactional_db: None) -> Iterator[str]:
    """The server's address, with an empty database and an empty Valkey behind it."""
    from inbox.events import valkey

    valkey().flushall()
    yield web_server
    # A window says goodbye when it closes. Emptying the tables under that last request is a deadlock.
    wait_until_idle()


def wait_until_idle(*, seconds: float = 10) -> None:
    """Return when nobody else has been busy in the test database for a tenth of a second."""
    from django.db import connection

    deadline = time.monotonic() + seconds
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from pg_stat_activity where datname = current_database() "
                           "and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'")  # fmt: skip
            quiet = quiet + 1 if cursor.fetchone() == (0,) else 0
        time.sleep(0.05)


@pytest.fixture
def worker(live: str, tmp_path: Path) -> Iterator[Program]:
    """A real Celery worker for every queue, for the few journeys that need one."""
    running = Program("worker", tmp_path / "worker.log", PUBLIC_URL=live)
    yield running
    running.stop()


@pytest.fixture
def beat(worker: Program, tmp_path: Path) -> Iterator[Program]:
    """Celery beat beside the worker: due things happen by themselves."""
    running = Program("beat", tmp_path / "beat.log", BEAT_FOLDER=str(tmp_path))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=15_000)  # what is awaited comes when it comes: a busy machine is no failure
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield running
        running.close()


class ConsoleErrors(list[str]):
    """What went wrong in the page's own eyes. A test that causes an error on purpose takes it out: `expect`."""

    def expect(self, pattern: str) -> None:
        """Take out what matches; it must be there."""
        matching = [line for line in self if re.search(pattern, line)]
        assert matching, f"no console error matches {pattern!r}: {list(self)}"
        self[:] = [line for line in self if line not in matching]


@pytest.fixture
def console_errors() -> ConsoleErrors:
    """Console errors, script errors and breaches of the security policy of every window of this test."""
    return ConsoleErrors()


@pytest.fixture
def window(
    browser: Browser, live: str, console_errors: ConsoleErrors, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open another window, with cookies of its own: `second = window()`; options as Playwright's new_context."""
    contexts: list[BrowserContext] = []

    def open_window(**options: Any) -> Page:
        context = browser.new_context(**{"base_url": live, "locale": "nl-NL", **options})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: console_errors.append(f"{m.text} {m.location.get('url', '')}")
                if m.type == "error" else None)  # fmt: skip
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not console_errors, "the browser complained:\n" + "\n".join(console_errors)


@pytest.fixture
def page(window: Callable[..., Page]) -> Page:
    """A browser window, 1440 by 900."""
    return window(viewport={"width": 1440, "height": 900})


@pytest.fixture
def enter(live: str) -> Callable[..., Page]:
    """Log an agent in without the login page: `enter(page, agent, "/")`."""

    def log_in(page: Page, agent: Agent, path: str = "/") -> Page:
        page.context.add_cookies([{"name": "sessionid", "value": session_of(agent), "url": live}])
        page.goto(path)
        return page

    return log_in


def session_of(agent: Agent) -> str:
    """The key of a new session of this agent."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(agent.pk)
    session[BACKEND_SESSION_KEY] = "inbox.sessions.Backend"
    session[HASH_SESSION_KEY] = agent.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def accessibility_problems(page: Page, within: str | None = None) -> list[str]:
    """What axe finds against WCAG 2.2 AA on the page, or a part of it, as it stands: [] when it is fine."""
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, context=within, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    return [f"{v['id']}: {v['help']} {[n['target'] for n in v['nodes']][:5]}" for v in found]
