"""Segments → predictions with one model version: encode, run, calibrate, fuse."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Literal, Self

from rebracket.config import Engine as EngineOptions
from rebracket.errors import (
    FieldError,
    InvalidRequest,
    PayloadTooLarge,
    TooMuchMusic,
    Undecodable,
)
from rebracket.inference.calibration import Calibration
from rebracket.inference.engine import Engine, Scores
from rebracket.inference.fusion import pooled_intensity, pooled_probabilities
from rebracket.inference.generator import GeneratorEngine
from rebracket.inference.material import MUSIC, EncoderName, Material, Part
from rebracket.inference.timing import Timing
from rebracket.registry import ExportedModel
from rebracket.schemas import Modality, ModelRef, Prediction, Segment
from rebracket.segment import events, mel
from rebracket.segment.audio import read_audio
from rebracket.segment.midi import read_midi
from rebracket.segment.text import TextEncoder
from rebracket.segment.window import Window
from rebracket.taxonomy import TYPES

Quantization = Literal["int8", "none"]
ENGINE_DEFAULTS = EngineOptions()
Path = tuple[str | int, ...]
DECODERS: dict[EncoderName, Callable[[bytes], Sequence[Window]]] = {
    "notes": lambda data: events.windows(read_midi(data)),
    "sound": lambda data: mel.windows(read_audio(data)),
}
"""Files of music → windows, by the encoder that reads them."""


@dataclass(frozen=True)
class Reader:
    """What a model version makes of segments before and after its engines run.

    `engines` says which ones these are, to the lanes that run them. Safe to share between threads.
    """

    model: ExportedModel
    ref: ModelRef
    encoder: TextEncoder
    calibrations: Mapping[EncoderName, Calibration]
    engines: Mapping[EncoderName, Hashable]
    generator: GeneratorEngine | None = field(default=None, kw_only=True)
    """Writes segments, where it was loaded; in the process that asks, whichever runs the engines."""

    @classmethod
    def of(
        cls,
        model: ExportedModel,
        quantization: Quantization,
        *,
        engines: Mapping[EncoderName, Hashable],
        variant: str = "default",
    ) -> Self:
        """Load a stored model's tokenizer and calibrations.

        Raises:
            ModelIncompatible: a file is missing or is not what this version serves.
        """
        artefacts = model.artefacts(quantization)
        return cls(
            model=model,
            ref=ModelRef(name=model.name, version=model.version, variant=variant),
            encoder=TextEncoder.from_file(model.file("tokenizer.json")),
            calibrations={name: item.calibration for name, item in artefacts.items()},
            engines=engines,
        )

    def with_generator(self) -> Self:
        """The same, ready to write segments too, where the version has a generator.

        Raises:
            ModelIncompatible: its file is missing or is not what this version serves.
        """
        name = self.model.manifest.generator
        return replace(self, generator=GeneratorEngine(self.model.file(name))) if name else self

    def encode(self, segment: Segment, *, path: Path = ()) -> Material:
        """What the models read of one segment.

        Args:
            segment: what to read.
            path: where the segment stands in the request, for error locations.

        Raises:
            InvalidRequest: a field holds nothing that can be read, or what this model doesn't read.
            PayloadTooLarge: there is more music than is read.
        """
        parts: dict[EncoderName, Part] = {}
        words = self.encoder.encode(segment.text, segment.lyrics)
        if words is not None:
            parts["words"] = Part.of_words(words)
        elif not (segment.midi or segment.audio):
            message = "No readable words"
            raise _invalid(
                [*path, "text" if segment.text else "lyrics"], message, "no_readable_words"
            )
        for encoder, modality in MUSIC.items():
            if data := getattr(segment, modality):
                parts[encoder] = self._music(encoder, modality, data, path)
        return Material(parts, words)

    def _music(self, encoder: EncoderName, field: Modality, data: bytes, path: Path) -> Part:
        if encoder not in self.engines:
            message = f"The model {self.model.tag} does not read {field}"
            raise _invalid([*path, field], message, "not_read_by_this_model")
        try:
            return Part.of_music(DECODERS[encoder](data))
        except Undecodable as error:
            raise _invalid([*path, field], str(error), "undecodable") from None
        except TooMuchMusic as error:
            where = ".".join(map(str, (*path, field)))
            raise PayloadTooLarge(f"{where}: {error}") from None

    def answer(
        self,
        segment: Segment,
        material: Material,
        scores: Mapping[EncoderName, Scores],
        timing: Timing,
    ) -> Prediction:
        """The prediction that the raw scores of one segment's parts mean."""
        probabilities = pooled_probabilities(
            [self.calibrations[name].probabilities(item.logits)[0] for name, item in scores.items()]
        )
        intensity = pooled_intensity(
            [
                self.calibrations[name].intensity(
                    float(item.intensity[0]), material.parts[name].work
                )
                for name, item in scores.items()
            ]
        )
        windows = material.windows()
        best = int(probabilities.argmax())
        return Prediction(
            segment_id=segment.segment_id,
            type=TYPES[best],
            intensity=intensity,
            confidence=float(probabilities[best]),
            probabilities=dict(zip(TYPES, probabilities.tolist(), strict=True)),
            modalities=list(windows),
            windows=windows if segment.windows else None,
            model=self.ref,
            metadata=segment.metadata,
            latency_ms=timing.total_s * 1000,
        )


def _invalid(loc: list[str | int], message: str, kind: str) -> InvalidRequest:
    return InvalidRequest([FieldError(loc=loc, msg=message, type=kind)])


def load_engines(
    model: ExportedModel, quantization: Quantization, options: EngineOptions
) -> dict[EncoderName, Engine]:
    """Load a stored model's graphs.

    Raises:
        ModelIncompatible: a file is missing or is not what this version serves.
    """
    return {
        name: Engine(
            model.file(item.file), encoder=name, threads=options.threads, provider=options.provider
        )
        for name, item in model.artefacts(quantization).items()
    }


@dataclass(frozen=True)
class Predictor(Reader):
    """A model version with its engines."""

    engines: Mapping[EncoderName, Engine]

    @classmethod
    def load(
        cls,
        model: ExportedModel,
        quantization: Quantization,
        *,
        options: EngineOptions = ENGINE_DEFAULTS,
        variant: str = "default",
    ) -> Self:
        """Load a stored model's graphs, tokenizer and calibrations.

        Raises:
            ModelIncompatible: a file is missing or is not what this version serves.
        """
        engines = load_engines(model, quantization, options)
        return cls.of(model, quantization, engines=engines, variant=variant)

    def predict(self, segment: Segment, *, path: Path = ()) -> Prediction:
        """Read one segment, alone: its answer can't depend on others'.

        Args:
            segment: what to read.
            path: where the segment stands in the request, for error locations.

        Raises:
            InvalidRequest: a field holds nothing that can be read, or what this model doesn't read.
            PayloadTooLarge: there is more music than is read.
        """
        started = perf_counter()
        material = self.encode(segment, path=path)
        encoded = perf_counter()
        scores = {name: self.engines[name].read(part) for name, part in material.parts.items()}
        timing = Timing(encoded - started, 0.0, perf_counter() - encoded)
        return self.answer(segment, material, scores, timing)
