"""What the windows of a stream were found to be, added up."""

from collections import Counter
from dataclasses import dataclass, field

from rebracket.messages import Summary, WindowRead
from rebracket.taxonomy import RebracketingType


@dataclass(slots=True)
class Tally:
    """Windows that will not come again, by what was read in them."""

    windows: int = 0
    silent: int = 0
    by_type: Counter[RebracketingType] = field(default_factory=Counter)
    intensity: float = 0.0

    def add(self, window: WindowRead) -> None:
        """Count a window."""
        self.windows += 1
        self.silent += window.silent
        if window.prediction is not None:
            self.by_type[window.prediction.type] += 1
            self.intensity += window.prediction.intensity

    def summary(self, *, samples: int, read_to: int) -> Summary:
        """What is said at the stream's end; positions as `Summary` has them."""
        read = self.by_type.total()
        return Summary(
            windows=self.windows,
            silent_windows=self.silent,
            by_type=dict(self.by_type),
            mean_intensity=self.intensity / read if read else None,
            samples=samples,
            read_to=read_to,
        )
