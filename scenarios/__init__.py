"""Stories that put a client through what vendors really do."""
