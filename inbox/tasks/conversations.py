"""Conversations: snoozes that end, norms that are near, counts."""

from __future__ import annotations
