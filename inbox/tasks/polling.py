"""Streams that are due, and reach looked at again."""

from __future__ import annotations
