"""Every model that is to be served has to be there, with its files."""

from pathlib import Path

from rebracket.config import Deployment
from rebracket.preflight.models import problems
from rebracket.registry import EXPORTED
from tests.small_store import Save


def found(**settings: object) -> list[str]:
    return list(problems(Deployment.model_validate(settings)))


def test_models_that_are_there_are_no_problem(save: Save) -> None:
    first, second = save("1.0.0"), save("1.1.0")
    assert found() == []
    assert found(ab={"variants": [{"model": first}, {"model": second}], "shadow": first}) == []


def test_a_missing_model_is_named_with_the_setting_that_names_it(save: Save) -> None:
    there = save("1.0.0")
    missing = f"no model '{EXPORTED}:2.0.0' in the store; there: {there}; aliases: none"
    assert found(model_path="2.0.0") == [f"deployment.model_path: {missing}"]
    variants = [{"model": there}, {"model": "2.0.0"}]
    assert found(model_path="2.0.0", ab={"variants": variants, "shadow": "2.0.0"}) == [
        f"deployment.ab.variants.1.model: {missing}",
        f"deployment.ab.shadow: {missing}",
    ]


def test_an_alias_that_names_nothing(save: Save) -> None:
    there = save("1.0.0")
    assert found(model_path="candidate") == [
        f"deployment.model_path: 'candidate' names no model yet; there: {there}; aliases: none"
    ]


def test_a_model_without_what_is_to_be_served(save: Save) -> None:
    assert found(optimization={"quantization": "none"}, model_path=save("1.0.0")) == [
        f"deployment.model_path: {EXPORTED}:1.0.0 has no 'none' artefact; it has: int8"
    ]


def test_a_model_that_lost_a_file(save: Save, home: Path) -> None:
    save("1.0.0")
    folder = home / "models" / EXPORTED / "1.0.0"
    (folder / "model.int8.onnx").unlink()
    assert found() == [f"deployment.model_path: {EXPORTED}:1.0.0 lacks model.int8.onnx in {folder}"]


def test_an_execution_provider_that_is_not_installed(save: Save) -> None:
    save("1.0.0")
    assert found(engine={"provider": "cuda"}) == [
        "deployment.engine.provider: this onnxruntime has no CUDAExecutionProvider:"
        " install onnxruntime-gpu"
    ]
