"""The sandbox itself: one loopback port for X, Facebook, their login pages, the public's view and the controls."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from email.utils import formatdate
from pathlib import Path
from typing import Any

from connectors.sandbox import dialogs, fault_page, public_pages, seed
from connectors.sandbox.clock import Clock
from connectors.sandbox.control import Control
from connectors.sandbox.faults import Faults
from connectors.sandbox.graph_api import GraphApi
from connectors.sandbox.http import Later, Protocol, Request, Response
from connectors.sandbox.scenarios import Runner
from connectors.sandbox.store import Store
from connectors.sandbox.webhooks import Webhooks
from connectors.sandbox.world import DEFAULT_SETTINGS, World
from connectors.sandbox.x_api import XApi, speaks_x

METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
GRAPH_ROOT = {"ids", "id", "batch", "access_token", "method"}  # asked of `/`, Graph's own root is meant
TICK = 0.2  # seconds between looks at what is due
SAVE_EVERY = 2.0


class Sandbox:
    """Everything behind the port. One thread; requests are handled one after another, so nothing races inside."""

    def __init__(self, *, clock: Clock, seed_number: int = 1, state: Path | None = None) -> None:
        self.world = World(clock=clock, seed=seed_number)
        self.store = Store(state) if state else None
        self.restored = self.store.load(self.world) if self.store else False
        if not self.restored:
            seed.plant(self.world)
        self.x, self.graph = XApi(self.world), GraphApi(self.world)
        self.faults = Faults(self.world)
        self.runner = Runner(self.world)
        self.webhooks = Webhooks(self.world)
        self.control = Control(self)

    def reset(self, *, seed_number: int | None = None, scenario: str = "") -> dict[str, Any]:
        """Begin again: no posts, the first tokens, no faults, the usual settings."""
        self.world.seed = seed_number if seed_number is not None else self.world.seed
        self.runner.stop()
        self.world.clear()
        self.world.settings = dict(DEFAULT_SETTINGS)
        seed.plant(self.world)
        self.x, self.graph = XApi(self.world), GraphApi(self.world)
        self.faults.clear()
        self.webhooks.clear()
        if self.store:
            self.store.forget()
        return self.runner.start(name=scenario) if scenario else {"reset": True}

    def save(self) -> int:
        """Write what changed to the state file."""
        return self.store.save(self.world) if self.store else 0

    def handle(self, request: Request) -> Response | Later:
        """Any request on the port."""
        path = request.path
        if request.method == "OPTIONS":
            return Response(200, b"", {"allow": METHODS})
        if path.startswith("/_sandbox"):
            return self.control.handle(request)
        if path == "/faults":
            return fault_page.handle(self.faults, request)
        if (path == "/" and not _asks_graph(request)) or path.startswith("/public/"):
            return public_pages.handle(self.world, request)
        page = dialogs.handle(self.world, request)
        if page is not None:
            return page
        answer = self.x.handle if speaks_x(request) else self.graph.handle
        return self._timed(self.faults.around(request, answer))

    def _timed(self, response: Response | Later) -> Response | Later:
        """With the platform's clock on it, and as late as the settings want it."""
        if isinstance(response, Later):
            act = response.act
            return Later(response.seconds, lambda: self._dated(act()))
        response.delay += float(self.world.settings["latency"])
        return self._dated(response)

    def _dated(self, response: Response) -> Response:
        response.headers.setdefault("date", formatdate(self.world.clock.now() / 1000, usegmt=True))
        return response

    async def serve(self, *, host: str, port: int, sock: socket.socket | None = None) -> None:
        """Listen until SIGTERM or SIGINT."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        connections: set[Protocol] = set()
        bound: dict[str, Any] = {"sock": sock} if sock else {"host": host, "port": port}
        server = await loop.create_server(lambda: Protocol(self.handle, connections), **bound)
        address = server.sockets[0].getsockname()
        print(f"The sandbox listens on http://{address[0]}:{address[1]}", flush=True)
        clockwork = asyncio.create_task(self._tick())
        await stop.wait()
        clockwork.cancel()
        server.close()
        for connection in list(connections):
            connection.transport.abort()
        with contextlib.suppress(asyncio.CancelledError):
            await clockwork
        self.webhooks.close()
        self.save()

    async def _tick(self) -> None:
        elapsed = 0.0
        while True:
            await asyncio.sleep(TICK)
            self.runner.run_due()
            elapsed += TICK
            if elapsed >= SAVE_EVERY:
                elapsed = 0.0
                self.save()


def _asks_graph(request: Request) -> bool:
    """Whether a call of `/` is a client's, not a person's who looks around."""
    return request.is_write or "authorization" in request.headers or bool(request.query.keys() & GRAPH_ROOT)
