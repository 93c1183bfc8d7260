"""The model card, written from measured facts."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template

from pydantic import BaseModel

from rebracket.taxonomy import TYPES
from rebracket.training.facts import Facts
from rebracket.training.generator.facts import GeneratorFacts
from rebracket.training.metrics import Metrics
from rebracket.training.music.facts import MusicFacts
from rebracket.training.music.metrics import MusicMetrics
from rebracket.training.music.recipe import MusicEncoder

CELL = 44
MARGIN = 96
NAMES: dict[MusicEncoder, str] = {"notes": "Notes (MIDI)", "sound": "Sound (audio)"}


def render(
    facts: Facts,
    music: Mapping[MusicEncoder, MusicFacts],
    generator: GeneratorFacts | None = None,
) -> str:
    """The card as Markdown."""
    source = files("rebracket.training")
    template = Template(source.joinpath("card.md.template").read_text(encoding="utf-8"))
    return template.substitute(
        version=facts.version,
        created=facts.created,
        code_version=facts.code_version,
        data_hash=facts.data_hash,
        texts=", ".join(f"{count} {use}" for use, count in facts.texts.items()),
        recipe=_recipe(facts.recipe),
        temperature=facts.calibration.temperature,
        **facts.calibration.strength.model_dump(),
        overall=_overall({"validation": facts.validation, "test": facts.test}, "texts"),
        per_type=_per_type({"validation": facts.validation, "test": facts.test}),
        experiments=source.joinpath("experiments.md").read_text(encoding="utf-8").strip(),
        music="\n\n".join(_music(name, item) for name, item in music.items()) or "None.",
        generator=_generator(generator) if generator else "None.",
    )


def confusion_picture(metrics: MusicMetrics) -> str:
    """The confusion matrix as SVG: true types down, found ones across, shares of each row as shades."""
    side = MARGIN + CELL * len(TYPES)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side + CELL}" height="{side}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>Confusion matrix: true types down, '
        f'found types across</title><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for row, counts in enumerate(metrics.confusion):
        middle = MARGIN + CELL * row + CELL // 2
        name = TYPES[row]
        parts.append(f'<text x="{MARGIN - 6}" y="{middle + 4}" text-anchor="end">{name}</text>')
        parts.append(
            f'<text transform="translate({middle + 4} {MARGIN - 6}) rotate(-60)">{name}</text>'
        )
        parts += [_cell(row, column, count, sum(counts)) for column, count in enumerate(counts)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _cell(row: int, column: int, count: int, total: int) -> str:
    x, y = MARGIN + CELL * column, MARGIN + CELL * row
    share = count / max(total, 1)
    ink = "#fff" if share > 0.5 else "#000"  # noqa: PLR2004 - dark enough
    return (
        f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" '
        f'fill="rgb({255 - round(210 * share)},{255 - round(160 * share)},255)"/>'
        f'<text x="{x + CELL // 2}" y="{y + CELL // 2 + 4}" text-anchor="middle" fill="{ink}">'
        f"{count}</text>"
    )


def _music(name: MusicEncoder, facts: MusicFacts) -> str:
    """One encoder's section."""
    columns = {"validation": facts.validation, **facts.tests}
    used = "; ".join(f"{use}: {', '.join(names)}" for use, names in facts.collections.items())
    clear = {test: metrics.clear_by_type for test, metrics in columns.items()}
    rows = [
        f"| {kind} | " + " | ".join(f"{column[kind]:.3f}" for column in clear.values()) + " |"
        for kind in TYPES
    ]
    return f"""### {NAMES[name]}
Pieces of {facts.source}; whole collections are kept apart ({used}).

{_overall(columns, "lessons")}

Right types at intensity 0.4 and above:

{_head(columns)}
{chr(10).join(rows)}

![Confusion matrix of the first test]({name}.svg)

Recipe:

{_recipe(facts.recipe)}
- temperature: {facts.calibration.temperature}"""


def _generator(facts: GeneratorFacts) -> str:
    nats = "\n".join(f"| {use} | {value:.3f} |" for use, value in facts.nats.items())
    return f"""{facts.parameters / 1e6:.1f} M parameters, {facts.tokens / 1e6:.1f} M tokens learned from.

| pieces | nats a token |
|---|---|
{nats}

Recipe:

{_recipe(facts.recipe)}"""


def _recipe(recipe: BaseModel) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in recipe)


def _overall(columns: Mapping[str, Metrics], what: str) -> str:
    rows = [
        f"| {name} | "
        + " | ".join(f"{metrics.flat()[name]:.3f}" for metrics in columns.values())
        + " |"
        for name in next(iter(columns.values())).flat()
    ]
    counts = " | ".join(str(metrics.n) for metrics in columns.values())
    return "\n".join([_head(columns), f"| {what} | {counts} |", *rows])


def _per_type(columns: dict[str, Metrics]) -> str:
    kinds = next(iter(columns.values())).f1
    rows = [
        f"| {kind} | " + " | ".join(f"{m.f1.get(kind, 0.0):.3f}" for m in columns.values()) + " |"
        for kind in kinds
    ]
    return "\n".join([_head(columns), *rows])


def _head(columns: Sequence[str] | Mapping[str, object]) -> str:
    return f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
