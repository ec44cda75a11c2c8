"""Reads that combine several tables, one module a screen."""
