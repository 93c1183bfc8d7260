"""`python -m rebracket`: the command line, which hears SIGTERM from its first moment.

The first process of a container is not sent a signal that it has no handler for, and the commands take a
while to load. So this is what the image runs.
"""

import signal
import sys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

from rebracket.cli import main  # noqa: E402 - after the line that it must not delay

main()
