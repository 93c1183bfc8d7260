"""One export from end to end: nothing reaches the store unless everything verified."""

import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from export.bench import latencies, of_words, one_window
from export.convert import OPSET, convert
from export.generator import FILE as GENERATOR_FILE
from export.generator import export_generator
from export.music import export_music
from export.optimize import optimize
from export.quantize import quantize
from export.quiet import quiet
from export.report import Report
from export.verify import Reference, grid, run_torch, verify
from rebracket import registry
from rebracket.errors import ModelIncompatible
from rebracket.inference.engine import Engine
from rebracket.inference.material import EncoderName
from rebracket.inference.predictor import Predictor
from rebracket.models.classifier import pretrained_path
from rebracket.monitoring.baseline import baseline
from rebracket.registry import EXPORTED, TRAINED, Artefact, Manifest
from rebracket.training.bundle import Bundle
from rebracket.training.corpus import Split, split_corpus
from rebracket.training.score import encode_all

FILES = {"none": "model.onnx", "int8": "model.int8.onnx"}
TOKENIZER = "tokenizer.json"
REPORT = "report.json"
SAMPLES = 64
"""Training texts that show what activations reach."""

Step = Callable[[str], None]
"""Told what begins."""


def export(tag: str, *, step: Step) -> tuple[str, Report]:
    """Export a stored PyTorch model to a stored ONNX model of the same version.

    Returns the new tag and the report.

    Raises:
        ModelNotFound: there is no such PyTorch model.
        StoreError: that version is exported already.
        ExportError: the export failed or did not verify.
    """
    stored = registry.find(tag)
    if stored.tag.name != TRAINED:
        raise ModelIncompatible(f"{stored.tag} is not a {TRAINED} model")
    bundle = Bundle.read(Path(stored.path))
    version = bundle.facts.version
    registry.refuse_existing(EXPORTED, version)
    with TemporaryDirectory() as scratch:
        folder, work = Path(scratch) / "model", Path(scratch) / "work"
        folder.mkdir()
        work.mkdir()
        with quiet():
            corpus = split_corpus()
            report, music = _build(bundle, str(stored.tag), corpus, folder, work, step)
        step("saving to the store")
        _describe(bundle, folder, report, music)
        step("noting what int8 finds in held-out texts, for drift")
        _add_baseline(folder, corpus)
        metadata = {
            "metrics": bundle.facts.test.flat(),
            "music_metrics": bundle.music_metrics(),
            "generator_metrics": bundle.generator.flat() if bundle.generator else {},
            "torch_model": str(stored.tag),
            "data_hash": bundle.facts.data_hash,
            "calibration": bundle.facts.calibration.model_dump(),
            "labels": [str(label) for label in bundle.facts.labels],
            "export": report.model_dump(mode="json"),
        }
        with registry.create(
            EXPORTED, version, labels={"stage": "exported"}, metadata=metadata
        ) as target:
            shutil.copytree(folder, target, dirs_exist_ok=True)
    return f"{EXPORTED}:{version}", report


def _build(
    bundle: Bundle, source: str, corpus: Split, folder: Path, work: Path, step: Step
) -> tuple[Report, dict[EncoderName, Artefact]]:
    """Convert, optimize, quantize, verify; the artefacts land in `folder`, those of music are told."""
    step("loading the PyTorch model")
    model, calibration = bundle.model(), bundle.facts.calibration
    full, int8 = folder / FILES["none"], folder / FILES["int8"]
    step("converting to ONNX")
    convert(model, work / "converted.onnx")
    step("optimizing")
    passes = [optimize(work / "converted.onnx", full)]
    engine = Engine(full)
    step("verifying fp32 against PyTorch")
    verification = verify(model, engine, calibration, grid())
    step("reading held-out texts with PyTorch")
    reference = Reference.of(model, calibration, corpus.test)
    step("quantizing to int8: the fastest candidate that verifies")
    samples = encode_all(
        [text.segment for text in corpus.train[:: max(1, len(corpus.train) // SAMPLES)]]
    )
    quantized, agreement = quantize(full, work, int8, samples, reference.verify)
    passes += quantized
    step("measuring PyTorch, fp32 and int8 side by side")
    torch.set_num_threads(1)  # as the engines run
    runs = {
        "pytorch": lambda windows: run_torch(model, windows),
        "onnx": engine.run,
        "int8": Engine(int8).run,
    }
    measured = latencies(runs, of_words())
    step("converting and verifying the encoders of music")
    artefacts, music = export_music(bundle, folder, (model, engine, calibration, one_window(64)))
    generator = None
    if bundle.generator:
        step("converting and verifying the generator")
        generator = export_generator(bundle.generator_model(), folder / GENERATOR_FILE)
    report = Report(
        source=source,
        opset=OPSET,
        versions={
            "python": platform.python_version(),
            **{name: installed(name) for name in ("torch", "onnx", "onnxscript", "onnxruntime")},
        },
        passes=passes,
        latency_ms=measured,
        megabytes={
            name: round((folder / file).stat().st_size / 2**20, 1) for name, file in FILES.items()
        },
        verification=verification,
        int8=agreement,
        music=music,
        generator=generator,
    )
    return report, artefacts


def _add_baseline(folder: Path, corpus: Split) -> None:
    model = registry.read_exported(folder)
    found = baseline(Predictor.load(model, "int8"), [t.segment for t in corpus.test])
    manifest = model.manifest.model_copy(update={"baseline": found})
    (folder / registry.MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")


def _describe(
    bundle: Bundle, folder: Path, report: Report, music: dict[EncoderName, Artefact]
) -> None:
    """Everything that is not a graph: manifest, tokenizer, card, report."""
    manifest = Manifest(
        name=EXPORTED,
        version=bundle.facts.version,
        created=registry.now(),
        labels=list(bundle.facts.labels),
        metrics=bundle.facts.test.flat(),
        artefacts={
            "int8": Artefact(file=FILES["int8"], calibration=bundle.facts.calibration),
            "none": Artefact(file=FILES["none"], calibration=bundle.facts.calibration),
        },
        music=music,
        generator=GENERATOR_FILE if report.generator else None,
    )
    (folder / registry.MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    (folder / REPORT).write_text(report.model_dump_json(indent=2), encoding="utf-8")
    shutil.copyfile(pretrained_path() / TOKENIZER, folder / TOKENIZER)
    for name in bundle.described():
        shutil.copyfile(bundle.path / name, folder / name)
