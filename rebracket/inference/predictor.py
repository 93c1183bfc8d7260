"""Segments → predictions with one exported model: encode, run, calibrate."""

from collections.abc import Hashable
from dataclasses import dataclass
from time import perf_counter
from typing import Literal, Self

from rebracket.config import Engine as EngineOptions
from rebracket.errors import FieldError, InvalidRequest
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine, Scores
from rebracket.inference.timing import Timing
from rebracket.registry import ExportedModel
from rebracket.schemas import Modality, ModelRef, Prediction, Segment
from rebracket.segment.text import TextEncoder, Windows
from rebracket.taxonomy import TYPES

Quantization = Literal["int8", "none"]
ENGINE_DEFAULTS = EngineOptions()


@dataclass(frozen=True)
class Reader:
    """What a model version makes of segments before and after its engine runs.

    `engine` says which one that is, to the lanes that run it. Safe to share between threads.
    """

    model: ExportedModel
    ref: ModelRef
    encoder: TextEncoder
    calibration: Calibration
    engine: Hashable

    @classmethod
    def of(
        cls,
        model: ExportedModel,
        quantization: Quantization,
        *,
        engine: Hashable,
        variant: str = "default",
    ) -> Self:
        """Load a stored model's tokenizer and calibration.

        Raises:
            ModelIncompatible: a file is missing or is not what this version serves.
        """
        return cls(
            model=model,
            ref=ModelRef(name=model.name, version=model.version, variant=variant),
            encoder=TextEncoder.from_file(model.file("tokenizer.json")),
            calibration=model.artefact(quantization).calibration,
            engine=engine,
        )

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
        best = int(probabilities.argmax())
        words: tuple[tuple[Modality, str | None], ...] = (
            ("text", segment.text),
            ("lyrics", segment.lyrics),
        )
        return Prediction(
            segment_id=segment.segment_id,
            type=TYPES[best],
            intensity=self.calibration.intensity(float(scores.intensity[0]), windows.tokens),
            confidence=float(probabilities[best]),
            probabilities=dict(zip(TYPES, probabilities.tolist(), strict=True)),
            modalities=[name for name, value in words if value and not value.isspace()],
            model=self.ref,
            metadata=segment.metadata,
            latency_ms=timing.total_s * 1000,
        )


def load_engine(model: ExportedModel, quantization: Quantization, options: EngineOptions) -> Engine:
    """Load a stored model's artefact.

    Raises:
        ModelIncompatible: the file is missing or is not what this version serves.
    """
    path = model.file(model.artefact(quantization).file)
    return Engine(path, threads=options.threads, provider=options.provider)


@dataclass(frozen=True)
class Predictor(Reader):
    """A model version with its engine."""

    engine: Engine

    @classmethod
    def load(
        cls,
        model: ExportedModel,
        quantization: Quantization,
        *,
        options: EngineOptions = ENGINE_DEFAULTS,
        variant: str = "default",
    ) -> Self:
        """Load a stored model's artefact, tokenizer and calibration.

        Raises:
            ModelIncompatible: a file is missing or is not what this version serves.
        """
        engine = load_engine(model, quantization, options)
        return cls.of(model, quantization, engine=engine, variant=variant)

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
