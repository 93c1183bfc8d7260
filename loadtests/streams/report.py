"""Results as a table, and as what they mean in words."""

from collections.abc import Mapping, Sequence

from loadtests.bench.load import Load
from loadtests.streams.figures import FLAT, LATE_MS, growth
from loadtests.streams.measure import Result

HEAD = (
    f"{'':7}{'streams':>8}{'windows':>8}{'lag p50':>9}{'p95':>8}{'p99':>8}{'worst':>8}{'refused':>8}"
    f"{'failed':>7}{'missing':>8}{'cores':>7}{'ms/s':>7}{'RSS MiB':>8}{'late p95':>9}{'gen.':>6}{'others':>7}"
)
"""Milliseconds; `ms/s` is the server's processor time for a second of one stream, predictions asked
meanwhile included, `late` and `gen.` are
the generator's lateness and cores, `others` the cores that neither it nor the server used."""
OTHERS = 0.25
"""Cores; with more taken away, lags say little about a server."""


def line(result: Result) -> str:
    """A row under `HEAD`."""
    found, usage = result.figures, result.usage
    return (
        f"{result.server:7}{result.streams:8}{found.windows:8}{found.p50:9.1f}{found.p95:8.1f}"
        f"{found.p99:8.1f}{found.worst:8.1f}{sum(found.refused.values()):8}"
        f"{sum(found.failed.values()):7}{found.count.missing:8}{usage.cores:7.2f}"
        f"{result.cpu_ms:7.1f}{usage.rss_mib[-1]:8.0f}{found.late_p95:9.2f}"
        f"{result.generator_cores:6.2f}{result.others_cores:7.2f}"
    )


def remarks(result: Result) -> list[str]:
    """What a row doesn't say."""
    found = result.figures
    said = [f"{number} refused: {how}" for how, number in found.refused.items()]
    said += [f"{number} failed: {how}" for how, number in found.failed.items()]
    if found.count.repeated or found.count.misplaced:
        said.append(f"{found.count.repeated} repeated, {found.count.misplaced} misplaced")
    if found.late:
        said.append(
            f"the generator was {found.late_p95:.0f} ms late at p95 (over {LATE_MS:.0f}): "
            "lags are not the server's alone"
        )
    if result.others_cores > OTHERS:
        said.append(
            f"others used {result.others_cores:.1f} cores meanwhile: measure again on a quiet machine"
        )
    return said


def comparisons(results: Sequence[Result]) -> list[str]:
    """Ratios of the other servers to this service, by number of streams."""
    ours = {item.streams: item for item in results if item.server == "ours"}
    return [_ratios(ours[item.streams], item) for item in results if item.server != "ours"]


def _ratios(ours: Result, peer: Result) -> str:
    lags, base = peer.figures, ours.figures
    disturbed = max(ours.others_cores, peer.others_cores) > OTHERS
    return (
        f"{ours.streams} streams, {peer.server} / ours: CPU for a stream "
        f"{peer.cpu_ms / ours.cpu_ms:.2f}, lag p50 {lags.p50 / base.p50:.2f}, "
        f"p95 {lags.p95 / base.p95:.2f}{' (DISTURBED by others)' if disturbed else ''}"
    )


def beside(results: Sequence[Result], alone: Mapping[str, Load]) -> list[str]:
    """How `/predict` was answered while streams played."""
    said = [_asked(name, 0, load) for name, load in alone.items()]
    return said + [_asked(item.server, item.streams, item.asked) for item in results if item.asked]


def _asked(name: str, streams: int, load: Load) -> str:
    return (
        f"{name} /predict beside {streams} streams: p50 {load.p50_ms:.1f} ms, "
        f"p95 {load.p95_ms:.1f} ms, {load.errors} errors of {load.requests}"
    )


def soaked(result: Result) -> str:
    """Whether every window was answered, and whether memory grew."""
    count, grown = result.figures.count, growth(result.usage.rss_mib)
    return (
        f"{count.sent} windows sent, {count.answered} answered: "
        f"{'exact' if count.exact else 'NOT exact'}; memory {grown:+.1%}, "
        f"{'flat' if grown <= FLAT else 'NOT flat'}"
    )
