"""What a worker notes of each segment that it reads: metrics at once, rows by sample."""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import random
from time import time

from rebracket.conditioning import Conditioning, GeneratedSegment
from rebracket.config import Monitoring
from rebracket.errors import InternalError, RequestError
from rebracket.inference.material import Material
from rebracket.inference.predictor import Reader
from rebracket.inference.timing import Timing
from rebracket.monitoring import failures, trace
from rebracket.monitoring.metrics import (
    CONFIDENCE,
    ERRORS,
    GENERATION_SECONDS,
    GENERATIONS,
    INFERENCE_SECONDS,
    INTENSITY,
    PREDICTIONS,
    child,
    forget_dead_workers,
)
from rebracket.monitoring.rows import OK, Row
from rebracket.monitoring.salt import salted
from rebracket.monitoring.store import PredictionStore
from rebracket.monitoring.trace import Trace
from rebracket.monitoring.writer import Writer
from rebracket.schemas import Prediction, Segment

logger = logging.getLogger(__name__)


class Monitor:
    """One a worker."""

    def __init__(self, settings: Monitoring) -> None:
        self._settings = settings
        self.store = open_store(settings)
        self._writer = Writer(self.store)
        salted("")  # made now, not during the first request
        forget_dead_workers()

    @contextmanager
    def request(self, reader: Reader, *, request: Trace | None = None) -> Iterator["Observer"]:
        """What is told of a request's segments, by default of the current one's.

        A request that fails is one row.
        """
        sampled = random() < self._settings.sample
        observer = Observer(
            reader,
            request or trace.current(),
            self._writer if sampled else None,
            store_content=self._settings.store_content,
        )
        observer.request.model = reader.ref
        try:
            yield observer
        except RequestError as error:
            observer.failed(error)
            raise
        except Exception:
            observer.failed(InternalError(""))
            raise

    def close(self) -> None:
        """Store what was noted."""
        self._writer.close()
        self.store.close()


def open_store(settings: Monitoring) -> PredictionStore:
    """The store that the settings name.

    Raises:
        PredictionStoreError: it can't be opened.
    """
    return PredictionStore(settings.store, max_rows=settings.max_rows, max_bytes=settings.max_bytes)


@dataclass(slots=True)
class Observer:
    """Notes one request's segments, from any thread."""

    reader: Reader
    request: Trace
    writer: Writer | None
    store_content: bool

    def __call__(
        self, segment: Segment, material: Material, prediction: Prediction, timing: Timing
    ) -> None:
        """A segment was read."""
        self.request.timing = timing
        self.request.items += 1
        count(prediction, timing)
        if self.writer is not None:
            words = material.words
            self.writer.put(
                self._row(
                    OK,
                    200,
                    "+".join(prediction.modalities),
                    type=prediction.type,
                    intensity=prediction.intensity,
                    confidence=prediction.confidence,
                    probabilities=json.dumps(prediction.probabilities),
                    tokens=words and words.tokens,
                    unknown_share=words and self.reader.encoder.unknown_share(words),
                    decode_s=timing.decode_s,
                    queue_s=timing.queue_s,
                    compute_s=timing.compute_s,
                    content=content(segment) if self.store_content else None,
                )
            )

    def generated(self, asked: Conditioning, answer: GeneratedSegment) -> None:
        """A segment was written. It is no row: drift is about what callers send."""
        self.request.items += 1
        mixture, ref = asked.mixture, answer.model
        GENERATIONS.labels(
            asked=max(mixture, key=mixture.__getitem__),
            found=answer.analysis.type,
            model_version=ref.version,
            variant=ref.variant,
        ).inc()
        GENERATION_SECONDS.labels(variant=ref.variant).observe(answer.latency_ms / 1000)

    def items_failed(self, answers: Iterable[Prediction | Exception]) -> None:
        """A batch was answered; each of its errors is one row, and our faults are logged."""
        for error in answers:
            if isinstance(error, Exception):
                known = error if isinstance(error, RequestError) else InternalError("")
                ERRORS.labels(kind=known.slug).inc()
                self.failed(known)
                if known is not error:
                    logger.error("an item failed", extra={"fields": failures.describe(error)})

    def failed(self, error: RequestError) -> None:
        """There is no prediction; error answers are counted where they are made."""
        if self.writer is not None:
            self.writer.put(self._row(error.slug, error.status, ""))

    def _row(self, outcome: str, status: int, modalities: str, **found: object) -> Row:
        ref, request = self.reader.ref, self.request
        return Row(
            at=time(),
            request_id=request.request_id,
            subject=salted(request.subject),
            key_id=request.key_id,
            model=ref.name,
            version=ref.version,
            variant=ref.variant,
            outcome=outcome,
            status=status,
            modalities=modalities,
            **found,  # type: ignore[arg-type]
        )


def count(prediction: Prediction, timing: Timing) -> None:
    """Into the metrics."""
    version, variant = prediction.model.version, prediction.model.variant
    child(PREDICTIONS, prediction.type, version, variant).inc()
    child(CONFIDENCE, variant).observe(prediction.confidence)
    child(INTENSITY, variant).observe(prediction.intensity)
    child(INFERENCE_SECONDS, "decode", variant).observe(timing.decode_s)
    child(INFERENCE_SECONDS, "queue", variant).observe(timing.queue_s)
    child(INFERENCE_SECONDS, "compute", variant).observe(timing.compute_s)


def content(segment: Segment) -> str:
    """The words, as JSON."""
    return segment.model_dump_json(include={"text", "lyrics"}, exclude_none=True)
