"""The arithmetic of training, compiled: products, activations, objectives, updates, and a span of steps over them."""
