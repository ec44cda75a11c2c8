"""Replies that are due, and the sweep behind them."""

from __future__ import annotations
