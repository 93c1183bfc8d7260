"""`python -m tests.fuzz`."""

import sys
from pathlib import Path

import click

from tests.fuzz.damage import damaged
from tests.fuzz.runner import Report, run
from tests.fuzz.targets import TARGETS


@click.command(epilog="Example: python -m tests.fuzz audio --cases 50000 --seed 2")
@click.argument("name", metavar="TARGET", type=click.Choice(list(TARGETS)))
@click.option("--cases", default=50_000, show_default=True, type=click.IntRange(1))
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--keep",
    default=Path("build/fuzz"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where files that did harm are written.",
)
def main(name: str, cases: int, seed: int, keep: Path) -> None:
    """Damage valid files and decode them; exit code 1 where anything but a refusal came."""
    target = TARGETS[name]
    with click.progressbar(length=cases, label=name, file=sys.stderr) as bar:

        def advance(report: Report) -> None:
            bar.update(report.outcomes.total() - bar.pos)

        report = run(target, cases, seed, advance)
    for case, outcome in report.wrong:
        keep.mkdir(parents=True, exist_ok=True)
        path = keep / f"{name}-{seed}-{case}{target.suffix}"
        path.write_bytes(damaged(target, seed, case))
        click.echo(f"{path}: {outcome}")
    if report.printed:
        click.echo(f"printed: {report.printed}")
    click.echo(f"{name}: {report}")
    sys.exit(not report.fine)


if __name__ == "__main__":
    main()
