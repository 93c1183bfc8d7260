"""What each variant did, from the store of predictions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from rebracket.monitoring import intervals
from rebracket.monitoring.rows import OK
from rebracket.monitoring.store import PredictionStore
from rebracket.schemas import ExperimentReport, VariantReport
from rebracket.taxonomy import TYPES

ROWS = """SELECT variant, model, version, request_id, outcome, status, type, confidence, intensity,
    decode_s + queue_s + compute_s FROM predictions WHERE at >= ? ORDER BY variant, model, version"""
QUANTILES = (0.5, 0.9, 0.99)


def report(store: PredictionStore, *, since: float = 0.0) -> ExperimentReport:
    """All rows since a Unix time, by variant and model version.

    Raises:
        PredictionStoreError: the store can't be read.
    """
    rows = store.query(ROWS, (since,))
    groups = groupby(rows, key=itemgetter(0, 1, 2))
    return ExperimentReport(
        since=since, variants=[_variant(names, list(found)) for names, found in groups]
    )


def _variant(names: tuple[str, str, str], rows: Sequence[tuple[Any, ...]]) -> VariantReport:
    variant, model, version = names
    read = [row for row in rows if row[4] == OK]
    errors = Counter(row[4] for row in rows if row[4] != OK)
    failed = sum(row[5] >= 500 for row in rows)  # noqa: PLR2004 - our faults, as HTTP counts them
    types = Counter(row[6] for row in read)
    return VariantReport(
        variant=variant,
        model=model,
        version=version,
        requests=len({row[3] for row in rows}),
        segments=len(rows),
        errors=dict(sorted(errors.items())),
        failure_share=intervals.share(failed, len(rows)),
        latency_ms=_quantiles(row[9] for row in read),
        types={kind: intervals.share(types[kind], len(read)) for kind in TYPES} if read else {},
        confidence=intervals.mean([row[7] for row in read]),
        intensity=intervals.mean([row[8] for row in read]),
    )


def _quantiles(seconds: Iterable[float]) -> dict[str, float]:
    values = list(seconds)
    if not values:
        return {}
    found = np.quantile(values, QUANTILES) * 1000
    return {f"p{q * 100:g}": float(value) for q, value in zip(QUANTILES, found, strict=True)}
