"""What holds for every test, wherever the run was started from."""

from __future__ import annotations

import signal

# A shell's background job ignores SIGINT, and so does all that it starts. The engine ends its language host
# with that signal, and would wait for it for five seconds in every operation (measured).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
