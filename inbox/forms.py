"""The forms of the screen."""

from __future__ import annotations

import zoneinfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inbox.models import Agent, Hiding


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """How somebody wants the screen to be."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = Agent
        fields = ("name", "initials", "language", "theme", "time_zone", "single_keys", "desktop_notifications")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        zones = sorted(z for z in zoneinfo.available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/")))
        self.fields["time_zone"].choices = [(z, z.replace("_", " ")) for z in zones]  # type: ignore[attr-defined]

    def keep(self) -> None:
        """Store what was filled in."""
        self.instance.save(update_fields=list(self.cleaned_data))


class HideForm(forms.Form):
    """Why a message is hidden."""

    reason = forms.ChoiceField(label=_("Why"), choices=[("", _("choose")), *Hiding.Reason.choices])
    explanation = forms.CharField(
        label=_("Explanation"), max_length=300, required=False, help_text=_("Needed for “something else”")
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("reason") == Hiding.Reason.OTHER and not str(cleaned.get("explanation", "")).strip():
            self.add_error("explanation", _("Say in a few words why."))
        return cleaned
