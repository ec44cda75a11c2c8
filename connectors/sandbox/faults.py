"""Faults on command: which calls they hit, and what happens to those."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from connectors.sandbox import fault_answers
from connectors.sandbox.http import Later, Request, Response
from connectors.sandbox.world import World
from connectors.sandbox.x_api import speaks_x

BEFORE = {"cut_before", "hang", "refuse"}
AFTER = {"cut_after", "error_after", "slow", "truncate", "shuffle", "usage", "poison"}
Answer = Callable[[Request], Response]


@dataclass
class Fault:
    """One rule. It hits calls of `method` whose path fits `path`, `times` at most (0: for ever), at `rate`."""

    kind: str
    path: str = "*"
    method: str = ""
    platform: str = ""
    times: int = 0
    rate: float = 1.0
    seed: int = 1
    seconds: float = 0.0
    skip: int = 0  # calls let through first
    status: int = 0
    code: int = 0
    subcode: int = 0
    message: str = ""
    language: str = ""
    percent: int = 208
    reset_in: int = 900
    hits: int = 0
    number: int = 0


class Faults:
    """The rules in force."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.clear()

    def clear(self) -> dict[str, Any]:
        """Nothing is broken any more."""
        self.rules: list[Fault] = []
        self.numbers = itertools.count(1)
        self.dice: dict[int, random.Random] = {}
        return {"faults": []}

    def add(self, data: dict[str, Any]) -> dict[str, Any]:
        """A new rule; the kinds are those of `fault_answers` and the ways to break a connection."""
        known = BEFORE | AFTER | {"late"} | fault_answers.ANSWERS.keys()
        if data.get("kind") not in known:
            raise ValueError(f"unknown kind {data.get('kind')!r}; known: {sorted(known)}")
        fault = Fault(**data)
        fault.number = next(self.numbers)
        self.rules.append(fault)
        self.dice[fault.number] = random.Random(fault.seed)
        return asdict(fault)

    def listed(self) -> list[dict[str, Any]]:
        """All rules with how often they hit."""
        return [asdict(fault) for fault in self.rules]

    def around(self, request: Request, answer: Answer) -> Response | Later:
        """Answer the call, or break it the way the first fitting rule says."""
        if not self.rules:
            return answer(request)
        fault = next((fault for fault in self.rules if self._hits(fault, request)), None)
        if fault is None:
            return answer(request)
        fault.hits += 1
        return self._break(fault, request, answer)

    def _hits(self, fault: Fault, request: Request) -> bool:
        if fault.times and fault.hits >= fault.times:
            return False
        if fault.method and fault.method.upper() != request.method:
            return False
        platform = "x" if speaks_x(request) else "facebook"
        path = re.sub(r"^/v\d+\.\d+", "", request.path)
        if fault.platform not in {"", platform} or not (
            fnmatchcase(request.path, fault.path) or fnmatchcase(path, fault.path)
        ):
            return False
        if fault.skip:
            fault.skip -= 1
            return False
        return fault.rate >= 1 or self.dice[fault.number].random() < fault.rate

    def _break(self, fault: Fault, request: Request, answer: Answer) -> Response | Later:
        kind = fault.kind
        if kind == "late":  # the client gives up, and later it happens all the same
            return Later(fault.seconds or 5.0, lambda: answer(request))
        if kind in {"cut_before", "refuse"}:
            return Response(cut=True)
        if kind == "hang":
            return Response(cut=True, delay=fault.seconds or 30.0)
        if kind in AFTER:
            return fault_answers.spoil(fault, answer(request))
        platform = "x" if speaks_x(request) else "facebook"
        return fault_answers.ANSWERS[kind](fault, platform, self.world)
