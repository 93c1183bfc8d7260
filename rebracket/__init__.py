"""Inference service for rebracketing: music and words whose boundaries are re-parsed."""

import os

__version__ = "0.1.0"

# BentoML and onnxruntime tell their makers of each use otherwise; the latter in a thread of its own, which
# a process that ends waits for. Both look when they are imported.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
