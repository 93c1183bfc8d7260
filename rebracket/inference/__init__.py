"""Exported models at work: sessions, calibration, the pool that runs them."""

import os

# onnxruntime reports to its maker otherwise, in a thread of its own, and leaves a file in TMPDIR.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
