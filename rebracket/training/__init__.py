"""Corpus, data sets, training, evaluation, model card."""

import os

# Bitwise the same sums wherever arrays lie in memory (oneMKL's conditional numerical reproducibility);
# read at its first call.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
