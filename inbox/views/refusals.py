"""What an operation refused, in words for the person who asked."""

from __future__ import annotations

from django.utils.translation import gettext as _

from connectors.exceptions import (
    AuthorizationLost,
    ConnectorError,
    PermissionMissing,
    RateLimited,
    Rejected,
    TemporaryFailure,
)
from inbox.operations.changes import Refused


def sentence(refused: Refused) -> str:
    """Why it was not done, and what to do."""
    words = {
        "connected": _("%(name)s is connected already."),
        "elsewhere": _("%(name)s cannot be connected here: it is in use already. Ask the owner of this installation."),
        "another_account": _(
            "That is %(name)s, not %(wanted)s. Log in on the platform as the right account and try again."
        ),
        "no_app": _("Fill in the platform app first."),
        "not_begun_here": _("This answer does not belong to a connection begun in this browser. Start again."),
        "permission_missing": _("The platform did not grant what this stream needs. Reconnect and allow it."),
        "search_exists": _("There is a search for “%(query)s” already."),
        "no_search": _("This platform has no searches."),
        "last_admin": _("A brand needs an admin. Make somebody else admin first."),
        "last_owner": _("An installation needs an owner."),
        "gone": _("It is no longer there."),
        "team_exists": _("There is a team called %(name)s already."),
        "is_member": _("%(email)s is a member already."),
        "used": _("This link was used, withdrawn or is too old. Ask for a new one."),
        "exists": _("%(name)s exists already."),
        "erased": _("This person was erased already."),
        "still_leaving": _("A reply to this person is still on its way. Take it back, or wait until it is certain."),
    }
    return words.get(refused.code, _("That could not be done.")) % refused.facts


def platform_sentence(error: ConnectorError) -> str:
    """What the platform said, as what it means here; its own words follow."""
    meaning = _("The platform could not do this.")
    if isinstance(error, AuthorizationLost):
        meaning = _("The platform does not accept these credentials.")
    elif isinstance(error, PermissionMissing):
        meaning = _("The platform says that a permission is missing.")
    elif isinstance(error, RateLimited):
        meaning = _("The platform asks us to wait. Try again in a few minutes.")
    elif isinstance(error, TemporaryFailure):
        meaning = _("The platform cannot be reached right now. Nothing was changed; try again.")
    elif isinstance(error, Rejected):
        meaning = _("The platform refused it.")
    return f"{meaning} ({error.detail})" if error.detail else meaning
