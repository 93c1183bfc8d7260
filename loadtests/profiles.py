"""What load tests send, for how long, and what must hold of the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Stage:
    """So many users for so many seconds."""

    name: str
    seconds: float
    users: int


@dataclass(frozen=True, slots=True)
class Objective:
    """What a profile's answers must keep to; a rejection that names a time to come again is no error.

    `recovery` is what the 95th percentile may be after a spike, in those of the time before it.
    """

    p95_ms: float
    error_rate: float = 0.001
    recovery: float | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Stages of load, shares of the users by class, and the server's settings if they are its own."""

    stages: tuple[Stage, ...]
    weights: Mapping[str, int]
    objective: Objective
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long all stages take."""
        return sum(stage.seconds for stage in self.stages)

    def stage(self, at_s: float) -> Stage | None:
        """Which stage runs so many seconds after the start; none when all are over."""
        for stage in self.stages:
            at_s -= stage.seconds
            if at_s < 0:
                return stage
        return None

    def shortened(self, share: float) -> "Profile":
        """The same with every stage that much shorter."""
        stages = tuple(Stage(s.name, s.seconds * share, s.users) for s in self.stages)
        return Profile(stages, self.weights, self.objective, self.settings)


SONGWRITERS = {"Songwriter": 1}
EVERYBODY = {"Songwriter": 8, "Arranger": 2, "Band": 2, "Watcher": 1, "Hasty": 1}
SPIKE = "spike"

PROFILES: Mapping[str, Profile] = {
    "steady": Profile((Stage("steady", 60, 8),), SONGWRITERS, Objective(p95_ms=150)),
    "spike": Profile(
        # Ten seconds after the spike are not judged: that is the time to recover in.
        (
            Stage("before", 40, 6),
            Stage(SPIKE, 30, 60),
            Stage("settling", 10, 6),
            Stage("after", 40, 6),
        ),
        SONGWRITERS,
        Objective(p95_ms=1500, recovery=1.5),
        settings={"BATCHING__MAX_QUEUE": "5000"},
    ),
    "soak": Profile((Stage("soak", 1800, 8),), EVERYBODY, Objective(p95_ms=600)),
    "mixed": Profile((Stage("mixed", 90, 12),), EVERYBODY, Objective(p95_ms=600)),
}
