"""The read side of the pages: one module a screen."""
