"""The model card, written from measured facts."""

from importlib.resources import files
from string import Template

from rebracket.training.facts import Facts
from rebracket.training.metrics import Metrics


def render(facts: Facts) -> str:
    """The card as Markdown."""
    source = files("rebracket.training")
    template = Template(source.joinpath("card.md.template").read_text(encoding="utf-8"))
    return template.substitute(
        version=facts.version,
        created=facts.created,
        code_version=facts.code_version,
        data_hash=facts.data_hash,
        texts=", ".join(f"{count} {use}" for use, count in facts.texts.items()),
        recipe="\n".join(f"- {name}: {value}" for name, value in facts.recipe),
        temperature=facts.calibration.temperature,
        **facts.calibration.strength.model_dump(),
        overall=_overall({"validation": facts.validation, "test": facts.test}),
        per_type=_per_type({"validation": facts.validation, "test": facts.test}),
        experiments=source.joinpath("experiments.md").read_text(encoding="utf-8").strip(),
    )


def _overall(columns: dict[str, Metrics]) -> str:
    rows = [
        f"| {name} | "
        + " | ".join(f"{metrics.flat()[name]:.3f}" for metrics in columns.values())
        + " |"
        for name in next(iter(columns.values())).flat()
    ]
    counts = " | ".join(str(metrics.n) for metrics in columns.values())
    return "\n".join([_head(columns), f"| texts | {counts} |", *rows])


def _per_type(columns: dict[str, Metrics]) -> str:
    kinds = next(iter(columns.values())).f1
    rows = [
        f"| {kind} | " + " | ".join(f"{m.f1.get(kind, 0.0):.3f}" for m in columns.values()) + " |"
        for kind in kinds
    ]
    return "\n".join([_head(columns), *rows])


def _head(columns: dict[str, Metrics]) -> str:
    return f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
