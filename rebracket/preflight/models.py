"""Whether the models that are to be served are there."""

from collections.abc import Iterator
from typing import Literal

from rebracket.config import Deployment
from rebracket.errors import ModelIncompatible, StoreError
from rebracket.registry import resolve


def problems(deployment: Deployment) -> Iterator[str]:
    """What stops models from being loaded."""
    if deployment.engine.provider != "cpu":
        yield from _provider_problems(deployment.engine.provider)
    for setting, reference in _references(deployment):
        try:
            model = resolve(reference)
            model.artefacts(deployment.optimization.quantization)
            model.require_files()
        except StoreError as error:
            yield f"deployment.{setting}: {error}"


def _references(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Every model that is served, seen or not, and the setting that names it."""
    ab = deployment.ab
    for index, variant in enumerate(ab.variants):
        yield f"ab.variants.{index}.model", variant.model
    if not ab.variants:
        yield "model_path", deployment.model_path
    if ab.shadow:
        yield "ab.shadow", ab.shadow


def _provider_problems(provider: Literal["cuda"]) -> Iterator[str]:
    from rebracket.inference.engine import execution_provider

    try:
        execution_provider(provider)
    except ModelIncompatible as error:
        yield f"deployment.engine.provider: {error}"
