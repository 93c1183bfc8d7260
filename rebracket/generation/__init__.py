"""Segments on request: what is asked for → tokens → notes, several times over, and the best of them."""
