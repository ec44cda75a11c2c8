"""Structured logs: one JSON object a line, with request and task ids, and no secret in them."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET = re.compile(
    r"(?i)((?:access_|refresh_|bearer_|id_)?token|secret|password|authorization|appsecret_proof|api_key|code_verifier)"
    r"(\"?'?\s*[=:]\s*\"?'?(?:bearer\s+|oauth\s+)?)([^\s\"'&,}]+)"
)


NAME = re.compile(
    r"(?i)(?:^|[_-])(?:token|secret|password|authorization|cookie|appsecret_proof|api_key|code_verifier)$"
)
BEARER = re.compile(r"(?i)\b(bearer|oauth)\s+[\w.~+/%=-]{12,}")


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a secret, wherever it stands in the entry."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: Any, value: Any) -> Any:
    if NAME.search(str(key)):
        return "***"
    if isinstance(value, str):
        return BEARER.sub(r"\1 ***", SECRET.sub(r"\1\2***", value))
    if isinstance(value, dict):
        return {name: _clean(name, item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", item) for item in value]
    return value if isinstance(value, int | float | bool | None) or str(key).startswith("_") else _clean("", str(value))


def configure(settings: dict[str, Any]) -> None:
    """Send everything, our own and the libraries', through one chain to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    text = settings["format"] == "text"
    last = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer()
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [strip, last],
        "foreign_pre_chain": shared,
    }
    quiet = ("tweepy", "oauthlib", "requests_oauthlib", "urllib3", "botocore", "facebook", "kombu", "amqp")
    logging.config.dictConfig({
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": settings["level"]},
        "loggers": {name: {"level": "WARNING"} for name in quiet},  # their debug lines print tokens
    })  # fmt: skip
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
