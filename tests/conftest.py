"""What all tests share: one thread a library, and Ctrl-C that works."""

import os
import signal

# Two processes run the tests on two cores: threads of BLAS and torch that spin for one another cost a factor of ten.
# It is read when these libraries load, so it stands before any import of them. The compiled engine's threads stay.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Whoever started the tests may have Ctrl-C ignored, as shells do behind an &.
signal.signal(signal.SIGINT, signal.default_int_handler)
