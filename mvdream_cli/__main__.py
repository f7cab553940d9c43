"""`python -m mvdream_cli`: what the executable does."""

from mvdream_cli.boundary import main

main()
