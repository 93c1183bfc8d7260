"""What would stop a start, found before anything starts; nothing is made or changed by looking."""

from rebracket.preflight.look import Findings, look

__all__ = ["Findings", "look"]
