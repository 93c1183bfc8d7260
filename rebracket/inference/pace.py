"""How fast work gets done, and so how long a backlog takes."""

from math import ceil


class Pace:
    """Work a second, by what was lately done; each piece leaves `memory` of what was known before."""

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self.rate = 0.0
        """0 as long as nothing was done."""

    def learn(self, work: int, seconds: float) -> None:
        """So much was done in so long."""
        rate = work / max(seconds, 1e-6)
        self.rate = self._memory * self.rate + (1 - self._memory) * rate if self.rate else rate

    def retry_after_s(self, work: int) -> int:
        """Whole seconds, one at least, in which so much will have been done."""
        return max(1, ceil(work / self.rate if self.rate else 1.0))
