"""Our style sheets and scripts under names that change with their content, so that a browser never asks twice."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORTS = (
    r"""(?P<matched>(?P<what>import(?: [^'";]+ from)?)\s*["'](?P<url>\./[^"']+)["'];)""",
    """%(what)s "%(url)s";""",
)


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """What our scripts import goes by those names too: otherwise every page asks again whether eight files changed.

    Django can do so for all scripts, but stumbles over what others write in their comments.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", (IMPORTS,)))
