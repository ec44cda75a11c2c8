"""Channel accounts and housekeeping."""

from __future__ import annotations

from celery import shared_task

from inbox.operations import account_checks, account_warnings, oauth_connect, retention
from inbox.queries.accounts import removed_with_credentials


@shared_task
def watch_credentials() -> None:
    """Ask what we still may do, warn before a grant ends, mail that, and give back what removed accounts hold."""
    account_checks.check_due()
    account_warnings.watch_expiry()
    account_warnings.mail_warnings()
    for account in removed_with_credentials():
        oauth_connect.revoke(account)


@shared_task
def mail_warnings() -> None:
    account_warnings.mail_warnings()


@shared_task
def run_retention() -> None:
    retention.run()
