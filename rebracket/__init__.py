"""Inference service for rebracketing: music and words whose boundaries are re-parsed."""

__version__ = "0.1.0"
