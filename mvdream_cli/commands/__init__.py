"""One recipe per command, read from top to bottom. The only readers of settings objects."""
