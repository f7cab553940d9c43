"""Model files: where they lie, how they are fetched, opened, written and converted."""
