"""The Jinja2 environment of the pages: autoescaped, translated, with the few globals every page needs."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a view."""
    return reverse(name, args=args, kwargs=kwargs)


def environment(**options: Any) -> Environment:
    """Undefined names are errors: a page never shows an empty place where a fact belongs."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    env = Environment(**options, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, newstyle=True, pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )  # fmt: skip
    env.globals.update(static=static, url=url, get_language=translation.get_language)
    from inbox.templatetags import filters  # the app registry is ready only now

    env.filters.update(filters.FILTERS)
    env.globals.update(filters.GLOBALS)
    return env
