"""Every metric of this service, for `/metrics`; right with several workers.

Counters and histograms of all workers add up. Label values are bounded: types, stages, reasons and
kinds by this package's code, variants and versions by what the settings serve.
"""

import os
from functools import cache
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter, Gauge, Histogram, multiprocess

M = TypeVar("M", Counter, Gauge, Histogram)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SHARES = tuple(tenth / 10 for tenth in range(1, 11))

PREDICTIONS = Counter(
    "rebracket_predictions_total",
    "Segments read, by what they were found to be.",
    ["type", "model_version", "variant"],
)
INFERENCE_SECONDS = Histogram(
    "rebracket_inference_seconds",
    "Seconds a segment spent being decoded, waiting and computed; overhead is the rest of a request.",
    ["stage", "variant"],
    buckets=SECONDS,
)
CONFIDENCE = Histogram(
    "rebracket_confidence", "Confidence of predictions.", ["variant"], buckets=SHARES
)
INTENSITY = Histogram(
    "rebracket_intensity", "Intensity of predictions.", ["variant"], buckets=SHARES
)
BATCH_ITEMS = Histogram(
    "rebracket_batch_items",
    "Token windows computed together.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
QUEUE_ITEMS = Gauge(
    "rebracket_queue_items", "Token windows that wait to be computed.", multiprocess_mode="livesum"
)
STREAM_SESSIONS = Gauge(
    "rebracket_stream_sessions", "Live streams that are open.", multiprocess_mode="livesum"
)
STREAM_LAG = Histogram(
    "rebracket_stream_lag_seconds",
    "Seconds from the arrival of a window's last sample to its answer.",
    buckets=SECONDS,
)
GENERATIONS = Counter(
    "rebracket_generations_total",
    "Segments generated, by the type that weighed most in what was asked and by what was found.",
    ["asked", "found", "model_version", "variant"],
)
GENERATION_SECONDS = Histogram(
    "rebracket_generation_seconds", "Seconds from request to segment.", ["variant"], buckets=SECONDS
)
GENERATION_QUEUE = Gauge(
    "rebracket_generation_queue_tokens",
    "Tokens, at most, that wait to be generated.",
    multiprocess_mode="livesum",
)
DROPPED_ITEMS = Counter(
    "rebracket_dropped_items_total",
    "Token windows whose caller hung up or that waited too long; segments that a shadow left out.",
    ["reason"],
)
ERRORS = Counter("rebracket_errors_total", "Error answers, of items too, by problem.", ["kind"])
FAULTS = Counter(
    "rebracket_faults_total", "Unforeseen errors, by the code that raised them.", ["fingerprint"]
)
REJECTIONS = Counter(
    "rebracket_rejections_total", "Requests refused by the gateway, by reason.", ["reason"]
)
LIMITER_FAILURES = Counter(
    "rebracket_limiter_failures_total",
    "Decisions made without the limits' storage, as deployment.rate_limit.on_failure says.",
)
DRIFT_PSI = Gauge(
    "rebracket_drift_psi",
    "Population stability index of recent predictions against the model's baseline.",
    ["model_version", "signal"],
    multiprocess_mode="livemostrecent",
)
UNSTORED = Counter(
    "rebracket_unstored_total", "Predictions that the store of predictions did not take."
)


@cache
def child(metric: M, *labels: str) -> M:
    """As `metric.labels(*labels)`, which takes a lock and a third of what counting costs."""
    return metric.labels(*labels)


def forget_dead_workers() -> None:
    """Drop the gauges of workers that were killed: nobody else does."""
    folder = os.environ.get(FOLDER)
    for path in Path(folder).glob("gauge_live*_*.db") if folder else ():
        process = path.stem.rpartition("_")[2]
        if process.isdigit() and not Path("/proc", process).exists():
            multiprocess.mark_process_dead(int(process))  # type: ignore[no-untyped-call]
