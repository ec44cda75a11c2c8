"""The only list of platforms: kind -> (label, connector, oauth)."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from connectors.base import Connector, OAuth


class Platform(NamedTuple):
    """Where a platform's classes live; loaded when first used."""

    label: str
    connector_path: str
    oauth_path: str


PLATFORMS: dict[str, Platform] = {
    "x": Platform("X (Twitter)", "connectors.x.connector.XConnector", "connectors.x.oauth.XOAuth"),
    "facebook": Platform(
        "Facebook",
        "connectors.facebook.connector.FacebookConnector",
        "connectors.facebook.oauth.FacebookOAuth",
    ),
}


def connector_class(kind: str) -> type[Connector]:
    """The connector of this kind; KeyError names an unknown one."""
    return _load(PLATFORMS[kind].connector_path)  # type: ignore[return-value]


def oauth_class(kind: str) -> type[OAuth]:
    """How accounts of this kind are connected."""
    return _load(PLATFORMS[kind].oauth_path)  # type: ignore[return-value]


def _load(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
