"""Segments → predictions with one exported model: encode, run, calibrate."""

from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Self

import numpy as np

from rebracket.errors import FieldError, InvalidRequest
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine, Scores
from rebracket.inference.timing import Timing
from rebracket.registry import ExportedModel
from rebracket.schemas import Modality, ModelRef, Prediction, Segment
from rebracket.segment.text import TextEncoder, Windows
from rebracket.taxonomy import TYPES

Quantization = Literal["int8", "none"]


@dataclass(frozen=True, slots=True)
class Predictor:
    """A loaded model version; safe to share between threads."""

    ref: ModelRef
    encoder: TextEncoder
    engine: Engine
    calibration: Calibration

    @classmethod
    def load(
        cls, model: ExportedModel, quantization: Quantization, *, variant: str = "default"
    ) -> Self:
        """Load a stored model's artefact and its tokenizer.

        Raises:
            ModelIncompatible: a file is missing or is not what this version serves.
        """
        artefact = model.artefact(quantization)
        return cls(
            ref=ModelRef(name=model.name, version=model.version, variant=variant),
            encoder=TextEncoder.from_file(model.file("tokenizer.json")),
            engine=Engine(model.file(artefact.file)),
            calibration=artefact.calibration,
        )

    def predict(self, segment: Segment, *, path: tuple[str | int, ...] = ()) -> Prediction:
        """Read one segment, alone: its answer can't depend on others'.

        Args:
            segment: what to read.
            path: where the segment stands in the request, for error locations.

        Raises:
            InvalidRequest: the segment's words hold nothing that the tokenizer reads.
        """
        started = perf_counter()
        windows = self.encode(segment, path=path)
        encoded = perf_counter()
        scores = self.engine.read(windows)
        timing = Timing(encoded - started, 0.0, perf_counter() - encoded)
        return self.answer(segment, windows, scores, timing)

    def encode(self, segment: Segment, *, path: tuple[str | int, ...] = ()) -> Windows:
        """The model's inputs for one segment."""
        windows = self.encoder.encode(segment.text, segment.lyrics)
        if windows is None:
            field = "text" if segment.text else "lyrics"
            raise InvalidRequest(
                [FieldError(loc=[*path, field], msg="No readable words", type="no_readable_words")]
            )
        return windows

    def answer(
        self, segment: Segment, windows: Windows, scores: Scores, timing: Timing
    ) -> Prediction:
        """The prediction that one segment's raw scores mean."""
        probabilities = self.calibration.probabilities(scores.logits)[0]
        tokens = np.array([windows.tokens])
        best = int(probabilities.argmax())
        words: tuple[tuple[Modality, str | None], ...] = (
            ("text", segment.text),
            ("lyrics", segment.lyrics),
        )
        return Prediction(
            segment_id=segment.segment_id,
            type=TYPES[best],
            intensity=float(self.calibration.intensities(scores.intensity, tokens)[0]),
            confidence=float(probabilities[best]),
            probabilities=dict(zip(TYPES, map(float, probabilities), strict=True)),
            modalities=[name for name, value in words if value and not value.isspace()],
            model=self.ref,
            metadata=segment.metadata,
            latency_ms=timing.total_s * 1000,
        )
