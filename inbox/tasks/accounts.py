"""Channel accounts and housekeeping."""

from __future__ import annotations
