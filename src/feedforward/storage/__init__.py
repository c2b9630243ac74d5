"""What goes into a model file and comes back out of it; `feedforward.files` has the bytes."""
