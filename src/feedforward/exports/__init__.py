"""Fitted models written out for use without this library: ONNX, plain NumPy, plain PyTorch."""
