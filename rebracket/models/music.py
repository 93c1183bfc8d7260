"""The encoders of music by name, and their weights as files."""

from pathlib import Path

from safetensors.torch import load_file, save_file

from rebracket.errors import ModelIncompatible
from rebracket.models.notes import NotesReader
from rebracket.models.sound import SoundReader

MusicReader = NotesReader | SoundReader
READERS: dict[str, type[NotesReader] | type[SoundReader]] = {
    "notes": NotesReader,
    "sound": SoundReader,
}


def rounded(model: MusicReader) -> None:
    """To the half precision that weights are kept in, so that what is measured is what is saved."""
    model.load_state_dict(
        {
            name: tensor.half().float() if tensor.is_floating_point() else tensor
            for name, tensor in model.state_dict().items()
        }
    )


def save(model: MusicReader, path: Path) -> None:
    """Write all floating-point tensors in half precision."""
    tensors = model.state_dict().items()
    save_file({name: t.half().contiguous() for name, t in tensors if t.is_floating_point()}, path)


def load(encoder: str, path: Path) -> MusicReader:
    """Read what `save` wrote, ready to infer.

    Raises:
        ModelIncompatible: the file holds other tensors than this encoder has.
    """
    model = READERS[encoder]()
    state = load_file(path)
    wanted = {n: t.shape for n, t in model.state_dict().items() if t.is_floating_point()}
    if {name: tensor.shape for name, tensor in state.items()} != wanted:
        raise ModelIncompatible(f"{path}: its tensors are not those of the encoder of {encoder}")
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=False)
    model.eval()
    return model
