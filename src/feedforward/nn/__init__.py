"""Many neurons, written out: functions and plain layers in NumPy, with the names and the meaning of ``torch.nn``."""
