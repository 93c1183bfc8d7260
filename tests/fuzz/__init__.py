"""Decoders under damaged files, thousands of them: `python -m tests.fuzz midi --cases 50000 --seed 1`.

Files of music come from anybody. Whatever their bytes, a decoder reads them or refuses them with one
of the two errors for it, and nothing else comes: no other exception, no crash of a C library, no
endless loop.
"""
