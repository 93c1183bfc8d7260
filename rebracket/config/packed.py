"""The model that a Bento packs, for code that runs in one.

A Bento is a folder with `bento.yaml`, the code in `src`, and in a container its models in `models`.
"""

from pathlib import Path

import yaml

BENTO = Path(__file__).parents[3]


def packed_model(bento: Path = BENTO) -> str | None:
    """Its folder, or its tag where the Bento only names it; None where this is no Bento."""
    description = bento / "bento.yaml"
    if not description.is_file():
        return None
    models = yaml.safe_load(description.read_bytes())["models"]
    tag = str(models[0]["tag"])
    folder = bento.joinpath("models", *tag.split(":"))
    return str(folder) if folder.is_dir() else tag
