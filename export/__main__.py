"""`python -m export rebracket-segment-torch:VERSION`."""

import sys

import click
from rich.console import Console
from rich.table import Table

from export.bench import mean_latency
from export.pipeline import export
from export.report import Report
from rebracket.errors import ExportError, RebracketError

EPILOG = "Example: python -m export rebracket-segment-torch:1.0.0"


@click.command(epilog=EPILOG)
@click.argument("tag")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def main(tag: str, as_json: bool) -> None:
    """Turn the stored PyTorch model TAG into a stored ONNX model of the same version.

    Exits with 1 if the export fails or does not verify; the store is left as it was.
    """
    console = Console(stderr=True)
    try:
        with console.status("exporting") as status:
            target, report = export(tag, step=status.update)
    except ExportError as error:
        console.print(f"export refused: {error}", style="red", markup=False)
        sys.exit(1)
    except RebracketError as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(2)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        show(Console(), target, report)


def show(console: Console, target: str, report: Report) -> None:
    """Print an export's tables."""
    passes = Table("pass", "before ms", "after ms", "kept", "note", title="Optimization passes")
    for item in report.passes:
        kept = "yes" if item.kept else "no"
        passes.add_row(item.name, f"{item.before_ms}", f"{item.after_ms}", kept, item.note)
    lengths = list(next(iter(report.latency_ms.values())))
    speed = Table("", *(f"{n} tokens" for n in lengths), "mean", title="Latency, ms, one thread")
    for name, by_length in report.latency_ms.items():
        speed.add_row(name, *map(str, by_length.values()), str(mean_latency(by_length)))
    console.print(passes, speed)
    fp32, int8 = report.verification, report.int8
    console.print(
        f"fp32 beside PyTorch, {fp32.cases} shapes: probabilities within {fp32.probabilities:.1e}, "
        f"intensity within {fp32.intensity:.1e}\n"
        f"int8 beside PyTorch, {int8.texts} held-out texts: {int8.label_agreement:.1%} of labels "
        f"agree, macro-F1 loss {int8.macro_f1_loss:+.4f}, probabilities within "
        f"{int8.probabilities:.3f}, intensity within {int8.intensity:.3f}\n"
        f"saved as {target} ({report.megabytes['none']} MiB fp32, {report.megabytes['int8']} MiB int8)",
        highlight=False,
    )


if __name__ == "__main__":
    main()
