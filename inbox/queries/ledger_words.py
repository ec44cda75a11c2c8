"""Why an item could not be read, in the admin's language: the readers of the platforms say it in English."""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS: tuple[tuple[str, str | Promise], ...] = (
    (r"impossible time: (?P<what>.*)", gettext_lazy("Its time cannot be: %(what)s")),
    (r"no usable created_at: (?P<what>.*)", gettext_lazy("Its time is missing or unreadable: %(what)s")),
    (r"the time has no zone", gettext_lazy("Its time has no time zone")),
    (r"no id|the id is missing or too long", gettext_lazy("Its id is missing or too long")),
    (r"the author's id is missing or too long", gettext_lazy("The id of who wrote it is missing or too long")),
    (r"no text", gettext_lazy("It has no text")),
    (r"text is an? (?P<what>\w+)", gettext_lazy("Its text is something else: %(what)s")),
    (r"not an object|an item is an? \w+", gettext_lazy("It is no object with fields")),
    (r"nested too deep", gettext_lazy("It is nested too deep")),
    (r"no message in this event", gettext_lazy("An event without a message")),
    (r"(?:unknown kind of event|an event of kind) (?P<what>.*)", gettext_lazy("An event of another kind: %(what)s")),
    (r"changes of (?P<what>.*) are not read", gettext_lazy("Changes that we do not read: %(what)s")),
    (r"a conversation between others", gettext_lazy("A conversation between others")),
    (r"\w+ keeps details of .*", gettext_lazy("The platform keeps details of a conversation's newest messages only")),
    (r"an? \w+ of API version 1\.1, not 2", gettext_lazy("It is of version 1.1 of the platform's interface, not 2")),
    (r"people, no messages", gettext_lazy("People, and no messages")),
    (r"neither posts nor messages", gettext_lazy("Neither posts nor messages")),
    (r"an answer to (?P<what>.*): .*", gettext_lazy("An answer to %(what)s, which carries no message")),
    (r"only errors: (?P<what>.*)", gettext_lazy("Only errors: %(what)s")),
)  # fmt: skip


def why_unread(error: str) -> str:
    """One sentence about a reader's error; one that is not known here is shown as it was said."""
    said = re.sub(r"^\w*Error: ", "", error)
    for pattern, sentence in REASONS:
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found:
            return str(sentence) % found.groupdict()
    return _("What the reader said: %(what)s") % {"what": error}
