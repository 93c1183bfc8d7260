"""Notes and sound for eyes and ears: piano rolls, spectrograms, and a page of it all.

`write`, which makes one example of each operation, needs scipy, as operations on sound do; `picture`
needs matplotlib. Nothing here is needed to serve.
"""
