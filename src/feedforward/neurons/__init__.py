"""One neuron: the learning rule and its estimator, a file each."""
