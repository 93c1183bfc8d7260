"""The figures as a table of ratios, and as a picture."""

from collections.abc import Mapping
from pathlib import Path

Rows = Mapping[str, Mapping[str, float]]


def show(rows: Rows, memory: Mapping[str, float]) -> None:
    """Print; predictions a second, and the median of their ratios to the engine's just before."""
    head = f"{'':10}{'load':>7}{'per second':>12}{'of engine':>11}{'p50 ms':>9}{'p99 ms':>9}"
    print(f"{head}{'errors':>8}{'CPU ms':>8}{'RSS MiB':>9}")
    for name, row in sorted(rows.items(), key=lambda item: item[0].split()[::-1]):
        candidate, load = name.split()
        share = "" if load == "half" else f"{row['of_engine']:.2f}"
        print(
            f"{candidate:10}{load:>7}{row['per_second']:12.0f}{share:>11}{row['p50_ms']:9.1f}"
            f"{row['p99_ms']:9.1f}{row['errors']:8.0f}{row['cpu_ms']:8.2f}"
            f"{memory.get(candidate, 0):9.0f}"
        )
    for name in sorted(memory):
        lone = rows[f"{name} 1"]["p50_ms"]
        print(
            f"{name}: p99 at half of capacity is {rows[f'{name} half']['p99_ms'] / lone:.1f} × "
            "a lone request's median"
        )


def plot(rows: Rows, path: Path) -> None:
    """Throughput by clients, a line a candidate."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    names = dict.fromkeys(name.split()[0] for name in rows)
    for name in names:
        loads = sorted(
            int(row.split()[1])
            for row in rows
            if row.startswith(f"{name} ") and row.split()[1].isdigit()
        )
        axes.plot(
            [str(load) for load in loads],
            [rows[f"{name} {load}"]["per_second"] for load in loads],
            marker="o",
            label=name,
        )
    axes.set_xlabel("clients")
    axes.set_ylabel("predictions a second")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
