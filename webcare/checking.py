"""`make check`: everything that can be said about the code without running its tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
MANAGE = [sys.executable, "manage.py"]
IMPORTS = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
CHECKS = {
    "format": [*PYTHON, "ruff", "format", "--check", "--quiet", "."],
    "lint": [*PYTHON, "ruff", "check", "--quiet", "."],
    "types": [*PYTHON, "mypy"],
    "imports": [sys.executable, "-c", IMPORTS],
    "templates": [*PYTHON, "djlint", "--lint", "--quiet", "templates"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "deployment": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "translations": [*PYTHON, "webcare.messages", "--check"],
}
# As in production, of things that are only named and never reached: nothing here connects
ENVIRONMENT = {
    "SECRET_KEY": "check-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "DATABASE_URL": "postgres://nobody@/none?host=/nonexistent",
    "REDIS_URL": "unix:///nonexistent",
    "PUBLIC_URL": "https://webcare.example",
    "ALLOWED_HOSTS": "webcare.example",
    "DJANGO_SETTINGS_MODULE": "webcare.settings",
}


def main() -> None:
    """Run them all, show what fails, and exit with 1 if anything did."""
    failed = [name for name, command in CHECKS.items() if not passes(name, command)]
    if failed:
        raise SystemExit(f"check: {', '.join(failed)} failed")
    print("check: all is well")


def passes(name: str, command: list[str]) -> bool:
    """Run one; its output matters only when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    print(f"{name:14}{'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode != 0:
        print(done.stdout.strip(), flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
