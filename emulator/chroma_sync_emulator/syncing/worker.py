"""The thread that carries out runs, one after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .failures import SyncFailed, SyncStopped

__all__ = ["Worker"]

_Row = dict[str, Any]


class Worker:
    """Runs what there is to run in the background.

    Args:
        take: gives the next run that is to be done now, or None.
        wait: seconds until there may be one; None for as long as nobody calls :meth:`wake`.
        carry_out: does it, as long as its second argument says so; gives what it did in a few words, or
            raises :class:`.failures.SyncFailed` or :class:`.failures.SyncStopped`.
        finish: is told the run, why it failed (or None), and what it did.
    """

    def __init__(
        self,
        *,
        take: Callable[[], _Row | None],
        wait: Callable[[], float | None],
        carry_out: Callable[[_Row, Callable[[], bool]], str],
        finish: Callable[[_Row, str | None, str], None],
    ) -> None:
        self._take, self._wait, self._carry_out, self._finish = take, wait, carry_out, finish
        self._wanted = threading.Event()
        self._stopping = False
        self._busy = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="chroma-sync-emulator-runs", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: something may have changed."""
        self._wanted.set()

    @contextmanager
    def between_runs(self) -> Iterator[None]:
        """While the block lasts, no run is carried out; waits for the one that is under way."""
        with self._busy:
            yield

    def stop(self) -> None:
        """End, as soon as the run that is under way can be left."""
        self._stopping = True
        self.wake()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping:
            self._wanted.clear()
            with self._busy:
                done = self._step()
            if not done:
                self._wanted.wait(self._wait())

    def _step(self) -> bool:
        run = self._take()
        if run is None:
            return False
        error, report = None, ""
        try:
            report = self._carry_out(run, lambda: not self._stopping)
        except SyncStopped:
            return True
        except SyncFailed as failure:
            error = str(failure)
        except Exception as failure:
            # It must not take the others with it.
            logging.getLogger("chroma_sync_emulator").error("run %s failed", run["id"], exc_info=failure)
            error = "the emulator failed; see its log"
        self._finish(run, error, report)
        return True
