"""Exported models at work: sessions, calibration, the pool that runs them."""
