"""What admins and leads fill in. Clear words for what is wrong; nothing typed is lost."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from connectors.registry import PLATFORMS
from connectors.types import Capabilities
from inbox.access import agents_of
from inbox.models import (
    Agent,
    Brand,
    CannedReply,
    ChannelAccount,
    ClosingReason,
    Invitation,
    Label,
    Membership,
    Team,
)

LANGUAGES = [("", _("any")), ("nl", _("Dutch")), ("en", _("English")), ("de", _("German")), ("fr", _("French"))]
COLOURS = [
    ("grey", _("grey")), ("blue", _("blue")), ("green", _("green")), ("yellow", _("yellow")), ("orange", _("orange")),
    ("red", _("red")), ("purple", _("purple")), ("pink", _("pink")),
]  # fmt: skip
DAY = 24 * 60
# Ids and secrets go into headers; one that was copied with something around it is told before a platform is asked
PLAIN = RegexValidator(r"\A[\x21-\x7e]*\Z", _("This has characters that no id, key or secret has. Copy it once more."))


class PlatformAppForm(forms.Form):
    """The platform app's id and secret; a saved secret is never shown, an empty field keeps it."""

    client_id = forms.CharField(label=_("App id (client id)"), max_length=200, validators=[PLAIN])
    client_secret = forms.CharField(
        label=_("App secret (client secret)"), max_length=500, required=False, widget=forms.PasswordInput(),
        validators=[PLAIN],
    )  # fmt: skip
    sandbox = forms.BooleanField(label=_("Use the practice platform"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not settings.SANDBOX_URL:
            del self.fields["sandbox"]

    @property
    def base_url(self) -> str:
        """Only the address of the settings, never one that somebody typed: our server calls nothing else."""
        return settings.SANDBOX_URL if self.cleaned_data.get("sandbox") else ""


class OwnKeysForm(forms.Form):
    """Keys of one's own: the fields are the platform's, described by its capabilities."""

    def __init__(self, *args: Any, capabilities: Capabilities, **options: Any) -> None:
        super().__init__(*args, **options)
        for one in capabilities.own_keys:
            self.fields[one.name] = forms.CharField(
                label=one.label, max_length=500, widget=forms.PasswordInput(), validators=[PLAIN]
            )
        if settings.SANDBOX_URL:
            self.fields["sandbox"] = forms.BooleanField(label=_("Use the practice platform"), required=False)

    def data_and_address(self) -> tuple[dict[str, str], str]:
        """The keys by the platform's names, and the sandbox's address when it was chosen."""
        data = dict(self.cleaned_data)
        address = settings.SANDBOX_URL if data.pop("sandbox", False) else ""
        return data, address


class AccountSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What the brand asks of an account."""

    class Meta:
        model = ChannelAccount
        fields = (
            "at_most_minutes_old",
            "public_target_minutes",
            "private_target_minutes",
            "daily_calls",
            "daily_money",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("at_most_minutes_old", "public_target_minutes", "private_target_minutes"):
            self.fields[name].min_value = 1  # type: ignore[attr-defined]
            self.fields[name].validators.append(_at_least_one)
        if not self.instance.capabilities.has_budget:
            del self.fields["daily_money"]

    def clean_daily_money(self) -> Any:
        money = self.cleaned_data["daily_money"]
        if money is not None and money < 0:
            raise ValidationError(_("A ceiling cannot be below zero."))
        return money


def _at_least_one(value: int) -> None:
    if value < 1:
        raise ValidationError(_("At least one minute."))


class SearchForm(forms.Form):
    """A search and its etiquette."""

    query = forms.CharField(label=_("Words or #tags"), max_length=512)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)
    exclude = forms.CharField(
        label=_("Without these words"), max_length=500, required=False, help_text=_("Separated by commas")
    )
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("What colleagues see; empty: the words")
    )
    may_join = forms.BooleanField(label=_("We may join in"), required=False, initial=True)
    join_days = forms.IntegerField(
        label=_("At most once per person per so many days"), min_value=0, max_value=365, initial=30,
        help_text=_("0: no limit"),
    )  # fmt: skip
    target_minutes = forms.IntegerField(
        label=_("Own norm in minutes"), min_value=1, max_value=30 * DAY, required=False,
        help_text=_("Empty: that of the account"),
    )  # fmt: skip

    def __init__(self, *args: Any, capabilities: Capabilities, **options: Any) -> None:
        super().__init__(*args, **options)
        self.longest = capabilities.query_max_length or 512

    def clean_query(self) -> str:
        query = " ".join(self.cleaned_data["query"].split())
        if len(query.lstrip("#@")) < 2:
            raise ValidationError(_("At least two characters."))
        if len(query) > self.longest:
            raise ValidationError(_("At most %(n)d characters.") % {"n": self.longest})
        return query

    def clean_exclude(self) -> list[str]:
        return [word for word in (" ".join(w.split()) for w in self.cleaned_data["exclude"].split(",")) if word]


class InvitationForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whom to invite, as what, into which teams."""

    class Meta:
        model = Invitation
        fields = ("email", "role", "is_trainee", "teams")
        widgets = {"teams": forms.CheckboxSelectMultiple()}

    def __init__(self, *args: Any, brand: Brand, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["teams"].queryset = Team.objects.filter(brand=brand).order_by("name")  # type: ignore[attr-defined]
        self.fields["teams"].required = False


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody is for the brand."""

    class Meta:
        model = Membership
        fields = ("role", "is_trainee", "teams")
        widgets = {"teams": forms.CheckboxSelectMultiple()}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        teams = Team.objects.filter(brand=self.instance.brand).order_by("name")
        self.fields["teams"].queryset = teams  # type: ignore[attr-defined]


class AcceptForm(forms.Form):
    """Who joins: a name, and a password to come back with."""

    name = forms.CharField(label=_("Your name"), max_length=120)
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters; a few words make a good one"), strip=False, max_length=200,
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            try:
                validate_password(cleaned["password"], Agent(email=self.email, name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    """A team's name."""

    class Meta:
        model = Team
        fields = ("name",)


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]
    """A brand's settings."""

    class Meta:
        model = Brand
        fields = (
            "name", "language", "sign_off", "handoff_text", "approve_trainees", "require_second_factor",
            "keep_payload_days", "keep_message_days", "keep_attachment_days",
        )  # fmt: skip
        widgets = {"language": forms.Select(choices=[("nl", _("Dutch")), ("en", _("English"))])}

    def clean_language(self) -> str:
        language: str = self.cleaned_data["language"]
        if language not in {"nl", "en"}:
            raise ValidationError(_("Choose Dutch or English."))
        return language


class NewBrandForm(forms.Form):
    """A brand's name."""

    name = forms.CharField(label=_("Name"), max_length=120)


class LabelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A label."""

    colour = forms.ChoiceField(label=_("Colour"), choices=COLOURS)

    class Meta:
        model = Label
        fields = ("name", "colour", "meaning")


class CannedReplyForm(forms.ModelForm):  # type: ignore[type-arg]
    """A text to start from."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES, required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)

    class Meta:
        model = CannedReply
        fields = ("title", "shortcut", "text", "language", "channel", "owner", "expires_on")
        widgets = {"expires_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, brand: Brand, **options: Any) -> None:
        super().__init__(*args, **options)
        kinds = [(kind, platform.label) for kind, platform in PLATFORMS.items()]
        self.fields["channel"].choices = [("", _("every channel")), *kinds]  # type: ignore[attr-defined]
        self.fields["owner"].queryset = agents_of(brand)  # type: ignore[attr-defined]
        self.fields["owner"].label = _("Kept by")
        self.fields["owner"].required = False


class ClosingReasonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A reason for closing without an answer."""

    class Meta:
        model = ClosingReason
        fields = ("name_nl", "name_en")

    def new_code(self) -> str:
        """A code of its own; names may change later."""
        from django.utils.text import slugify

        return slugify(self.cleaned_data["name_en"])[:40] or secrets.token_hex(4)


class PersonForm(forms.Form):
    """Whom to look for."""

    words = forms.CharField(label=_("Name, handle or id"), min_length=2, max_length=200)


class EraseForm(forms.Form):
    """Erasing is for good, so it is typed."""

    confirmation = forms.CharField(label=_("Type ERASE to confirm"), max_length=20)

    def clean_confirmation(self) -> str:
        typed: str = self.cleaned_data["confirmation"].strip().upper()
        if typed not in {"ERASE", str(_("ERASE"))}:
            raise ValidationError(_("Type the word exactly."))
        return typed
