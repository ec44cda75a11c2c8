"""`python -m connectors.sandbox`: start the sandbox."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from connectors.sandbox.clock import Clock, parse
from connectors.sandbox.scenarios import SCENARIOS
from connectors.sandbox.server import Sandbox

EPILOGUE = """
scenarios:
{scenarios}

Point the SDKs here (their own addresses, another host): /2/... is the X API v2, /v24.0/... the Graph API,
/i/oauth2/authorize and /v24.0/dialog/oauth the consent pages. / shows what the public sees, /faults breaks things.
Drive it by JSON under /_sandbox/ (GET /_sandbox/accounts has every account with its credentials), or from
Python with connectors.sandbox.client.SandboxClient. Listens on loopback only unless told otherwise.
"""


def arguments() -> argparse.ArgumentParser:
    """What can be asked of it."""
    names = "\n".join(f"  {name:14}{text}" for name, text in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m connectors.sandbox", description="A local X and Facebook to test and show Webcare against.",
        epilog=EPILOGUE.format(scenarios=names), formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8800, help="port; 0 takes a free one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed tells the same story (default: %(default)s)")
    parser.add_argument(
        "--scenario", default="demo", choices=["none", *SCENARIOS], help="what happens by itself (default: %(default)s)"
    )
    parser.add_argument("--state", type=Path, help="file in which the world is kept over restarts")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast a scenario goes (default: %(default)s)")
    parser.add_argument("--clock", help="start at this moment (ISO time) and stand still until turned")
    parser.add_argument(
        "--limits", type=float, default=1.0, help="rate limits times this; 0 is none (default: %(default)s)"
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds added to every platform answer")
    parser.add_argument(
        "--token-hours", type=float, default=2.0, help="life of an X access token (default: %(default)s)"
    )
    parser.add_argument(
        "--spelling", choices=["2.166", "2.167"], default="2.166", help="names of X's fields (default: %(default)s)"
    )
    return parser


def main() -> None:
    """Start, and stop on SIGTERM or SIGINT."""
    options = arguments().parse_args()
    clock = Clock(start=parse(options.clock), speed=0) if options.clock else Clock()
    sandbox = Sandbox(clock=clock, seed_number=options.seed, state=options.state)
    sandbox.world.settings.update(
        limits=options.limits, latency=options.latency, token_hours=options.token_hours, spelling=options.spelling
    )
    if options.scenario != "none":
        sandbox.runner.start(name=options.scenario, speed=options.speed, backfill=not sandbox.restored)
    try:
        import uvloop
    except ImportError:  # not on every system; only speed is lost
        asyncio.run(sandbox.serve(host=options.host, port=options.port))
    else:
        uvloop.run(sandbox.serve(host=options.host, port=options.port))


if __name__ == "__main__":
    main()
