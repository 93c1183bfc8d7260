"""Corpus, data sets, training, evaluation, model card."""
