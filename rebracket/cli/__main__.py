"""`python -m rebracket.cli`."""

from rebracket.cli import main

main()
