"""A process that serves pages is warm before its first: what all pages need is loaded, and kept out of collections."""

from __future__ import annotations

import gc

from django.template import engines
from django.urls import get_resolver
from django.utils import translation

SCREENS = ("inbox/screen.html", "inbox/list.html", "inbox/rows.html", "inbox/fresh.html", "inbox/figures.html",
           "inbox/talk.html", "inbox/timeline.html", "inbox/head.html", "inbox/composer.html")  # fmt: skip


def warm_up() -> None:
    """Compile the screen's templates, read the addresses and the languages, and tell the collector what stays.

    All of Django was looked through for garbage every few dozen pages, for a sixth of a second; there is none in it.
    """
    for name in SCREENS:
        engines["jinja2"].get_template(name)
    get_resolver().url_patterns  # noqa: B018 - read once, by asking
    for language in ("nl", "en"):
        with translation.override(language):
            translation.gettext("Public")
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)  # a page makes some thousands of things that go by themselves
