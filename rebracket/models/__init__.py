"""PyTorch models; imported by training and export only."""
