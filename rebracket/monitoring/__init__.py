"""What the service tells of itself: metrics, a store of predictions, drift, experiments."""
