"""Whether what a model reads now is still like what it was measured on."""

import logging
from collections.abc import Callable, Iterable, Sequence
from math import log
from threading import Event, Thread

from rebracket.config import Drift as Settings
from rebracket.errors import PredictionStoreError
from rebracket.monitoring.baseline import Baseline, Reading, shares
from rebracket.monitoring.metrics import DRIFT_PSI
from rebracket.monitoring.store import PredictionStore
from rebracket.schemas import Drift, ModelRef, Signal

RECENT = """SELECT type, confidence, intensity, tokens, unknown_share FROM predictions
    WHERE model = ? AND version = ? AND outcome = 'ok'
    AND modalities IN ('text', 'lyrics', 'text+lyrics') ORDER BY id DESC LIMIT ?"""
"""Of words alone, as the baseline is: music would be another distribution, not a drift."""

Models = Callable[[], Iterable[tuple[ModelRef, Baseline | None]]]
"""What is served now, and the baseline that each model was saved with."""

logger = logging.getLogger(__name__)


def psi(expected: Sequence[float], found: Sequence[float], *, count: int) -> float:
    """The population stability index of two lists of shares: Σ (found − expected) · ln(found / expected).

    Siddiqi, Credit Risk Scorecards (2006), chapter 10, who reads under 0.1 as no change and over 0.25
    as a large one. Of `count` values from the expected distribution it is about (bins − 1) / count
    (Yurdakul, Statistical Properties of Population Stability Index, 2018). An empty bin counts as
    half a value.
    """
    floor = 0.5 / count
    pairs = [(max(a, floor), max(b, floor)) for a, b in zip(expected, found, strict=True)]
    return sum((b - a) * log(b / a) for a, b in pairs)


def compare(
    model: ModelRef, baseline: Baseline | None, recent: Sequence[Reading], settings: Settings
) -> Drift:
    """Each signal's index; unknown without a baseline, or with too few readings to say."""
    found = Drift(
        name=model.name,
        version=model.version,
        state="unknown",
        predictions=len(recent),
        psi={},
        drifted=[],
    )
    if baseline is None or len(recent) < settings.min_predictions:
        return found
    indexes: dict[Signal, float] = {
        signal: psi(histogram.shares, shares(signal, recent, histogram.edges), count=len(recent))
        for signal, histogram in baseline.signals.items()
    }
    drifted = [signal for signal, index in indexes.items() if index > settings.threshold]
    state = "drifted" if drifted else "steady"
    return found.model_copy(update={"state": state, "psi": indexes, "drifted": drifted})


class DriftWatch:
    """Looks at the last predictions of all workers, again and again, in a thread of its own."""

    def __init__(self, store: PredictionStore, settings: Settings, models: Models) -> None:
        self._store = store
        self._settings = settings
        self._models = models
        self._ended = Event()
        self.found: list[Drift] = []
        """What the last look found, by model version."""
        self._thread = Thread(target=self._watch, name="drift", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch; the store may be closed then."""
        self._ended.set()
        self._thread.join()

    def look(self) -> list[Drift]:
        """Compare now, and tell the metrics.

        Raises:
            PredictionStoreError: the store can't be read.
        """
        versions = {(ref.name, ref.version): (ref, base) for ref, base in self._models()}
        found = []
        for ref, base in versions.values():
            rows = self._store.query(RECENT, (ref.name, ref.version, self._settings.window))
            found.append(compare(ref, base, [Reading(*row) for row in rows], self._settings))
        for drift in found:
            for signal, index in drift.psi.items():
                DRIFT_PSI.labels(model_version=drift.version, signal=signal).set(index)
        return found

    def _watch(self) -> None:
        while True:
            try:
                self._tell(self.look())
            except PredictionStoreError as error:
                logger.warning("Drift is not watched: %s", error)
            if self._ended.wait(self._settings.every_s):
                return

    def _tell(self, found: list[Drift]) -> None:
        before = {(drift.name, drift.version): drift.state for drift in self.found}
        self.found = found
        for drift in found:
            was = before.get((drift.name, drift.version), "unknown")
            if drift.state != was and "drifted" in (drift.state, was):
                fields = drift.model_dump(mode="json")
                logger.warning("Predictions are %s now", drift.state, extra={"fields": fields})
