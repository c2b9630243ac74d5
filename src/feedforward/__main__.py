"""``python -m feedforward`` is the command line."""

from feedforward.cli import main

main()
