from django.apps import AppConfig


class InboxConfig(AppConfig):
    """The inbox."""

    name = "inbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from inbox import checks
