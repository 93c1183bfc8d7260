"""`rebracket experiment`."""

import time
from typing import TYPE_CHECKING

import click

from rebracket.cli.common import as_json_option, fails_in_one_line, parse_duration
from rebracket.config import load_settings
from rebracket.errors import RebracketError

if TYPE_CHECKING:
    from rebracket.schemas import Estimate, VariantReport


@click.group()
def experiment() -> None:
    """What the variants did."""


@experiment.command("report", epilog="Example: rebracket experiment report --since 24h --json")
@click.option("--since", help="Only the last 12h, 7d, …; default: all there is.")
@as_json_option
@fails_in_one_line
def report(since: str | None, as_json: bool) -> None:
    """Compare variants by the stored predictions of this machine, with 95 % intervals."""
    from rebracket.monitoring import experiments
    from rebracket.monitoring.monitor import open_store

    start = time.time() - parse_duration("--since", since).total_seconds() if since else 0.0
    settings = load_settings().deployment.monitoring
    if not settings.store.exists():
        raise RebracketError(f"no predictions are stored in {settings.store}")
    store = open_store(settings)
    found = experiments.report(store, since=start)
    store.close()
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    for variant in found.variants:
        _show(variant)


def _show(found: "VariantReport") -> None:
    click.echo(f"{found.variant}: {found.model}:{found.version}")
    errors = ", ".join(f"{kind} {count}" for kind, count in found.errors.items()) or "none"
    click.echo(f"  requests    {found.requests}, segments {found.segments}, errors: {errors}")
    click.echo(f"  failures    {_percent(found.failure_share)}")
    latency = "  ".join(f"{name} {value:.1f}" for name, value in found.latency_ms.items())
    click.echo(f"  latency ms  {latency or '–'}")
    for name, estimate in (("confidence", found.confidence), ("intensity", found.intensity)):
        text = f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})" if estimate else "–"
        click.echo(f"  {name:11} {text}")
    for kind, share in found.types.items():
        click.echo(f"  {kind:11} {_percent(share)}")


def _percent(share: "Estimate | None") -> str:
    return f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})" if share else "–"
