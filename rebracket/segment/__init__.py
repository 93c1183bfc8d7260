"""Raw segments → arrays, a module a modality."""
