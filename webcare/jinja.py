"""The Jinja2 environment of the pages: autoescaped, translated, with the few globals every page needs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable, MutableMapping
from functools import lru_cache
from itertools import count
from threading import Lock
from time import monotonic
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html
from jinja2 import Environment, StrictUndefined, Template, Undefined, pass_eval_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext, Expr
from jinja2.runtime import Context
from markupsafe import Markup, escape

MARK = 2_000_000_000  # stands for the first number in an address that is kept, the next for the second


def url(name: str, *args: Any) -> str:
    """The address of a view. Addresses that differ in their numbers alone are worked out once."""
    numbers = tuple(arg for arg in args if type(arg) is int and arg >= 0)
    return _address(name, *(None if type(arg) is int and arg >= 0 else arg for arg in args)) % numbers


@lru_cache(maxsize=4096)
def _address(name: str, *args: Any) -> str:
    first = next(n for n in count(MARK, 100) if str(n // 100) not in "".join(map(str, args)))
    marks = iter(range(first, first + len(args)))
    made = reverse(name, args=[next(marks) if arg is None else arg for arg in args]).replace("%", "%%")
    for n in range(args.count(None)):
        made = made.replace(str(first + n), "%d")
    return made


@pass_eval_context
def words(page: EvalContext, text: str, /, **values: Any) -> str:
    """The text in the reader's language; what is put into it is escaped, except in a letter. Stands for `_` on a page.

    Jinja2's own does the same in six times the time, and a page says some two hundred things.
    """
    language = translation.get_language()
    if not page.autoescape:
        return _pattern(language, text) % values
    if not values:
        return _said(language, text)
    safe = {name: value if isinstance(value, int | float) else escape(value) for name, value in values.items()}
    return Markup(_pattern(language, text) % safe)  # noqa: S704 - our own words around what is escaped


@lru_cache(maxsize=8192)
def _pattern(_language: str | None, text: str) -> str:
    return translation.gettext(text)


@lru_cache(maxsize=8192)
def _said(language: str | None, text: str) -> Markup:
    return Markup(_pattern(language, text) % {})  # noqa: S704 - our own words


@lru_cache(maxsize=1024)
def symbol(name: str, small: bool = False) -> Markup:
    """One symbol of the sprite. The name is ours, never a customer's."""
    return Markup('<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        " small" if small else "", static("icons.svg"), name
    )


KEPT = 8_000_000  # signs of pieces of pages: some five thousand rows of a list
HOUR = 3600  # seconds
PLACE = f"\ue000{secrets.token_hex(8)}\ue000"  # nobody else can have written this


class Pieces:
    """What was written, by what it says. The oldest make room, and all of it goes each hour: some is erased since."""

    def __init__(self, most: int) -> None:
        self.most, self.size, self.since = most, 0, monotonic()
        self.written: dict[Hashable, Markup] = {}
        self.lock = Lock()

    def keep(self, key: Hashable, piece: Markup) -> None:
        if monotonic() - self.since > HOUR:
            self.clear()
        with self.lock:
            self.size += len(piece) - len(self.written.pop(key, ""))
            self.written[key] = piece
            while self.size > self.most:
                self.size -= len(self.written.pop(next(iter(self.written))))

    def clear(self) -> None:
        with self.lock:
            self.written.clear()
            self.size, self.since = 0, monotonic()


pieces = Pieces(KEPT)


def kept(at: str, *facts: Hashable, caller: Callable[[Markup], Markup]) -> Markup:
    """A piece of a page that is the same for everybody with these facts, but for an address: written once.

    All that it shows must stand among the facts; `at` comes in the place that the piece is called with.
    """
    return piece((translation.get_language(), *facts), caller, escape(at))


def piece(key: Hashable, write: Callable[[Markup], Markup], at: Markup) -> Markup:
    """What was written with these facts, the language among them, with an address that is escaped already."""
    found = pieces.written.get(key)
    if found is None:
        found = write(escape(PLACE))
        pieces.keep(key, found)
    return found.replace(PLACE, at)


def shown(value: Any) -> str:
    """As `escape`, where nobody asks afterwards whether it was escaped: a page shows some thousand values.

    Most have no sign in them that means something in HTML, and looking for one takes a tenth of the time. Many others
    are numbers, or what is left of a condition that does not hold: nothing.
    """
    if type(value) is Markup:
        return value
    if type(value) is str and not (
        "&" in value or "<" in value or ">" in value or '"' in value or "'" in value
    ):  # fmt: skip
        return value
    if type(value) is int:
        return str(value)
    return "" if type(value) is Undefined else escape(value)


class Compiler(CodeGenerator):
    """Writes `shown` where Jinja2 writes `escape`: where a value is put onto the page."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


SHEETS = "sheets"  # in every context of a page: those of its parts


class Sheet(Context):
    """What one template of a page knows, and its macros, which know it too: a ring."""

    def __init__(self, environment: Environment, parent: dict[str, Any], *args: Any, **options: Any) -> None:
        super().__init__(environment, parent, *args, **options)
        parent.get(SHEETS, []).append(self)


class Page(Template):
    """A page lets go of what it showed: otherwise the collector looks for it among all else, in the midst of a page."""

    def render(self, *args: Any, **values: Any) -> str:
        sheets: list[Sheet] = []
        try:
            return super().render(*args, **values, **{SHEETS: sheets})
        finally:
            while sheets:
                sheet = sheets.pop()
                sheet.vars.clear()
                sheet.parent.clear()  # a copy, never what all pages know


class Pages(Environment):
    """Undefined names are errors: a page never shows an empty place where a fact belongs."""

    code_generator_class = Compiler
    context_class = Sheet
    template_class = Page
    shown = staticmethod(shown)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """No template has globals of its own; a chain of one is walked in Python at every import."""
        return super().make_globals(d) if d else self.globals


def form_token(request: HttpRequest) -> dict[str, Any]:
    """The token of a page's forms, masked once for all of them; only when there is a form."""
    token = SimpleLazyObject(lambda: get_token(request))
    field = SimpleLazyObject(lambda: format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', token))
    return {"csrf_token": token, "csrf_input": field}


def environment(**options: Any) -> Environment:
    """The environment that settings name."""
    options |= {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True, "autoescape": True}
    env = Pages(**options, extensions=["jinja2.ext.i18n", "jinja2.ext.do"])
    env.policies["ext.i18n.trimmed"] = True
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext, translation.ngettext, newstyle=True, pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )  # fmt: skip
    env.globals.update(static=static, url=url, get_language=translation.get_language, _=words, symbol=symbol, kept=kept)
    from inbox.templatetags import filters, listed  # the app registry is ready only now

    env.filters.update(filters.FILTERS)
    env.globals.update(filters.GLOBALS, **listed.GLOBALS)
    return env
