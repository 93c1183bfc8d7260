"""Audio that is still coming in → windows of it, each sample resampled and transformed once."""
