"""The one port: `/stream/` is served here, natively; every page goes to Django's WSGI application in a thread.

Django's pages under ASGI take two to twenty times as long as under WSGI; an open stream in a thread would keep it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from types import FrameType
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webcare.settings")

from a2wsgi import WSGIMiddleware

from webcare.wsgi import application as pages_application  # isort: skip  (sets Django up, before the stream's imports)

from webcare.stream import Hub, Receive, Scope, Send  # isort: skip
from webcare.warm import warm_up  # isort: skip

THREADS = 8  # pages at a time in one process; each thread may keep a database connection

pages: Any = WSGIMiddleware(cast("Any", pages_application), workers=THREADS)
hub = Hub()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Entry point for uvicorn."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["path"].startswith("/stream/"):
        await hub.serve(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Start with the server and end with it."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            warm_up()
            hub.start()
            close_streams_on_signal()
            await send({"type": "lifespan.startup.complete"})
        else:
            await hub.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return


def close_streams_on_signal() -> None:
    """End the streams as soon as the server is told to stop; it would wait for them until its time-out."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        servers_own = signal.getsignal(number)

        def handle(received: int, frame: FrameType | None, servers_own: Any = servers_own) -> None:
            loop.call_soon_threadsafe(hub.close_all)
            if callable(servers_own):
                servers_own(received, frame)

        signal.signal(number, handle)
