"""PyTorch → ONNX: convert, optimize, verify, bench."""
