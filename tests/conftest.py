"""What all tests share: Ctrl-C works, even where whoever started them has it ignored, as shells do behind an &."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
