from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from export.convert import SHAPES, check_shapes
from rebracket.errors import ExportError
from rebracket.registry import ExportedModel


def test_the_converted_graph_has_the_fixed_names_and_dynamic_shapes(
    exported: ExportedModel,
) -> None:
    graph = onnx.load(exported.file("model.onnx")).graph
    names = {value.name for value in [*graph.input, *graph.output]}
    assert names == SHAPES["words"].keys()


def test_a_graph_with_other_inputs_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])
    other = helper.make_tensor_value_info("out", TensorProto.INT64, ["n"])
    node = helper.make_node("Identity", ["ids"], ["out"])
    onnx.save(helper.make_model(helper.make_graph([node], "g", [value], [other])), tmp_path / "m")
    with pytest.raises(ExportError, match="expected"):
        check_shapes(tmp_path / "m")
