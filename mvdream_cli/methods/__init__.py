"""The methods of the papers, each on one screen: what a step computes. No files, no command line."""
