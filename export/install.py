"""The committed model into the store: trained, then exported."""

from export.pipeline import Step, export
from rebracket import registry
from rebracket.registry import EXPORTED, TRAINED
from rebracket.training.bundle import Bundle, committed_path


def install_committed(*, step: Step) -> str:
    """Store and export the model that comes with the package, where that is not done yet.

    Returns the exported model's tag.
    """
    bundle = Bundle.read(committed_path())
    version = bundle.facts.version
    if not registry.exists(TRAINED, version):
        step(f"storing {TRAINED}:{version}")
        bundle.store()
    if not registry.exists(EXPORTED, version):
        export(f"{TRAINED}:{version}", step=step)
    return f"{EXPORTED}:{version}"
