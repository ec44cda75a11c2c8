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


def redact(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a secret, wherever it stands in the entry."""
    return {key: SECRET.sub(r"\1\2***", value) if isinstance(value, str) else value for key, value in event.items()}


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
