"""What all tests share: Ctrl-C works, also where whoever started them has it ignored, as shells do in the background."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
