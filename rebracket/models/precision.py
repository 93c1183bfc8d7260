"""Weights as files: in half precision, of which one has to know when measuring."""

from pathlib import Path
from typing import TypeVar

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rebracket.errors import ModelIncompatible

M = TypeVar("M", bound=nn.Module)


def rounded(model: nn.Module) -> None:
    """To the half precision that weights are kept in, so that what is measured is what is saved."""
    model.load_state_dict(
        {
            name: tensor.half().float() if tensor.is_floating_point() else tensor
            for name, tensor in model.state_dict().items()
        }
    )


def save(model: nn.Module, path: Path) -> None:
    """Write all floating-point tensors in half precision; what two names share is written once."""
    state = _tensors(model)
    save_file({name: tensor.half().contiguous() for name, tensor in state.items()}, path)


def load(model: M, path: Path, *, what: str) -> M:
    """Read what `save` wrote into a model, and make it ready to infer.

    Raises:
        ModelIncompatible: the file holds other tensors than the model has.
    """
    state = load_file(path)
    wanted = {name: tensor.shape for name, tensor in _tensors(model).items()}
    if {name: tensor.shape for name, tensor in state.items()} != wanted:
        raise ModelIncompatible(f"{path}: its tensors are not those of {what}")
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=False)
    model.eval()
    return model


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    """Floating-point tensors by the first of their names."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if tensor.is_floating_point() and id(tensor) not in seen:
            seen.add(id(tensor))
            found[name] = tensor.detach()
    return found
